"""Models with state, frame by frame: the same bytes as TensorFlow Lite Micro on the host, in a folder, on
cores.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.emulated.programs import board
from tests.lib.stateful_nets import STREAMING
from tests.lib.streams import assert_streams_equal, frames_of
from tinyml_compress.codegen.project import project_files
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.checking import check
from tinyml_compress.pipeline.compare.verification import verify
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.convert.golden_vectors import golden_vectors
from tinyml_compress.pipeline.inspect.verb import inspect_model
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.pipeline.shrinking import shrink
from tinyml_compress.runners import native, tflm, toolchain
from tinyml_compress.runners.emulated import emulate
from tinyml_compress.support import proc
from tinyml_compress.support.instruction_sets import Isa

CORES = ("cortex-m0plus", "cortex-m4", "rv32imc")


@pytest.mark.parametrize("name", STREAMING)
def test_a_thousand_frames(name: str) -> None:
    model = STREAMING[name]()
    program = compile_model(model, "m")
    (code,) = native.load([program])
    given = {b"".join(out.tobytes() for out in code.step(frame) or ()) for frame in frames_of(program, 1, 60)}
    assert len(given) > 15, "the net says the same all the time: nothing would be proven"
    assert_streams_equal([model], frames=1000, reset_at=700)
    assert_streams_equal([model], frames=60, isas=Isa.DSP.sets, level=Level.SIZE)


@pytest.mark.parametrize("name", STREAMING)
@pytest.mark.parametrize("core", CORES)
def test_emulated(name: str, core: str) -> None:
    model = STREAMING[name]()
    program = compile_model(model, "m", board(core).core.kernels)
    frames = list(frames_of(program, 3, 12))
    oracle = tflm.Interpreter(model)
    ran = emulate(
        program, board(core), [[np.asarray(value).tobytes() for value in frame] for frame in frames]
    )
    for number, (frame, outputs) in enumerate(zip(frames, ran.outputs, strict=True)):
        assert tuple(value.tobytes() for value in oracle.step(frame) or ()) == outputs, f"frame {number}"


@pytest.mark.parametrize("name", STREAMING)
def test_the_verbs_take_it(name: str, tmp_path: Path) -> None:
    """What looks at files and boards counts the state; a file with variables stays as it is."""
    file = tmp_path / f"{name}.tflite"
    file.write_bytes(STREAMING[name]())
    program = compile_model(file.read_bytes(), name)
    done = shrink(file, output=tmp_path / "small.tflite", vectors=6)
    assert done.vectors == 6
    assert inspect_model(file).layers
    (contract,) = check(file, "nucleo-l4r5zi", engine="aot").contracts
    ram = next(demand for demand in contract.memory if demand.memory == "RAM")
    faster = compile_model(file.read_bytes(), name, Isa.DSP.sets)
    assert ram.needed == faster.arena_bytes + faster.state_bytes + board("cortex-m4").limits.stack_bytes
    run = measured(file, BenchmarkRequest(("raspberry-pi-pico",), vectors=3)).runs[0]
    assert run.error is None
    assert run.parts("RAM")["state"] == program.state_bytes > 0
    assert (
        run.ram
        == run.parts("RAM")["arena"]
        + run.parts("RAM")["state"]
        + run.parts("RAM")["stack"]
        + run.parts("RAM")["static"]
    )
    assert run.bit_exact is not None
    assert run.bit_exact.mismatches == 0


@pytest.mark.parametrize("name", STREAMING)
def test_generated_folder(name: str, tmp_path: Path) -> None:
    """It compiles without a warning, its own test program agrees, and `verify` takes it as it
    takes the file.
    """
    file = tmp_path / f"{name}.tflite"
    file.write_bytes(STREAMING[name]())
    program = compile_model(file.read_bytes(), name)
    assert f"#define {name.upper()}_STATE_BYTES {program.state_bytes}\n" in program.header
    for call in (f"void {name}_init({name}_state_t *state);", f"void {name}_reset({name}_state_t *state);"):
        assert call in program.header
    assert f"int {name}_invoke(void *arena, {name}_state_t *state);" in program.header
    folder = tmp_path / "c"
    folder.mkdir()
    for file_name, text in {
        **program.files,
        **project_files(program, golden_vectors(file.read_bytes(), program)),
    }.items():
        (folder / file_name).write_text(text)
    sources = {path.name: path.read_text() for path in folder.iterdir() if path.suffix in (".c", ".h")}
    done = proc.run(
        [toolchain.executable(sources, flags=("-O1", *toolchain.WARNINGS))], timeout=60, what="test program"
    )
    assert "6 of 6 vectors equal" in done.stdout
    for a in (f"{file}@aot", folder):
        found = verify(a, file, vectors=10)
        assert found.equal
        assert found.vectors == 15
