"""CONV_2D with only the weight blocks that are not zero: two output channels by four values of one tap."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import NodeView, Role
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._products import Ints, live_rows
from tinyml_compress.ops.base import Consts, Variant
from tinyml_compress.ops.conv_2d import node
from tinyml_compress.ops.conv_2d.block import (
    block_emit,
    block_overlap,
    depth_pairs,
    pair_weights,
    unpacked_bytes,
    words_scratch,
)
from tinyml_compress.ops.work import Counts

_SYMBOL = "tc_s8_conv_2d_blocks__dsp"
_DENSEST = 0.7
"""With more blocks than this that are not zero, neither flash nor time is gained."""
_FARTHEST = 255
_FOURS = 4
"""Blocks whose steps share a word."""


def _units(rows: Ints) -> npt.NDArray[np.int8]:
    """Of each pair of channels, block after block, the eight weights as the kernel reads them."""
    return pair_weights(rows).reshape(len(rows) // 2, -1, 8)


def _stream(units: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """What one pair of channels has in flash."""
    steps: list[int] = []
    blocks: list[npt.NDArray[np.int8]] = []
    blank, at = np.zeros(8, np.int8), 0
    for place in np.flatnonzero(units.any(axis=1)):
        step, at = int(place) - at, int(place)
        while step > _FARTHEST:
            steps.append(_FARTHEST)
            blocks.append(blank)
            step -= _FARTHEST
        steps.append(step)
        blocks.append(units[place])
    while len(steps) % _FOURS or not steps:
        steps.append(0)
        blocks.append(blank)
    places = np.array(steps, np.uint8).view(np.int8).reshape(-1, _FOURS)
    groups = np.concatenate([places, np.concatenate(blocks).reshape(len(places), -1)], axis=1)
    return np.concatenate([np.array([groups.size], "<i4").view(np.int8), groups.reshape(-1)])


@lru_cache(maxsize=64)
def _encoded(data: bytes, shape: tuple[int, int]) -> npt.NDArray[np.int8]:
    units = _units(np.frombuffer(data, np.int8).reshape(shape).astype(np.int64))
    return np.concatenate([_stream(one) for one in units])


def _of(view: NodeView) -> npt.NDArray[np.int8]:
    live = live_rows(node.channels(view), node.rows(view)).astype(np.int8)
    return _encoded(live.tobytes(), (live.shape[0], live.shape[1]))


def _accepts(view: NodeView) -> bool:
    if view.input(0).shape[3] % 4 or view.output().shape[3] % 2 or not node.has_fast(view):
        return False
    units = _units(live_rows(node.channels(view), node.rows(view)))
    return bool(units.any(axis=2).mean() <= _DENSEST)


def _table(view: NodeView, rows: Ints) -> Consts:
    return Consts("weights", "int8_t", _of(view), Role.WEIGHTS)


def _counts(view: NodeView) -> Counts:
    window = node.window(view)
    tiles, pairs = (window.pixels + 3) // 4, window.out_c // 2
    return {
        "fours": tiles * (_of(view).size - 4 * pairs) // 36,
        "ends": tiles * pairs,
        "gathered": window.pixels * depth_pairs(view),
        "runs": window.runs,
        "tiles": tiles,
        "channels": unpacked_bytes(view) // 16,
    }


VARIANTS = only(
    ProductForm.S8,
    Variant(
        _SYMBOL,
        _accepts,
        block_emit(_SYMBOL, _table),
        scratch=words_scratch,
        overlap=block_overlap,
        counts=_counts,
        encoding="sparse-blocks",
        weight_bytes=lambda view: _of(view).nbytes,
        code_bytes=1400,
    ),
)
