"""Somebody else's files where ours are run: caches, and what is planted in them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tinyml_compress.cli.doctor import command as doctor
from tinyml_compress.errors import UsageError
from tinyml_compress.runners import toolchain
from tinyml_compress.support import cache, environments, rights

KEY = "k" * 64
STRANGER = 54321
REPO = str(Path(__file__).parents[2])


@pytest.fixture(params=[0o022, 0o002, 0o000], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def _fill(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "code.so").write_bytes(b"ours")


def _entry() -> Path:
    return cache.cached_folder("builds", KEY, _fill)


def _give_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To another user where this one may do so; else this process takes itself for another one's."""
    if os.geteuid() == 0:
        os.chown(path, STRANGER, STRANGER)
    else:
        mine = path.lstat().st_ino
        real = os.geteuid()
        stat = Path.stat

        def seen(one: Path, **words: bool) -> os.stat_result:
            found = list(stat(one, **words))
            found[4] = STRANGER if found[1] == mine else real
            return os.stat_result(found)

        monkeypatch.setattr(Path, "stat", seen)


def test_a_cache_of_one_user_works_under_any_umask(no_cache: Path, umask: int) -> None:
    calls = []

    def make(folder: Path) -> None:
        calls.append(folder)
        _fill(folder)

    for _ in range(2):
        cache.cached_folder("builds", KEY, make)
    assert len(calls) == 1
    assert no_cache.stat().st_mode & 0o777 == 0o700


def test_a_cache_that_the_user_made_and_others_may_enter(no_cache: Path, umask: int) -> None:
    no_cache.mkdir()
    no_cache.chmod(0o755)
    assert _entry() == _entry()
    toolchain.zig().environment()
    for folder in (no_cache / "builds", no_cache / "builds" / "kk", no_cache / "zig", _entry()):
        assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o1777, 0o757])
def test_a_cache_that_others_may_write_is_refused(no_cache: Path, mode: int) -> None:
    entry = _entry()
    no_cache.chmod(mode)
    uses: list[Callable[[], object]] = [
        _entry,
        cache.require_cache,
        toolchain.zig().environment,
        lambda: environments.python_of(environments.QUANTIZER),
    ]
    for use in uses:
        with pytest.raises(UsageError, match="somebody else can write to it") as caught:
            use()
        assert caught.value.which == str(no_cache)
        assert f"{mode:04o}" in str(caught.value.found)
        assert "chmod go-w" in str(caught.value.next_step)
        assert cache.VARIABLE in str(caught.value.next_step)
    no_cache.chmod(0o755)
    assert _entry() == entry


@pytest.mark.parametrize("which", [".", "builds", "builds/kk"])
def test_a_folder_of_another_user_is_refused(
    no_cache: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    _entry()
    _give_away(no_cache / which, monkeypatch)
    with pytest.raises(UsageError, match="somebody else can write to it") as caught:
        _entry()
    assert caught.value.which == str(no_cache / which)
    assert caught.value.found == f"it belongs to user {STRANGER}"


@pytest.mark.parametrize("which", [".", "sub", "sub/code.so", ".digests.json"])
def test_an_entry_that_another_user_planted_is_made_again(
    no_cache: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    """Its digests agree: whoever plants code plants those as well."""
    entry = _entry()
    _give_away(entry / which, monkeypatch)
    calls = []

    def make(folder: Path) -> None:
        calls.append(folder)
        _fill(folder)

    assert cache.cached_folder("builds", KEY, make) == entry
    assert len(calls) == 1
    assert rights.doubt(no_cache, entry / which) is None
    assert cache.cached_folder("builds", KEY, make) == entry
    assert len(calls) == 1


def test_rights_below_a_closed_folder_are_of_no_use_to_others(tmp_path: Path) -> None:
    inner = tmp_path / "root" / "inner"
    inner.mkdir(parents=True)
    inner.chmod(0o777)
    (tmp_path / "root").chmod(0o755)
    found = rights.doubt(tmp_path / "root", inner / "not-there")
    assert found is not None
    assert found.path == inner
    (tmp_path / "root").chmod(0o700)
    assert rights.doubt(tmp_path / "root", inner / "not-there") is None


def test_doctor_tells(no_cache: Path) -> None:
    no_cache.mkdir()
    no_cache.chmod(0o777)
    shown = CliRunner().invoke(doctor, [])
    assert shown.exit_code == 1
    line = next(line for line in shown.output.splitlines() if line.startswith("cache  "))
    assert "OFF" in line
    assert "its rights are 0777" in shown.output
    no_cache.chmod(0o700)
    assert CliRunner().invoke(doctor, []).exit_code == 0


AS_STRANGER = """
import os, sys
from pathlib import Path
from tinyml_compress.errors import TinymlError
from tinyml_compress.pipeline.fit.folder import working
from tinyml_compress.support import cache, files
from tinyml_compress.support.scratch import workplace
os.umask(0o022)
os.environ[cache.VARIABLE] = "cache"
entry = cache.cached_folder("builds", "k" * 64, lambda folder: (folder / "code").write_text("roots") and None)
os.makedirs("roots"), os.makedirs("third/builds"), os.makedirs("own"), os.mkdir("closed", 0o700)
os.chown("third", 777, 777), os.chown("own", STRANGER, STRANGER)
os.setgroups([]), os.setgid(STRANGER), os.setuid(STRANGER)
def tell(what):
    try:
        with what() as done:
            print(done)
    except TinymlError as error:
        print(type(error).__name__, str(error).splitlines()[:2])
class at_once:
    def __init__(self, work): self.work = work
    def __enter__(self): return self.work()
    def __exit__(self, *words): pass
tell(lambda: at_once(lambda: files.write_text(Path("roots/x"), "x")))
tell(lambda: files.output_folder(Path("roots")))
tell(lambda: files.output_folder(Path("roots/new")))
tell(lambda: workplace(Path("roots")))
tell(lambda: working(Path("roots")))
for work in files.output_folder, workplace, working:
    tell(lambda: work(Path("closed/new")))
for place in ("cache", "third"):
    os.environ[cache.VARIABLE] = place
    tell(lambda: at_once(lambda: cache.cached_folder("builds", "k" * 64, lambda folder: None)))
tell(lambda: at_once(lambda: files.write_text(Path("own/x"), "x")))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_in_roots_folders(tmp_path: Path) -> None:
    """Who may only look gets an error of ours; a cache of a third one is refused, root's too where it is
    closed.
    """
    # Which the other user may enter, as not those of the tests and of a command line that ran here.
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/tmp")) as place:
        Path(place).chmod(0o755)
        code = AS_STRANGER.replace("STRANGER", str(STRANGER))
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=place,
            env={**os.environ, "PYTHONPATH": REPO},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    denied = "'  found:   Permission denied'"
    assert done.stdout.splitlines() == [
        f"OutputError ['cannot write: roots/x', {denied}]",
        f"OutputError ['cannot write: roots', {denied}]",
        f"OutputError ['cannot write: roots/new', {denied}]",
        f"OutputError ['cannot write: roots/.work', {denied}]",
        f"OutputError ['cannot write: roots/.work/lock', {denied}]",
        f"OutputError ['cannot write: closed/new', {denied}]",
        f"OutputError ['cannot write: closed/new/.work', {denied}]",
        f"OutputError ['cannot write: closed/new/.work/lock', {denied}]",
        f"OutputError ['cannot write to the cache: cache/builds/kk', {denied}]",
        "UsageError ['the cache holds code, and somebody else can write to it: third', "
        "'  found:   it belongs to user 777']",
        "None",
    ]
