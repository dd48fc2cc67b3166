"""`doctor`: sees what is here, says what is missing, and fails only for what is required."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from tinyml_compress.cli.doctor import command
from tinyml_compress.pipeline import diagnosis, locks
from tinyml_compress.results import Diagnosis, decoded, encoded


def test_this_machine_is_sound() -> None:
    shown = CliRunner().invoke(command, ["--json"])
    found = json.loads(shown.output)
    assert shown.exit_code == 0
    assert found["sound"] is True
    assert {part["name"] for part in found["parts"] if part["required"]} >= {"click", "ziglang", "unicorn"}
    assert {part["name"] for part in found["parts"] if part["trains"]} >= {"tensorflow", "tf-keras"}


def test_missing_parts_are_named_with_the_way_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "_program_version", lambda command: None)
    found = diagnosis.diagnose()
    assert found.sound
    assert decoded(Diagnosis, json.loads(json.dumps(encoded(found)))) == found
    text = found.summary()
    assert re.search("^qemu-system-arm +absent ", text, re.MULTILINE)
    assert "get it: the package qemu-system-arm" in text
    lame = replace(
        found,
        parts=tuple(replace(part, version=None) if part.name == "ziglang" else part for part in found.parts),
    )
    assert not lame.sound
    assert re.search("^ziglang +MISSING ", lame.summary(), re.MULTILINE)
    firmware = replace(
        found, parts=tuple(replace(part, version=None) if part.trains else part for part in found.parts)
    )
    assert firmware.sound
    assert re.search("^tensorflow +absent ", firmware.summary(), re.MULTILINE)
    assert firmware.summary().rstrip().endswith("to load, train or convert models, TensorFlow is missing")


def test_locks_are_tried(monkeypatch: pytest.MonkeyPatch, no_cache: Path) -> None:
    found = diagnosis.diagnose()
    assert [lock.on for lock in found.locks] == [True] * 5
    monkeypatch.setattr("tinyml_compress.models.allowed_classes.PYTHON", frozenset())
    monkeypatch.setattr("tinyml_compress.models.allowed_classes.LAYERS", frozenset(["Lambda", "Dense"]))
    monkeypatch.setattr("tinyml_compress.models.allowed_ops.GRAPH", frozenset(["WriteFile"]))
    monkeypatch.setitem(locks._SAFE, "keras", (99, 0))
    monkeypatch.setattr(locks.worker, "command", lambda target: [sys.executable, "-c", "import random"])
    no_cache.chmod(0o777)
    open_ = diagnosis.diagnose()
    assert [lock.on for lock in open_.locks] == [False] * 5
    assert not open_.sound
    assert re.search("^workers +OFF ", open_.summary(), re.MULTILINE)
    assert "pip install -U" in open_.summary()


def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("TINYML_COMPRESS_CACHE", str(blocked))
    shown = CliRunner().invoke(command)
    assert shown.exit_code == 1
    assert "NOT WRITABLE" in shown.output
