"""The folder that `compile` writes builds as it stands and notices a wrong byte."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lib.graphs import model, tensor
from tests.lib.nets import NETS
from tinyml_compress.codegen.project import GoldenVectors, project_files
from tinyml_compress.errors import ModelError
from tinyml_compress.ir import Program
from tinyml_compress.ops import all_operators
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.convert.golden_vectors import golden_vectors
from tinyml_compress.runners import tflm, toolchain
from tinyml_compress.support import proc


@pytest.fixture(scope="module")
def made() -> tuple[Program, GoldenVectors]:
    file = NETS["keyword"]()
    program = compile_model(file, "keyword")
    return program, golden_vectors(file, program)


def corrupted(vectors: GoldenVectors) -> GoldenVectors:
    """The last byte of the last vector is another."""
    *good, last = vectors.outputs
    return replace(vectors, outputs=(*good, last[:-1] + bytes([last[-1] ^ 1])))


def run(program: Program, vectors: GoldenVectors) -> proc.Finished:
    files = {**program.files, **project_files(program, vectors)}
    sources = {name: text for name, text in files.items() if name.endswith((".c", ".h"))}
    path = toolchain.executable(sources, flags=("-O1", *toolchain.WARNINGS))
    return proc.run([path], timeout=60, what="the test program", check=False)


def test_the_program_returns_zero_exactly_when_all_vectors_agree(made: tuple[Program, GoldenVectors]) -> None:
    program, vectors = made
    right, wrong = run(program, vectors), run(program, corrupted(vectors))
    assert (right.returncode, wrong.returncode) == (0, 1)
    assert "6 of 6 vectors equal" in right.stdout
    assert "vector 5 differs" in wrong.stdout


@pytest.mark.skipif(
    shutil.which("cmake") is None, reason="cmake is not installed here; zig cc builds the same files"
)
def test_cmake_builds_the_folder_and_ctest_runs_it(
    made: tuple[Program, GoldenVectors], tmp_path: Path
) -> None:
    program, vectors = made
    for data, passes in ((vectors, True), (corrupted(vectors), False)):
        for name, text in {**program.files, **project_files(program, data)}.items():
            (tmp_path / name).write_text(text)
        proc.run(["cmake", "-S", ".", "-B", "build"], timeout=120, what="cmake", cwd=tmp_path)
        proc.run(["cmake", "--build", "build"], timeout=120, what="cmake", cwd=tmp_path)
        done = proc.run(["ctest", "--test-dir", "build"], timeout=60, what="ctest", cwd=tmp_path, check=False)
        assert (done.returncode == 0) is passes


def test_the_readme_states_the_sizes(made: tuple[Program, GoldenVectors]) -> None:
    program, vectors = made
    text = project_files(program, vectors)["README.md"]
    assert f"arena {program.arena_bytes:,} B" in text
    assert program.model_sha256 in text
    assert not re.search(r"tc_model|@\w+@", text)
    assert len(re.findall(r"^\d+\. ", text, re.MULTILINE)) == 10


def test_every_file_is_reproducible_and_names_its_oracle(made: tuple[Program, GoldenVectors]) -> None:
    program, vectors = made
    files = project_files(program, vectors)
    assert files == project_files(program, golden_vectors(NETS["keyword"](), program))
    if tflm.available():
        assert "Expected outputs: TensorFlow Lite Micro." in files["keyword_test_vectors.h"]


def test_without_tflm_the_vectors_are_our_own_and_say_so(
    made: tuple[Program, GoldenVectors], monkeypatch: pytest.MonkeyPatch
) -> None:
    program, vectors = made

    def refuse(model: bytes, vectors: object) -> None:
        raise ModelError(
            "TensorFlow Lite Micro cannot run the model", found="first line\nno such kernel */ here"
        )

    monkeypatch.setattr(tflm, "run", refuse)
    monkeypatch.setattr(tflm, "available", lambda: True)
    ours = golden_vectors(NETS["keyword"](), program)
    assert (ours.inputs, ours.outputs) == (vectors.inputs, vectors.outputs)
    assert "not TensorFlow Lite Micro, which cannot run this model (no such kernel */ here)" in ours.oracle
    files = project_files(program, ours)
    assert "(no such kernel * / here)" in files["keyword_test_vectors.h"]
    assert "(no such kernel \\*/ here)" in files["README.md"]
    monkeypatch.setattr(tflm, "available", lambda: False)
    assert "not installed here" in golden_vectors(NETS["keyword"](), program).oracle


def test_large_inputs_get_fewer_vectors() -> None:
    file = model(
        "RELU",
        [tensor("x", (1, 50_000), 0.5)],
        tensor("y", (1, 50_000), 0.5),
        all_operators()["RELU"].attrs_type(),
    )
    program = compile_model(file, "large")
    assert len(golden_vectors(file, program).inputs) == 1
