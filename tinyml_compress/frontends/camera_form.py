"""How pictures come from a camera: their size, their bytes, and what of them a model sees."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Pixels(Enum):
    """How a camera writes its pixels, from left to right."""

    GREY = "grey"
    RGB = "rgb888"
    BGR = "bgr888"
    RGB565 = "rgb565"
    """The byte with red in it comes first, as most sensors send it."""
    RGB565_LITTLE = "rgb565-le"
    """The same as words of a little-endian core."""
    YUV422 = "yuv422"
    """Two pixels share their colour: Y, U, Y, V; full range, BT.601."""

    @property
    def nbytes(self) -> int:
        """Of a pixel."""
        return {Pixels.GREY: 1, Pixels.RGB: 3, Pixels.BGR: 3}.get(self, 2)


class Scaling(Enum):
    """How a pixel of the input is made of the picture's."""

    BILINEAR = "bilinear"
    NEAREST = "nearest"


@dataclass(frozen=True)
class CameraForm:
    """Whole numbers, which the generated C computes as well."""

    width: int
    height: int
    pixels: Pixels
    scaling: Scaling = Scaling.BILINEAR
    crop: bool = True
    """The largest part in the middle that has the input's proportions; else the whole picture, squeezed."""

    @property
    def stride(self) -> int:
        """Bytes of a row."""
        return self.width * self.pixels.nbytes
