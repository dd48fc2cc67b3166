"""What all tests share: a cache of their own, and things that are made once however many processes run."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]

# Kept between runs, apart from the user's own cache: everything in it is addressed by its content.
os.environ["TINYML_COMPRESS_CACHE"] = str(REPO / "build" / "test-cache")
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
# Workers share two cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# A shell has what it starts in the background ignore Ctrl-C; programs that the tests interrupt must not
# inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def repo() -> Path:
    """The checkout."""
    return REPO


@pytest.fixture(scope="session")
def published() -> Path:
    """The folder of published models beside the checkout; tests that use them have siblings that do not."""
    folder = REPO.parent / "shared" / "models"
    if not folder.is_dir():
        pytest.skip("no published models beside this checkout (../shared/models)")
    return folder


@pytest.fixture(scope="session")
def once(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Callable[[str, Callable[[Path], None]], Path]:
    """`once(name, make)`: a folder that `make(folder)` filled once in this run, shared by all worker
    processes.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent

    def get(name: str, make: Callable[[Path], None]) -> Path:
        place = shared / f"once-{name}"
        with (shared / f"once-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (place / ".done").exists():
                place.mkdir(exist_ok=True)
                make(place)
                (place / ".done").touch()
        return place

    return get


@pytest.fixture
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for one test."""
    monkeypatch.setenv("TINYML_COMPRESS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
