"""What products on vectors of 16 bytes share, Helium and those of AArch64: rows padded to whole vectors,
channels in fours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import Role
from tinyml_compress.ops._forms import reduced
from tinyml_compress.ops._products import Channels, Ints, live_channels, live_rows
from tinyml_compress.ops.base import Consts

_LANES = 16


def vectors(depth: int) -> int:
    """Of so many bytes."""
    return (depth + _LANES - 1) // _LANES


def shifts_right(channels: Channels) -> bool:
    """Whether `tc_requantize_right` is exact for every channel."""
    shift = channels.shift[live_channels(channels)]
    return bool(((shift <= -1) & (shift >= -31)).all())


def _in_fours(values: Ints, groups: int) -> Ints:
    """Each group's rows and zeros to whole fours."""
    parted = values.reshape(groups, len(values) // groups, -1)
    padded: Ints = np.pad(parted, ((0, 0), (0, -parted.shape[1] % 4), (0, 0)))
    return padded.reshape(-1, parted.shape[2])


def channel_table(channels: Channels, groups: int) -> npt.NDArray[np.int32]:
    """Per four channels four biases, multipliers and shifts; a channel whose outputs are all zero point has
    neither bias nor weights.
    """
    live = live_channels(channels)
    columns = (
        np.where(live, channels.bias, 0),
        np.where(live, channels.multiplier, 0),
        np.where(live, channels.shift, -1),
    )
    fours = _in_fours(np.stack(columns, axis=1), groups).reshape(-1, 4, 3)
    return fours.transpose(0, 2, 1).astype(np.int32).reshape(-1)


def _weight_stream(rows: Ints, groups: int, together: int, lanes: int) -> npt.NDArray[np.int8]:
    """Of each `together` rows one vector each side by side; of the last ones four, where these are fewer."""
    padded = np.pad(_in_fours(rows, groups), ((0, 0), (0, -rows.shape[1] % lanes)))
    count, depth = padded.shape
    whole = count // together * together
    blocks = padded[:whole].reshape(-1, together, depth // lanes, lanes).transpose(0, 2, 1, 3)
    last = padded[whole:].reshape(-1, 4, depth // lanes, lanes).transpose(0, 2, 1, 3)
    ordered: Ints = np.concatenate([blocks.reshape(-1), last.reshape(-1)])
    return ordered.astype(np.int8)


def stream_bytes(outputs: int, depth: int) -> int:
    """Of the weights of so many rows."""
    return 64 * ((outputs + 3) // 4) * vectors(depth)


def wide_channels(rows: Ints, bias: Ints, multipliers: Sequence[tuple[int, int]]) -> Channels:
    """Of int16 by `rows`, for `tc_mve_wide_finish`."""
    words = reduced(multipliers)
    peak = np.abs(rows).sum(axis=1) * (1 << 15) + np.abs(bias)
    return Channels(bias, words >> 8 << 16, 15 - (words & 255), peak)


def are_words(channels: Channels) -> bool:
    """Whether 32 bits hold every sum, and `tc_mve_wide_finish` is exact for every channel."""
    return bool((channels.peak < 1 << 31).all()) and shifts_right(channels)


def tables(
    channels: Channels, rows: Ints, groups: int = 1, together: int = 4, lanes: int = _LANES
) -> tuple[Consts, Consts]:
    """`weights` and `channels` of a kernel."""
    weights = _weight_stream(live_rows(channels, rows), groups, together, lanes)
    return (
        Consts("weights", "int8_t", weights, Role.WEIGHTS),
        Consts("channels", "int32_t", channel_table(channels, groups)),
    )
