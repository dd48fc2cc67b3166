"""The command line as a user meets it: speed, help, exit codes, and no traceback."""

from __future__ import annotations

import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

import tinyml_compress.cli as cli
from tests.lib.nets import NETS
from tinyml_compress.errors import DataError, UsageError

VERBS = sorted(
    module.name.replace("_", "-")
    for module in pkgutil.iter_modules([str(Path(cli.__file__).parent)])
    if not module.name.startswith("_")
)


def tool(*words: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tinyml_compress", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,  # type: ignore[call-overload]
    )


def test_help_is_fast() -> None:
    """In processor time, which other processes on a busy machine do not lengthen."""
    best = 9.0
    for _ in range(5):
        before = os.times()
        done = tool("--help")
        after = os.times()
        used = after.children_user - before.children_user + after.children_system - before.children_system
        best = min(best, used)
        assert done.returncode == 0
    assert best < 0.5
    for verb in VERBS:
        assert f"  {verb} " in done.stdout


def test_no_verb_loads_anything_heavy_when_it_is_imported() -> None:
    program = (
        "import sys, json, importlib; "
        "[importlib.import_module('tinyml_compress.cli.' + v) for v in sys.argv[1:]];"
        "print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    )
    words = [sys.executable, "-c", program, *(verb.replace("-", "_") for verb in VERBS)]
    loaded = json.loads(subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout)
    heavy = {
        "tensorflow",
        "tf_keras",
        "keras",
        "numpy",
        "rich",
        "unicorn",
        "capstone",
        "tflite",
        "tflite_micro",
    }
    assert not heavy & set(loaded)


def test_the_readme_names_every_verb(repo: Path) -> None:
    text = (repo / "README.md").read_text()
    assert not [verb for verb in VERBS if f"| `{verb}` |" not in text]


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_every_verb_shows_examples(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    context = click.Context(cli._group, info_name="tinyml-compress")
    command = cli._group.get_command(context, verb)
    assert command is not None
    text = command.get_help(click.Context(command, info_name=verb, parent=context))
    assert text.count(f"tinyml-compress {verb}") >= 3, "usage and two examples"
    assert command.help


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["compil"], "did you mean compile?"),
        (["qqqq"], "; there are: "),
        (["evaluate", "m.tflite", "--dta", "x"], "--data"),
        (["evaluate"], "Missing argument"),
        (["compile", "not-there.tflite", "-o", "x"], "not-there.tflite"),
        (["evaluate", "not-there.tflite", "--data", "data:digits"], "cannot read: not-there.tflite"),
        (["evaluate", "zoo:nothing", "--data", "data:digitz"], "data:digits"),
        (["compile", "model.tflite", "-o", "out", "--max-ram", "10x"], "no number of bytes, such as"),
        (["benchmark", "model.tflite", "--max-flash", "50%"], "no number of bytes, such as"),
    ],
)
def test_wrong_calls_exit_2(words: list[str], shown: str) -> None:
    done = tool(*words)
    assert done.returncode == 2
    assert shown in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_failures_exit_1(tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(b"\0" * 100)
    done = tool("evaluate", tmp_path / "m.tflite", "--data", "data:digits:test")
    assert done.returncode == 1
    assert done.stderr.startswith("error: this is not a .tflite file")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("raised", "code", "shown"),
    [
        (UsageError("wrong word", which="x", allowed="y"), 2, "error: wrong word: x\n  allowed: y"),
        (DataError("bad data", next_step="mend it"), 1, "error: bad data\n  next:    mend it"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.Abort(), 130, "interrupted"),
        (click.UsageError("no"), 2, "no"),
        (OSError(28, "No space left on device", "out.c"), 1, "No space left on device: out.c"),
        (MemoryError(), 1, "memory is full"),
        (
            ZeroDivisionError("division\nby zero"),
            1,
            "a defect in tinyml-compress: ZeroDivisionError: division by zero",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_way_to_end(
    raised: BaseException,
    code: int,
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*words: object, **options: object) -> None:
        raise raised

    monkeypatch.setattr(cli, "_group", fail)
    monkeypatch.setattr(signal, "signal", lambda *words: None)
    # the real one ends the process that runs the tests; tests/e2e/test_kills.py sends real signals
    monkeypatch.setattr(cli, "leave_at_once", lambda: sys.exit(130))
    monkeypatch.delenv("TINYML_COMPRESS_TRACEBACK", raising=False)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == code
    error = capsys.readouterr().err
    assert shown in error
    assert "Traceback" not in error


@pytest.mark.parametrize("raised", [ZeroDivisionError("x"), DataError("x")])
def test_traceback_on_request(
    raised: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*words: object, **options: object) -> None:
        raise raised

    monkeypatch.setattr(cli, "_group", fail)
    monkeypatch.setattr(signal, "signal", lambda *words: None)
    monkeypatch.setenv("TINYML_COMPRESS_TRACEBACK", "1")
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    error = capsys.readouterr().err
    assert "Traceback" in error
    assert error.splitlines()[-2 if isinstance(raised, ZeroDivisionError) else -1].startswith("error: ")


def test_verbose_tells_stages_and_programs(tmp_path: Path) -> None:
    """`-v` the stages, `-vv` also what is run, and where an error comes from; the result is the same."""
    from tests.lib.graphs import model, tensor
    from tinyml_compress.ir import Attrs

    file = tmp_path / "relu.tflite"
    file.write_bytes(model("RELU", [tensor("x", (1, 4), 0.5)], tensor("y", (1, 4), 0.5), Attrs()))
    plain, some, much = (
        tool("verify", f"{file}@tflm", f"{file}@litert-ref", *words) for words in ([], ["-v"], ["-vv"])
    )
    assert plain.returncode == 0
    assert plain.stderr == ""
    assert plain.stdout == some.stdout == much.stdout
    assert "at most" not in some.stderr
    assert "TensorFlow Lite Micro (at most 300 s): " in much.stderr
    for words in (["verify", "-vv"], ["-vv", "verify"]):
        wrong = tool(*words, tmp_path / "absent.tflite")
        assert wrong.returncode == 2
        assert "Traceback" in wrong.stderr
        assert "error: " in wrong.stderr


@pytest.mark.parametrize(
    ("words", "offered", "not_offered"),
    [
        (["conv"], ["convert"], ["compile"]),
        (["benchmark", "zoo:d"], ["zoo:ds_cnn", "zoo:digits_cnn"], ["zoo:resnet8"]),
        (["benchmark", "--target", "nucleo-l4r5zi,esp"], ["nucleo-l4r5zi,esp32-c3"], ["esp32-c3\n"]),
        (["convert", "m.keras", "--calibration", "data:key"], ["data:keywords"], ["data:digits"]),
        (["export", "m.tflite", "--format", "ar"], ["arduino"], ["zephyr"]),
    ],
)
def test_shell_completion(words: list[str], offered: list[str], not_offered: list[str]) -> None:
    asked = {"COMP_WORDS": " ".join(["tinyml-compress", *words]), "COMP_CWORD": words[-1]}
    done = tool(env={**os.environ, "_TINYML_COMPRESS_COMPLETE": "fish_complete", **asked})
    assert done.returncode == 0, done.stderr
    for word in offered:
        assert f"plain,{word}" in done.stdout
    for word in not_offered:
        assert f"plain,{word}" not in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_calls_the_tool(shell: str) -> None:
    script = tool("completion", shell).stdout
    assert "_TINYML_COMPRESS_COMPLETE=" + shell + "_complete" in script


def test_a_reader_that_leaves_early_gets_no_complaint() -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "tinyml_compress", "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout is not None
    child.stdout.close()
    _, error = child.communicate(timeout=30)
    assert child.returncode == 1
    assert error == b""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_the_middle(tmp_path: Path, sent: signal.Signals) -> None:
    """Stopped while the user's own function works: exit 130, one line, and no child left behind."""
    (tmp_path / "slow.py").write_text(
        "import pathlib, time\ndef samples():\n    pathlib.Path('begun').touch()\n    time.sleep(60)\n"
    )
    (tmp_path / "model.tflite").write_bytes(NETS["keyword"]())
    child = subprocess.Popen(
        [sys.executable, "-m", "tinyml_compress", "evaluate", "model.tflite", "--data", "slow:samples"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    until = time.monotonic() + 60
    while not (tmp_path / "begun").exists() and child.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    child.send_signal(sent)
    _, error = child.communicate(timeout=30)
    assert child.returncode == 130
    assert error.strip() == "interrupted; nothing half-written was left behind"
