"""The front end in C gives what numpy gives, byte for byte: through its ring, and on emulated cores."""

from __future__ import annotations

import ctypes
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.frontends.test_sound import FORMS, speech_like
from tests.lib.graphs import graph
from tinyml_compress.codegen.answers import answers_program
from tinyml_compress.codegen.front_end import front_end_program, ring_bytes
from tinyml_compress.data.audio import in_16_bits, read_wav
from tinyml_compress.data.description import audio_form
from tinyml_compress.devices import Device, hardware_cycles
from tinyml_compress.devices.load import load_device
from tinyml_compress.frontend import write
from tinyml_compress.frontends.inputs import input_numbers, stored_numbers, wide_numbers
from tinyml_compress.frontends.preprocessing import Features, Preprocessing, StreamForm
from tinyml_compress.frontends.sensor import sensor_features
from tinyml_compress.frontends.sensor_form import SensorForm, Statistic
from tinyml_compress.frontends.sound import sound_features
from tinyml_compress.ir import Attrs, DType, Node, Port, Program, Quant, Tensor
from tinyml_compress.pipeline.compile.front_end import front_end
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native, toolchain
from tinyml_compress.runners.emulated import emulate
from tinyml_compress.runners.sides import quantized

Bytes = npt.NDArray[np.int8]
PREPROCESSING = Preprocessing(scale=0.7, mean=(-2.1,), std=(1.9,))
QUANT = Quant((0.0391,), (-5,))
FLAGS = (*toolchain.HOST_FLAGS, *toolchain.WARNINGS)


OTHERS = {
    "wave": audio_form(8000, 0.2, Features.WAVE, hop_ms=10.0),
    "micro": audio_form(features=Features.MICRO, window_ms=30.0, hop_ms=10.0, low_hz=125.0, high_hz=7500.0),
    "micro, few": audio_form(
        8000, features=Features.MICRO, window_ms=13.7, mel_bands=7, low_hz=0.0, high_hz=4000.0
    ),
}


EVERY = tuple(Statistic)
SENSORS = {
    "acceleration": SensorForm(100, 200, 3, 1.0, 64, 32, EVERY, 8),
    "statistics": SensorForm(25, 50, 6, 1.0, 21, 7, EVERY[::-2], 0),
    "spectrum": SensorForm(4000, 400, 1, 1.0, 100, 150, (), 5),
    "moments": SensorForm(50, 40, 4, 1.0, 0, 1, (), 0),
}
ALL: dict[str, StreamForm] = {**FORMS, **OTHERS, **SENSORS}
SMALL = ("30 ms", "cleaned", *SENSORS)


def port_of(form: StreamForm, dtype: DType = DType.INT8, quant: Quant = QUANT) -> Port:
    rows, values = form.frames, form.values
    return Port("input", (1, rows, values, 1), dtype, quant, 0, rows * values * dtype.itemsize)


def made(form: StreamForm) -> Program:
    return front_end_program("net", PREPROCESSING, form, port_of(form))


def features(samples: npt.NDArray[np.int16], form: StreamForm) -> npt.NDArray[np.int64]:
    sensor = next((one for one in SENSORS.values() if one == form), None)
    sound = next((one for one in {**FORMS, **OTHERS}.values() if one == form), None)
    return sensor_features(samples, sensor) if sensor else sound_features(samples, sound or FORMS["mfcc"])


def expected(samples: npt.NDArray[np.int16], form: StreamForm) -> Bytes:
    inputs = input_numbers(PREPROCESSING.scale, PREPROCESSING.mean, PREPROCESSING.std, form.fraction)
    return quantized(inputs.inputs(features(samples, form)), port_of(form)).astype(np.int8)


def frames_of(form: StreamForm, count: int = 60) -> list[npt.NDArray[np.int16]]:
    """Silence, the extremes, noise of every loudness, tones."""
    rng, time = np.random.default_rng(0), np.arange(form.frame_samples)
    frames = [
        np.zeros(form.frame_samples),
        np.full(form.frame_samples, -32768),
        np.full(form.frame_samples, 32767),
        np.where(time % 2, 32767, -32768),
        -(time % 2),
        32767 * (time == 1),
        *(rng.normal(0, 10 ** rng.uniform(-1, 5), form.frame_samples) for _ in range(count)),
        *(32767 * np.sin(time * rng.uniform(0, np.pi)) for _ in range(count)),
    ]
    return [np.clip(np.round(frame), -32768, 32767).astype(np.int16) for frame in frames]


@pytest.mark.parametrize(("name", "flags"), [*((name, ()) for name in ALL), ("odd", ("-DTC_SMALL_CORE=1",))])
def test_frames_are_those_of_numpy(name: str, flags: tuple[str, ...]) -> None:
    form = ALL[name]
    program = made(form)
    assert program.files == made(form).files
    (model,) = native.load([program], flags=(*FLAGS, *flags))
    for frame in frames_of(form):
        assert model.invoke([frame])[0].tolist() == expected(frame, form)[0].tolist()


HARNESS = """
#include "net_frontend.h"
size_t size(void);
uint32_t dropped(const net_frontend_t *frontend);
size_t size(void) {
    return sizeof(net_frontend_t);
}
uint32_t dropped(const net_frontend_t *frontend) {
    return frontend->dropped;
}
"""


class Stream:
    """The generated front end of a form, fed through its ring."""

    def __init__(self, form: StreamForm, flags: tuple[str, ...] = ()) -> None:
        self.form = form
        files = {**made(form).files, "h.c": HARNESS}
        self.library = ctypes.CDLL(str(toolchain.library(files, flags=(*FLAGS, *flags))))
        self.library.size.restype = self.library.net_frontend_write.restype = ctypes.c_size_t
        self.library.net_frontend_write_wide.restype = ctypes.c_size_t
        self.library.net_frontend_next.restype = ctypes.c_void_p
        self.memory = np.full(self.library.size() // 8 + 1, 0xA5A5, np.uint64)
        assert self.library.size() == made(form).arena_bytes + ring_bytes(form)
        self.at = ctypes.c_void_p(self.memory.ctypes.data)

    def start(self, rate: int) -> int:
        return int(self.library.net_frontend_init(self.at, rate))

    def write(self, samples: npt.NDArray[np.int16]) -> int:
        return int(
            self.library.net_frontend_write(
                self.at, ctypes.c_void_p(samples.ctypes.data), ctypes.c_size_t(len(samples))
            )
        )

    def next(self) -> Bytes | None:
        row = self.library.net_frontend_next(self.at)
        values = self.form.values
        return None if not row else np.frombuffer(ctypes.string_at(row, values), np.int8)

    def rows(self, samples: npt.NDArray[np.int16], chunk: int) -> list[Bytes]:
        found = []
        for start in range(0, len(samples), chunk):
            assert self.write(samples[start : start + chunk]) == len(samples[start : start + chunk])
            while (row := self.next()) is not None:
                found.append(row)
        return found


@pytest.mark.parametrize("name", ["mfcc", "log-mel", "odd", "shortest", "cleaned", *OTHERS, *SENSORS])
def test_a_sound_through_the_ring_is_the_whole_sound(name: str) -> None:
    """In pieces of any size, again after a new start, its rows one window of the model's input at the end."""
    form = ALL[name]
    sound = audio_form(1000, form.samples / 1000)
    samples = np.round(speech_like(sound, 0.3) * 32768).astype(np.int16)
    stream, whole = Stream(form), expected(samples, form)
    assert stream.start(form.sample_rate + 1) == 1, "another sample rate"
    for chunk in (form.hop, max(form.hop // 3, 1)):
        assert stream.start(form.sample_rate) == 0
        rows = stream.rows(samples, chunk)
        assert np.array_equal(rows, whole)
        window = np.zeros_like(whole)
        for row in rows:
            row = row.copy()
            stream.library.net_frontend_slide(
                ctypes.c_void_p(window.ctypes.data), ctypes.c_void_p(row.ctypes.data)
            )
        assert np.array_equal(window, whole)


@pytest.mark.full
@pytest.mark.parametrize(("name", "hours"), [("acceleration", 4), ("statistics", 8), ("moments", 1)])
def test_a_long_log_of_a_sensor(name: str, hours: int) -> None:
    """Hours through the ring, resting, shaken and at the ends of the range; any sum that left its type would
    end the process.
    """
    form = SENSORS[name]
    samples = long_log(form, hours * 3600 * form.rate)
    stream = Stream(form, ("-fsanitize=undefined", "-fsanitize-trap=undefined"))
    assert stream.start(form.sample_rate) == 0
    rows = stream.rows(samples, form.hop)
    assert np.array_equal(rows, expected(samples, form))
    assert stream.library.dropped(stream.at) == 0


def long_log(form: SensorForm, moments: int) -> npt.NDArray[np.int16]:
    """Rest, slow turns, and shaking of every strength."""
    rng = np.random.default_rng(0)
    log = rng.normal(0, 30, (moments, form.axes)) + 4096 * np.sin(np.arange(moments) / 5000)[:, None]
    for start in range(0, moments, moments // 40):
        length, loud = int(rng.integers(1, moments // 80)), 10 ** rng.uniform(2, 6)
        log[start : start + length] += rng.normal(0, loud, (len(log[start : start + length]), form.axes))
    return np.clip(np.round(log), -32768, 32767).astype(np.int16).reshape(-1)


@pytest.mark.full
@pytest.mark.parametrize("board", ["nucleo-l4r5zi", "esp32-c3", "raspberry-pi-pico"])
@pytest.mark.parametrize(("name", "minutes"), [("acceleration", 5), ("statistics", 6)])
def test_minutes_of_a_sensor_on_emulated_cores(name: str, minutes: int, board: str) -> None:
    """As many as lie in the board's RAM, through ring, front end and a net that hands its input on: every row
    is numpy's.
    """
    form, device = SENSORS[name], load_device(board)
    assert isinstance(device, Device)
    samples = long_log(form, minutes * 60 * form.rate)
    x, y = (Tensor(word, (1, form.values), DType.INT8, QUANT) for word in "xy")
    net = graph([x, y], [Node("MAXIMUM", ("x", "x"), ("y",), Attrs(), "same")], ["x"], ["y"])
    program = compile_model(write(net), "net")
    front = front_end("net", program.inputs, replace(PREPROCESSING, sensor=form))
    assert front is not None
    whole = answers_program(program, front, form, len(samples), 1, 1)
    done = emulate(whole, device, [(samples.tobytes(),)])
    wanted = expected(samples, form)
    assert int.from_bytes(done.outputs[0][1], "little") == len(wanted) > 100
    assert np.array_equal(np.frombuffer(done.outputs[0][0], np.int8).reshape(wanted.shape), wanted)


def test_what_does_not_fit_is_dropped_and_counted() -> None:
    form = FORMS["mfcc"]
    stream = Stream(form)
    samples = np.arange(form.hop + 7, dtype=np.int16)
    assert stream.start(form.sample_rate) == 0
    assert stream.write(samples) == form.hop
    assert stream.library.dropped(stream.at) == 7
    assert stream.next() is None
    assert stream.write(samples) == form.hop, "the ring is empty again"


@pytest.mark.parametrize(("channels", "bits"), [(1, 16), (2, 16), (1, 24), (2, 24), (4, 24), (2, 32)])
def test_wide_samples_are_those_of_a_file(channels: int, bits: int, tmp_path: Path) -> None:
    """Of several bits and channels: rounded as a .wav file is when it is read."""
    form, rng = FORMS["short"], np.random.default_rng(bits)
    largest = 1 << (bits - 1)
    samples = np.clip(
        rng.normal(0, largest / 2, (form.samples, channels)).astype(np.int64), -largest, largest - 1
    )
    samples[:5] = [[largest - 1], [-largest], [-1], [0], [1]]
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((channels, bits // 8, form.sample_rate, 0, "NONE", ""))
        words = np.ascontiguousarray(samples, "<i8").view(np.uint8).reshape(*samples.shape, 8)
        file.writeframes(words[..., : bits // 8].tobytes())
    read = in_16_bits(read_wav(tmp_path / "a.wav")[0])
    stream, wide = Stream(form), samples.astype(np.int32)
    assert stream.start(form.sample_rate) == 0
    rows = []
    for start in range(0, form.samples, form.hop):
        piece = np.ascontiguousarray(wide[start : start + form.hop])
        stream.library.net_frontend_write_wide(
            stream.at, ctypes.c_void_p(piece.ctypes.data), ctypes.c_size_t(len(piece)), channels, bits
        )
        while (row := stream.next()) is not None:
            rows.append(row)
    assert np.array_equal(rows, expected(read, form))


@pytest.mark.parametrize("scale", [0.0391, 2.0**-5, 0.6, 3.0517578e-05, 1.7])
@pytest.mark.parametrize("zero", [-128, -5, 127])
def test_stored_values_are_the_nearest(scale: float, zero: int) -> None:
    """At every place where the byte changes, and all around it."""
    quant, bits = Quant((scale,), (zero,)), 13
    numbers = stored_numbers(quant, bits)
    edges = (np.arange(-300, 300) + 0.5) * float(np.float32(scale)) * 2.0**bits
    inputs = np.unique(np.clip(np.floor(edges)[:, None] + np.arange(-1, 3), -(2**24) + 1, 2**24 - 1))
    sizes = np.minimum(np.abs(inputs).astype(np.int64), numbers.most)
    steps = sizes * numbers.multiplier + (1 << (numbers.shift - 1)) >> numbers.shift
    stored = np.clip(np.where(inputs < 0, -steps, steps) + numbers.zero_point, -128, 127)
    port = Port("input", inputs.shape, DType.INT8, quant, 0, inputs.size)
    assert np.array_equal(stored, quantized(np.ldexp(inputs, -bits).astype(np.float32), port))


@pytest.mark.parametrize("scale", [0.0391, 2.0**-12, 0.6e-3, 3.0517578e-05, 1.7e-9, 1e6])
def test_stored_values_of_16_bits_are_the_nearest(scale: float) -> None:
    quant, bits = Quant((scale,), (0,)), 13
    numbers = wide_numbers(quant, bits)
    rng = np.random.default_rng(0)
    edges = (rng.integers(-33000, 33000, 4000) + 0.5) * float(np.float32(scale)) * 2.0**bits
    near = np.floor(edges)[:, None] + np.arange(-1, 3)
    inputs = np.unique(np.clip(near, -(2**24) + 1, 2**24 - 1))
    sizes = np.minimum(np.abs(inputs).astype(np.int64), numbers.most)
    products = sizes * numbers.multiplier
    assert int(products.max()) == int(sizes.max()) * numbers.multiplier < 2**62
    half = max(numbers.divisor, 1)
    steps = (2 * products + half) // (2 * half)
    stored = np.clip(np.where(inputs < 0, -steps, steps), -32768, 32767)
    port = Port("input", inputs.shape, DType.INT16, quant, 0, 2 * inputs.size)
    assert np.array_equal(stored, quantized(np.ldexp(inputs, -bits).astype(np.float32), port))


@pytest.mark.parametrize("name", ["30 ms", "wave", "micro"])
def test_inputs_of_16_bits(name: str) -> None:
    form = ALL[name]
    port = port_of(form, DType.INT16, Quant((0.0003,), (0,)))
    (model,) = native.load([front_end_program("net", PREPROCESSING, form, port)], flags=FLAGS)
    numbers = input_numbers(PREPROCESSING.scale, PREPROCESSING.mean, PREPROCESSING.std, form.fraction)
    for frame in frames_of(form, 20):
        wanted = quantized(numbers.inputs(sound_features(frame, form)), port)
        assert model.invoke([frame])[0].tolist() == wanted[0].tolist()


@pytest.mark.parametrize(
    ("board", "name", "cycles"),
    [
        ("nucleo-l4r5zi", "30 ms", 40_000),
        ("nucleo-l4r5zi", "mfcc", 75_000),
        ("nucleo-l4r5zi", "cleaned", 40_000),
        pytest.param(
            "raspberry-pi-pico", "30 ms", None, marks=pytest.mark.full
        ),  # zig builds its helpers first
        ("esp32-c3", "log-mel", None),
        ("nucleo-l4r5zi", "micro", 100_000),
        ("nucleo-l4r5zi", "acceleration", 60_000),
    ],
)
def test_emulated_cores_give_the_same_bytes(board: str, name: str, cycles: int | None) -> None:
    form, device = ALL[name], load_device(board)
    assert isinstance(device, Device)
    frames, program = frames_of(form, 2), made(form)
    done = emulate(program, device, [(frame.tobytes(),) for frame in frames[::-1]])
    for frame, (row,) in zip(frames[::-1], done.outputs, strict=True):
        assert row == expected(frame, form).tobytes()
    spent = sum(
        hardware_cycles(device, "", count.instructions, count.classes)
        for count in (*done.counts.nodes, done.counts.between)
    )
    assert cycles is None or spent <= cycles
    ram = program.arena_bytes + ring_bytes(form) + done.stack_bytes
    assert ram <= (5 if name in SMALL else 8) * 1024
    assert done.flash.tables <= 8 * 1024


def test_there_is_none_for_what_it_does_not_make() -> None:
    form = FORMS["mfcc"]
    done = Preprocessing(audio=form)
    port = port_of(form)
    assert front_end("net", [port], done) is not None
    assert front_end("net", [port], Preprocessing()) is None
    assert front_end("net", [port, port], done) is None
    assert front_end("net", [port_of(form, DType.INT32)], done) is None
    assert front_end("net", [Port("input", (1, 7), DType.INT8, QUANT, 0, 7)], done) is None
