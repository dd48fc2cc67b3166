"""A benchmark as a value: it comes back from its JSON, reads that of the last version, and is what the schema
says.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.lib.nets import NETS
from tests.lib.schema import validate
from tests.report import documents
from tinyml_compress.errors import DataError
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.rendering.gate import Tolerances, judge
from tinyml_compress.rendering.page import results_page
from tinyml_compress.results import Benchmark, Kind, decoded, encoded

LAST = json.loads(Path(__file__).with_name("benchmark.last.schema.json").read_text(encoding="utf-8"))
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module", params=["aot", "tflm", "host", "too small"])
def result(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Benchmark:
    if request.param == "host":
        return measured(NETS["keyword"](), BenchmarkRequest(("host",)))
    if request.param == "too small":
        folder = tmp_path_factory.mktemp("boards")
        return measured(NETS["keyword"](), BenchmarkRequest((_small(folder),), targets_dir=folder))
    return measured(NETS["keyword"](), BenchmarkRequest(("nucleo-l4r5zi",), engine=request.param, vectors=2))


def _small(folder: Path) -> str:
    from tinyml_compress.support.resources import targets_folder

    text = (targets_folder() / "bluepill-f103c8.toml").read_text(encoding="utf-8")
    (folder / "small.toml").write_text(
        text.replace("0x00010000", "0x00000800").replace("0x00005000", "0x00000C00")
    )
    return "small"


def test_it_comes_back_from_its_json(result: Benchmark) -> None:
    assert decoded(Benchmark, json.loads(json.dumps(encoded(result, "x")))) == result


def test_it_follows_the_schema_of_this_version_and_of_the_last(result: Benchmark) -> None:
    document = encoded(result)
    validate(document)
    jsonschema.Draft202012Validator(LAST).validate(json.loads(json.dumps(document)))


def test_a_document_of_the_last_version_is_read() -> None:
    old = documents.benchmark()
    assert not any("figures" in run for run in old["runs"])
    jsonschema.Draft202012Validator(LAST).validate(old)
    value = decoded(Benchmark, old)
    for run, before in zip(value.runs, old["runs"], strict=True):
        if before["engine"] != "aot" or not before["fits"]:
            continue
        assert (run.flash, run.ram, run.cycles) == (
            before["flash"]["total"],
            before["ram"]["total"],
            before["cycles"],
        )
    again = encoded(value)
    for run, before in zip(again["runs"], old["runs"], strict=True):
        assert {key: run.get(key) for key in before} == before
    assert results_page([old])
    assert not judge(old, again, Tolerances()).failed


def test_a_document_without_a_part_is_refused_with_its_name() -> None:
    wrong: dict[str, Any] = documents.benchmark()
    del wrong["model"]["sha256"]
    with pytest.raises(DataError, match="sha256"):
        decoded(Benchmark, wrong)


def test_figures_say_of_which_kind_they_are(result: Benchmark) -> None:
    (run,) = result.runs
    kinds = {figure.name: figure.kind for figure in run.figures}
    if run.error is not None:
        assert kinds == {}
        with pytest.raises(LookupError, match="does not fit"):
            _ = run.flash
    elif run.engine == "tflm":
        assert set(kinds.values()) == {Kind.BOUNDED}
    elif run.engine == "tflite":
        assert kinds["ms"] is Kind.MEASURED
    else:
        assert kinds["instructions"] is Kind.EXACT
        assert kinds["ms"] is Kind.MODELLED
        cycles = run.figure("cycles")
        assert cycles is not None
        assert cycles.about is not None
        assert 0 < float(cycles.about["load-run"]) < run.instructions
        assert 0 < float(cycles.about["flash-word"]) < run.instructions


def test_the_schema_is_what_the_types_say() -> None:
    spec = importlib.util.spec_from_file_location("schema_program", DOCS / "schema.py")
    assert spec is not None
    assert spec.loader is not None
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    text = program.FILE.read_text(encoding="utf-8")
    assert program.renewed(text) == text, "python docs/schema.py"
