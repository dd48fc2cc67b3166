"""Verbs that are interrupted or killed at any moment: they end soon, leave nothing of theirs, and
run again.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.lib.kills import REPO, Place

LISTENING = """
import hashlib, sys, threading, time
from tinyml_compress.cli._interruption import INTERRUPTED, SAID, listen
from tinyml_compress.support.leisure import at_leisure
class Deaf:
    def __del__(self):
        print("ready", flush=True)
        time.sleep(5)
def blocked():
    # said from beside it, when the main thread is in the call for certain
    threading.Timer(0.3, print, ("ready",), {"flush": True}).start()
    hashlib.pbkdf2_hmac("sha256", b"x", b"y", 10**9)
def called_back():
    Deaf()
    time.sleep(20)
def waiting():
    try:
        print("ready", flush=True)
        time.sleep(20)
    finally:
        time.sleep(20)  # as for a compiler in another thread
def in_its_own_time():
    with at_leisure():
        try:
            print("ready", flush=True)
            time.sleep(20)
        except KeyboardInterrupt:
            time.sleep(3)
            print("tidy", flush=True)
            sys.exit(INTERRUPTED)
listen()
try:
    globals()[sys.argv[1]]()
except KeyboardInterrupt:
    print(SAID, file=sys.stderr)
    sys.exit(INTERRUPTED)
"""


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("case", "least", "most"),
    [("blocked", 1, 2), ("called_back", 0, 2), ("waiting", 1, 2), ("in_its_own_time", 3, 20)],
)
def test_an_interruption_is_heard_wherever_the_main_thread_is(
    case: str, least: float, most: float, sign: signal.Signals
) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", LISTENING, case],
        cwd=REPO,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    began = time.monotonic()
    run.send_signal(sign)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert least <= time.monotonic() - began < most
    if case == "in_its_own_time":
        assert out == "tidy\n"
    else:
        assert "nothing half-written was left behind" in err
    assert "Traceback" not in err


RECIPE = """
[[stage]]
use = "prune"
sparsity = 0.5
epochs = 400
[[stage]]
use = "convert"
"""
SHORT = RECIPE.replace("400", "2")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return _filled(Place(tmp_path))


def _filled(place: Place) -> Place:
    inputs = np.random.default_rng(0).normal(size=(200, 8, 8, 1)).astype(np.float32)
    np.savez(place.folder / "x.npz", inputs=inputs, labels=np.arange(200) % 3)
    (place.folder / "r.toml").write_text(RECIPE)
    (place.folder / "short.toml").write_text(SHORT)
    (place.folder / "mine.py").write_text(
        "def net():\n"
        "    import tf_keras as k\n"
        "    k.utils.set_random_seed(1)\n"
        "    layers = [k.layers.Input((8, 8, 1)), k.layers.Conv2D(4, 3), "
        "k.layers.Flatten(), k.layers.Dense(3)]\n"
        "    return k.Sequential([*layers, k.layers.Softmax()], name='mine')\n"
    )
    return place


def test_compress_hears_ctrl_c_within_two_seconds_and_leaves_nothing(place: Place) -> None:
    run = place.start("compress mine:net --recipe r.toml --data x.npz -o out --no-cache")
    while not list(place.folder.glob("out/.work.*/*")):
        assert run.poll() is None, run.communicate()[0]
        time.sleep(0.05)
    time.sleep(1)
    done = place.end(run, signal.SIGINT)
    assert (done.code, done.said.strip()) == (130, "interrupted; nothing half-written was left behind")
    assert done.seconds < 2
    assert place.left() == []
    assert not (place.folder / "out").exists()


def test_a_killed_conversion_takes_its_converter_and_its_files_with_it(place: Place) -> None:
    run = place.start("convert mine:net --calibration x.npz -o out")
    while not any("_worker_start" in words for words in place.processes()):
        assert run.poll() is None, run.communicate()[0]
        time.sleep(0.05)
    assert list(place.temporary.glob("*/*/saved_model")), "the user's model lies there for the converter"
    assert place.end(run, signal.SIGKILL).code == -signal.SIGKILL
    assert place.left() == []


LONG = {
    "convert": ("convert mine:net --calibration x.npz -o out --engine aot", 12),
    "compress": ("compress mine:net --recipe short.toml --data x.npz -o out", 15),
    "compress without the cache": (
        "compress mine:net --recipe short.toml --data x.npz -o out --no-cache",
        15,
    ),
    "fit": (
        "fit mine:net --data x.npz --target nucleo-l4r5zi --max-drop 90 "
        "--time-budget 0.2 --epochs 2 --workers 2 "
        "--only keep --only level -o out",
        60,
    ),
    "benchmark": ("benchmark mine:net --data x.npz --target all --json out/b.json --html out/b.html", 20),
    "evaluate": ("evaluate mine:net --data x.npz", 12),
    "verify": ("verify made/net.tflite --vectors 3000", 6),
    "export": ("export made/net.tflite --format cmake -o out", 4),
    "demo": ("demo -o out --epochs 2", 40),
}
"""With the seconds in which the kills fall."""


@pytest.mark.full
@pytest.mark.parametrize("verb", LONG)
def test_ten_kills_at_random_moments(verb: str, tmp_path: Path) -> None:
    words, seconds = LONG[verb]
    place = _filled(Place(tmp_path))
    if "made/" in words:
        _done(place.start("convert mine:net --calibration x.npz -o made"))
    moments = random.Random(verb)
    slow = []
    for number in range(10):
        sign = (signal.SIGINT, signal.SIGKILL, signal.SIGTERM)[number % 3]
        run = place.start(words)
        with_time = moments.uniform(0.3, seconds)
        try:
            run.wait(with_time)
            run.communicate()
        except subprocess.TimeoutExpired:
            done = place.end(run, sign)
            assert "Traceback" not in done.said, done.said
            assert "a defect" not in done.said, done.said
            if sign is not signal.SIGKILL and done.seconds > 2:
                slow.append((verb, with_time, done))
        found = place.left()
        assert found == [], (verb, number, sign, with_time)
    _done(place.start(words))
    assert place.left() == []
    assert verb in ("fit",) or not slow, slow  # fit writes the best so far before it ends


def _done(run: subprocess.Popen[str]) -> None:
    said, _ = run.communicate(timeout=900)
    assert run.returncode == 0, said


@pytest.mark.full
def test_two_at_once_in_one_cache(tmp_path: Path) -> None:
    """Equal work at the same time, one of the two killed in it: the other's bytes are those of a
    quiet run.
    """
    words = "compress mine:net --recipe short.toml --data x.npz -o out"
    quiet = _filled(Place(tmp_path / "quiet"))
    _done(quiet.start(words))
    shared = tmp_path / "cache"
    places = [_filled(Place(tmp_path / name, shared)) for name in ("one", "two", "three")]
    runs = [place.start(words) for place in places]
    time.sleep(8)
    places[2].end(runs[2], signal.SIGKILL)
    for run in runs[:2]:
        _done(run)
    for place in places:
        assert place.left() == []
    for file in sorted((quiet.folder / "out").rglob("*")):
        if file.suffix in (".keras", ".tflite", ".cc", ".h"):
            for place in places[:2]:
                assert (place.folder / file.relative_to(quiet.folder)).read_bytes() == file.read_bytes(), file
