"""docs/pytorch.md: its commands in their order, then its program on what they wrote, where nothing of this
tool is.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.lib.pages import blocks_of, run_page
from tests.lib.schema import validate
from tinyml_compress.support import environments

REPO = Path(__file__).resolve().parents[2]


@pytest.mark.full
def test_the_page_is_what_happens(tmp_path: Path) -> None:
    page = (REPO / "docs" / "pytorch.md").read_text(encoding="utf-8")
    commands, program = (one for one in blocks_of(page) if one.value == "tests/docs/test_pytorch_page.py")
    (tmp_path / "examples").symlink_to(REPO / "examples")
    apart = run_page(f"<!-- numbers: trained here -->\n```console\n{commands.text}\n```\n", tmp_path)
    assert not apart, "\n\n".join(apart)
    for scheme in ("static", "dynamic", "qat"):
        told = json.loads((tmp_path / scheme / "digits.json").read_text())
        rows = {row["name"]: row for row in told["forms"]}
        assert all(row["score"]["accuracy"] > 0.93 for row in rows.values()), scheme
        assert told["together"]["same"] >= 0.99 * told["together"]["total"], scheme
        assert rows["pt2"]["weight_bytes"] < 0.45 * rows["float"]["weight_bytes"], scheme
        assert rows["tflite"]["file_bytes"] == (tmp_path / scheme / "digits.tflite").stat().st_size
        assert (told.get("steps") is None) is (scheme == "dynamic")
        validate(told)
    static, qat = ((tmp_path / one / "digits.pt2").read_bytes() for one in ("static", "qat"))
    assert static != qat
    shown = f"{program.text}\nimport sys\nprint(tuple(answers.shape), 'tinyml_compress' in sys.modules)\n"
    run = subprocess.run(
        [str(environments.python_of(environments.TORCH)), "-I", "-W", "ignore", "-c", shown],
        cwd=tmp_path,
        env={key: text for key, text in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.split("\n")[-2] == "(1, 10) False", run.stderr[-2000:]
