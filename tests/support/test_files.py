"""Files are written whole or not at all; subprocesses end; the cache holds up under several processes."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tinyml_compress.errors import MissingDependency, OutputError, ProcessError, UsageError
from tinyml_compress.support import cache, files, proc, resources

REPO = Path(__file__).parents[2]


def test_write_and_read(tmp_path: Path) -> None:
    files.write_text(tmp_path / "new" / "a.txt", "é")
    assert files.read_bytes(tmp_path / "new" / "a.txt") == b"\xc3\xa9"
    with pytest.raises(UsageError, match="cannot read"):
        files.read_bytes(tmp_path / "absent")
    with pytest.raises(UsageError, match="cannot read"):
        files.read_bytes(tmp_path)


def test_what_has_no_end_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's archive can hold pipes, links to devices, and files of terabytes that take no room."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    for name in ("pipe", "link"):
        with pytest.raises(UsageError, match="cannot read") as caught:
            files.read_bytes(tmp_path / name)
        assert caught.value.found == "a pipe or a device, not a file"
    with (tmp_path / "sparse").open("wb") as sparse:
        sparse.truncate(1 << 40)
    with pytest.raises(UsageError, match="more than 1024 MB"):
        files.read_bytes(tmp_path / "sparse")
    (tmp_path / "small").write_bytes(bytes(10))
    assert files.content(tmp_path / "small", 10) == bytes(10)
    with pytest.raises(OSError, match="more than 0 MB"):
        files.content(tmp_path / "small", 9)


def test_what_a_shell_hands_over_is_read() -> None:
    """`<(command)`, whose other end writes when it likes."""
    reader, writer = os.pipe()
    late = threading.Timer(0.3, lambda: (os.write(writer, b"late"), os.close(writer)))
    late.start()
    try:
        assert files.content(Path(f"/dev/fd/{reader}"), 4) == b"late"
    finally:
        late.join()
        os.close(reader)


@pytest.mark.parametrize(
    "words",
    [
        ["compile", "{}", "-o", "out"],
        ["gate", "--baseline", "{}", "--current", "{}"],
        ["compress", "zoo:digits_cnn", "--recipe", "{}", "--data", "data:digits", "-o", "out"],
        ["evaluate", "zoo:digits_cnn", "--data", "{}"],
        ["convert", "{}", "--calibration", "data:digits", "-o", "out"],
    ],
    ids=lambda words: words[0],
)
def test_no_verb_waits_for_a_pipe(tmp_path: Path, words: list[str]) -> None:
    suffix = {"compress": ".toml", "evaluate": ".toml", "convert": ".keras"}.get(words[0], "")
    pipe = tmp_path / f"pipe{suffix}"
    os.mkfifo(pipe)
    done = subprocess.run(
        [sys.executable, "-m", "tinyml_compress", *(word.format(pipe) for word in words)],
        cwd=REPO,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (1, 2)
    assert done.stderr.startswith("error: ")
    assert not (REPO / "out").exists()


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
    with pytest.raises(ProcessError, match="exit code 3\n +last words"):
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
    began = time.monotonic()
    with pytest.raises(ProcessError, match="did not end"):
        proc.run([sys.executable, "-c", program], timeout=2, what="the job")
    assert time.monotonic() - began < 30  # it holds our end of its output: waiting for it would take a minute
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


def test_the_umask_decides_who_may_read(tmp_path: Path) -> None:
    script = (
        "import os, sys, pathlib; from tinyml_compress.support import files; os.umask(int(sys.argv[1], 8));"
        "base = pathlib.Path(sys.argv[2]); files.write_text(base / 'sub' / 'a', 'x')\n"
        "with files.output_folder(base / 'out') as staging: files.write_text(staging / 'in' / 'b', 'x')"
    )
    for umask, file, folder in (
        ("022", 0o644, 0o755),
        ("077", 0o600, 0o700),
        ("002", 0o664, 0o775),
        ("027", 0o640, 0o750),
    ):
        base = tmp_path / umask
        subprocess.run([sys.executable, "-c", script, umask, base], check=True, timeout=60)
        for path in (base / "sub" / "a", base / "out" / "in" / "b"):
            assert path.stat().st_mode & 0o777 == file, umask
        for path in (base, base / "sub", base / "out", base / "out" / "in"):
            assert path.stat().st_mode & 0o777 == folder, umask


def test_a_file_that_is_replaced_keeps_its_rights(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("old")
    for mode in (0o600, 0o640, 0o755):
        secret.chmod(mode)
        files.write_text(secret, "new")
        assert secret.stat().st_mode & 0o777 == mode


def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path: Path) -> None:
    for name in ("x" * 255, "é" * 127, os.fsdecode(b"\xff" * 255)):
        files.write_bytes(tmp_path / name, b"1")
        assert (tmp_path / name).read_bytes() == b"1"
    with pytest.raises(OutputError, match="cannot write"):
        files.write_bytes(tmp_path / ("x" * 256), b"1")
    assert len(list(tmp_path.iterdir())) == 3


def test_a_user_without_a_home_is_told_of_the_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The user's entry is taken from under Python: this machine has one for whoever runs the tests."""

    def nobody(number: int) -> None:
        raise KeyError(number)

    for name in ("HOME", "XDG_CACHE_HOME", cache.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    with pytest.raises(UsageError, match="TINYML_COMPRESS_CACHE") as caught:
        cache.cache_root()
    assert "no home folder" in str(caught.value)
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path))
    assert cache.cache_root() == tmp_path


def test_a_key_takes_names_that_are_no_text() -> None:
    assert len({cache.key_of(os.fsdecode(name)) for name in (b"a", b"\xff", b"\xfe", b"\\udcff")}) == 4
