"""`export --format plain`: the folder builds with its Makefile, and its self-test notices what it should."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.lib.bundles import command, damaged_vector, damaged_weights, exported, host_compiler, run_sources
from tests.lib.graphs import const, single, tensor
from tests.lib.stateful_nets import STREAMING
from tinyml_compress.frontend import write
from tinyml_compress.ir import DType
from tinyml_compress.ops.fully_connected.op import FullyConnectedAttrs
from tinyml_compress.support import proc
from tinyml_compress.support.files import sha256


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("plain"), "plain").folder


@pytest.fixture(scope="module")
def streaming(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with state."""
    return exported(tmp_path_factory.mktemp("state"), "plain", net=STREAMING["svdf"]()).folder


def sources(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.suffix in (".c", ".h")}


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")
def test_make_builds_and_runs_the_self_test(folder: Path) -> None:
    done = proc.run(["make"], timeout=120, what="make", cwd=folder, env=host_compiler())
    assert re.search(r"kws: weights right \(CRC-32 0x[0-9a-f]{8}\)", done.stdout)
    assert "kws: 6 of 6 vectors equal" in done.stdout
    assert "kws: self-test passed" in done.stdout


def test_the_self_test_notices_a_wrong_vector_and_a_wrong_weight(folder: Path) -> None:
    good = sources(folder)
    vector = {**good, "kws_test_vectors.h": damaged_vector(good["kws_test_vectors.h"])}
    weight = {**good, "kws.c": damaged_weights(good["kws.c"])}
    passed, one, other = run_sources(good), run_sources(vector), run_sources(weight)
    assert (passed.returncode, one.returncode, other.returncode) == (0, 1, 1)
    assert "vector 5 is the first that differs" in one.stdout
    assert "weights right" in one.stdout
    assert "weights WRONG" in other.stdout
    assert "self-test FAILED" in other.stdout


def test_a_model_with_state_runs_its_vectors_as_one_sequence(streaming: Path) -> None:
    good = sources(streaming)
    assert "KWS_STATE_BYTES" in good["kws.h"]
    passed = run_sources(good)
    assert (passed.returncode, passed.stderr) == (0, "")
    assert "kws: 6 of 6 vectors equal" in passed.stdout
    # A state that starts anew at every vector gives something else.
    call = "return kws_invoke(KWS_ARENAS(arena), kws_selftest_state(arena));"
    assert call in good["kws_selftest.c"]
    forgetful = good["kws_selftest.c"].replace(call, f"kws_init(kws_selftest_state(arena));\n    {call}")
    assert run_sources({**good, "kws_selftest.c": forgetful}).returncode == 1
    readme = (streaming / "README.md").read_text()
    assert "kws_init(&state)" in readme
    assert " B of state, exact" in readme


@pytest.mark.skipif(command("gcc") is None, reason="gcc is not installed here")
def test_floats_are_not_fused_even_without_a_flag(tmp_path: Path) -> None:
    weights = const("w", np.linspace(-1, 1, 32).reshape(4, 8), dtype=DType.FLOAT32)
    x, y = tensor("x", (1, 8), dtype=DType.FLOAT32), tensor("y", (1, 4), dtype=DType.FLOAT32)
    model = write(single("FULLY_CONNECTED", [x, weights, None], y, FullyConnectedAttrs()))
    folder = exported(tmp_path, "plain", net=model).folder
    source = (folder / "kws.c").read_text()
    assert "#pragma" in source

    def fused(text: str) -> int:
        (folder / "kws.c").write_text(text)
        words = ["gcc", "-std=gnu11", "-O2", "-mfma", "-fno-tree-vectorize", "-S", "-o", "-", "kws.c"]
        return proc.run(words, timeout=60, what="gcc", cwd=folder).stdout.count("fmadd")

    assert fused(source) == 0
    assert fused(re.sub(r"#pragma.*", "", source)) > 0


def test_the_readme_lists_every_file_and_has_no_mark_left(folder: Path) -> None:
    text = (folder / "README.md").read_text()
    listed = set(re.findall(r"^- `([^`]+)`", text, re.MULTILINE))
    written = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert listed == written - {"kws_selftest"}  # what make built
    assert not re.search(r"tc_model|TC_FACT|@\w+@", text)


def test_the_licence_is_that_of_the_tool(folder: Path, repo: Path) -> None:
    assert (folder / "LICENSE").read_text() == (repo / "LICENSE").read_text()


def test_the_same_model_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = exported(tmp_path, "plain")
    assert {name: sha256((again.folder / name).read_bytes()) for name in again.files} == {
        name: sha256((folder / name).read_bytes()) for name in again.files
    }
