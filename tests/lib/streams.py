"""Proof of models with state: frame by frame against TensorFlow Lite Micro, with resets and a second
instance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pytest

from tests.lib.aot import BATCH
from tests.lib.proof import Maker, models_of
from tinyml_compress.ir import Program
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native, tflm
from tinyml_compress.runners.vectors import Edge, edge, random
from tinyml_compress.support.instruction_sets import Isa

Array = npt.NDArray[np.generic]


def frames_of(program: Program, seed: int, count: int) -> Iterator[list[Array]]:
    """Random frames with the edges strewn among them."""
    rng = np.random.default_rng(seed)
    edges = list(Edge)
    for number in range(count):
        if number % 7 == 3:
            which = edges[int(rng.integers(len(edges)))]
            yield [edge(port, which) for port in program.inputs]
        else:
            yield [random(port, rng) for port in program.inputs]


def assert_streams_equal(
    models: Iterable[bytes],
    *,
    frames: int = 20,
    seed: int = 0,
    isas: Iterable[Isa] = (Isa.C,),
    level: Level = Level.BALANCED,
    reset_at: int | None = None,
    near: float = 0.0,
) -> None:
    """Each model gives TFLM's bytes at every frame, after a reset in between as well; floats may be `near`
    each other.

    A second instance of the same C, fed with other frames in turns with the first, must not disturb it.
    """
    pending, chosen = list(models), tuple(isas)
    for start in range(0, len(pending), BATCH):
        batch = pending[start : start + BATCH]
        programs = [
            compile_model(model, f"m{start + index}", chosen, level) for index, model in enumerate(batch)
        ]
        loaded, others = native.load(programs), native.load(programs)
        for index, (model, program) in enumerate(zip(batch, programs, strict=True)):
            where = f"model {start + index}"
            _compare(
                model,
                program,
                loaded[index],
                others[index],
                frames,
                seed + start + index,
                reset_at,
                near,
                where,
            )


def _compare(
    model: bytes,
    program: Program,
    ours: native.NativeModel,
    other: native.NativeModel,
    frames: int,
    seed: int,
    reset_at: int | None,
    near: float,
    where: str,
) -> None:
    oracle = tflm.Interpreter(model)
    beside = frames_of(program, seed + 1000, frames)
    for number, frame in enumerate(frames_of(program, seed, frames)):
        if number == (frames * 2 // 3 if reset_at is None else reset_at):
            oracle.reset()
            ours.reset()
        expected, found = oracle.step(frame), ours.step(frame)
        other.step(next(beside))
        assert (expected is None) == (found is None), f"{where}, frame {number}: one of the two has no result"
        for want, got in zip(expected or (), found or (), strict=True):
            alike = near > 0.0 and want.dtype == np.float32 and np.allclose(want, got, rtol=near, atol=near)
            assert alike or want.tobytes() == got.tobytes(), (
                f"{where}, frame {number}: TFLM {want.reshape(-1)[:8]} ours {got.reshape(-1)[:8]}\n"
                f"{[(node.op, node.name, node.kernel) for node in program.nodes]}"
            )


def stream_sample(make: Maker, count: int = 10, frames: int = 12) -> Callable[[], None]:
    """A test of a few models."""

    def test() -> None:
        assert_streams_equal(models_of(make, count, 0), frames=frames)

    return test


def many_streams(make: Maker, count: int = 100, frames: int = 30) -> Callable[[Level], None]:
    """A test of many models at every level, for the full run only."""

    @pytest.mark.full
    @pytest.mark.parametrize("level", list(Level), ids=[level.value for level in Level])
    def test(level: Level) -> None:
        assert_streams_equal(models_of(make, count, 1 + list(Level).index(level)), frames=frames, level=level)

    return test
