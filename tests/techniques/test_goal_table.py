"""The promises about pruned and clustered models: as recorded by the last `make bench`, and as
measured anew.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinyml_compress import frontend
from tinyml_compress.pipeline.compress.plan import find_recipe
from tinyml_compress.techniques.recipe import read


def _left(row: dict[str, Any], what: str, level: str) -> float:
    return float(row["pruned"][level][what] / row["dense"][level][what])


def test_recorded_rows_meet_their_goals(repo: Path) -> None:
    rows = json.loads((repo / "benchmarks" / "pruned.json").read_text())["rows"]
    assert len(rows) == 7
    for row in rows:
        goal, level = row["goal"], row["level"]
        read(find_recipe(row["recipe"]))  # it is shipped
        assert _left(row, "weights", level) <= goal["flash"], row["name"]
        assert _left(row, "cycles", level) <= goal["cycles"], row["name"]
        if goal["flash_at_size"] is not None:
            assert _left(row, "weights", "size") <= goal["flash_at_size"], row["name"]
        assert row["dense_score"] - row["score"] <= goal["score"], row["name"]
        assert row["pruned"][level]["code"] - row["dense"][level]["code"] <= goal["code"], row["name"]
        for form in ("dense", "pruned"):
            assert all(one["mismatches"] == 0 for one in row[form].values()), row["name"]
        assert not row["missed"]


@pytest.mark.full
def test_rows_measured_anew_meet_their_goals(repo: Path, tmp_path: Path) -> None:
    """Trains three nets seven ways: some twenty minutes on two calm cores, the first time."""
    done = subprocess.run(
        [sys.executable, "benchmarks/pruned.py", "--no-sweep", "--output", str(tmp_path)],
        cwd=repo,
        capture_output=True,
        text=True,
        timeout=7200,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    graph = frontend.read((tmp_path / "autoencoder-fully-connected80-blocks-int8.tflite").read_bytes(), "net")
    for node in graph.nodes:
        weights = np.asarray(graph.tensors[str(node.inputs[1])].data)
        if node.op == "FULLY_CONNECTED":  # blocks of 4 outputs x 1 input
            left = np.any(weights.reshape(-1, 4, weights.shape[1]) != 0, axis=1)
            assert left.mean() == pytest.approx(0.2, abs=0.02), node.name
