"""From a camera's bytes to a model's picture in whole numbers, as the generated C computes it row by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_compress.frontends.camera_form import CameraForm, Pixels, Scaling
from tinyml_compress.frontends.preprocessing import ImageForm

Bytes = npt.NDArray[np.uint8]
Whole = npt.NDArray[np.int64]
GREY = (77, 150, 29)
"""Of red, green and blue, in 256ths."""
TO_RGB = (359, 88, 183, 454)
"""What V gives to red and takes, after U, from green, and what U gives to blue, in 256ths."""
_TO_YUV = np.array([[77, 150, 29], [-43, -85, 128], [128, -107, -21]])
PART_BITS = 8
"""Of a place between two pixels."""


@dataclass(frozen=True, eq=False)
class Spots:
    """Where the pixels of an axis come from."""

    firsts: Whole
    """The source's pixel before the place."""
    parts: Whole
    """How far it is to the next one, in 256ths."""


def _spots_of(first: int, size: int, wanted: int, scaling: Scaling) -> Spots:
    """`wanted` pixels of the `size` ones that begin at `first`: their middles, spread evenly."""
    middles = (2 * np.arange(wanted, dtype=np.int64) + 1) * size
    if scaling is Scaling.NEAREST:
        return Spots(first + middles // (2 * wanted), np.zeros(wanted, np.int64))
    places = (middles << PART_BITS) // (2 * wanted) - (1 << (PART_BITS - 1))
    places = np.clip(places, 0, (size - 1) << PART_BITS)
    return Spots(first + (places >> PART_BITS), places & ((1 << PART_BITS) - 1))


def axes_of(height: int, width: int, image: ImageForm, camera: CameraForm) -> tuple[Spots, Spots]:
    """Rows and columns, of a picture of any size."""
    rows, columns = height, width
    if camera.crop:
        rows = max(min(height, width * image.height // image.width), 1)
        columns = max(min(width, height * image.width // image.height), 1)
    return (
        _spots_of((height - rows) // 2, rows, image.height, camera.scaling),
        _spots_of((width - columns) // 2, columns, image.width, camera.scaling),
    )


def is_plain(image: ImageForm, camera: CameraForm) -> bool:
    """The input's grey is a byte of each pixel."""
    return image.channels == 1 and camera.pixels in (Pixels.GREY, Pixels.YUV422)


def picture_of(frame: Bytes, image: ImageForm, camera: CameraForm) -> Bytes:
    """(height, width, channels) of the input, from the bytes of (rows, bytes of a row), of any size."""
    if is_plain(image, camera):
        values = frame[:, :: camera.pixels.nbytes, None].astype(np.int64)
    else:
        values = _decoded(frame, camera.pixels)
        values = values @ np.array(GREY)[:, None] + 128 >> 8 if image.channels == 1 else values
    rows, columns = axes_of(values.shape[0], values.shape[1], image, camera)
    one = 1 << PART_BITS
    after = columns.firsts + (columns.parts > 0)
    part = columns.parts[:, None]
    lines = values[:, columns.firsts] * (one - part) + values[:, after] * part
    below = rows.firsts + (rows.parts > 0)
    part = rows.parts[:, None, None]
    whole = lines[rows.firsts] * (one - part) + lines[below] * part
    return np.asarray(whole + (1 << (2 * PART_BITS - 1)) >> (2 * PART_BITS), np.uint8)


def frame_of(colours: Bytes, pixels: Pixels) -> Bytes:
    """The bytes that a camera would write of (height, width, 3); an odd row gets its last pixel twice where
    two share their colour.
    """
    values = colours.astype(np.int64)
    if pixels is Pixels.YUV422:
        return _shared(values)
    if pixels is Pixels.GREY:
        return np.asarray(values @ np.array(GREY) + 128 >> 8, np.uint8)
    if pixels is Pixels.RGB or pixels is Pixels.BGR:
        return np.ascontiguousarray(_ordered(colours, pixels)).reshape(len(colours), -1)
    words = (values[..., 0] >> 3) << 11 | (values[..., 1] >> 2) << 5 | values[..., 2] >> 3
    return words.astype(_word(pixels)).view(np.uint8).reshape(len(colours), -1)


def _decoded(frame: Bytes, pixels: Pixels) -> Whole:
    """(height, width, 3), of red, green and blue."""
    if pixels is Pixels.YUV422:
        return _separate(frame.astype(np.int64).reshape(len(frame), -1, 4))
    if pixels is Pixels.GREY:
        return np.repeat(frame.astype(np.int64)[..., None], 3, axis=-1)
    if pixels is Pixels.RGB or pixels is Pixels.BGR:
        return _ordered(frame.reshape(len(frame), -1, 3), pixels).astype(np.int64)
    word = np.ascontiguousarray(frame).view(_word(pixels)).astype(np.int64)
    red, green, blue = word >> 11, word >> 5 & 63, word & 31
    return np.stack([red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2], -1)


def _ordered(colours: Bytes, pixels: Pixels) -> Bytes:
    return colours[..., ::-1] if pixels is Pixels.BGR else colours


def _word(pixels: Pixels) -> str:
    return ">u2" if pixels is Pixels.RGB565 else "<u2"


def _shared(values: Whole) -> Bytes:
    width = values.shape[1]
    even = np.concatenate([values, values[:, -1:]], axis=1)[:, : width + width % 2]
    y, u, v = np.moveaxis(np.clip((even @ _TO_YUV.T + 128 >> 8) + [0, 128, 128], 0, 255), -1, 0)
    blue, red = ((half[:, 0::2] + half[:, 1::2] + 1) // 2 for half in (u, v))
    pairs = np.stack([y[:, 0::2], blue, y[:, 1::2], red], axis=-1)
    return np.asarray(pairs, np.uint8).reshape(len(values), -1)


def _separate(pairs: Whole) -> Whole:
    y = pairs[..., 0::2].reshape(len(pairs), -1)
    u, v = (np.repeat(pairs[..., place], 2, axis=1) - 128 for place in (1, 3))
    red, first, second, blue = TO_RGB
    colours = (y + (red * v + 128 >> 8), y - (first * u + second * v + 128 >> 8), y + (blue * u + 128 >> 8))
    return np.asarray(np.clip(np.stack(colours, axis=-1), 0, 255))
