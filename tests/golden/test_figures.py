"""Recorded figures of the golden networks on every core: none may grow by more than 1%.

`make golden` writes tests/golden/figures.json anew; read the diff, as for the generated C.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.emulated.programs import CORES
from tests.lib.nets import NETS
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest

RECORD = Path(__file__).with_name("figures.json")
GROWTH = 1.01
SLACK = 16
"""Bytes and instructions: small figures move in steps."""


def figures(name: str, level: Level) -> dict[str, dict[str, int]]:
    """Instructions, arena, flash and RAM by core."""
    boards = (
        tuple(CORES.values()) if level is Level.BALANCED else (CORES["cortex-m4"], CORES["cortex-m0plus"])
    )
    found = {}
    for run in measured(NETS[name](), BenchmarkRequest(boards, vectors=1, level=level), name).runs:
        assert run.error is None
        found[run.core] = {
            "instructions": run.instructions,
            "arena": run.parts("RAM")["arena"],
            "flash": run.flash,
            "ram": run.ram,
        }
    return found


@pytest.mark.parametrize("level", Level, ids=lambda level: level.value)
@pytest.mark.parametrize("name", NETS)
def test_nothing_grew(name: str, level: Level) -> None:
    key, found = f"{name} {level.value}", figures(name, level)
    record = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.is_file() else {}
    if os.environ.get("TINYML_COMPRESS_UPDATE_GOLDEN"):
        record[key] = found
        RECORD.write_text(json.dumps(dict(sorted(record.items())), indent=1) + "\n", encoding="utf-8")
    assert key in record, f"nothing is recorded for {key}: `make golden`"
    grown = [
        f"{core}: {figure} {before:,} -> {found[core][figure]:,}"
        for core, figures_before in record[key].items()
        for figure, before in figures_before.items()
        if found[core][figure] > max(before * GROWTH, before + SLACK)
    ]
    assert not grown, "\n".join([f"{key} grew; if that is wanted, `make golden`:", *grown])


RESULTS = Path(__file__).parents[2] / "benchmarks" / "results.json"


@pytest.mark.parametrize(("model", "file"), [("kws", "kws_ref_model"), ("ic", "pretrainedResnet_quant")])
def test_published_models_keep_their_results(published: Path, model: str, file: str) -> None:
    """Against the last `make bench`."""
    rows = json.loads(RESULTS.read_text(encoding="utf-8"))["rows"]
    boards = {"cortex-m4": "nucleo-l4r5zi", "cortex-m0plus": "raspberry-pi-pico"}
    content = (published / f"{file}.tflite").read_bytes()
    found = measured(content, BenchmarkRequest(tuple(boards.values()), vectors=3), model)
    for core, run in zip(boards, found.runs, strict=True):
        assert run.error is None
        (row,) = [
            row for row in rows if (row["model"], row["core"], row["optimize"]) == (model, core, "balanced")
        ]
        for what, before, now in (
            ("instructions", row["instructions"], run.instructions),
            ("flash", row["flash"]["total"], run.flash),
            ("RAM", row["ram"]["total"], run.ram),
        ):
            assert now <= before * GROWTH, (
                f"{model} on {core}: {what} grew from {before:,}; if wanted, `make bench`"
            )
