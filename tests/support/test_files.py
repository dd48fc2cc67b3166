"""Files are written whole or not at all; subprocesses end; the cache holds up under several processes."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from tinyml_compress.errors import MissingDependency, OutputError, ProcessError, UsageError
from tinyml_compress.support import files, proc, resources


def test_write_and_read(tmp_path: Path) -> None:
    files.write_text(tmp_path / "new" / "a.txt", "é")
    assert files.read_bytes(tmp_path / "new" / "a.txt") == b"\xc3\xa9"
    with pytest.raises(UsageError, match="cannot read"):
        files.read_bytes(tmp_path / "absent")
    with pytest.raises(UsageError, match="cannot read"):
        files.read_bytes(tmp_path)


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk at the last moment: the old file stays, nothing lies beside it."""
    target = tmp_path / "a.txt"
    target.write_text("old")

    def full(*words: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        files.write_text(target, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert target.read_text() == "old"


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def stop_in_the_middle() -> None:
        with files.output_folder(out) as staging:
            (staging / "half.c").write_text("int")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_in_the_middle()
    assert not out.exists()
    out.mkdir()
    with pytest.raises(KeyboardInterrupt):
        stop_in_the_middle()
    assert list(out.iterdir()) == []  # a folder that was there before stays
    with files.output_folder(out) as staging:
        (staging / "sub").mkdir()
        (staging / "sub" / "a.c").write_text("int a;")
    assert [path.relative_to(out) for path in sorted(out.rglob("*"))] == [Path("sub"), Path("sub/a.c")]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"), files.output_folder(tmp_path / "file" / "out"):
        pass
    with pytest.raises(OutputError, match="cannot write"):
        files.write_text(tmp_path / "file" / "a.txt", "")


def test_subprocess_errors_name_what_happened() -> None:
    with pytest.raises(ProcessError, match="could not be started"):
        proc.run(["/nonexistent/program"], timeout=5, what="the job")
    with pytest.raises(ProcessError, match="exit code 3\nlast words"):
        proc.run([sys.executable, "-c", "print('last words'); exit(3)"], timeout=20, what="the job")
    with pytest.raises(ProcessError, match="SIGKILL"):
        proc.run([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], timeout=20, what="the job")


def test_a_time_out_ends_grandchildren_too(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    program = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(pid_file)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    with pytest.raises(ProcessError, match="did not end"):
        proc.run([sys.executable, "-c", program], timeout=2, what="the job")
    pid = int(pid_file.read_text())
    for _ in range(50):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().split()[2]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        time.sleep(0.1)
    pytest.fail("the grandchild lives on")


def test_shipped_folders_are_found() -> None:
    assert (resources.targets_folder() / "cores").is_dir()
    assert (resources.calibration_folder() / "digits.npz").is_file()
    assert (resources.package_folder("tinyml_compress.csrc") / "tc_base.h").is_file()
    with pytest.raises(MissingDependency):
        resources.package_folder("tinyml_absent")


def test_an_error_inside_names_the_folder_of_the_user(tmp_path: Path) -> None:
    def write() -> None:
        with files.output_folder(tmp_path / "out") as staging:
            (staging / "a.c").mkdir()
            files.write_text(staging / "a.c", "")

    with pytest.raises(OutputError) as caught:
        write()
    assert caught.value.which == str(tmp_path / "out" / "a.c")
