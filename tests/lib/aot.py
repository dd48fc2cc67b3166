"""Proof harness: .tflite bytes -> generated C on the host, byte for byte against TensorFlow Lite Micro."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tinyml_compress.ir import Program
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native, tflm
from tinyml_compress.runners.toolchain import HOST_FLAGS
from tinyml_compress.runners.vectors import mixed
from tinyml_compress.schedule import Asked
from tinyml_compress.support.instruction_sets import Isa

Array = npt.NDArray[Any]
every_isa = pytest.mark.parametrize("isas", [one.sets for one in Isa], ids=[one.value for one in Isa])
BATCH = 40
"""Models per C compile: one compiler start costs more than the code of many small models."""


def assert_bit_exact(
    models: Iterable[bytes],
    *,
    isas: Iterable[Isa] = (Isa.C,),
    level: Level = Level.BALANCED,
    count: int = 4,
    seed: int = 0,
    flags: Sequence[str] = HOST_FLAGS,
    ulps: int = 0,
    asked: Sequence[Asked] = (),
) -> None:
    """Every model gives TFLM's bytes on the edge inputs and `count` random ones; names the first that
    differs.

    Float outputs may lie `ulps` floats apart, for operators whose C library functions differ from ours.
    """
    pending = list(models)
    chosen = tuple(isas)
    for start in range(0, len(pending), BATCH):
        batch = pending[start : start + BATCH]
        programs = [
            compile_model(model, f"m{start + index}", chosen, level, asked)
            for index, model in enumerate(batch)
        ]
        assert_same(batch, programs, count=count, seed=seed + start, flags=flags, ulps=ulps)


def assert_same(
    models: Sequence[bytes],
    programs: Sequence[Program],
    *,
    count: int = 4,
    seed: int = 0,
    flags: Sequence[str] = HOST_FLAGS,
    ulps: int = 0,
) -> None:
    """The programs give TFLM's bytes for the models that they were made of."""
    for index, (model, ours) in enumerate(zip(models, native.load(programs, flags), strict=True)):
        oracle = tflm.Interpreter(model)
        for number, vector in enumerate(mixed(programs[index].inputs, seed + index, count)):
            expected = oracle.invoke(vector)
            found = ours.invoke(vector)
            for output, (want, got) in enumerate(zip(expected, found, strict=True)):
                wrong = _different(want.reshape(-1), got.reshape(-1), ulps)
                assert wrong.size == 0, (
                    f"model {seed + index}, vector {number}, output {output}: "
                    f"{wrong.size} bytes differ, first at "
                    f"{wrong[0]}: TFLM {want.reshape(-1)[:8]} ours "
                    f"{got.reshape(-1)[:8]}\n{_describe(model)}"
                )


def _different(want: Array, got: Array, ulps: int) -> Array:
    """Places of the bytes that differ; of the floats too far apart where some distance is allowed."""
    if ulps and want.dtype == np.float32:
        return np.flatnonzero(apart(want, got) > ulps)
    return np.flatnonzero(want.view(np.uint8) != got.view(np.uint8))


def apart(first: Array, second: Array) -> npt.NDArray[np.int64]:
    """How many floats lie between the two; what is not a number lies nowhere from its like."""

    def ordered(values: Array) -> npt.NDArray[np.int64]:
        bits = values.view(np.int32).astype(np.int64)
        return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)

    same = np.isnan(first) & np.isnan(second)
    return np.where(same, 0, np.abs(ordered(first) - ordered(second)))


def _describe(model: bytes) -> str:
    from tinyml_compress import frontend

    graph = frontend.read(model, "failed")
    return "\n".join(
        f"{node.op} {node.attrs} "
        + " ".join(
            f"{name}:{graph.tensors[name].dtype.value}{graph.tensors[name].shape}{graph.tensors[name].quant}"[
                :300
            ]
            for name in (*node.inputs, *node.outputs)
            if name is not None
        )
        for node in graph.nodes
    )
