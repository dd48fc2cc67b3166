"""Seeded synthetic sets in the shapes of the zoo, made of whole numbers only: the same bytes on every
machine.

They are for calibration and for tests of the whole way, not for claims about accuracy on real tasks. Each is
hard enough that the zoo's float net is right on 85 to 97 of 100 samples (`benchmarks/zoo_accuracy.py`): where
a net is perfect, or lost, a lost point of accuracy would not show. `python -m tinyml_compress.data.synthetic
NAME FILE.npz` writes one of the shipped ones to a file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from tinyml_compress.data.grammar import sentences
from tinyml_compress.data.synthetic_scenes import SCENES
from tinyml_compress.data.whole_numbers import Made, Whole, column, draw, triangle, whole

_LOADINGS = 4
_WORDS = 96
_PAIRS = 16


def waves(shape: Sequence[int], classes: int, count: int, seed: int, split: int, blend: int = 54) -> Made:
    """Each class has two plane waves of its own; a sample shifts and scales them and adds noise.

    A sample blends its own class with another one by less than `blend` of 100 parts: near 50 nobody can tell
    the two apart, so that no net is perfect.
    """
    labels = whole(draw(seed, split, 1, count=count), classes)
    others = (labels + 1 + whole(draw(seed, split, 2, count=count), max(classes - 1, 1))) % classes
    foreign = whole(draw(seed, split, 3, count=count), blend)
    total = np.zeros((count, *shape), dtype=np.int32)
    for wave in range(2):
        start = whole(draw(seed, 99, 20 + wave, count=classes), 256)
        shift = whole(draw(seed, split, 30 + wave, count=count), 48)
        height = 24 + whole(draw(seed, split, 40 + wave, count=count), 24)
        for which, weight in ((labels, 100 - foreign), (others, foreign)):
            phase = column(start[which] + shift, shape).astype(np.int32) + _turns(
                shape, classes, seed, wave, which
            )
            total += column(weight * height, shape).astype(np.int32) * triangle(phase) // 12800
    # Eight values of noise out of each drawn number: pictures have millions of them.
    noise = (draw(seed, split, 50, count=-(-total.size // 8)).astype("<u8").view(np.uint8) & 31).astype(
        np.int32
    ) - 16
    return np.clip(128 + total + noise[: total.size].reshape(total.shape), 0, 255).astype(np.uint8), labels


def _turns(shape: Sequence[int], classes: int, seed: int, wave: int, which: Whole) -> npt.NDArray[np.int32]:
    """Phase over the axes: 1 to 4 periods along each, by class, in 1/256 of a turn."""
    phase = np.zeros((len(which), *shape), dtype=np.int32)
    for axis, size in enumerate(shape):
        turns = 1 + whole(draw(seed, 99, 10 + wave, axis, count=classes), 4)
        step = np.maximum(1, turns * 256 // max(size, 2))
        along = np.arange(size, dtype=np.int64).reshape((1, size) + (1,) * (len(shape) - axis - 1))
        phase += (column(step[which], shape) * along).astype(np.int32)
    return phase


def machine(shape: Sequence[int], classes: int, count: int, seed: int, split: int) -> Made:
    """Normal sounds mix four fixed profiles; an anomaly (class 1, test part only) has one that no normal
    sound has.
    """
    (size,) = shape
    anomalous = (
        whole(draw(seed, split, 1, count=count), classes) if split else np.zeros(count, dtype=np.int64)
    )
    place = np.arange(size, dtype=np.int64)
    total = np.zeros((count, size), dtype=np.int64)
    for profile in range(_LOADINGS + 1):
        turns = 2 + 3 * profile + whole(draw(seed, 99, 10, profile, count=1), 3)[0]
        wave = triangle(place * turns * 256 // size)
        if profile == _LOADINGS:  # weaker than the others at times, so that some anomalies pass for noise
            load = (6 + whole(draw(seed, split, 20 + profile, count=count), 20)) * anomalous
        else:
            load = 8 + whole(draw(seed, split, 20 + profile, count=count), 24)
        total += load[:, None] * wave[None, :] // 128
    noise = whole(draw(seed, split, 50, count=total.size), 17).reshape(total.shape) - 8
    return np.clip(128 + total + noise, 0, 255).astype(np.uint8), anomalous


def activities(shape: Sequence[int], classes: int, count: int, seed: int, split: int) -> Made:
    """An accelerometer's channels: each class moves at a rate and with heights and phases of its own.

    A sample blends its own class with another one by up to 53 of 100 parts, at a speed up to a quarter off:
    at the far end nobody can tell the two apart.
    """
    steps, channels = shape
    labels = whole(draw(seed, split, 1, count=count), classes)
    others = (labels + 1 + whole(draw(seed, split, 2, count=count), classes - 1)) % classes
    blend = whole(draw(seed, split, 3, count=count), 54)
    speed = 768 + whole(draw(seed, split, 4, count=count), 513)
    start = whole(draw(seed, split, 5, count=count), 256)
    time = np.arange(steps, dtype=np.int64)[None, :, None]
    total = np.zeros((count, steps, channels), dtype=np.int64)
    for which, weight in ((labels, 100 - blend), (others, blend)):
        rate = (5 + 3 * np.arange(classes, dtype=np.int64))[which]
        heights = (
            20 + whole(draw(seed, 99, 10, count=classes * channels), 80).reshape(classes, channels)[which]
        )
        phases = whole(draw(seed, 99, 11, count=classes * channels), 256).reshape(classes, channels)[which]
        phase = (rate * speed)[:, None, None] * time // 1024 + phases[:, None, :] + start[:, None, None]
        total += weight[:, None, None] * heights[:, None, :] * triangle(phase) // 12700
    noise = whole(draw(seed, split, 50, count=total.size), 81).reshape(total.shape) - 40
    return np.clip(128 + total + noise, 0, 255).astype(np.uint8), labels


def texts(shape: Sequence[int], classes: int, count: int, seed: int, split: int) -> Made:
    """Short texts as token numbers: each class has pairs of words that occur together, among words of no
    meaning.

    Single words of all classes' pairs are strewn in, so that a word alone tells nothing; one text in twelve
    speaks of another class than its label says.
    """
    (length,) = shape
    labels = whole(draw(seed, split, 1, count=count), classes)
    astray = whole(draw(seed, split, 2, count=count), 12) == 0
    topics = np.where(
        astray, (labels + 1 + whole(draw(seed, split, 3, count=count), classes - 1)) % classes, labels
    )
    # Every topic pairs the same first words with second words of its own order: only the pair tells the
    # topic.
    firsts = np.arange(_PAIRS, dtype=np.int64)
    seconds = np.stack([_PAIRS + (firsts + topic * (_PAIRS // classes)) % _PAIRS for topic in range(classes)])
    words = 2 * _PAIRS + whole(draw(seed, split, 4, count=count * length), _WORDS - 2 * _PAIRS).reshape(
        count, length
    )
    places = np.argsort(
        draw(seed, split, 5, count=count * (length // 2)).reshape(count, -1), axis=1, kind="stable"
    )
    for pair in range(3):
        chosen = whole(draw(seed, split, 6, pair, count=count), _PAIRS)
        rows, column = np.arange(count), 2 * places[:, pair]
        words[rows, column] = firsts[chosen]
        words[rows, column + 1] = seconds[topics, chosen]
    return words.astype(np.uint8), labels


def vibration(shape: Sequence[int], classes: int, count: int, seed: int, split: int) -> Made:
    """A machine's vibration in time: turning at a rate of its own, with harmonics; an anomaly adds a weak
    knocking.
    """
    (steps, _) = shape
    anomalous = (
        whole(draw(seed, split, 1, count=count), classes) if split else np.zeros(count, dtype=np.int64)
    )
    time = np.arange(steps, dtype=np.int64)[None, :]
    rate = (10 + whole(draw(seed, split, 2, count=count), 3))[:, None]
    start = whole(draw(seed, split, 3, count=count), 256)[:, None]
    total = np.zeros((count, steps), dtype=np.int64)
    for harmonic, height in ((1, 50), (2, 25), (5, 12)):
        total += height * triangle(harmonic * (rate * time + start)) // 127
    knock = 9 + whole(draw(seed, split, 4, count=count), 22)[:, None]
    total += anomalous[:, None] * np.where((rate * time + start) % 256 < 24, knock, 0)
    noise = whole(draw(seed, split, 50, count=total.size), 25).reshape(total.shape) - 12
    return np.clip(128 + total + noise, 0, 255).astype(np.uint8).reshape(count, *shape), anomalous


GENERATORS: dict[str, Callable[..., Made]] = {
    "waves": waves,
    "machine": machine,
    "activities": activities,
    "texts": texts,
    "vibration": vibration,
    "sentences": sentences,
    **SCENES,
}


if __name__ == "__main__":
    from tinyml_compress.data.shipped import write_file

    write_file(sys.argv[1], sys.argv[2])
