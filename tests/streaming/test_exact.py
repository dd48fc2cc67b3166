"""Nets on windows, told frame by frame: from the filled window on, the same bytes, in TFLM and in our C."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from tests.lib.window_nets import random_chain
from tinyml_compress.errors import UnsupportedOperator
from tinyml_compress.frontend import write
from tinyml_compress.ir import Graph
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native, tflm
from tinyml_compress.streaming import Streamed, Way, streamed

MANY = 300


def _told(seeds: Iterable[int]) -> list[tuple[int, Graph, Streamed]]:
    forms = []
    for seed in seeds:
        graph = random_chain(seed)
        try:
            forms.append((seed, graph, streamed(graph, frames=1 + seed % 3)))
        except UnsupportedOperator:
            continue  # how many are left is counted
    return forms


def _assert_equal(forms: list[tuple[int, Graph, Streamed]]) -> None:
    """At each step from the full window on, and TensorFlow Lite Micro at every step."""
    programs = [
        compile_model(content, f"{kind}{seed}")
        for seed, graph, form in forms
        for kind, content in (("window", write(graph)), ("step", write(form.graph)))
    ]
    loaded, moving = native.load(programs), 0
    for number, (seed, graph, form) in enumerate(forms):
        window, step = loaded[2 * number], loaded[2 * number + 1]
        oracle = tflm.Interpreter(write(form.graph))
        shape = graph.tensors["x"].shape
        moves = -(-form.window // form.frames) + 5
        sound = np.random.default_rng(seed).integers(-128, 128, (1, moves * form.frames, *shape[2:]), np.int8)
        seen = set()
        for end in range(form.frames, sound.shape[1] + 1, form.frames):
            frames = np.ascontiguousarray(sound[:, end - form.frames : end])
            (made,) = step.step([frames]) or (None,)
            (said,) = oracle.step([frames]) or (None,)
            assert made is not None
            assert said is not None
            assert made.tobytes() == said.tobytes(), (seed, end)
            if end < form.window:
                continue
            (wanted,) = window.invoke([np.ascontiguousarray(sound[:, end - form.window : end])])
            last = tuple(
                slice(have - want, have) for have, want in zip(wanted.shape, made.shape, strict=True)
            )
            assert np.array_equal(wanted[last], made), (seed, end, [layer.way for layer in form.layers])
            seen.add(made.tobytes())
        moving += len(seen) > 1
    assert moving > 0.9 * len(forms), "outputs that never change would prove nothing"


def test_random_chains() -> None:
    forms = _told([*range(24), 1041])  # the last has a convolution that reads nothing but borders
    assert len(forms) > 16
    assert {layer.way for _, _, form in forms for layer in form.layers} == set(Way)
    assert any(form.frames > 1 + seed % 3 for seed, _, form in forms), "strides wanted a multiple"
    _assert_equal(forms)


@pytest.mark.full
@pytest.mark.parametrize("part", range(5))
def test_many_random_chains(part: int) -> None:
    size = MANY // 5
    forms = _told(range(1000 + part * size, 1000 + (part + 1) * size))
    assert len(forms) > size // 2
    _assert_equal(forms)
