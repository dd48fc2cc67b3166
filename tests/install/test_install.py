"""`make install` and `make install-dev`: whole or one sentence, from the index that the user named, and once
only.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.install.small_index import Index, environment, serve, small_checkout

REPO = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with serve(tmp_path / "index") as served:
        yield served


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return small_checkout(tmp_path, REPO)


@pytest.fixture
def installer(checkout: Path) -> Iterator[ModuleType]:
    """The installer of the small checkout, as a module; the signals that it takes are given back."""
    spec = importlib.util.spec_from_file_location("installer", checkout / "requirements" / "install.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield module
    for number, handler in kept.items():
        signal.signal(number, handler)


def make(checkout: Path, goal: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = ["make", goal, *(words or (f"PYTHON={sys.executable}",))]
    return subprocess.run(
        command,
        cwd=checkout,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def versions(checkout: Path) -> dict[str, str]:
    """What is installed, as Python finds it there."""
    program = "from importlib import metadata as m; [print(d.name, d.version) for d in m.distributions()]"
    said = subprocess.run(
        [checkout / ".venv" / "bin" / "python", "-c", program], capture_output=True, text=True, check=True
    ).stdout
    return dict(line.split() for line in said.splitlines())


def test_interrupted_then_again_then_without_a_network_then_the_second_set(
    checkout: Path, index: Index
) -> None:
    """Through a proxy, to an index that only the proxy knows."""
    there = {
        "PIP_INDEX_URL": "http://packages.example/simple",
        "PIP_TRUSTED_HOST": "packages.example",
        "HTTP_PROXY": index.address,
    }
    index.go_on.clear()
    interrupt(checkout, there, index)
    assert not (checkout / ".venv").exists()

    index.go_on.set()
    done = make(checkout, "install", **there)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "58 packages, 870 MB to download" in done.stdout
    found = versions(checkout)
    assert found["needed"] == "1.0", "2.0 is newer, but not what was tested"
    assert "tool" not in found

    asked = len(index.asked)
    assert make(checkout, "install", PIP_INDEX_URL="http://127.0.0.1:9/simple").returncode == 0
    assert len(index.asked) == asked

    site = kill_in_the_middle_of_a_package(checkout)
    done = make(checkout, "install-dev", **there)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (site / "tool" / "__init__.py").exists()
    assert not (checkout / ".venv" / ".unfinished").exists()


def interrupt(checkout: Path, variables: dict[str, str], index: Index) -> None:
    """Ctrl-C while pip waits for a package."""
    command = [sys.executable, "requirements/install.py", "product"]
    with subprocess.Popen(
        command,
        cwd=checkout,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert index.waiting.wait(120), "pip has begun to download"
        began = time.monotonic()
        running.send_signal(signal.SIGINT)
        _, stderr = running.communicate(timeout=30)
        assert time.monotonic() - began < 15
    assert running.returncode == 130
    assert stderr.startswith("interrupted: ")
    assert len(stderr.splitlines()) == 1


def kill_in_the_middle_of_a_package(checkout: Path) -> Path:
    """What a killed `make install-dev` leaves: a package with a description and without its files."""
    (site,) = checkout.glob(".venv/lib/python*/site-packages")
    (site / "tool-1.0.dist-info").mkdir()
    (site / "tool-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n")
    (checkout / ".venv" / ".unfinished").touch()
    return site


def test_without_a_network_one_sentence_and_no_environment(checkout: Path) -> None:
    done = make(checkout, "install", PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_RETRIES="1")
    assert done.returncode != 0
    assert done.stderr.startswith("error: the package index cannot be reached (")
    assert "PIP_INDEX_URL" in done.stderr.splitlines()[0]
    assert "Traceback" not in done.stderr
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize("version", ["3.9", "3.14"])
def test_another_python_is_refused_and_touches_nothing(checkout: Path, version: str) -> None:
    other = checkout / "otherpython"
    # No such interpreter is here for certain: this one says it were.
    other.write_text(
        f"#!/bin/sh\nexec '{sys.executable}' - \"$@\" <<'END'\nimport runpy, sys\n"
        f"sys.version_info = ({version.replace('.', ', ')}, 0, 'final', 0)\nsys.argv = sys.argv[1:]\n"
        "print('/another') if sys.argv[0] == '-c' else "
        "runpy.run_path(sys.argv[0], run_name='__main__')\nEND\n"
    )
    other.chmod(0o755)
    kept = checkout / ".venv" / "kept"
    kept.parent.mkdir()
    kept.touch()
    done = make(checkout, "install", "PYTHON=./otherpython")
    assert done.returncode != 0
    first = done.stderr.splitlines()[0]
    assert first.startswith(f"error: this is Python {version}, and tinyml_compress needs 3.10 to 3.13; ")
    assert "make demo PYTHON=python3.12" in first
    assert kept.exists()


def test_a_disk_that_is_too_small_is_said_before_anything_comes(
    installer: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(9_000_000_000, 7_000_000_000, 2_000_000_000))
    monkeypatch.chdir(checkout)
    assert installer.main(["product"]) == 1
    said = capsys.readouterr()
    assert (
        said.err
        == f"error: the disk of {checkout} has 2.00 GB free, and the installation needs 4.74 GB; make room\n"
    )
    assert not (checkout / ".venv").exists()


def test_a_folder_that_cannot_be_made_is_one_sentence(
    installer: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(checkout)
    (checkout / ".venv").write_text("mine")
    assert installer.main(["product"]) == 1
    assert (
        capsys.readouterr().err == f"error: File exists: {checkout / '.venv'}; check rights and free space\n"
    )
    assert (checkout / ".venv").read_text() == "mine"


def test_a_python_without_ensurepip_says_which_package_brings_it(
    installer: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As Debian's python3 is without python3-venv."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else object())
    assert installer.main(["product"]) == 1
    assert f"apt install python3.{sys.version_info[1]}-venv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            "WARNING: Retrying (Retry(total=0)) after connection broken by "
            "'NewConnectionError('<pip>: Failed to "
            "establish a new connection: [Errno -3] Temporary failure in name resolution')': /simple/click/\n"
            "ERROR: Could not find a version that satisfies the requirement click (from versions: none)\n"
            "ERROR: No matching distribution found for click\n",
            "the package index cannot be reached (NewConnectionError); check the network",
        ),
        (
            "ERROR: Could not find a version that satisfies the requirement "
            "click<9,>=8.1 (from versions: none)\n"
            "ERROR: No matching distribution found for click<9,>=8.1\n",
            "the package index has no click<9,>=8.1; check PIP_INDEX_URL",
        ),
        (
            "ERROR: Cannot install setuptools because these package versions have conflicting dependencies.\n"
            "    The user requested setuptools\n    The user requested (constraint) setuptools==99.1\n",
            "the package index has no setuptools==99.1; check PIP_INDEX_URL",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n",
            "the disk is full; make room and repeat",
        ),
        (
            "ERROR: HTTP error 403 while getting https://x/y.whl\n",
            "the package index cannot be reached (HTTP error 403)",
        ),
        ("Collecting x\nERROR: x is wrong\nERROR: more\n", "pip failed: x is wrong; "),
        ("", "pip failed: it said nothing; "),
    ],
)
def test_what_pip_says_becomes_one_sentence(installer: ModuleType, said: str, sentence: str) -> None:
    found = installer.why(said)
    assert found.startswith(sentence)
    assert found.endswith(f"what pip said is in {Path('build', 'install.log')}")
    assert "\n" not in found


def test_it_shows_that_it_moves(
    installer: ModuleType, capsys: pytest.CaptureFixture[str], checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installer, "LINE_EVERY", 0.2)
    room = checkout / ".venv" / "tmp"
    room.mkdir(parents=True)
    (room / "big.whl").write_bytes(bytes(2_000_000))
    with subprocess.Popen(["sleep", "1"], start_new_session=True) as running:
        installer.watch(running, room, installer.SETS["product"])
    assert capsys.readouterr().out == "  2 MB of 870 MB have come\n"
    assert installer.progress(installer.SETS["product"], 870, 1500) == "1.50 GB of 3.00 GB are unpacked"


def test_two_installations_take_turns(
    installer: ModuleType, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = checkout / "lock"
    lock.touch()
    program = (
        "import fcntl, sys, time; f = open(sys.argv[1], 'w'); fcntl.flock(f, "
        "fcntl.LOCK_EX); print('held', flush=True);"
        " time.sleep(0.5)"
    )
    with subprocess.Popen([sys.executable, "-c", program, lock], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with lock.open("w") as mine:
            installer.wait_for_others(mine.fileno())
        assert other.wait(5) == 0
    assert "waiting for it" in capsys.readouterr().out
    assert os.path.exists(lock)
