"""Inputs and outputs by rows: the same bytes, whoever asks for them, and a row that fails."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

from tests.lib.chains import seeded
from tests.lib.host_gcc import host_gcc
from tinyml_compress import frontend
from tinyml_compress.devices import load_device
from tinyml_compress.frontend import write
from tinyml_compress.ir import ByRows, Program
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.call import compile_c
from tinyml_compress.pipeline.compile.verb import compile_graph
from tinyml_compress.pipeline.export.verb import export
from tinyml_compress.runners import tflm, toolchain
from tinyml_compress.runners.emulated import emulate
from tinyml_compress.runners.vectors import mixed
from tinyml_compress.support import proc
from tinyml_compress.support.instruction_sets import Isa

_SEED = 36
"""A net whose input and output both go through strips."""
_BOARDS = ("nucleo-l4r5zi", "raspberry-pi-pico", "esp32-c3", "corstone-300")
_CALL = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_void_p
)


def _program(isas: tuple[Isa, ...]) -> Program:
    graph = frontend.read(write(seeded(_SEED)), "m")
    return compile_graph(graph, "m", model_sha256="0" * 64, isas=isas, level=Level.RAM, ends=tuple(ByRows))


@pytest.mark.parametrize(
    "board", [_BOARDS[0], *(pytest.param(one, marks=pytest.mark.full) for one in _BOARDS[1:])]
)
def test_an_emulated_board_has_them_beside_its_memory(board: str) -> None:
    device = load_device(board)
    program = _program(device.core.kernels)
    assert all(port.row_bytes for port in (*program.inputs, *program.outputs))
    assert program.nodes[0].name.startswith("rows of ")
    vectors = list(mixed(program.inputs, 5, 2))
    done = emulate(program, device, [[value.tobytes() for value in vector] for vector in vectors])
    oracle = tflm.Interpreter(write(seeded(_SEED)))
    for vector, outputs in zip(vectors, done.outputs, strict=True):
        assert [value.tobytes() for value in oracle.invoke(vector)] == list(outputs)
    assert done.static_bytes < 64


@pytest.mark.full
def test_folder_and_bundle_prove_themselves(tmp_path: Path) -> None:
    model = tmp_path / "m.tflite"
    model.write_bytes(write(seeded(_SEED)))
    ends = [one.value for one in ByRows]
    compile_c(model, output=tmp_path / "folder", name="m", by_rows=ends)
    export(model, output=tmp_path / "bundle", format="plain", name="m", by_rows=ends)
    for folder in (tmp_path / "folder", tmp_path / "bundle"):
        sources = {path.name: path.read_text() for path in folder.iterdir() if path.suffix in (".c", ".h")}
        binary = toolchain.executable(
            sources, flags=("-O1", "-Wall", "-Wextra", "-Werror"), toolchain=host_gcc()
        )
        assert "m: 6 of 6 vectors equal" in proc.run([binary], timeout=60, what="the self-test").stdout


def test_an_inference_may_run_while_another_waits_for_a_row() -> None:
    """And each is what it is alone: nothing is shared but constants."""
    program = _program(Isa.C.sets)
    library = ctypes.CDLL(str(toolchain.library(program.files)))
    first, second = ([np.ascontiguousarray(row[0])] for row in list(mixed(program.inputs, 7, 4))[-2:])
    taken: list[bytes] = []

    def run(values: list[np.ndarray], inner: list[np.ndarray] | None) -> int:
        arena = np.full(program.arena_bytes + 64, 0xA5, np.uint8)
        start = arena.ctypes.data + -arena.ctypes.data % program.arena_align
        out = np.zeros(program.outputs[0].nbytes, np.uint8)

        def pull(context: int, port: int, first: int, count: int, target: int) -> int:
            if inner is not None and not taken and run(inner, None) != 0:
                return 1
            nbytes = program.inputs[port].row_bytes
            ctypes.memmove(target, values[port].ctypes.data + first * nbytes, count * nbytes)
            return 0

        def push(context: int, port: int, first: int, count: int, source: int) -> int:
            nbytes = program.outputs[port].row_bytes
            ctypes.memmove(out.ctypes.data + first * nbytes, source, count * nbytes)
            return 0

        functions = _CALL(pull), _CALL(push)
        rows = (ctypes.c_void_p * 3)(*(ctypes.cast(one, ctypes.c_void_p).value for one in functions))
        status = int(library.m_invoke(ctypes.c_void_p(start), ctypes.byref(rows)))
        taken.append(out.tobytes())
        return status

    assert run(first, second) == 0
    oracle = tflm.Interpreter(write(seeded(_SEED)))
    wanted = [oracle.invoke(values)[0].tobytes() for values in (second, first)]
    assert wanted[0] != wanted[1]
    assert taken == wanted
