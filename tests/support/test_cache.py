"""The cache: made once, believed only when sound, whole after any end of a process, and its errors name the
way out.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tinyml_compress.errors import DataError, OutputError, ProcessError
from tinyml_compress.support import cache
from tinyml_compress.support.scratch import scratch

KEY = "k" * 64


def fill(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "a.bin").write_bytes(bytes(range(256)))
    (folder / "b.txt").write_text("whole")


def leftovers(place: Path) -> list[Path]:
    return list(place.rglob(".making*"))


def test_cache_makes_once(no_cache: Path) -> None:
    calls = []

    def make(folder: Path) -> None:
        calls.append(folder)
        (folder / "x").write_text("1")

    key = cache.key_of("a", b"b")
    assert key != cache.key_of("ab", b"")
    first = cache.cached_folder("room", key, make)
    assert cache.cached_folder("room", key, make) == first
    assert (first / "x").read_text() == "1"
    assert len(calls) == 1
    assert not list(no_cache.rglob(".making*"))


def test_cache_forgets_what_failed(no_cache: Path) -> None:
    def fail(folder: Path) -> None:
        raise ValueError

    with pytest.raises(ValueError):
        cache.cached_folder("room", "k" * 64, fail)
    assert not [path for path in no_cache.rglob("*") if path.name not in ("room", "kk", "CACHEDIR.TAG")]


def test_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TINYML_COMPRESS_CACHE", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="TINYML_COMPRESS_CACHE"):
        cache.cached_folder("room", "k" * 64, lambda folder: None)


def test_cache_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TINYML_COMPRESS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.cache_root() == tmp_path / "tinyml_compress"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.cache_root() == Path.home() / ".cache" / "tinyml_compress"


def _truncated(entry: Path) -> None:
    (entry / "sub" / "a.bin").write_bytes(b"")


def _without_a_file(entry: Path) -> None:
    (entry / "b.txt").unlink()


def _with_a_file_more(entry: Path) -> None:
    (entry / "c.txt").write_text("nobody made this")


def _without_digests(entry: Path) -> None:
    (entry / ".digests.json").unlink()


def _with_broken_digests(entry: Path) -> None:
    (entry / ".digests.json").write_text("{")


def _a_file_itself(entry: Path) -> None:
    for path in sorted(entry.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    entry.rmdir()
    entry.write_text("")


@pytest.mark.parametrize(
    "harm",
    [_truncated, _without_a_file, _with_a_file_more, _without_digests, _with_broken_digests, _a_file_itself],
)
def test_an_entry_that_is_not_sound_is_made_again(no_cache: Path, harm: Callable[[Path], None]) -> None:
    entry = cache.cached_folder("room", KEY, fill)
    harm(entry)
    calls = []

    def again(folder: Path) -> None:
        calls.append(folder)
        fill(folder)

    assert cache.cached_folder("room", KEY, again) == entry
    assert cache.cached_folder("room", KEY, again) == entry
    assert len(calls) == 1
    assert (entry / "sub" / "a.bin").read_bytes() == bytes(range(256))
    assert sorted(path.name for path in entry.iterdir()) == [".digests.json", "b.txt", "sub"]
    assert not leftovers(no_cache)


def test_what_failed_is_handed_out_but_not_kept(no_cache: Path, tmp_path: Path) -> None:
    calls = []

    def half(folder: Path) -> bool:
        calls.append(folder)
        (folder / "x").write_text(str(len(calls)))
        return False

    for number in (1, 2):
        found = cache.cached_folder("room", KEY, half, otherwise=tmp_path / "out" / "work")
        assert found == tmp_path / "out" / "work"
        assert (found / "x").read_text() == str(number)
    assert not list(no_cache.rglob("x"))
    assert not leftovers(no_cache)


def test_an_unsound_entry_may_go_while_a_new_one_comes(
    no_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name was taken when the folder asked for it, and is free when it looks."""
    tried: list[Path] = []
    rename = os.rename

    def late(source: Path, target: Path) -> None:
        tried.append(target)
        if len(tried) == 1:
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), target)
        rename(source, target)

    monkeypatch.setattr(os, "rename", late)
    entry = cache.cached_folder("room", KEY, fill)
    assert (entry / "sub" / "a.bin").read_bytes() == bytes(range(256))
    assert tried == [entry, entry]


def test_several_at_once_agree_on_one_entry(no_cache: Path) -> None:
    """All make it at the same time, over an entry that is not sound; everyone then reads a whole one."""
    entry = cache.cached_folder("room", KEY, fill)
    _truncated(entry)
    barrier = threading.Barrier(8)
    found: list[bytes] = []

    def slowly(folder: Path) -> None:
        barrier.wait()
        fill(folder)

    def ask() -> None:
        found.append((cache.cached_folder("room", KEY, slowly) / "sub" / "a.bin").read_bytes())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [bytes(range(256))] * 8
    assert not leftovers(no_cache)


OWNER = """
from tinyml_compress.support import owners
print(owners.prefix(""))
"""

MAKER = """
import sys, time
from pathlib import Path
from tinyml_compress.support import cache
def make(folder):
    (folder / "half").write_text("half")
    print("making", flush=True)
    time.sleep(60)
cache.cached_folder("room", "k" * 64, make)
"""


def test_what_killed_processes_left_goes(no_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child = subprocess.Popen([sys.executable, "-c", MAKER], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "making\n"
    with child.stdout:
        (half,) = leftovers(no_cache)
        cache._sweep.cache_clear()
        cache.cached_folder("room", "a" * 64, fill)
        assert half.is_dir(), "its owner is at work"
        child.send_signal(signal.SIGKILL)
        child.wait()
    ends = time.monotonic() + 20
    while half.exists() and time.monotonic() < ends:
        time.sleep(0.05)
    assert not half.exists(), "its watchdog takes it away"
    half.mkdir()  # as if the watchdog had been killed too
    (half / "half").write_text("half")
    host, boot, *rest = half.name.split("~")[1:]
    elsewhere = half.with_name("~".join((".making", f"not-{host}", boot, *rest)))
    elsewhere.mkdir()
    cache._sweep.cache_clear()
    cache.cached_folder("room", "b" * 64, fill)
    assert leftovers(no_cache) == [elsewhere], "what another machine makes is not ours to judge"
    old = time.time() - 8 * 24 * 3600
    os.utime(elsewhere, (old, old))
    cache._sweep.cache_clear()
    cache.cached_folder("room", "c" * 64, fill)
    assert not leftovers(no_cache)


def test_the_folder_says_what_it_is(no_cache: Path) -> None:
    cache.cached_folder("room", KEY, fill)
    assert no_cache.stat().st_mode & 0o777 == 0o700
    text = (no_cache / "CACHEDIR.TAG").read_text()
    assert text.startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    assert "holds code" in text


def _no_room(folder: Path) -> None:
    with open("/dev/full", "w") as full:
        full.write("x")


def _no_room_in_other_words(folder: Path) -> None:
    try:
        _no_room(folder)
    except OSError as error:
        raise DataError("the file cannot be stored") from error


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("make", [_no_room, _no_room_in_other_words])
def test_a_full_disk_names_the_folder_and_the_variable(no_cache: Path, make: Callable[[Path], None]) -> None:
    with pytest.raises(OutputError) as caught:
        cache.cached_folder("room", KEY, make)
    text = str(caught.value)
    assert "the disk is full" in text
    assert str(no_cache) in text
    assert "TINYML_COMPRESS_CACHE" in text
    assert not leftovers(no_cache)


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A real file system of 2 MB, as the cache."""
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(words, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("mounting needs root")
    monkeypatch.setenv("TINYML_COMPRESS_CACHE", str(place / "cache"))
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    """The program that fails says nothing of a disk; what it left half-written is gone afterwards."""

    def make(folder: Path) -> None:
        code = f"open({str(folder / 'big')!r}, 'wb').write(bytes(4 << 20))"
        if subprocess.run([sys.executable, "-c", code], capture_output=True).returncode:
            raise DataError("the program failed")

    with pytest.raises(OutputError, match="the disk is full") as caught:
        cache.cached_folder("room", KEY, make)
    assert "TINYML_COMPRESS_CACHE" in str(caught.value)
    assert not leftovers(small_disk)
    (cache.cached_folder("room", KEY, fill) / "b.txt").read_text()


@pytest.mark.parametrize("inside", [False, True])
def test_temporary_files_name_their_own_disk(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch, inside: bool
) -> None:
    """The cache has room; the folder for temporary files has none, and a crash is all that is seen of it."""
    monkeypatch.setenv("TINYML_COMPRESS_CACHE", str(small_disk.parent / "roomy"))
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    if inside:  # the command line gathers all of a run in one folder, which is no place to make room in
        (small_disk / "of-this-run").mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(small_disk / "of-this-run"))
        monkeypatch.setattr("tinyml_compress.support.scratch._Process.gathered", small_disk)

    def make(folder: Path) -> None:
        with scratch() as place:
            with contextlib.suppress(OSError):
                (place / "big").write_bytes(bytes(4 << 20))
            raise ProcessError("the converter crashed")

    with pytest.raises(OutputError, match="the disk is full") as caught:
        cache.cached_folder("room", KEY, make)
    assert "TMPDIR" in str(caught.value)
    assert str(caught.value).startswith(f"the disk is full: {small_disk}\n")
    assert [path.name for path in small_disk.iterdir()] == ["of-this-run"] * inside


def test_temporary_folders_of_the_dead_are_swept(tmp_path: Path) -> None:
    child = subprocess.run([sys.executable, "-c", OWNER], capture_output=True, text=True, check=True)
    left = tmp_path / f"mine{child.stdout.strip()}xyz"
    left.mkdir()
    (tmp_path / "mine-and-no-folder-of-ours").mkdir()
    (tmp_path / "mine~a~b~c~d~e").mkdir()
    with scratch("mine", tmp_path):
        assert sorted(path.name.partition("~")[0] for path in tmp_path.iterdir()) == [
            "mine",
            "mine",
            "mine-and-no-folder-of-ours",
        ]
        assert not left.exists()


def test_a_cache_that_can_only_be_read(small_disk: Path) -> None:
    entry = cache.cached_folder("room", KEY, fill)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert cache.cached_folder("room", KEY, fill) == entry
    with pytest.raises(OutputError, match="cannot write to the cache") as caught:
        cache.cached_folder("room", "a" * 64, fill)
    assert "TINYML_COMPRESS_CACHE" in str(caught.value)
