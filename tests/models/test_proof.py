"""How far two models' outputs lie apart: what decides whether a rebuilt model is the one that was given."""

from __future__ import annotations

import math

import numpy as np

from tinyml_compress.models.proof import TOLERANCE, difference

ONES = np.ones((2, 3), np.float32)


def test_small_outputs_are_compared_as_they_are_and_large_ones_in_parts() -> None:
    assert difference([ONES * 0.1], [ONES * 0.1 + np.float32(0.01)]) == np.float32(0.11) - np.float32(0.1)
    assert difference([ONES * 100], [ONES * 101]) == 0.01
    assert difference([ONES, ONES], [ONES, ONES * 2]) == 1.0


def test_what_is_no_number_is_far_apart() -> None:
    broken = ONES.copy()
    broken[1, 2] = math.nan
    for pair in ((ONES, broken), (broken, ONES), (broken, broken)):
        assert not difference([pair[0]], [pair[1]]) <= TOLERANCE
    assert not difference([broken, ONES], [broken, ONES]) <= TOLERANCE  # whatever comes after it


def test_another_shape_is_infinitely_far() -> None:
    assert difference([ONES], [ONES.reshape(3, 2)]) == math.inf
