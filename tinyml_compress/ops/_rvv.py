"""What products on vectors of RISC-V share: weights of sixteen outputs side by side, in pairs of values."""

from __future__ import annotations

import numpy as np

from tinyml_compress.ir import Role
from tinyml_compress.ops._products import Channels, Ints, int32_table
from tinyml_compress.ops.base import Consts
from tinyml_compress.ops.work import Counts

_LANES = 16


def takes(rows: Ints) -> bool:
    """Whether two products fit into 16 bits."""
    return bool(rows.min(initial=0) >= -127)


def pairs(depth: int) -> int:
    """Of so many values."""
    return (depth + 1) // 2


def blocks(outputs: int) -> int:
    """Sixteen outputs or fewer."""
    return (outputs + _LANES - 1) // _LANES


def weight_bytes(outputs: int, depth: int) -> int:
    """Of the weights of so many rows."""
    return 2 * _LANES * pairs(depth) * blocks(outputs)


def tables(channels: Channels, rows: Ints) -> tuple[Consts, Consts]:
    """Of the kernels: of sixteen rows and two values the weights, the first value's first."""
    padded = np.pad(rows, ((0, -len(rows) % _LANES), (0, -rows.shape[1] % 2)))
    ordered = padded.reshape(-1, _LANES, padded.shape[1]).transpose(0, 2, 1)
    return (
        Consts("weights", "int8_t", ordered.astype(np.int8).reshape(-1), Role.WEIGHTS),
        Consts("channels", "int32_t", int32_table(channels.bias, channels.multiplier, channels.shift)),
    )


def counts(rows: int, outputs: int, depth: int) -> Counts:
    """Steps by which four rows, or one, go on by two values, and ends of rows, of sixteen outputs each."""
    fours, rest = divmod(rows, 4)
    steps = blocks(outputs) * pairs(depth)
    return {"steps of four": steps * fours, "steps": steps * rest, "ends": blocks(outputs) * rows}
