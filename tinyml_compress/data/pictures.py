"""Pictures as values from 0 to 255. A folder of them may come from anybody: sizes are judged by the headers,
before anything is unpacked, and one picture at a time is in memory."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import DataError
from tinyml_compress.frontends.camera import frame_of, picture_of
from tinyml_compress.frontends.camera_form import CameraForm
from tinyml_compress.frontends.preprocessing import ImageForm

if TYPE_CHECKING:
    from PIL.Image import Image

Bytes = npt.NDArray[np.uint8]
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff", ".webp")
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP")
"""Whatever a file's name says: other readers of Pillow start programs (PostScript) or are rarely looked at.
"""
_MOST_PIXELS = 100_000_000
_MOST_VALUES = 1 << 30
"""Of the whole set: as float32, in which they are worked on, 4 GiB."""
_GREY = ("1", "L", "I", "I;16", "I;16L", "I;16B", "I;16N")
_DEEP = _GREY[2:]
_SIXTEEN_BITS = ("PNG", "PPM")
"""Formats whose `I`, which could hold 32 bits, is made of 16."""
_ADVICE = "describe the set in a TOML file with [image] height and width: calibration_data/README.md"


@dataclass(frozen=True)
class _Header:
    """What a file says of itself."""

    size: tuple[int, int]
    """Width and height."""
    mode: str


def read_pictures(
    files: Sequence[Path], form: ImageForm | None, camera: CameraForm | None
) -> tuple[Bytes, ImageForm]:
    """All pictures in one array and one form; without `form` all must have one size, and grey
    ones stay grey. A `camera` sees pictures of any size as it would write them.
    """
    headers = [_header(file) for file in files]
    form = form or _common_form(files, headers)
    shape = (form.height, form.width, form.channels)
    if len(files) * int(np.prod(shape)) > _MOST_VALUES:
        raise DataError(
            "the pictures hold more values than can be worked on",
            which=_folder(files),
            found=f"{len(files)} of {form.width}x{form.height}",
            allowed=f"{_MOST_VALUES:,} values",
            next_step=_ADVICE,
        )
    values = np.empty((len(files), *shape), np.uint8)
    for place, file in enumerate(files):
        values[place] = _pixels(file, form, camera).reshape(shape)
    return values, form


def _common_form(files: Sequence[Path], headers: Sequence[_Header]) -> ImageForm:
    sizes = Counter(header.size for header in headers)
    if len(sizes) > 1:
        common = ", ".join(f"{width}x{height} ({count})" for (width, height), count in sizes.most_common(4))
        raise DataError("the pictures differ in size", which=_folder(files), found=common, next_step=_ADVICE)
    ((width, height),) = sizes
    return ImageForm(height, width, 1 if all(header.mode in _GREY for header in headers) else 3)


def _header(file: Path) -> _Header:
    with _opened(file) as picture:
        return _Header(picture.size, picture.mode)


def _pixels(file: Path, form: ImageForm, camera: CameraForm | None) -> Bytes:
    """One picture in the form asked for."""
    from PIL import Image

    with _opened(file) as picture:
        plain = Image.fromarray(_eight_bits(picture, file)) if picture.mode in _DEEP else picture
        if camera is not None:
            colours = np.asarray(plain.convert("RGB"), np.uint8)
            return picture_of(frame_of(colours, camera.pixels), form, camera)
        shown = plain.convert("L" if form.channels == 1 else "RGB")
        size = (form.width, form.height)
        return np.asarray(
            shown if shown.size == size else shown.resize(size, Image.Resampling.BILINEAR), np.uint8
        )


def _eight_bits(picture: Image, file: Path) -> Bytes:
    """16 bits a pixel by their whole range: 65535 becomes 255. Pillow's own conversion would make that of
    256.
    """
    values = np.asarray(picture).astype(np.int64)
    if values.min() < 0 or values.max() > 0xFFFF:
        raise _no_range(file, f"values from {values.min()} to {values.max()}")
    return ((values * 255 + 0x7FFF) // 0xFFFF).astype(np.uint8)


@contextmanager
def _opened(file: Path) -> Iterator[Image]:
    """A picture whose pixels are not unpacked yet, and whose kind and size are what can be worked on."""
    from PIL import Image

    try:
        # The limit here is stricter than the one that Pillow warns of.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(file, formats=_FORMATS)
        with opened as picture:
            _check(picture, file)
            yield picture
    except DataError:
        raise
    except MemoryError as error:
        raise DataError("the picture does not fit in memory", which=file, next_step="take it out") from error
    except Image.DecompressionBombError as error:
        raise _too_large(file, str(error)) from error
    except (
        Exception
    ) as error:  # damaged files end in errors of every kind: OSError, SyntaxError, struct.error, ...
        raise DataError(
            "the picture cannot be read", which=file, found=error or type(error).__name__
        ) from error


def _check(picture: Image, file: Path) -> None:
    width, height = picture.size
    if width * height > _MOST_PIXELS:
        raise _too_large(file, f"{width} x {height} pixels")
    if picture.mode == "F" or (picture.mode == "I" and picture.format not in _SIXTEEN_BITS):
        raise _no_range(file, "floating point" if picture.mode == "F" else "32 bits a pixel")


def _too_large(file: Path, size: str) -> DataError:
    return DataError(
        "the picture is too large",
        which=file,
        found=size,
        allowed=f"{_MOST_PIXELS:,} pixels",
        next_step="make it smaller",
    )


def _no_range(file: Path, depth: str) -> DataError:
    return DataError(
        "nothing says which values of the picture are black and white",
        which=file,
        found=depth,
        allowed="8 or 16 bits a pixel",
        next_step="save it with 8 or 16 bits, or give the values as arrays in an .npz file",
    )


def _folder(files: Sequence[Path]) -> Path:
    return files[0].parent.parent
