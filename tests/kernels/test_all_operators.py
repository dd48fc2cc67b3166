"""Every kernel that the operator tests reach, under sanitizers: random models of all of them, on hostile
inputs.
"""

from __future__ import annotations

import importlib
import inspect
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.lib.host_gcc import host_gcc
from tests.lib.proof import Maker
from tests.lib.sanitized import assert_clean, assert_complete
from tests.ops.test_circular_buffer import buffered
from tinyml_compress.frontend import write
from tinyml_compress.ir import Program
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import toolchain
from tinyml_compress.support.instruction_sets import Isa

OPS = Path(__file__).resolve().parents[1] / "ops"


def makers() -> list[Maker]:
    """Functions of the tests of operators that make a random graph from a generator."""
    found: list[Maker] = []
    for path in sorted(OPS.glob("test_*.py")):
        module = importlib.import_module(f"tests.ops.{path.stem}")
        for name, value in vars(module).items():
            if (
                inspect.isfunction(value)
                and value.__module__ == module.__name__
                and not name.startswith("test")
            ):
                signature = inspect.signature(value)
                if list(signature.parameters) == ["rng"] and signature.return_annotation == "Graph":
                    found.append(value)
    return found


def programs(count: int, level: Level) -> list[Program]:
    made: list[Program] = []
    for make in makers():
        for index in range(count):
            rng = np.random.default_rng(
                [zlib.crc32(make.__module__.encode() + make.__name__.encode()), 7, index]
            )
            name = f"m{len(made)}"
            made.append(compile_model(write(make(rng)), name, Isa.DSP.sets, level))
    return made


def test_there_are_makers() -> None:
    assert len(makers()) > 40


def test_a_few_are_clean() -> None:
    assert_clean(programs(1, Level.BALANCED))


def test_inferences_without_a_result_are_counted() -> None:
    """A model that waits for more input has a line of its own, in place of its outputs' lines."""
    models = [buffered(np.random.default_rng(seed)) for seed in range(4)]
    made = [compile_model(write(model), f"m{index}") for index, model in enumerate(models)]
    assert any("2 when it took" in program.header for program in made)
    assert_clean(made)


def test_a_missing_output_is_noticed() -> None:
    program = compile_model(write(buffered(np.random.default_rng(0))), "m0")
    lines = ["m0 00000000"] * 6 * len(program.outputs)
    assert_complete([program], lines)
    for wrong in (lines[1:], [*lines, "m0 waits"]):
        with pytest.raises(AssertionError):
            assert_complete([program], wrong)


@pytest.mark.full
@pytest.mark.parametrize("level", list(Level), ids=[level.value for level in Level])
def test_many_are_clean(level: Level) -> None:
    made = programs(6, level)
    for start in range(0, len(made), 60):
        assert_clean(made[start : start + 60])


@pytest.mark.full
@pytest.mark.parametrize("suffix", [".c", ".cpp"])
@pytest.mark.parametrize("compiler", [toolchain.zig, host_gcc], ids=["zig", "gcc"])
def test_no_compiler_warns(compiler: Callable[[], toolchain.Toolchain], suffix: str) -> None:
    flags = [flag for flag in toolchain.WARNINGS if suffix == ".c" or not flag.startswith("-std=")]
    made = [program for program in programs(1, Level.SIZE) if program.inputs]
    files = {name.replace(".c", suffix): text for program in made for name, text in program.files.items()}
    toolchain.library(files, flags=(*toolchain.HOST_FLAGS, *flags), toolchain=compiler())
