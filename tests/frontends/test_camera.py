"""Pictures of a camera: numpy and the generated C give the same bytes, row by row and on emulated cores."""

from __future__ import annotations

import ctypes
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tinyml_compress import data
from tinyml_compress.data.front_end import preprocessing_in
from tinyml_compress.devices import Device, hardware_cycles
from tinyml_compress.devices.load import load_device
from tinyml_compress.errors import ConfigError
from tinyml_compress.frontends.camera import frame_of, picture_of
from tinyml_compress.frontends.camera_form import CameraForm, Pixels, Scaling
from tinyml_compress.frontends.preprocessing import ImageForm, Preprocessing
from tinyml_compress.ir import DType, Port, Program, Quant
from tinyml_compress.pipeline.compile.front_end import front_end
from tinyml_compress.runners import native, toolchain
from tinyml_compress.runners.emulated import emulate
from tinyml_compress.runners.sides import quantized

FLAGS = (*toolchain.HOST_FLAGS, *toolchain.WARNINGS)
SMALLER = (ImageForm(9, 12, 3), CameraForm(38, 31, Pixels.RGB565))
CASES = {
    **{
        f"{pixels.value}, {channels}": (
            ImageForm(9, 12, channels),
            CameraForm(38, 31, pixels),
        )
        for pixels in Pixels
        for channels in (1, 3)
    },
    "nearest": (SMALLER[0], replace(SMALLER[1], scaling=Scaling.NEAREST)),
    "squeezed": (SMALLER[0], replace(SMALLER[1], crop=False)),
    "larger": (ImageForm(40, 33, 3), CameraForm(16, 12, Pixels.YUV422)),
    "larger, nearest": (ImageForm(23, 50, 1), CameraForm(7, 9, Pixels.BGR, Scaling.NEAREST)),
    "as it is": (ImageForm(8, 6, 3), CameraForm(6, 8, Pixels.RGB)),
    "one pixel": (ImageForm(1, 1, 3), CameraForm(2, 1, Pixels.YUV422)),
}
ALIKE = Preprocessing(scale=1 / 255, mean=(0.4,), std=(0.3,))
APART = Preprocessing(scale=1 / 255, mean=(0.4, 0.5, 0.6), std=(0.3, 0.2, 0.1))
PORTS = {
    DType.INT8: Quant((0.021,), (-5,)),
    DType.UINT8: Quant((0.02,), (99,)),
    DType.INT16: Quant((1e-4,), (0,)),
}


def port_of(image: ImageForm, dtype: DType = DType.INT8) -> Port:
    shape = (1, image.height, image.width, image.channels)
    return Port("input", shape, dtype, PORTS[dtype], 0, int(np.prod(shape)) * dtype.itemsize)


def made(image: ImageForm, camera: CameraForm, dtype: DType = DType.INT8) -> tuple[Program, Preprocessing]:
    done = replace(APART if image.channels == 3 else ALIKE, image=image, camera=camera)
    program = front_end("net", [port_of(image, dtype)], done)
    assert program is not None
    return program, done


def frames_of(camera: CameraForm) -> list[npt.NDArray[np.uint8]]:
    """Noise, black, white, steps."""
    rng, shape = np.random.default_rng(0), (camera.height, camera.stride)
    steps = np.broadcast_to(np.arange(camera.stride) // 3 * 40 % 256, shape)
    whole = [rng.integers(0, 256, shape) for _ in range(3)] + [np.zeros(shape), np.full(shape, 255), steps]
    return [frame.astype(np.uint8) for frame in whole]


def expected(frame: npt.NDArray[np.uint8], done: Preprocessing, port: Port) -> npt.NDArray[np.generic]:
    assert done.image is not None
    assert done.camera is not None
    return quantized(done.apply(picture_of(frame, done.image, done.camera)), port)


@pytest.mark.parametrize("name", CASES)
def test_pictures_are_those_of_numpy(name: str) -> None:
    """Of frames in memory, and of the same rows one by one."""
    image, camera = CASES[name]
    dtype = {"squeezed": DType.INT16, "nearest": DType.UINT8}.get(name, DType.INT8)
    program, done = made(image, camera, dtype)
    (model,) = native.load([program], flags=FLAGS)
    for frame in frames_of(camera):
        wanted = expected(frame, done, port_of(image, dtype))
        assert model.invoke([frame])[0].reshape(wanted.shape).tolist() == wanted.tolist()
    library = ctypes.CDLL(str(toolchain.library(program.files, flags=FLAGS)))
    library.net_frontend_next.restype = ctypes.c_void_p
    memory = np.full(program.arena_bytes, 0xA5, np.uint8)
    at, rows = ctypes.c_void_p(memory.ctypes.data), []
    library.net_frontend_start(at)
    for line in frame:
        library.net_frontend_write(at, np.ascontiguousarray(line).ctypes.data_as(ctypes.c_void_p))
        while row := library.net_frontend_next(at):
            rows.append(ctypes.string_at(row, image.width * image.channels * dtype.itemsize))
    assert b"".join(rows) == wanted.tobytes()


@pytest.mark.parametrize("pixels", Pixels)
def test_a_camera_sees_what_there_is(pixels: Pixels) -> None:
    """To what its bits can say, for colours that change slowly."""
    y, x = np.mgrid[0:24, 0:32]
    colours = np.stack([x * 8, y * 10, 255 - x * 5], axis=-1).astype(np.uint8)
    image = ImageForm(24, 32, 3)
    seen = picture_of(frame_of(colours, pixels), image, CameraForm(32, 24, pixels))
    if pixels is Pixels.GREY:
        assert (seen == seen[..., :1]).all()
        colours = picture_of(
            frame_of(colours, Pixels.RGB), ImageForm(24, 32, 1), CameraForm(32, 24, Pixels.RGB)
        )
    assert np.abs(seen.astype(int) - colours).max() <= {Pixels.RGB: 0, Pixels.BGR: 0, Pixels.GREY: 0}.get(
        pixels, 8
    )


@pytest.mark.parametrize("board", ["nucleo-l4r5zi", "esp32-c3"])
def test_emulated_cores_give_the_same_bytes(board: str) -> None:
    """The published net for pictures of 32 x 32, from a quarter of VGA's quarter."""
    device = load_device(board)
    assert isinstance(device, Device)
    image, camera = ImageForm(32, 32, 3), CameraForm(160, 120, Pixels.RGB565)
    program, done = made(image, camera)
    frame = frames_of(camera)[0]
    run = emulate(program, device, [(frame.tobytes(),)])
    assert run.outputs[0][0] == expected(frame, done, port_of(image)).tobytes()
    spent = sum(
        hardware_cycles(device, "", count.instructions, count.classes)
        for count in (*run.counts.nodes, run.counts.between)
    )
    assert spent < 250_000


def test_a_set_of_pictures_says_so_and_its_manifest_too(tmp_path: Path) -> None:
    from PIL import Image

    for word in ("a", "b"):
        (tmp_path / "set" / word).mkdir(parents=True)
        for index in range(3):
            pixels = np.random.default_rng(index).integers(0, 256, (20 + index, 30, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "set" / word / f"{index}.png")
    description = tmp_path / "d.toml"
    said = '[image]\nheight = 8\nwidth = 8\n[camera]\nwidth = 160\nheight = 120\npixels = "rgb565"\n'
    description.write_text(f'path = "set"\n{said}[values]\nscale = 0.5\n')
    found = data.load(description)
    done = found.preprocessing
    assert (done.image, done.camera) == (ImageForm(8, 8, 3), CameraForm(160, 120, Pixels.RGB565))
    last = picture_of(
        frame_of(pixels, Pixels.RGB565), ImageForm(8, 8, 3), CameraForm(160, 120, Pixels.RGB565)
    )
    assert (found.inputs == last * np.float32(0.5)).all(axis=(1, 2, 3)).any()
    shown = json.loads(json.dumps({"preprocessing": done.as_json()}))
    assert preprocessing_in(tmp_path, shown) == done
    for text, what in (
        (said.replace("rgb565", "rgb"), "pixels"),
        (said[said.index("[camera]") :], "goes with"),
        (said.replace("160", "161").replace("rgb565", "yuv422"), "share their colour"),
    ):
        description.write_text(f'path = "set"\n{text}')
        with pytest.raises(ConfigError, match=what):
            data.load(description)
