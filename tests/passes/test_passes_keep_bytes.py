"""With all passes, with none, and with each alone, the generated C gives TFLM's bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pytest

from tests.lib.messy import messy, planted
from tinyml_compress import frontend
from tinyml_compress.ir import Graph
from tinyml_compress.passes import PASSES, Pass
from tinyml_compress.pipeline.compile.verb import compile_graph
from tinyml_compress.runners import native, tflm
from tinyml_compress.runners.vectors import mixed

CHOICES: dict[str, tuple[Pass, ...]] = {
    "none": (),
    **{rewrite.__name__: (rewrite,) for rewrite in PASSES},
    "all": PASSES,
    "all twice": (*PASSES, *PASSES),
}


def _prove(graphs: Sequence[Graph], vectors: int, choices: Iterable[str] = CHOICES) -> None:
    for start in range(0, len(graphs), 5):
        batch = graphs[start : start + 5]
        files = [frontend.write(graph) for graph in batch]
        jobs = [(index, choice) for index in range(len(batch)) for choice in choices]
        programs = [
            compile_graph(
                frontend.read(files[index], "model"),
                f"m{number}",
                model_sha256="0" * 64,
                using=CHOICES[choice],
            )
            for number, (index, choice) in enumerate(jobs)
        ]
        models = native.load(programs)
        for index, file in enumerate(files):
            oracle = tflm.Interpreter(file)
            mine = [(choice, n) for n, (i, choice) in enumerate(jobs) if i == index]
            for vector in mixed(programs[mine[0][1]].inputs, start + index, vectors):
                expected = oracle.invoke(vector)
                for choice, number in mine:
                    found = models[number].invoke(vector)
                    assert len(found) == len(expected)
                    for want, got in zip(expected, found, strict=True):
                        assert np.array_equal(want.reshape(-1), got.reshape(-1)), (
                            f"graph {start + index}: {choice}"
                        )


def test_random_networks() -> None:
    _prove([*(messy(seed) for seed in (2, 6, 7)), planted(5)], 2, ("none", "all"))


def test_each_pass_alone() -> None:
    _prove([planted(4)], 2)


@pytest.mark.full
def test_many_random_networks() -> None:
    _prove([(messy, planted)[seed % 2](seed) for seed in range(1000, 1100)], 4)
