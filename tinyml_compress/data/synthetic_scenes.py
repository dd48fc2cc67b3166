"""Seeded synthetic sets of another kind than one class per sample: pictures with a class for each pixel, and
voices.

Like those of `synthetic.py` they are made of whole numbers only, and hard enough that no net is perfect on
them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tinyml_compress.data.whole_numbers import Made, draw, triangle, whole

_SHAPES = 3
_HARMONICS = 9
_BURST = 96


def shapes(shape: Sequence[int], classes: int, count: int, seed: int, split: int) -> Made:
    """Grey pictures of discs and squares before an uneven background, with the class of each pixel.

    Some shapes are hardly lighter than what lies behind them, and small discs look like small squares.
    """
    height, width, _ = shape
    y, x = np.arange(height, dtype=np.int64)[None, :, None], np.arange(width, dtype=np.int64)[None, None, :]
    slope = whole(draw(seed, split, 1, count=2 * count), 5).reshape(count, 2, 1, 1) - 2
    total = 70 + slope[:, 0] * (y - height // 2) + slope[:, 1] * (x - width // 2)
    labels = np.zeros((count, height, width), dtype=np.int64)
    for each in range(_SHAPES):
        limits = enumerate((height, width, 5, 90, 2))
        drawn = [whole(draw(seed, split, 10 + each, part, count=count), below) for part, below in limits]
        centre_y, centre_x, half, light, kind = (value[:, None, None] for value in drawn)
        half = half + 3
        far_y, far_x = y - centre_y, x - centre_x
        disc = far_y * far_y + far_x * far_x <= half * half
        square = np.maximum(np.abs(far_y), np.abs(far_x)) * 8 <= 7 * half
        inside = np.where(kind == 0, disc, square)
        total = np.where(inside, 82 + light, total)
        labels = np.where(inside, 1 + kind % (classes - 1), labels)
    noise = whole(draw(seed, split, 50, count=total.size), 61).reshape(total.shape) - 30
    return np.clip(total + noise, 0, 255).astype(np.uint8).reshape(count, *shape), labels


def voices(shape: Sequence[int], classes: int, count: int, seed: int, split: int) -> Made:
    """Voiced sound: a pitch that glides, its harmonics strong near two formants.

    An anomaly (class 1, test part only) has a burst of noise in it, at times a weak one.
    """
    samples = shape[0]
    anomalous = (
        whole(draw(seed, split, 1, count=count), classes) if split else np.zeros(count, dtype=np.int64)
    )
    time = np.arange(samples, dtype=np.int64)[None, :]
    pitch = (
        480 + whole(draw(seed, split, 2, count=count), 480)[:, None]
    )  # steps of 1/256 of a turn, times 256
    glide = whole(draw(seed, split, 3, count=count), 3)[:, None] - 1
    start = whole(draw(seed, split, 4, count=count), 256)[:, None]
    turn = (pitch * time + glide * time * time // 8) // 256 + start
    formants = [
        900 + whole(draw(seed, split, 5 + one, count=count), 2400)[:, None] * (1 + one) for one in range(2)
    ]
    total = np.zeros((count, samples), dtype=np.int64)
    for harmonic in range(1, _HARMONICS + 1):
        near = np.minimum(*(np.abs(harmonic * pitch - formant) for formant in formants))
        total += (6000 // (200 + near)) * triangle(harmonic * turn) // 32
    place = whole(draw(seed, split, 7, count=count), samples - _BURST)[:, None]
    power = 3 + whole(draw(seed, split, 8, count=count), 26)[:, None]
    burst = whole(draw(seed, split, 9, count=total.size), 256).reshape(total.shape) - 128
    total += np.where((time >= place) & (time < place + _BURST), anomalous[:, None] * power * burst // 128, 0)
    noise = whole(draw(seed, split, 50, count=total.size), 9).reshape(total.shape) - 4
    return np.clip(128 + total + noise, 0, 255).astype(np.uint8).reshape(count, *shape), anomalous


SCENES: dict[str, Callable[..., Made]] = {"shapes": shapes, "voices": voices}
