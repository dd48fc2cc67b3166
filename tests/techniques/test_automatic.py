"""`compress --auto`: the cheapest first, within drop, size and time, and told why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from click.testing import CliRunner

from tests.lib.schema import validate
from tinyml_compress.cli.compress import command
from tinyml_compress.errors import BudgetError, TrainingError, UsageError
from tinyml_compress.pipeline.compress import automatic
from tinyml_compress.pipeline.compress.automatic import AutoLimits, compress_automatically
from tinyml_compress.pipeline.compress.verb import compress
from tinyml_compress.results import Judgement, Tried, Word
from tinyml_compress.support.backend import fix_seeds, keras2
from tinyml_compress.techniques.recipe import dump, parse, read

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A net most of whose weights say nothing, and samples without labels."""
    folder = tmp_path_factory.mktemp("auto")
    fix_seeds(1)
    layers = keras2().layers
    model = keras2().Sequential(
        [
            keras2().Input((16,)),
            layers.Dense(32, activation="relu", name="hidden"),
            layers.Dense(3, activation="softmax", name="scores"),
        ]
    )
    generator = np.random.default_rng(0)
    hidden = np.where(generator.random((16, 32)) < 0.3, generator.normal(size=(16, 32)), 0.002)
    model.get_layer("hidden").set_weights([hidden, np.zeros(32)])
    model.save(folder / "net.keras")
    np.savez(folder / "plain.npz", inputs=generator.normal(size=(320, 16)).astype(np.float32))
    return folder


def test_the_first_that_is_small_enough(work: Path, tmp_path: Path) -> None:
    call = [str(work / "net.keras"), "--auto", "--data", str(work / "plain.npz"), "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(command, [*call, "--max-weights", "9999", "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found = json.loads(done.output[done.output.index("{") :])
    validate(found)
    assert [one["name"] for one in found["tried"]] == ["int8"]
    assert 16 * 32 < found["tried"][0]["nbytes"] <= 9999
    assert found["choice"].startswith("int8: the cheapest that is small enough (2 points may be lost")
    assert found["verdict"]["drop"] <= 0.02
    assert found["verdict"]["word"] == "cannot tell"  # 64 samples
    assert json.loads((tmp_path / "out" / "report.json").read_text())["choice"] == found["choice"]
    assert [stage.use for stage in read(tmp_path / "out" / "recipe.toml").stages] == ["convert"]


@pytest.mark.full
def test_the_smallest_that_keeps_to_the_drop(work: Path, tmp_path: Path) -> None:
    call = [str(work / "net.keras"), "--auto", "--data", str(work / "plain.npz"), "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(command, [*call, "--accept-drop", "3", "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found = json.loads(done.output[done.output.index("{") :])
    validate(found)
    ran = [one for one in found["tried"] if "drop" in one]
    assert ran[0]["name"] == "int8"
    assert [one["epochs"] > 0 for one in ran] == sorted(one["epochs"] > 0 for one in ran)
    best = min((one for one in ran if one["drop"] <= 0.03 + 1e-9), key=lambda one: one["nbytes"])
    names = [one["name"] for one in found["tried"]]
    assert {"4-bit weights, no training", "50% of the parameters by low rank, no training"} < set(names)
    assert best["nbytes"] < ran[0]["nbytes"]
    assert found["choice"].startswith(f"{best['name']}: the smallest that keeps to it (3 points may be lost")
    assert "the float model's answers count as right" in found["choice"]
    assert found["verdict"]["drop"] <= 0.03 + 1e-9
    assert found["verdict"]["word"] != "lost"
    assert json.loads((tmp_path / "out" / "report.json").read_text())["choice"] == found["choice"]
    stages = read(tmp_path / "out" / "recipe.toml").stages
    assert max(getattr(stage.options, "sparsity", 0.0) for stage in stages) == best["sparsity"]
    assert [path.name for path in (tmp_path / "out").iterdir() if path.name.startswith((".", "auto"))] == []


class _Ladder:
    """A run with known drops, and sizes that fall with the zeros."""

    others = (0.03, 0.9)
    """What every rung of another kind than zeros loses, and the size that it leaves."""
    drops: ClassVar = {
        (0.0, False): 0.0, (0.5, False): 0.01, (0.6, False): 0.015, (0.7, False): 0.05,
        (0.7, True): 0.018, (0.8, True): 0.04,
    }  # fmt: skip

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[Any] = []
        monkeypatch.setattr(automatic, "_constants", lambda content, isas: round(1000 * float(content)))

    def run(self, recipe: Any, folder: Path, allowed: float) -> Any:
        uses = {stage.use: stage.options for stage in recipe.stages}
        sparsity = uses["optimal_brain"].sparsity if "optimal_brain" in uses else 0.0
        epochs = uses["train"].epochs if "train" in uses else 0
        others = [use for use in ("brain_quantize", "reconstruct", "low_rank") if use in uses]
        self.asked.append((sparsity, epochs) if not others else others[0])
        drop, size = self.others if others else (self.drops[sparsity, epochs > 0], 1 - sparsity)
        folder.mkdir()
        (folder / "net.tflite").write_text(str(size))
        verdict = Judgement(word=Word.WITHIN, allowed=allowed, drop=drop, interval=(drop, drop))
        return type("Done", (), {"verdict": verdict, "tflite": folder / "net.tflite", "model": "net"})

    def climbed(self, limits: AutoLimits, place: Path) -> list[Tried]:
        place.mkdir()
        return automatic._climbed(self.run, place, limits, (), 0, lambda text: None)


def test_training_begins_where_it_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ladder = _Ladder(monkeypatch)
    tried = ladder.climbed(AutoLimits(), tmp_path / "a")
    assert ladder.asked == [
        *((0.0, 0), (0.5, 0), (0.6, 0), (0.7, 0)),
        *("brain_quantize", "reconstruct", "reconstruct", "low_rank"),
        *((0.7, 40), (0.8, 40)),
    ]
    best = automatic._chosen(tried, AutoLimits())
    assert (best.sparsity, best.epochs) == (0.7, 40)
    assert "70% zeros, no training lost 5.00" in automatic._reason(tried, best, AutoLimits())


def test_other_means_win_where_they_leave_less(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ladder = _Ladder(monkeypatch)
    ladder.others = (0.0, 0.2)
    best = automatic._chosen(ladder.climbed(AutoLimits(), tmp_path / "a"), AutoLimits())
    assert best.name == "4-bit weights, no training"
    names = [rung.name for rung in automatic._every_rung()]
    assert len(set(names)) == len(names)
    for rung in automatic._every_rung():
        recipe = rung.recipe(1)
        assert parse(dump(recipe), "auto").stages == recipe.stages  # what is written is what ran


def test_a_size_ends_the_climb(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ladder, limits = _Ladder(monkeypatch), AutoLimits(weights=520)
    best = automatic._chosen(ladder.climbed(limits, tmp_path / "a"), limits)
    assert ladder.asked == [(0.0, 0), (0.5, 0)]
    assert (best.sparsity, best.epochs) == (0.5, 0)
    small = AutoLimits(weights=50)
    with pytest.raises(BudgetError, match="small enough"):
        automatic._chosen(ladder.climbed(small, tmp_path / "b"), small)
    lost = Tried(name="int8", sparsity=0.0, epochs=0, drop=0.1, interval=(0.1, 0.1), nbytes=1000)
    with pytest.raises(TrainingError, match="keeps to what may be lost"):
        automatic._chosen([lost], AutoLimits())


def test_time_ends_it_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ladder = _Ladder(monkeypatch)
    monkeypatch.setattr(automatic, "_expected", lambda tried, epochs: 5.0)
    limits = AutoLimits(seconds=1.0)
    tried = ladder.climbed(limits, tmp_path / "a")
    assert ladder.asked == [(0.0, 0)]  # something is always tried
    assert [(one.left_out or "").endswith("s left") for one in tried] == [False, *[True] * 6]
    best = automatic._chosen(tried, limits)
    assert "Not tried for want of time: 50% zeros" in automatic._reason(tried, best, limits)


def test_calls_that_cannot_be(work: Path, tmp_path: Path) -> None:
    net, data, out = str(work / "net.keras"), str(work / "plain.npz"), str(tmp_path / "o")
    for words, told in (
        ([net], "one recipe is needed"),
        ([net, "--auto", "--recipe", "qat-int8"], "one recipe is needed"),
        ([net, "--auto", "--data", data], "--auto chooses the stages itself"),
        ([net, "--recipe", "auto", "--data", data, "-o", out, "--train", "3"], "chooses the stages"),
        ([net, "--auto", "--data", data, "-o", out, "--log-file", out], "chooses the stages"),
        ([net, "--recipe", "ptq-int8", "--data", data, "--max-weights", "9"], "go with --auto"),
    ):
        with pytest.raises(UsageError, match=told):
            CliRunner().invoke(command, words, catch_exceptions=False)
    with pytest.raises(UsageError, match="no data"):
        compress(net, "auto", output=tmp_path / "o")
    with pytest.raises(UsageError, match="chooses the stages"):
        compress(net, "auto", data, output=tmp_path / "o", folds=3)


def test_python_knows_the_recipe_too(monkeypatch: pytest.MonkeyPatch, work: Path, tmp_path: Path) -> None:
    asked: dict[str, Any] = {}

    def climb(model: Any, data: Any, **words: Any) -> None:
        asked.update(words, model=model)

    monkeypatch.setattr(automatic, "compress_automatically", climb)
    compress("net", "auto", "data", output=tmp_path, accept_drop=1.0, device="cortex-m4")
    assert (asked["model"], asked["limits"].drop, asked["device"]) == ("net", 0.01, "cortex-m4")


def test_answers_without_classes_need_labels(work: Path, tmp_path: Path) -> None:
    fix_seeds(1)
    keras2().Sequential([keras2().Input((16,)), keras2().layers.Dense(1)]).save(tmp_path / "one.keras")
    with pytest.raises(UsageError, match="gives no classes"):
        compress_automatically(
            tmp_path / "one.keras", work / "plain.npz", output=tmp_path / "out", limits=AutoLimits()
        )
