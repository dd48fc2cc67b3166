"""The JSON of every verb against the schema: in process on small models; the trained verbs in their own
tests.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest

from tests.lib.nets import NETS
from tests.lib.schema import faults, schema, validate
from tinyml_compress import cli
from tinyml_compress.cli import main

Run = Callable[..., dict[str, Any]]
ELSEWHERE = {
    "compare": "tests/techniques/test_compress.py",
    "compress": "tests/techniques/test_compress.py",
    "convert": "tests/e2e/test_demo.py",
    "demo": "tests/e2e/test_demo.py",
    "fit": "tests/search",
    "measure": "tests/line",
    "optimize": "tests/hugging_face",
    "quantize": "tests/converter/test_quantize.py",
    "serve": "tests/emulated/test_serve.py",
}
"""Verbs that train, convert or talk to another program; their tests call `validate` on what they have."""
HERE = {
    "check": ["check", "MODEL", "--target", "nucleo-l4r5zi,bluepill-f103c8", "--engine", "both", "--json"],
    "compile": ["compile", "MODEL", "-o", "OUT", "--json"],
    "data check": ["data", "check", "data:digits", "--json"],
    "data list": ["data", "list", "--json"],
    "doctor": ["doctor", "--json"],
    "evaluate": ["evaluate", "MODEL", "--data", "DATA", "--engine", "tflm", "--against", "MODEL", "--json"],
    "evaluate several": ["evaluate", "MODEL", "MODEL", "--data", "DATA", "--engine", "tflm", "--json"],
    "evaluate ladder": ["evaluate", "MODEL", "--ladder", "--data", "DATA", "--samples", "2", "--json"],
    "export": ["export", "MODEL", "--format", "plain", "-o", "OUT", "--json"],
    "inspect": ["inspect", "MODEL", "--json"],
    "operators": ["operators", "--json"],
    "shrink": ["shrink", "MODEL", "-o", "OUT/smaller.tflite", "--json"],
    "stream": ["stream", "MODEL", "-o", "OUT/stream.tflite", "--steps", "2", "--json"],
    "targets": ["targets", "--json"],
    "targets show": ["targets", "show", "nucleo-l4r5zi", "--json"],
    "verify": ["verify", "MODEL", "--vectors", "2", "--json"],
    "verify other kernels": ["verify", "MODEL@litert", "MODEL@tflm", "--vectors", "2", "--json"],
    "zoo": ["zoo", "list", "--json"],
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("results")
    (folder / "net.tflite").write_bytes(NETS["keyword"]())
    rng = np.random.default_rng(0)
    inputs = rng.uniform(-1, 1, (12, 13, 6, 1)).astype(np.float32)
    np.savez(folder / "data.npz", inputs=inputs, labels=np.arange(12) % 2)
    return {"MODEL": str(folder / "net.tflite"), "DATA": str(folder / "data.npz"), "OUT": str(folder / "out")}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], files: dict[str, str]) -> Run:
    def called(*words: str) -> dict[str, Any]:
        for name, path in files.items():
            words = tuple(word.replace(name, path) for word in words)
        monkeypatch.setattr(sys, "argv", ["tinyml-compress", *words])
        with pytest.raises(SystemExit):
            main()
        said = capsys.readouterr()
        assert said.out, said.err
        found: dict[str, Any] = json.loads(said.out)
        return found

    return called


def test_the_schema_names_every_verb_that_writes_json() -> None:
    """A new verb, or a new --json, has to enter the schema and these tests."""
    writing = set()
    group = cli._group
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        inner = list(command.commands.values()) if isinstance(command, click.Group) else [command]
        options = {option for one in inner for parameter in one.params for option in parameter.opts}
        if "--json" in options or name == "gate":
            writing.add(name)
    known = {str(verb).split(" ")[0] for verb in schema()["$defs"]["result"]["properties"]["verb"]["enum"]}
    assert writing == known
    tested = {words[0] for words in HERE.values()} | set(ELSEWHERE) | {"benchmark", "gate"}
    assert tested == known


@pytest.mark.parametrize("name", HERE)
def test_what_a_verb_prints_follows_the_schema(name: str, run: Run) -> None:
    found = run(*HERE[name])
    validate(found)
    assert name.startswith(found["verb"])
    assert found["schema"] == 1
    if "command" in found:
        assert found["command"].startswith(f"tinyml-compress {HERE[name][0]}")


def test_benchmark_and_gate(run: Run, files: dict[str, str], tmp_path: Path) -> None:
    boards = run("benchmark", "MODEL", "--target", "nucleo-l4r5zi,host", "--json", "-", "--vectors", "1")
    validate(boards)
    validate(run("benchmark", "MODEL", "--target", "nucleo-l4r5zi", "--engine", "tflm", "--json", "-"))
    path = tmp_path / "boards.json"
    path.write_text(json.dumps(boards))
    validate(run("gate", "--baseline", str(path), "--current", str(path), "--format", "json"))


def test_the_schema_refuses_what_is_wrong(run: Run) -> None:
    fine = run(*HERE["inspect"])
    assert faults({**fine, "schema": 2})
    assert faults({**fine, "verb": "inspekt"})
    assert faults({key: value for key, value in fine.items() if key != "models"})
    assert any("surprise" in fault for fault in faults({**fine, "surprise": 1}))
    assert not faults({**fine, "surprise": 1}, strict=False), "keys may be added within a schema number"
    first = {**fine["models"][0], "sha256": "short"}
    assert any("sha256" in fault for fault in faults({**fine, "models": [first]}))
