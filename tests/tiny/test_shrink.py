"""`shrink`: fewer bytes, equal outputs under TFLM, still a sound file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.lib.graphs import model, tensor
from tests.lib.messy import planted
from tests.lib.nets import NETS
from tinyml_compress import frontend
from tinyml_compress.cli.shrink import command
from tinyml_compress.errors import MismatchError
from tinyml_compress.frontend.ledger import ledger
from tinyml_compress.frontend.strip import strip
from tinyml_compress.ops import operator
from tinyml_compress.pipeline import shrinking
from tinyml_compress.results import Shrunk, decoded, encoded
from tinyml_compress.runners import tflm


@pytest.mark.parametrize("name", NETS)
def test_same_outputs_in_fewer_bytes(name: str) -> None:
    before = NETS[name]()
    after = strip(before)
    assert len(after) < len(before)
    assert ledger(after).names < 40
    assert ledger(after).weights == ledger(before).weights
    graph = frontend.read(after, name)
    shape = graph.tensors[graph.inputs[0]].shape
    rng = np.random.default_rng(0)
    old, new = tflm.Interpreter(before), tflm.Interpreter(after)
    for _ in range(20):
        vector = [rng.integers(-128, 128, shape).astype(np.int8)]
        assert old.invoke(vector)[0].tobytes() == new.invoke(vector)[0].tobytes()
    assert strip(after) == after


def test_cli_reports_what_was_saved(tmp_path: Path) -> None:
    source, target = tmp_path / "in.tflite", tmp_path / "out.tflite"
    source.write_bytes(NETS["residual"]())
    asked = [str(source), "-o", str(target), "--vectors", "3", "--json", "--names-only"]
    shown = CliRunner().invoke(command, asked)
    result = json.loads(shown.output)
    assert result["identical_outputs"] == 3
    assert result["saved"] == source.stat().st_size - target.stat().st_size > 0


def test_dead_channels_go_unless_only_names_are_asked_for(tmp_path: Path) -> None:
    source, target = tmp_path / "in.tflite", tmp_path / "out.tflite"
    source.write_bytes(frontend.write(planted(4)))
    done = shrinking.shrink(source, output=target)
    assert done.narrowed
    assert done.macs[1] < done.macs[0]
    assert "the rest was dead" in done.summary()
    assert decoded(Shrunk, json.loads(json.dumps(encoded(done)))) == done
    frontend.read(target.read_bytes(), "m")
    again = shrinking.shrink(target, output=tmp_path / "again.tflite")
    assert again.narrowed == ()
    assert (tmp_path / "again.tflite").read_bytes() == target.read_bytes()
    assert shrinking.shrink(source, output=target, names_only=True).narrowed == ()


def test_without_dead_channels_the_file_stays_as_it_is(tmp_path: Path) -> None:
    for name in ("keyword", "residual"):
        make = NETS[name]
        source, target = tmp_path / "in.tflite", tmp_path / f"{name}.tflite"
        source.write_bytes(make())
        done = shrinking.shrink(source, output=target, vectors=1)
        assert done.narrowed == ()
        assert "byte for byte" in done.summary()
        assert target.read_bytes() == make()
        shrinking.shrink(source, output=target, vectors=1, names_only=True)
        assert target.read_bytes() == strip(make())


def test_what_the_engine_cannot_analyse_stays_as_it_is(tmp_path: Path) -> None:
    source, target = tmp_path / "in.tflite", tmp_path / "out.tflite"
    names = [tensor("x", (1, 4), 1.0), tensor("y", (1, 4), 1e-20)]
    source.write_bytes(model("RELU6", names[1:], replace(names[1], name="z"), operator("RELU6").attrs_type()))
    done = shrinking.shrink(source, output=target, vectors=0)
    assert done.not_analysed is not None
    assert target.read_bytes() == source.read_bytes()
    assert "scale too small" in done.summary()


def test_a_file_that_differs_is_never_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tmp_path / "in.tflite", tmp_path / "out.tflite"
    source.write_bytes(NETS["autoencoder"]())
    changed = bytearray(source.read_bytes())
    graph = frontend.read(bytes(changed), "a")
    weights = max((t for t in graph.tensors.values() if t.data is not None), key=lambda t: t.elements)
    assert weights.data is not None
    at = bytes(changed).index(weights.data.tobytes())
    changed[at : at + 64] = bytes(64)
    monkeypatch.setattr(shrinking, "strip", lambda file: bytes(changed))
    with pytest.raises(MismatchError, match="another output"):
        shrinking.shrink(source, output=target, names_only=True)
    assert not target.exists()
