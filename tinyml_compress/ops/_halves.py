"""Weights of eight output channels as `csrc/tc_halves.h` reads them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyml_compress.ops._products import Ints

_CHANNELS = 8
_ROOM = 1 << 23
_DEEPEST = 1 << 15


def takes(rows: Ints) -> bool:
    """Whether channels come in eights, and all sums stay in 32 bits, of every other channel 256 times."""
    if len(rows) % _CHANNELS or rows.shape[1] > _DEEPEST:
        return False
    return bool(255 * np.abs(rows[0::2]).sum(axis=1).max() < _ROOM)


def halves(rows: Ints) -> npt.NDArray[np.uint8]:
    """Of each eight channels and a value four halves: 256 first weight + (second + 128)."""
    wide = 256 * rows[0::2] + rows[1::2] + 128
    blocks = wide.reshape(-1, _CHANNELS // 2, rows.shape[1]).transpose(0, 2, 1)
    stored: npt.NDArray[np.uint8] = blocks.astype("<i2").reshape(-1).view(np.uint8)
    return stored
