"""Generated C on this host: what it writes outside its memory is noticed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.lib.graphs import model, tensor
from tinyml_compress.errors import DataError, MismatchError
from tinyml_compress.ir import Attrs, Program
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native

ROW = np.arange(-4, 4, dtype=np.int8).reshape(1, 8)


@pytest.fixture(scope="module")
def relu() -> Program:
    sides = [tensor(name, (1, 8), 0.5, 0) for name in "xy"]
    return compile_model(model("RELU", sides[:1], sides[1], Attrs()), "m")


def with_line(program: Program, line: str) -> Program:
    """The program, with a statement at the start of its invoke; `arena` is its memory."""
    head, brace, tail = program.source.partition("int m_invoke(void *arena)")[0:3]
    body = tail.replace("{", "{\n    " + line, 1)
    assert brace
    return replace(program, files={**program.files, "m.c": head + brace + body})


def test_sound_code_runs(relu: Program) -> None:
    (ours,) = native.load([relu])
    assert ours.invoke([ROW])[0].tolist() == [[0, 0, 0, 0, 0, 1, 2, 3]]


@pytest.mark.parametrize("place", [-1, 0], ids=["before", "behind"])
def test_a_byte_outside_is_noticed(relu: Program, place: int) -> None:
    """The very next byte on either side."""
    where = -1 if place else relu.arena_bytes
    (ours,) = native.load([with_line(relu, f"((uint8_t *)arena)[{where}] = 0;")])
    with pytest.raises(MismatchError, match="wrote outside its arena"):
        ours.invoke([ROW])


def test_inputs_of_another_type_or_number(relu: Program) -> None:
    (ours,) = native.load([relu])
    with pytest.raises(DataError, match="another type or size"):
        ours.invoke([ROW.astype(np.int16)])
    with pytest.raises(DataError, match="wrong number of inputs"):
        ours.invoke([ROW, ROW])
