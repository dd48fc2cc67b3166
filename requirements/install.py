"""Makes .venv and installs one of two sets into it, at the versions of tested.txt; the goals of the Makefile
call it.

    python3 requirements/install.py product        what the verbs need
    python3 requirements/install.py development    besides, what the tests, the checks and the documentation
    need

It needs nothing but Python's own library, says beforehand how much will come and afterwards shows that it
moves, and ends whole or with one sentence: a first installation that fails leaves no .venv, a later one is
repaired by the next call.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
UNFINISHED = VENV / ".unfinished"
LOG = ROOT / "build" / "install.log"
PINS = "requirements/tested.txt"
BUILD = ("setuptools", "wheel")
"""Installed first and pinned, because pip would fetch others, unpinned, to build the tool with."""

OLDEST, NEWEST = (3, 10), (3, 13)
MB = 1_000_000
INTERRUPTED = 130
TERMINAL_EVERY, LINE_EVERY = 1.0, 10.0
"""Seconds between two looks at how far it is."""


class Set(NamedTuple):
    """What one set brings; tests/install compares the figures with what is installed."""

    requirement: str
    what: str
    packages: int
    download: int
    """MB, where pip's cache has none of it."""
    disk: int
    """MB, unpacked."""


SETS = {
    "product": Set(".", "what the verbs need", 58, 870, 3000),
    "development": Set(".[dev]", "the tools of the tests and the documentation", 88, 220, 700),
}


class Stop(Exception):
    """One sentence for the user, and the way on."""


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description="Install one set into .venv; `make demo` and `make test` call this."
    )
    parser.add_argument("set", choices=sorted(SETS))
    parser.add_argument("--clear", action="store_true", help="make .venv anew, with this interpreter")
    given = parser.parse_args(words)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(ROOT)
    try:
        check_interpreter()
        LOG.parent.mkdir(exist_ok=True)
        with LOG.with_suffix(".lock").open("w") as lock:
            wait_for_others(lock.fileno())
            install(given.set, clear=given.clear)
    except Stop as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"error: {error.strerror or error}: {error.filename}; check rights and free space",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print(end="\n" if sys.stdout.isatty() else "", flush=True)
        print("interrupted: the same command begins again, with what pip has in its cache", file=sys.stderr)
        return INTERRUPTED
    return 0


def check_interpreter() -> None:
    version = tuple(sys.version_info[:2])
    if not OLDEST <= version <= NEWEST:
        raise Stop(
            f"this is Python {sys.version_info[0]}.{sys.version_info[1]}, and "
            "tinyml_compress needs 3.10 to 3.13; "
            "name one of these, as in: make demo PYTHON=python3.12"
        )
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise Stop(
            "this Python cannot make environments, because its module ensurepip is missing; "
            f"on Debian and Ubuntu: apt install python{version[0]}.{version[1]}-venv"
        )


def wait_for_others(lock: int) -> None:
    """Two calls must not write into one .venv."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        print("another installation into .venv is running; waiting for it", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)


def install(name: str, clear: bool) -> None:
    chosen, began = SETS[name], time.monotonic()
    stamp = VENV / f".{name}"
    whole = (
        not clear
        and works(VENV / "bin" / "python")
        and ((VENV / ".product").exists() or not UNFINISHED.exists())
    )
    if not whole:
        check_disk(chosen)
        shutil.rmtree(VENV, ignore_errors=True)
    elif UNFINISHED.exists():
        drop_halves()
    print(announced(chosen, new=not whole or (name == "development" and not stamp.exists())), flush=True)
    VENV.mkdir(exist_ok=True)
    UNFINISHED.touch()
    try:
        if not whole:
            make_environment()
        pip(*BUILD, expected=None)
        pip("--no-build-isolation", "-e", chosen.requirement, expected=chosen)
        UNFINISHED.unlink()
        stamp.touch()
    except BaseException:
        if whole:
            drop_halves()
        else:
            shutil.rmtree(VENV, ignore_errors=True)
        raise
    print(
        f"installed in {time.monotonic() - began:.0f} s; what pip said is in {LOG.relative_to(ROOT)}",
        flush=True,
    )


def announced(chosen: Set, new: bool) -> str:
    if not new:
        return f"bringing {chosen.what} in .venv to the versions of {PINS}"
    return (
        f"installing {chosen.what} into .venv: about {chosen.packages} packages, "
        f"{size(chosen.download)} to download unless pip's cache has them, {size(chosen.disk)} on the disk"
    )


def works(python: Path) -> bool:
    """Whether an environment is there and still starts: the Python that it was made from may be gone."""
    try:
        return subprocess.run([python, "-c", "import pip"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def check_disk(chosen: Set) -> None:
    """What is unpacked, what it is unpacked from, and pip's cache, which most often lies on the same disk."""
    free, needed = shutil.disk_usage(ROOT).free / MB, chosen.disk + 2 * chosen.download
    if free < needed:
        raise Stop(
            f"the disk of {ROOT} has {size(free)} free, and the installation needs {size(needed)}; make room"
        )


def make_environment() -> None:
    # Not sys.executable: called from the activated .venv, that has just gone.
    python = getattr(sys, "_base_executable", sys.executable)
    done = subprocess.run([python, "-m", "venv", VENV], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Stop(f"python -m venv failed: {last_line(done.stdout + done.stderr)}")


def drop_halves() -> None:
    """What a pip that was killed leaves: packages it took for whole because their description is there
    already.
    """
    for site in VENV.glob("lib/python*/site-packages"):
        for description in site.glob("*.dist-info"):
            if not (description / "RECORD").exists():
                shutil.rmtree(description, ignore_errors=True)
        for old in site.glob("~*"):
            shutil.rmtree(old, ignore_errors=True)


def pip(*words: str, expected: Set | None) -> None:
    """Run pip, with its words in the log, and show how far it is."""
    room = VENV / "tmp"  # beside the result: /tmp may be small, and it shows how much has come
    room.mkdir(exist_ok=True)
    command = [VENV / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    fixed = ["--no-user", "--progress-bar", "off", "-c", PINS]
    # Without a second try pip keeps to itself why an index gave no answer.
    retries = [] if os.environ.get("PIP_RETRIES", "0") != "0" else ["--retries", "2"]
    with LOG.open("w") as log:
        running = subprocess.Popen(
            [*command, *fixed, *retries, *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(room)},
            start_new_session=True,  # Ctrl-C reaches it once, from here
        )
        try:
            watch(running, room, expected)
        except BaseException:
            end(running)
            raise
        finally:
            shutil.rmtree(room, ignore_errors=True)
    if running.returncode != 0:
        raise Stop(why(LOG.read_text(errors="replace")))


def watch(running: subprocess.Popen[bytes], room: Path, expected: Set | None) -> None:
    """Wait for pip; a terminal sees one line that changes, everything else a line now and then."""
    terminal = sys.stdout.isatty()
    unpacked_before = weight(VENV / "lib")
    shown = ""
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(TERMINAL_EVERY if terminal else LINE_EVERY)
            break
        if expected is None:
            continue
        text = progress(expected, weight(room) / MB, (weight(VENV / "lib") - unpacked_before) / MB)
        if text != shown:
            print(f"\r\033[K  {text}" if terminal else f"  {text}", end="" if terminal else "\n", flush=True)
        shown = text
    if terminal and shown:
        print("\r\033[K", end="", flush=True)


def progress(expected: Set, come: float, unpacked: float) -> str:
    if unpacked < 1:
        # No more than expected: pip keeps two copies of some for a while.
        return f"{size(min(come, expected.download))} of {size(expected.download)} have come"
    return f"{size(min(unpacked, expected.disk))} of {size(expected.disk)} are unpacked"


def weight(folder: Path) -> int:
    """Bytes below a folder in which another process works."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total


def end(running: subprocess.Popen[bytes]) -> None:
    """Ask pip to stop, which cleans up; then make it."""
    for number in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(10)
            return


_UNREACHABLE = re.compile(
    r"NewConnectionError|NameResolutionError|ProxyError|ConnectTimeout|ReadTimeout|SSLError|MaxRetryError|"
    r"Connection (?:to|refused|reset|aborted)|Temporary failure|Network is unreachable|HTTP error \d+|"
    r"\d{3} (?:Client|Server) Error"
)


def why(said: str) -> str:
    """pip's many lines in one sentence."""
    where = f"what pip said is in {LOG.relative_to(ROOT)}"
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return f"the disk is full; make room and repeat; {where}"
    missing = re.search(
        r"No matching distribution found for (.+)|The user requested \(constraint\) (.+)", said
    )
    unreachable = _UNREACHABLE.search(said)
    if unreachable:
        return (
            f"the package index cannot be reached ({unreachable[0]}); check the "
            "network, the proxy (HTTPS_PROXY) and "
            f"the index (PIP_INDEX_URL, pip.conf), then repeat; {where}"
        )
    if missing:
        return (
            f"the package index has no {(missing[1] or missing[2]).strip()}; check "
            f"PIP_INDEX_URL and pip.conf; {where}"
        )
    errors = [line for line in said.splitlines() if line.startswith("ERROR: ")]
    return f"pip failed: {errors[0][7:] if errors else last_line(said)}; {where}"


def last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def size(mb: float) -> str:
    return f"{mb / 1000:.2f} GB" if mb >= 1000 else f"{mb:.0f} MB"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
