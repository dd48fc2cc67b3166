"""`fit` from a model to the winner's files: the whole way on digits, killed, interrupted, and the
estimate.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.lib.schema import validate
from tinyml_compress.cli.fit import command
from tinyml_compress.pipeline.compress.verb import compress
from tinyml_compress.rendering.gate import Tolerances, judge
from tinyml_compress.results.fit import Outcome
from tinyml_compress.results.gate import Metric, Verdict
from tinyml_compress.search.study import Study

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own
WORDS = [
    "zoo:digits_cnn",
    "--train",
    "3",
    "--data",
    "data:digits",
    "--target",
    "nucleo-l4r5zi",
    "--epochs",
    "2",
]
ONLY = ["--only", "keep", "--only", "qat", "--only", "level"]


def _fit(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tinyml_compress", "fit", *WORDS, *ONLY, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _trained(folder: Path, name: str) -> int:
    study = Study(f"sqlite:///{folder / 'study.db'}", name, create=False)
    return sum(trial.outcome is Outcome.TRAINED for trial in study.trials())


def _study_name(folder: Path) -> str:
    return str(json.loads((folder / ".work" / "job.json").read_text())["study"])


def test_an_estimate_names_the_layers_to_blame() -> None:
    words = ["zoo:digits_cnn", "--estimate", "--target", "nucleo-l4r5zi", "--max-flash", "40K", "--json"]
    done = CliRunner().invoke(command, words, standalone_mode=False)
    assert done.exception is None, done.output
    found = json.loads(done.output)
    validate(found)
    assert found["verdict"].startswith("may fit: half of the channels")
    whole = found["forms"][0]
    assert not whole["fits"]
    assert whole["over"]["flash"] > 0
    flash = {row["layer"]: row["flash"] for row in found["layers"]}
    assert found["blame"]["flash"][0] == max(flash, key=lambda name: flash[name])
    assert sum(flash.values()) < whole["cost"]["flash"]
    assert sum(row["cycles"] for row in found["layers"]) <= whole["cost"]["cycles"]
    assert max(row["ram"] for row in found["layers"]) <= whole["cost"]["ram"]


@pytest.mark.full
def test_a_search_ends_with_a_model_that_its_recipe_makes_again(tmp_path: Path) -> None:
    folder = tmp_path / "fit"
    run = _fit("--max-flash", "70%", "--max-drop", "20", "--time-budget", "1.5", "-o", str(folder))
    output, _ = run.communicate(timeout=1500)
    assert run.returncode == 0, output
    found = json.loads((folder / "fit.json").read_text())
    validate(found)
    checks = judge(found, found, Tolerances()).checks
    assert {check.metric for check in checks} == {
        Metric.ACCURACY,
        Metric.FLASH,
        Metric.RAM,
        Metric.INSTRUCTIONS,
    }
    assert {check.verdict for check in checks} == {Verdict.PASSED}
    assert found["verdict"] == "fits"
    best = next(trial for trial in found["trials"] if trial["number"] == found["winner"])
    assert best["cost"]["flash"] <= found["budget"]["flash"] < found["reference"]["cost"]["flash"]
    assert best["drop"] <= 0.2
    assert "10 of 10 outputs bit-exact" in found["published"]["agreement"]
    assert "FITS" in output
    keys = Counter(json.dumps([trial["params"], trial["final"]], sort_keys=True) for trial in found["trials"])
    assert max(keys.values()) == 1
    for name in ("fit.html", "front.svg", "winner/recipe.toml", "winner/report.json"):
        assert (folder / name).stat().st_size > 0
    assert list((folder / "winner" / "aot").glob("*.c"))
    made = next((folder / "winner").glob("*convert/*.tflite"))
    assert found["published"]["untouched"]["samples"] == 198
    again = compress(
        "zoo:digits_cnn",
        folder / "winner" / "recipe.toml",
        "data:digits",
        output=tmp_path / "again",
        use_cache=False,
    )
    assert again.tflite is not None
    assert again.tflite.read_bytes() == made.read_bytes()


@pytest.mark.full
def test_a_killed_search_goes_on_and_an_interrupted_one_tells_its_best(tmp_path: Path) -> None:
    folder = tmp_path / "fit"
    words = ("--max-flash", "90%", "--max-drop", "60", "--time-budget", "20", "-o", str(folder))
    first = _fit(*words)
    deadline = time.time() + 900
    while not ((folder / ".work" / "job.json").is_file() and (folder / "study.db").is_file()):
        assert time.time() < deadline
        assert first.poll() is None, first.communicate()[0]
        time.sleep(0.5)
    name = _study_name(folder)
    while _trained(folder, name) < 2:
        assert time.time() < deadline
        assert first.poll() is None, first.communicate()[0]
        time.sleep(0.5)
    os.kill(first.pid, signal.SIGKILL)  # the parent alone: its workers have to notice
    first.wait(timeout=20)
    study = Study(f"sqlite:///{folder / 'study.db'}", name, create=False)
    before = {trial.key: trial.number for trial in study.trials() if trial.outcome is Outcome.TRAINED}
    time.sleep(3)
    second = _fit(*words)
    while _trained(folder, name) < len(before) + 1:
        assert time.time() < deadline + 900
        assert second.poll() is None, second.communicate()[0]
        time.sleep(0.5)
    os.killpg(second.pid, signal.SIGINT)
    output, _ = second.communicate(timeout=300)
    assert second.returncode == 130, output
    assert "interrupted, best so far" in output
    found = json.loads((folder / "fit.json").read_text())
    validate(found)
    assert found["interrupted"] is True
    numbers = Counter(trial.key for trial in study.trials() if trial.outcome is Outcome.TRAINED)
    assert max(numbers.values()) == 1, "a trial was repeated"
    assert set(before) <= set(numbers)
    running = [trial for trial in study.trials() if trial.outcome is Outcome.RUNNING]
    assert study.mend() == len(running), "what the killed and the interrupted run held can be taken up again"


@pytest.mark.full
def test_a_search_on_a_server_leaves_its_password_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form that docs/fit.md documents; the output folder is named as users do, and no file says where it
    lay.
    """
    server_of = pytest.importorskip("pgserver", reason="pgserver brings PostgreSQL")
    monkeypatch.chdir(tmp_path)
    with tempfile.TemporaryDirectory() as place:  # which the server's own user may enter
        Path(place).chmod(0o755)
        server = server_of.get_server(Path(place) / "data")
        try:
            url = server.get_uri().replace("postgres:@", "postgres:sesame@")
            words = ("--max-drop", "60", "--time-budget", "0.2", "--workers", "1", "--json", "-vv")
            run = _fit(*words, "--storage", url, "-o", "fit")
            output, _ = run.communicate(timeout=1500)
        finally:
            server.cleanup()
    assert run.returncode == 0, output
    assert "postgres:***@" in output
    assert "sesame" not in output
    made = [file for file in (tmp_path / "fit").rglob("*") if file.is_file()]
    assert {"fit.json", "fit.html"} <= {file.name for file in made}
    for file in made:
        assert b"sesame" not in file.read_bytes(), file
        assert os.fsencode(tmp_path / "fit") not in file.read_bytes(), file


@pytest.mark.full
def test_two_runs_share_one_study(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    words = (
        "--max-flash",
        "70%",
        "--max-drop",
        "20",
        "--time-budget",
        "2",
        "--workers",
        "1",
        "--storage",
        url,
    )
    runs = [_fit(*words, "-o", str(tmp_path / name)) for name in ("one", "two")]
    outputs = [run.communicate(timeout=1500)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outputs
    found = [json.loads((tmp_path / name / "fit.json").read_text()) for name in ("one", "two")]
    assert found[0]["study"] == found[1]["study"]
    trials = Study(url, found[0]["study"], create=False).trials()
    real = [trial for trial in trials if trial.outcome not in (Outcome.TWIN, Outcome.LOST)]
    assert max(Counter(trial.key for trial in real).values()) == 1, "a trial was repeated"
    assert not [trial for trial in real if trial.outcome in (Outcome.RUNNING, Outcome.WAITING)]
    seeking = {trial.worker for trial in real if not trial.final}
    assert len(seeking) >= 2, "one of the two did nothing"
