"""Seeded mutations of .tflite files: blind ones, and ones that know where lengths, offsets, shapes and scales
lie.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Sequence

import numpy as np

from tests.lib.surgery import Site, sites

Rng = np.random.Generator
_KINDS = tuple(
    re.compile(kind)
    for kind in (
        r"tensor.*\.shape\[",
        r"tensor.*\.type",
        r"tensor.*\.scale\[",
        r"tensor.*\.zero_point\[",
        r"tensor.*\.(axis|buffer|variable)",
        r"operator.*\.options\.slot",
        r"operator.*\.(inputs|outputs)\[",
        r"operator.*\.(opcode|options_type)|code.*\.(number|deprecated)",
        r"buffer.*\.data\[",
        r"^graph\[0\]\.(inputs|outputs)\[",
        r"\.length$",
        r"\.offset$|vtable",
    )
)
_FLOATS = (0.0, -0.0, -1.0, 1.0, 1e-45, 1e-38, 1e-20, 1e9, 3e38, math.inf, -math.inf, math.nan)


def mutant(files: Sequence[bytes], seed: int) -> bytes:
    """One damaged file, always the same for one seed."""
    rng = np.random.default_rng(seed)
    file = files[int(rng.integers(len(files)))]
    other = files[int(rng.integers(len(files)))]
    kind = rng.random()
    if kind < 0.12:
        return _flipped(file, rng)
    if kind < 0.2:
        return _overwritten(file, rng)
    if kind < 0.26:
        return file[: int(rng.integers(len(file)))]
    if kind < 0.32:
        return _spliced(file, other, rng)
    if kind < 0.4:
        return _swapped(file, rng)
    return _numbers_changed(file, rng)


def _flipped(file: bytes, rng: Rng) -> bytes:
    data = bytearray(file)
    for _ in range(int(rng.integers(1, 9))):
        data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
    return bytes(data)


def _overwritten(file: bytes, rng: Rng) -> bytes:
    data = bytearray(file)
    size = int(rng.choice([1, 2, 4, 8, 32]))
    start = int(rng.integers(max(1, len(data) - size)))
    data[start : start + size] = bytes([int(rng.choice([0x00, 0xFF, 0x7F, 0x80, 0x01]))]) * size
    return bytes(data)


def _spliced(file: bytes, other: bytes, rng: Rng) -> bytes:
    size = int(rng.integers(4, 200))
    source, target = int(rng.integers(len(other))), int(rng.integers(8, len(file)))
    return (
        file[:target] + other[source : source + size] + file[target + (size if rng.random() < 0.7 else 0) :]
    )


def _swapped(file: bytes, rng: Rng) -> bytes:
    data, known = bytearray(file), sorted(sites(file).items())
    first = known[int(rng.integers(len(known)))][1]
    alike = [site for _, site in known if site.format == first.format]
    second = alike[int(rng.integers(len(alike)))]
    a, b = first.read(file), second.read(file)
    struct.pack_into(first.format, data, first.position, b)
    struct.pack_into(second.format, data, second.position, a)
    return bytes(data)


def _numbers_changed(file: bytes, rng: Rng) -> bytes:
    data, known = bytearray(file), sorted(sites(file).items())
    for _ in range(int(rng.integers(1, 4))):
        # Most numbers are bytes of names and places of tables; a kind is picked first, so that all get their
        # turn.
        kind = _KINDS[int(rng.integers(len(_KINDS)))]
        alike = [site for path, site in known if kind.search(path)]
        if alike:
            site = alike[int(rng.integers(len(alike)))]
            struct.pack_into(site.format, data, site.position, _value(file, site, alike, rng))
    return bytes(data)


def _value(file: bytes, site: Site, known: Sequence[Site], rng: Rng) -> int | float:
    now = site.read(file)
    if site.format == "<f":
        return float(rng.choice([*_FLOATS, now, now * 1000, now / 1000, now * 1e30, now * 2.0]))
    bits = 8 * struct.calcsize(site.format)
    low, high = (
        (0, (1 << bits) - 1) if site.format[1].isupper() else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    )
    alike = [other.read(file) for other in known if other.format == site.format]
    picks = [
        0,
        1,
        -1,
        2,
        3,
        5,
        127,
        128,
        255,
        256,
        65535,
        65536,
        1 << 24,
        low,
        high,
        high - 1,
        now + 1,
        now - 1,
    ]
    picks += [
        now * 2,
        now * 3,
        -now,
        now // 2,
        int(rng.integers(0, 64)),
        alike[int(rng.integers(len(alike)))],
    ]
    return min(max(int(picks[int(rng.integers(len(picks)))]), low), high)
