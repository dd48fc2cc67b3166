"""Recipes run: results, cache, resume after a kill, guards, devices, the verbs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests.lib.schema import validate
from tinyml_compress.errors import DataError, TrainingError, UsageError
from tinyml_compress.pipeline.compare.verb import compare
from tinyml_compress.pipeline.compress.plan import find_recipe
from tinyml_compress.pipeline.compress.verb import compress
from tinyml_compress.rendering.gate import Tolerances, judge
from tinyml_compress.results import Comparison, decoded, encoded
from tinyml_compress.support.backend import fix_seeds, keras2
from tinyml_compress.techniques.pruning import PruneOptions
from tinyml_compress.techniques.recipe import Recipe, parse

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own

_HOOK = """
import os, signal

calls = 0

def augment(inputs, generator):
    global calls
    calls += 1
    if calls > 20 and os.environ.get("KILL_IN_SECOND_STAGE"):
        os.kill(os.getpid(), signal.SIGKILL)
    return inputs
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model, data that it can learn, and a hook."""
    folder = tmp_path_factory.mktemp("compress")
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(160, 6, 6, 1)).astype("float32")
    labels = np.arange(160) % 2
    inputs[labels == 1, :3] += 1
    np.savez(folder / "set.npz", inputs=inputs, labels=labels)
    fix_seeds(1)
    layers = keras2().layers
    model = keras2().Sequential(
        [
            keras2().Input((6, 6, 1)),
            layers.Conv2D(8, 3, activation="relu", name="conv"),
            layers.Flatten(),
            layers.Dense(12, activation="relu", name="hidden"),
            layers.Dense(2, activation="softmax", name="scores"),
        ],
        name="tiny",
    )
    model.save(folder / "tiny.keras")
    (folder / "my_hooks.py").write_text(_HOOK)
    return folder


def _recipe(text: str) -> Recipe:
    return parse(text, "mine")


_TWO = """
seed = 3
[task]
batch_size = 16
augment = "my_hooks:augment"
[[stage]]
use = "prune"
sparsity = 0.5
epochs = 2
[[stage]]
use = "cluster"
epochs = 3
"""


def _run(work: Path, recipe: Recipe | str, output: Path, **options: Any) -> Any:
    return compress(work / "tiny.keras", recipe, work / "set.npz", output=output, **options)


def test_a_killed_run_goes_on_where_it_was(
    work: Path, tmp_path: Path, no_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.toml").write_text(_TWO)
    program = [sys.executable, "-m", "tinyml_compress", "compress", str(work / "tiny.keras")]
    program += [
        "--recipe",
        str(tmp_path / "mine.toml"),
        "--data",
        str(work / "set.npz"),
        "-o",
        str(tmp_path / "out"),
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": f"{work}:{Path(__file__).parents[2]}",
        "KILL_IN_SECOND_STAGE": "1",
    }
    killed = subprocess.run(program, env=environment, capture_output=True, timeout=300, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert not (tmp_path / "out" / "report.json").exists()
    monkeypatch.syspath_prepend(str(work))
    monkeypatch.delenv("KILL_IN_SECOND_STAGE", raising=False)
    recipe = replace(_recipe(_TWO), name="mine")
    done = _run(work, recipe, tmp_path / "out")
    assert [stage.cached for stage in done.stages] == [True, False]
    again = _run(work, recipe, tmp_path / "out2")
    assert [stage.cached for stage in again.stages] == [True, True]
    for stage in done.stages:  # the cache gives the same bytes
        files = [tmp_path / name / stage.name / "model.keras" for name in ("out", "out2")]
        assert files[0].read_bytes() == files[1].read_bytes()
    changed = _recipe(_TWO.replace("epochs = 3", "epochs = 1"))
    third = _run(work, changed, tmp_path / "out3")
    assert [stage.cached for stage in third.stages] == [True, False]


def test_a_whole_recipe(work: Path, tmp_path: Path, no_cache: Path) -> None:
    text = """
    seed = 2
    [[stage]]
    use = "train"
    epochs = 6
    learning_rate = 5e-3
    [[stage]]
    use = "channels"
    keep = 0.5
    round_to = 2
    importance = "taylor"
    epochs = 1
    [[stage]]
    use = "low_rank"
    by = "energy"
    value = 0.9
    epochs = 1
    [[stage]]
    use = "prune"
    sparsity = 0.5
    epochs = 2
    teach = 0.5
    [[stage]]
    use = "threshold"
    [[stage]]
    use = "qat"
    preserve = "sparsity"
    epochs = 1
    [[stage]]
    use = "convert"
    name = "int8"
    """
    done = _run(work, _recipe(text), tmp_path / "out", log_file=tmp_path / "log.txt")
    assert done.baseline.score > 0.7
    assert [stage.use for stage in done.stages] == [
        "channels",
        "low_rank",
        "prune",
        "threshold",
        "qat",
        "convert",
    ]
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["schema"] == 1
    assert len(report["stages"]) == 6
    assert report["baseline"]["sizes"]["macs"] > report["stages"][0]["sizes"]["macs"]
    last = done.stages[-1]
    assert last.nbytes == (tmp_path / "out" / "int8" / "tiny.tflite").stat().st_size
    assert done.tflite is not None
    assert last.score is not None
    assert done.stages[-2].sizes.sparsity >= 0.49
    page = (tmp_path / "out" / "report.html").read_text()
    assert not _FETCHES.search(page.partition("\n<script>")[0])
    assert page.count("<figure") >= 8  # size, intervals, training and zeros of the stages
    assert "epoch 6/6" in (tmp_path / "log.txt").read_text()
    assert "int8" in done.summary()

    found = compare([work / "tiny.keras", done.tflite, done.tflite], work / "set.npz", rounds=5)
    first, second, third = found.models
    assert (second.score, second.macs, second.nonzero) == (third.score, third.macs, third.nonzero)
    assert first.same == 1.0
    assert second.latency_s is not None
    assert second.nbytes == last.nbytes
    assert second.training["loss"]
    html = found.html()
    assert not _FETCHES.search(html.partition("\n<script>")[0])
    compared = json.loads(json.dumps(encoded(found)))
    validate(compared)
    assert decoded(Comparison, compared) == found
    validate(report)
    for made in (report, compared):
        assert not judge(made, made, Tolerances()).failed
    worse = json.loads(json.dumps(report))
    worse["stages"][-1]["nbytes"] += 4000
    assert [check.where for check in judge(report, worse, Tolerances()).failed] == ["mine int8"]
    assert second.confusion
    assert sum(map(sum, second.confusion)) == found.samples
    assert second.layers
    assert "taking turns" in found.summary()


_FETCHES = re.compile(r"<(script|img|iframe)[^>]* src=|<link[^>]* href=.(?!data:,)|@import|url\(.?http")

_GUARDED = """
seed = 1
[guard]
max_drop = 0.02
on_breach = "{action}"
[[stage]]
use = "train"
epochs = 8
learning_rate = 5e-3
[[stage]]
use = "prune"
sparsity = {sparsity}
schedule = "one_shot"
"""


def test_a_broken_guard_stops_with_its_numbers(work: Path, tmp_path: Path, no_cache: Path) -> None:
    recipe = _recipe(_GUARDED.format(action="stop", sparsity=0.97))
    with pytest.raises(TrainingError, match="costs? more than its guard") as caught:
        _run(work, recipe, tmp_path / "out")
    assert "a drop of" in str(caught.value)
    assert caught.value.exit_code == 1
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert "allowed 0.0200" in report["breach"]
    assert report["stages"][0]["drop"] > 0.02


def _backs_off(max_drop: float) -> Recipe:
    recipe = _recipe(_GUARDED.format(action="back_off", sparsity=0.97))
    stages = tuple(replace(s, guard=replace(s.guard, max_drop=max_drop)) for s in recipe.stages)
    return replace(recipe, stages=stages)


def test_backing_off_ends_at_a_milder_setting(work: Path, tmp_path: Path, no_cache: Path) -> None:
    """97% zeros cost 0.47 here, 87% cost 0.28, 79% cost 0.06."""
    stage = _run(work, _backs_off(0.2), tmp_path / "out").stages[0]
    assert 1 < stage.attempts < 5
    assert stage.drop <= 0.2
    assert "backed off" in stage.notes[-1]
    assert stage.sizes is not None
    assert stage.sizes.sparsity == pytest.approx(0.97 * 0.9 ** (stage.attempts - 1), abs=0.01)


def test_backing_off_gives_up(
    work: Path, tmp_path: Path, no_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where milder settings hardly are milder: a stand-in, since this net bears what prune itself
    proposes.
    """
    monkeypatch.setattr(PruneOptions, "milder", lambda self: replace(self, sparsity=self.sparsity - 0.001))
    with pytest.raises(TrainingError, match="costs? more than its guard"):
        _run(work, _backs_off(0.2), tmp_path / "out")
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["stages"][0]["attempts"] == 5


def test_same_recipe_same_weights(
    work: Path, tmp_path: Path, no_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = '[[stage]]\nuse = "train"\nepochs = 1\n[[stage]]\nuse = "prune"\nepochs = 1\n'
    weights = []
    for number in range(2):
        folder = tmp_path / f"out{number}"
        done = _run(work, _recipe(text), folder, use_cache=False)
        assert not done.stages[0].cached
        weights.append(
            keras2().models.load_model(folder / "02-prune" / "model.keras", compile=False).get_weights()
        )
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_a_device_cannot_run_is_refused_before_training(work: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="engines of nucleo-l4r5zi cannot run") as caught:
        compress("no-such.keras", "transformer-small", None, output=tmp_path, device="nucleo-l4r5zi")
    assert "float16" in str(caught.value)


def test_wrong_calls(work: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such recipe") as caught:
        find_recipe("prune80-pqat")
    assert "prune80-pqat-int8" in str(caught.value)
    with pytest.raises(UsageError, match="no such recipe file"):
        find_recipe(tmp_path / "x.toml")
    with pytest.raises(UsageError, match="needs data"):
        compress(work / "tiny.keras", "qat-int8", output=tmp_path)
    np.savez(tmp_path / "plain.npz", inputs=np.zeros((20, 6, 6, 1), "float32"))
    with pytest.raises(DataError, match="needs labels"):
        compress(
            work / "tiny.keras", "qat-int8", tmp_path / "plain.npz", output=tmp_path / "o", teacher=False
        )
    with pytest.raises(UsageError, match="no such module"):
        _run(work, _recipe(_TWO.replace("my_hooks", "no_hooks")), tmp_path / "o")


def test_the_verbs(work: Path, tmp_path: Path) -> None:
    from tinyml_compress.cli.compare import command as compare_verb
    from tinyml_compress.cli.compress import command as compress_verb

    model, data = str(work / "tiny.keras"), str(work / "set.npz")
    shown = CliRunner().invoke(
        compress_verb, [model, "--recipe", "cluster16-pcqat", "--train", "3", "--dry-run"]
    )
    assert shown.exit_code == 0, shown.output
    assert "conv" in shown.output
    assert "trained in int8" in shown.output
    assert "1. train" in shown.output
    assert not list(tmp_path.iterdir())
    page = tmp_path / "c.html"
    done = CliRunner().invoke(compare_verb, [model, model, "--data", data, "--html", str(page)])
    assert done.exit_code == 0, done.output
    assert "100.0%" in done.output
    assert page.is_file()


@pytest.mark.parametrize("kinds", [[0], [0, 1]], ids=["normal-only", "both"])
def test_a_detector_is_scored_by_what_it_is_tested_on(tmp_path: Path, kinds: list[int]) -> None:
    """Anomalies in the test part are enough for an AUC, whatever the train part holds."""
    generator = np.random.default_rng(0)

    def saved(name: str, labels: list[int]) -> str:
        column = np.array(labels * (64 // len(labels)))
        inputs = generator.normal(size=(64, 6)).astype("float32") * (1 + 3 * column[:, None])
        np.savez(tmp_path / name, inputs=inputs.astype("float32"), labels=column)
        return str(tmp_path / name)

    layers = keras2().layers
    net = keras2().Sequential(
        [keras2().Input((6,)), layers.Dense(3, activation="relu"), layers.Dense(6)], name="net"
    )
    net.save(tmp_path / "net.keras")
    recipe = _recipe('[[stage]]\nuse = "train"\nepochs = 1\n[[stage]]\nuse = "convert"\n')
    train, tests = saved("train.npz", [0]), saved("tests.npz", kinds)
    done = compress(
        tmp_path / "net.keras", recipe, train, eval_data=tests, output=tmp_path / "out", use_cache=False
    )
    assert done.baseline.metric == ("auc" if len(kinds) == 2 else "mse")
    if len(kinds) == 2:
        assert done.baseline.score is not None
        assert 0.8 < done.baseline.score <= 1
