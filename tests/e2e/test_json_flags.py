"""`--json` prints and `--json-file` writes, in every verb; `benchmark --json PATH.json` goes on writing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from tests.lib.nets import NETS
from tests.lib.schema import validate
from tinyml_compress import cli


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "net.tflite").write_bytes(NETS["keyword"]())
    monkeypatch.chdir(tmp_path)
    return "net.tflite"


def _called(*words: str) -> Result:
    return CliRunner().invoke(cli._group, [*words])


def test_every_verb_with_one_flag_has_the_other() -> None:
    group = cli._group
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        for one in command.commands.values() if isinstance(command, click.Group) else [command]:
            flags = {flag for parameter in one.params for flag in parameter.opts}
            assert ("--json" in flags) == ("--json-file" in flags), (name, one.name)


@pytest.mark.parametrize(
    "words",
    [
        ("inspect", "net.tflite"),
        ("check", "net.tflite", "--target", "nucleo-l4r5zi"),
        ("verify", "net.tflite", "--vectors", "2"),
        ("benchmark", "net.tflite", "--target", "nucleo-l4r5zi", "--vectors", "1"),
        ("targets",),
        ("targets", "show", "host"),
        ("operators", "CONV_2D"),
        ("data", "list"),
        ("zoo", "list"),
    ],
)
def test_a_file_and_what_is_printed(model: str, words: tuple[str, ...]) -> None:
    both = _called(*words, "--json", "--json-file", "out/both.json")
    assert both.exit_code == 0, both.output
    assert Path("out/both.json").read_text() == both.stdout
    validate(json.loads(both.stdout))
    plain = _called(*words, "--json-file", "one.json")
    assert json.loads(Path("one.json").read_text())["verb"] == json.loads(both.stdout)["verb"]
    assert plain.stdout == _called(*words).stdout


def test_benchmark_still_writes_where_json_says(model: str) -> None:
    words = ("benchmark", model, "--target", "nucleo-l4r5zi", "--vectors", "1")
    written = _called(*words, "--json", "b.json")
    assert "modelled" in written.stdout
    printed = _called(*words, "--json", "-")
    assert json.loads(Path("b.json").read_text())["runs"] == json.loads(printed.stdout)["runs"]
    flag_first = _called("benchmark", "--json", model, *words[2:])
    assert json.loads(flag_first.stdout)["runs"] == json.loads(printed.stdout)["runs"]
    assert _called("benchmark", "--target", "nucleo-l4r5zi", "--json", "b.json").exit_code == 2


def test_a_place_that_cannot_be_written_is_told_before_the_work(model: str) -> None:
    for place in ("net.tflite/x.json", "."):
        done = CliRunner().invoke(cli._group, ["targets", "--json-file", place])
        assert done.exit_code != 0
        assert "nucleo" not in done.stdout
    if os.getuid() != 0:
        Path("closed").mkdir(mode=0o500)
        assert _called("targets", "--json-file", "closed/x.json").exit_code != 0
