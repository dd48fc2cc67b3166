"""Closed outputs, names that are no text, old terminals, escape sequences: verbs work or say one
clear thing.
"""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.test_hostile_names import hostile
from tests.lib.nets import NETS
from tinyml_compress import frontend

NAMES = {"bytes": os.fsdecode(b"m\xff\xfe"), "letters": "é日😀", "controls": "m\x1b[2J\x07\n\u202e"}
ALL_OF_THEM = "".join(NAMES.values())


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "m.tflite"
    path.write_bytes(NETS["residual"]())
    return path


def run(
    folder: Path, *words: str | Path, before: Callable[[], None] | None = None, **env: str
) -> tuple[int, bytes, bytes]:
    done = subprocess.run(
        [sys.executable, "-m", "tinyml_compress", *words],
        cwd=folder,
        capture_output=True,
        timeout=300,
        check=False,
        env={**os.environ, **env},
        preexec_fn=before,
    )
    for said in (done.stdout, done.stderr):
        assert b"Traceback" not in said, said
        assert b"a defect" not in said, said
        assert b"Exception ignored" not in said, said
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "closed", [(0, 1, 2), *(pytest.param(one, marks=pytest.mark.full) for one in ((1,), (2,)))], ids=str
)
def test_outputs_that_the_caller_closed(model: Path, closed: tuple[int, ...]) -> None:
    """The next file that is opened must not take their place: what is printed would land in it."""

    def close() -> None:
        for number in closed:
            os.close(number)

    code, said, _ = run(model.parent, "compile", model, "-o", "out", before=close)
    assert code == 0
    assert (b"arena" in said) is (1 not in closed)
    open_too = run(model.parent, "compile", model, "-o", "again")
    assert open_too[0] == 0
    for path in (model.parent / "out").iterdir():
        assert path.read_bytes() == (model.parent / "again" / path.name).read_bytes()
    assert run(model.parent, "inspect", "absent.tflite", before=close)[0] == 2


def test_a_full_device_behind_the_output(model: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        words = [sys.executable, "-m", "tinyml_compress", "inspect", model]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(b"error: No space left on device")
    assert b"Exception ignored" not in done.stderr


@pytest.mark.parametrize(
    "name",
    [ALL_OF_THEM, *(pytest.param(name, marks=pytest.mark.full) for name in NAMES.values())],
    ids=range(4),
)
def test_any_name_of_a_file_in_any_encoding(model: Path, name: str) -> None:
    file = model.rename(model.with_name(f"{name}.tflite"))
    for env in (
        {},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
    ):
        said = b"".join(run(model.parent, "inspect", file.name, **env)[1:])
        assert b"\x1b" not in said
        assert b"\x07" not in said
        if env:
            assert said.isascii()
    code, said, _ = run(model.parent, "inspect", file.name, "--json")
    assert code == 0
    assert json.loads(said)["models"][0]["path"] == file.name
    (model.parent / "r.json").write_bytes(said)
    assert run(model.parent, "compile", file.name, "-o", f"{name}-out")[0] == 0
    assert run(model.parent, "report", "r.json", "-o", f"{name}.html")[0] == 0
    page = (model.parent / f"{name}.html").read_text(encoding="utf-8")
    assert "\x1b" not in page
    code, _, said = run(model.parent, "inspect", f"absent{file.name}", PYTHONIOENCODING="ascii")
    assert code == 2
    assert b"\x1b" not in said


def on_a_terminal(folder: Path, *words: str) -> bytes:
    """What a terminal gets to read."""
    parent, child = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "tinyml_compress", *words], cwd=folder, stdout=child, stderr=child, stdin=child
    )
    os.close(child)
    said = b""
    while True:
        try:
            piece = os.read(parent, 65536)
        except OSError:  # the terminal's other end is closed
            break
        if not piece:
            break
        said += piece
    os.close(parent)
    done.wait(timeout=300)
    return said


@pytest.mark.parametrize(
    "words",
    [
        ("inspect", "m.tflite"),
        ("-v", "verify", "m.tflite", "--vectors", "2"),
        ("benchmark", "m.tflite", "--target", "nucleo-l4r5zi"),
        ("compile", "bad.tflite", "-o", "out"),
    ],
    ids=lambda words: words[0],
)
def test_no_escape_sequence_of_a_file_reaches_a_terminal(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Colours and the progress line are the tool's own; a title, a link, a cleared screen are not."""
    file = hostile(frontend.read(NETS["residual"](), "residual"))
    (tmp_path / "m.tflite").write_bytes(file)
    (tmp_path / "bad.tflite").write_bytes(file.replace(b"\x1b]0;", b"\x9b2J;")[: len(file) // 2])
    said = on_a_terminal(tmp_path, *words)
    ours = re.sub(rb"\x1b\[[0-9;?]*[mKhlA]", b"", said)
    assert b"\x1b" not in ours, ours[max(0, ours.find(b"\x1b") - 200) :][:400]
    assert b"\x07" not in ours
    assert b"\x9b" not in re.sub(rb"[\xc2-\xf4][\x80-\xbf]+", b"", ours)
