"""Seeded synthetic sets in the shapes of the zoo, made of whole numbers only: the same bytes on every machine.

They are for calibration and for tests of the whole way, not for claims about accuracy on real tasks.
`python -m tinyml_compress.data.synthetic NAME FILE.npz` writes one of the shipped ones to a file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["GENERATORS", "Made"]

Bytes = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]
Whole = npt.NDArray[np.int64]
Made = tuple[Bytes, npt.NDArray[np.int64]]

_LOADINGS = 4


def waves(shape: Sequence[int], classes: int, count: int, seed: int, split: int) -> Made:
    """Each class has two plane waves of its own per channel; a sample shifts and scales them and adds noise."""
    labels = np.asarray(_draw(seed, split, 1, count=count) % np.uint64(classes), dtype=np.int64)
    total = np.zeros((count, *shape), dtype=np.int64)
    for wave in range(2):
        phase = np.zeros((count, *shape), dtype=np.int64)
        for axis, size in enumerate(shape):
            # 1 to 4 periods along each axis, in 1/256 of a turn per step, by class
            turns = 1 + _whole(_draw(seed, 99, 10 + wave, axis, count=classes), 4)
            step = np.maximum(1, turns * 256 // max(size, 2))
            along = np.arange(size, dtype=np.int64).reshape((1, size) + (1,) * (len(shape) - axis - 1))
            phase += (step[labels].reshape((count,) + (1,) * len(shape))) * along
        start = _whole(_draw(seed, 99, 20 + wave, count=classes), 256)[labels]
        shift = _whole(_draw(seed, split, 30 + wave, count=count), 48)
        height = 24 + _whole(_draw(seed, split, 40 + wave, count=count), 24)
        total += _column(height, shape) * _triangle(phase + _column(start + shift, shape)) // 128
    noise = _whole(_draw(seed, split, 50, count=total.size), 33).reshape(total.shape) - 16
    return np.clip(128 + total + noise, 0, 255).astype(np.uint8), labels


def machine(shape: Sequence[int], classes: int, count: int, seed: int, split: int) -> Made:
    """Normal sounds mix four fixed profiles; an anomaly (class 1, test part only) has one that no normal sound has."""
    (size,) = shape
    anomalous = _whole(_draw(seed, split, 1, count=count), classes) if split else np.zeros(count, dtype=np.int64)
    place = np.arange(size, dtype=np.int64)
    total = np.zeros((count, size), dtype=np.int64)
    for profile in range(_LOADINGS + 1):
        turns = 2 + 3 * profile + _whole(_draw(seed, 99, 10, profile, count=1), 3)[0]
        wave = _triangle(place * turns * 256 // size)
        load = 8 + _whole(_draw(seed, split, 20 + profile, count=count), 24)
        if profile == _LOADINGS:
            load = load * anomalous
        total += load[:, None] * wave[None, :] // 128
    noise = _whole(_draw(seed, split, 50, count=total.size), 17).reshape(total.shape) - 8
    return np.clip(128 + total + noise, 0, 255).astype(np.uint8), anomalous


GENERATORS: dict[str, Callable[[Sequence[int], int, int, int, int], Made]] = {"waves": waves, "machine": machine}


def _mix(value: Hashes) -> Hashes:
    """splitmix64's finalizer: every bit of the input reaches every bit of the output."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def _draw(*key: int, count: int) -> Hashes:
    """`count` random 64-bit numbers that depend on `key` alone."""
    state = np.zeros(1, dtype=np.uint64)
    golden = np.uint64(0x9E3779B97F4A7C15)
    for part in key:
        state = _mix(state + golden * np.array([part + 1], dtype=np.uint64))
    return _mix(state + golden * np.arange(1, count + 1, dtype=np.uint64))


def _whole(draw: Hashes, below: int) -> Whole:
    return np.asarray((draw >> np.uint64(33)) % np.uint64(below), dtype=np.int64)


def _triangle(phase: Whole) -> Whole:
    """A triangle wave between -127 and 127 with a period of 256."""
    turn = phase & 255
    return np.where(turn < 128, 2 * turn - 127, 383 - 2 * turn)


def _column(values: Whole, shape: Sequence[int]) -> Whole:
    return values.reshape((-1,) + (1,) * len(shape))


if __name__ == "__main__":
    from tinyml_compress.data.shipped import write_file

    write_file(sys.argv[1], sys.argv[2])
