"""`verify`: equal engines are equal, a planted fault is found, counted, and laid at the right node."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.lib.nets import NETS
from tinyml_compress import frontend
from tinyml_compress.cli.compile import command as compile_command
from tinyml_compress.cli.verify import command
from tinyml_compress.errors import DataError, MismatchError, ModelError, TinymlError, UsageError
from tinyml_compress.ir import Graph
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compare import verification
from tinyml_compress.pipeline.compare.verification import verify
from tinyml_compress.pipeline.compile.generated_folder import GeneratedC
from tinyml_compress.pipeline.evaluate.engines import Array, EngineFile, run_graph, subject_of
from tinyml_compress.results import Engine, Verification, decoded, encoded
from tinyml_compress.support.instruction_sets import Isa


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The nets as files, and a copy of `keyword` whose third convolution has another bias."""
    where = tmp_path_factory.mktemp("verify")
    for name, make in NETS.items():
        (where / f"{name}.tflite").write_bytes(make())
    graph = frontend.read(NETS["keyword"](), "keyword")
    bias = [node for node in graph.nodes if node.op == "CONV_2D"][2].inputs[2]
    assert bias is not None
    data = np.array(graph.tensors[bias].data)
    data[1] += 3000
    faulty = {**graph.tensors, bias: replace(graph.tensors[bias], data=data)}
    (where / "faulty.tflite").write_bytes(frontend.write(graph.rebuilt(tensors=faulty)))
    return where


def third_convolution() -> int:
    graph = frontend.read(NETS["keyword"](), "keyword")
    return [index for index, node in enumerate(graph.nodes) if node.op == "CONV_2D"][2]


def test_our_c_equals_tflm(folder: Path) -> None:
    found = verify(folder / "keyword.tflite", vectors=3)
    assert found.equal
    assert found.vectors == 8
    assert found.elements > 0
    assert (found.a, found.b) == tuple(f"{folder / 'keyword.tflite'}@{word}" for word in ("aot", "tflm"))
    document = json.loads(json.dumps(encoded(found)))
    assert document["equal"] is True
    assert decoded(Verification, document) == found


@pytest.mark.parametrize("engine", [Engine.AOT, Engine.TFLM])
def test_a_planted_fault_is_laid_at_its_node(folder: Path, engine: Engine) -> None:
    found = verify(
        f"{folder / 'keyword.tflite'}@{engine.value}",
        folder / "faulty.tflite",
        vectors=4,
        seed=3,
    )
    assert not found.equal
    assert 0 < len(found.differing) <= found.vectors
    assert found.largest >= 1
    assert found.divergence is not None
    assert (found.divergence.index, found.divergence.op) == (third_convolution(), "CONV_2D")
    assert found.divergence.mismatches > 0
    assert "CONV_2D" in found.summary()
    assert decoded(Verification, json.loads(json.dumps(encoded(found)))) == found


def test_a_fault_that_only_the_whole_model_shows_is_sought_by_cutting(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a fault of fusing: with all results kept nothing differs."""

    def blind(graph: Graph, engine: Engine, rows: list[object], isa: Isa, level: Level) -> list[list[Array]]:
        if len(graph.outputs) > 1:
            return [[np.zeros(1, np.int8) for _ in graph.outputs] for _ in rows]
        return run_graph(graph, engine, rows, isa, level)  # type: ignore[arg-type]

    monkeypatch.setattr(verification, "run_graph", blind)
    found = verify(folder / "keyword.tflite", folder / "faulty.tflite", vectors=1)
    assert found.divergence is not None
    assert found.divergence.index == third_convolution()


@pytest.mark.parametrize("engine", ["litert", "litert-ref"])
def test_litert_runs_with_both_sets_of_kernels(folder: Path, engine: str) -> None:
    """How far it is from TFLM depends on its version (rounding of fully-connected layers), and is small."""
    found = verify(f"{folder / 'autoencoder.tflite'}@{engine}", vectors=4)
    assert found.b.endswith("@tflm")
    assert found.elements > 0
    assert found.largest <= 12
    assert found.litert in found.summary()
    assert encoded(found)["litert"] == found.litert


def test_a_generated_folder_runs_as_it_is(folder: Path, tmp_path: Path) -> None:
    model = str(folder / "residual.tflite")
    done = CliRunner().invoke(compile_command, [model, "-o", str(tmp_path / "c")])
    assert done.exit_code == 0, done.output
    found = verify(str(tmp_path / "c"), model, vectors=3)
    assert found.equal
    assert found.a.endswith("@c")
    by_file = verify(str(tmp_path / "c" / "residual.h"), model, vectors=0)
    assert by_file.equal


def test_a_changed_generated_source_is_noticed(folder: Path, tmp_path: Path) -> None:
    model = str(folder / "keyword.tflite")
    CliRunner().invoke(compile_command, [model, "-o", str(tmp_path)])
    source = tmp_path / "keyword.c"
    text = source.read_text()
    first = next(line for line in text.splitlines(keepends=True) if line.strip() == "keyword_node_0(bytes);")
    source.write_text(text.replace(first, ""))
    found = verify(str(tmp_path), model, vectors=5)
    assert not found.equal
    assert found.divergence is None
    assert "@aot" in found.summary()


def test_exit_code_and_json(folder: Path) -> None:
    runner = CliRunner()
    same = runner.invoke(command, [str(folder / "autoencoder.tflite"), "--vectors", "1", "--json"])
    assert (same.exit_code, json.loads(same.stdout)["mismatches"]) == (0, 0)
    other = runner.invoke(command, [str(folder / n) for n in ("keyword.tflite", "faulty.tflite")])
    assert other.exit_code == 1
    assert "first node that differs" in other.output


@pytest.mark.parametrize(
    ("a", "b", "error"),
    [
        ("nothing.tflite", None, UsageError),
        ("keyword.tflite@gpu", None, UsageError),
        ("keyword.tflite@c", None, UsageError),
        (".@aot", "keyword.tflite", UsageError),
        (".", None, UsageError),
        (".", "keyword.tflite", ModelError),
        ("keyword.tflite", "residual.tflite", MismatchError),
    ],
)
def test_what_cannot_be_compared_is_said(
    folder: Path, a: str, b: str | None, error: type[TinymlError]
) -> None:
    with pytest.raises(error) as caught:
        verify(str(folder / a), None if b is None else str(folder / b))
    assert caught.value.which or caught.value.found


def test_damaged_files_give_our_error(folder: Path, tmp_path: Path) -> None:
    good = (folder / "keyword.tflite").read_bytes()
    for name, data in (("empty", b""), ("short", good[:100]), ("text", b"hello world, this is no model")):
        (tmp_path / name).write_bytes(data)
        for engine in ("aot", "tflm", "litert"):
            with pytest.raises((ModelError, DataError)):
                verify(f"{tmp_path / name}@{engine}", str(folder / "keyword.tflite"))


def test_a_damaged_header_gives_our_error(folder: Path, tmp_path: Path) -> None:
    CliRunner().invoke(compile_command, [str(folder / "keyword.tflite"), "-o", str(tmp_path)])
    header = tmp_path / "keyword.h"
    text = header.read_text()
    for old, new in (
        ("_INPUT0_BYTES ", "_INPUT0_BYTES 9"),
        ("_ARENA_BYTES ", "_ARENA_BYTES x"),
        ("_SHAPE {", "_S {"),
    ):
        header.write_text(text.replace(old, new, 1))
        with pytest.raises(ModelError, match="not as it was written"):
            GeneratedC(tmp_path)
    (tmp_path / "keyword.c").unlink()
    header.write_text(text)
    with pytest.raises(ModelError, match="not there"):
        GeneratedC(tmp_path)


def test_a_path_with_an_at_sign(folder: Path, tmp_path: Path) -> None:
    odd = tmp_path / "model@home"
    odd.write_bytes((folder / "keyword.tflite").read_bytes())
    assert subject_of(str(odd)) == EngineFile(odd, Engine.TFLM)
    assert subject_of(f"{odd}@aot") == EngineFile(odd, Engine.AOT)
