"""`inspect`: the ledger adds up, facts are those of the file, and damaged files are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.lib.nets import NETS
from tinyml_compress.cli.compile import command as compile_verb
from tinyml_compress.cli.inspect import command
from tinyml_compress.errors import ModelError
from tinyml_compress.frontend.ledger import ledger
from tinyml_compress.pipeline.inspect.verb import inspect_model
from tinyml_compress.results import Inspections, decoded, encoded


@pytest.mark.parametrize("name", NETS)
def test_ledger_adds_up(name: str) -> None:
    file = NETS[name]()
    found = ledger(file)
    assert sum(found.parts) == found.file == len(file)
    assert min(found.parts) >= 0
    assert 0 < found.gzip < len(file)


def test_names_cost_what_they_add(tmp_path: Path) -> None:
    file = NETS["keyword"]()
    assert ledger(file).names > 0
    assert ledger(file).weights >= 8 * 9 + 2 * (8 * 9 + 64) + 40


def test_facts_of_a_network(tmp_path: Path) -> None:
    path = tmp_path / "keyword.tflite"
    path.write_bytes(NETS["keyword"]())
    found = inspect_model(path)
    assert found.operators == {
        "AVERAGE_POOL_2D": 1,
        "CONV_2D": 3,
        "DEPTHWISE_CONV_2D": 2,
        "FULLY_CONNECTED": 1,
        "RESHAPE": 1,
        "SOFTMAX": 1,
    }
    done = Inspections(models=(found,))
    assert decoded(Inspections, json.loads(json.dumps(encoded(done)))) == done
    # 7x3x8 outputs of 9 taps; then depthwise and pointwise at stride 1 and 2; then 8 inputs to 5 classes.
    assert found.macs == 7 * 3 * 8 * 9 + 7 * 3 * 8 * (9 + 8) + 4 * 2 * 8 * (9 + 8) + 8 * 5
    first = found.layers[0].weights
    assert first is not None
    assert first.count == 72
    assert first.lowest < 0 < first.highest
    assert found.arena_bytes is not None
    assert found.arena_lower_bound is not None
    assert found.arena_bytes >= found.arena_lower_bound


def test_cli_shows_two_side_by_side(tmp_path: Path) -> None:
    paths = []
    for name in ("keyword", "residual"):
        paths.append(str(tmp_path / f"{name}.tflite"))
        Path(paths[-1]).write_bytes(NETS[name]())
    shown = CliRunner().invoke(command, [*paths, "--layers"], catch_exceptions=False)
    assert "2 DEPTHWISE_CONV_2D" in shown.output
    assert "3 ADD" not in shown.output
    assert "2 ADD" in shown.output
    for path in paths:
        (folder := tmp_path / "c").mkdir(exist_ok=True)
        told = CliRunner().invoke(
            compile_verb, [path, "-o", str(folder), "--explain"], catch_exceptions=False
        )
        table = told.output[told.output.index("layer") :]
        assert table in shown.output
    as_json = json.loads(CliRunner().invoke(command, [*paths, "--json"], catch_exceptions=False).output)[
        "models"
    ]
    assert [len(model["sha256"]) for model in as_json] == [64, 64]
    assert as_json[1]["operators"]["ADD"] == 2


def test_a_damaged_file_is_refused() -> None:
    with pytest.raises(ModelError, match=r"not a \.tflite file"):
        ledger(b"nonsense of some length")
