"""Sentences by a grammar, labelled with what is wanted: the shipped task for models of texts.

Half of the sentences name one wish. The others name two, and their words say which of them counts ("no music,
rather set an alarm"): a bag of words cannot tell, a model that sees the order can. A few words are misspelt.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyml_compress.data.whole_numbers import Made, draw, whole

_WISHES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("switch on", "turn off", "dim", "brighten"), ("the lamp", "the lights", "the bulb in the {room}")),
    (("play", "put on", "stop", "skip"), ("some music", "the song", "the radio in the {room}")),
    (("set", "start", "cancel", "extend"), ("an alarm", "the timer", "a timer for {number} minutes")),
    (("tell me", "look up", "show me", "read out"), ("the weather", "the forecast", "if it rains {day}")),
    (("make", "keep", "leave", "get"), ("it warmer", "it {number} degrees", "the {room} cooler")),
    (("buy", "order", "note down", "put in the basket"), ("{number} apples", "bread", "milk for {day}")),
)
_FILLERS = {
    "room": ("kitchen", "hall", "bedroom", "cellar", "bath", "study"),
    "number": ("two", "three", "five", "ten", "twelve", "twenty"),
    "day": ("today", "tomorrow", "monday", "friday", "the weekend"),
}
_OPENINGS = ("", "", "please ", "could you ", "hey, ", "i want you to ", "now ")
_CLOSINGS = ("", "", " please", " right away", " again", " when you can")
# {0} counts, {1} does not.
_TWO = (
    "do not {1}, {0}",
    "{0} instead of what i said: {1}",
    "i said {1}, but rather {0}",
    "before you {1}, {0} and forget the rest",
    "{0}, and never {1}",
    "forget that i said {1} and {0}",
)
_MISSPELT = 12
"""In so many sentences one has a letter too few."""


def sentences(shape: Sequence[int], classes: int, count: int, seed: int, split: int) -> Made:
    """Texts as rows of `shape` bytes, filled with zeros, and the place of the wish that counts."""
    (width,) = shape
    choices = np.stack([whole(draw(seed, split, step, count=count), 1 << 20) for step in range(16)], 1)
    labels = choices[:, 0] % classes
    rows = np.zeros((count, width), np.uint8)
    for row, numbers, label in zip(rows, choices.tolist(), labels.tolist(), strict=True):
        text = _sentence(numbers, label, classes)[:width].rstrip()
        row[: len(text)] = np.frombuffer(text.encode("ascii"), np.uint8)
    return rows, labels


def texts_of(rows: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> tuple[str, ...]:
    """The sentences again."""
    return tuple(bytes(row).rstrip(b"\0").decode("ascii") for row in rows)


def _sentence(numbers: Sequence[int], label: int, classes: int) -> str:
    text = _wish(numbers[1:5], label)
    if numbers[5] % 2:
        other = (label + 1 + numbers[6] % (classes - 1)) % classes
        text = _TWO[numbers[7] % len(_TWO)].format(text, _wish(numbers[8:12], other))
    text = _OPENINGS[numbers[12] % len(_OPENINGS)] + text + _CLOSINGS[numbers[13] % len(_CLOSINGS)]
    if numbers[14] % _MISSPELT == 0:
        place = numbers[15] % len(text)
        text = text[:place] + text[place + 1 :]
    return " ".join(text.split())


def _wish(numbers: Sequence[int], which: int) -> str:
    verbs, things = _WISHES[which]
    thing = things[numbers[1] % len(things)]
    fillers = {key: words[numbers[2] % len(words)] for key, words in _FILLERS.items()}
    return f"{verbs[numbers[0] % len(verbs)]} {thing.format(**fillers)}"
