"""How a recipe ends: within, lost with the stage and the layer, or with too few samples to tell; never in
silence.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests.lib.schema import validate
from tinyml_compress.cli.compress import command
from tinyml_compress.cli.fit import command as fit_command
from tinyml_compress.errors import TrainingError, UsageError
from tinyml_compress.evaluation import ScoreKind
from tinyml_compress.pipeline.compress.verb import compress
from tinyml_compress.pipeline.compress.verdict import costliest, judged, require
from tinyml_compress.results import Word
from tinyml_compress.support.backend import fix_seeds, keras2
from tinyml_compress.techniques.recipe import parse


def _worths(count: int, wrong: int) -> Any:
    return np.concatenate([np.zeros(wrong), np.ones(count - wrong)])


def test_the_three_words() -> None:
    assert judged(ScoreKind.ACCURACY, _worths(400, 40), _worths(400, 41), None, 0.02).word is Word.WITHIN
    # an estimate below the guard does not do while the interval reaches beyond it
    near = judged(ScoreKind.ACCURACY, _worths(400, 40), _worths(400, 46), None, 0.02)
    assert near.word is Word.CANNOT_TELL
    assert near.needed is not None
    assert near.needed > 400
    lost = judged(ScoreKind.ACCURACY, _worths(400, 40), _worths(400, 140), None, 0.02)
    assert lost.word is Word.LOST
    assert lost.drop == pytest.approx(0.25)
    noise = judged(ScoreKind.ACCURACY, _worths(50, 5), _worths(50, 8)[::-1], None, 0.02)
    assert noise.word is Word.CANNOT_TELL
    assert noise.needed is not None
    assert noise.needed > 50
    assert f"about {noise.needed:,} samples would tell" in noise.text
    # the guard is a part, as in recipes; --accept-drop and fit's --max-drop are points
    assert judged(ScoreKind.ACCURACY, _worths(400, 40), _worths(400, 140), None, 0.35).word is Word.WITHIN


def test_the_stage_that_cost_most() -> None:
    assert costliest(ScoreKind.ACCURACY, 0.9, [("a", 0.89), ("b", 0.7), ("c", 0.72)]) == "b"
    assert costliest(ScoreKind.MAE, 1.0, [("a", 2.0), ("b", 2.1)]) == "a"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A net that tells bright from dark by its second layer alone, and its set."""
    folder = tmp_path_factory.mktemp("verdict")
    fix_seeds(1)
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(240, 6)).astype(np.float32)
    labels = (inputs[:, 0] + inputs[:, 1] > 0).astype(np.int64)
    np.savez(folder / "train.npz", inputs=inputs[:120], labels=labels[:120])
    np.savez(folder / "plain.npz", inputs=inputs[:120])
    np.savez(folder / "test.npz", inputs=inputs[120:], labels=labels[120:])
    layers = keras2().layers
    model = keras2().Sequential(
        [
            keras2().Input((6,)),
            layers.Dense(6, name="pass"),
            layers.Dense(2, activation="softmax", name="scores"),
        ]
    )
    model.get_layer("pass").set_weights([np.eye(6, dtype=np.float32), np.zeros(6, np.float32)])
    kernel = np.zeros((6, 2), np.float32)
    kernel[:2] = [[-0.1, 0.1], [-0.1, 0.1]]
    kernel[2:] = [[0.3, 0.3]] * 4  # large, and the same for both answers
    model.get_layer("scores").set_weights([kernel, np.zeros(2, np.float32)])
    model.save(folder / "net.keras")
    return folder


_HARD = """
[[stage]]
use = "prune"
schedule = "one_shot"
sparsity = 0.34
exclude = ["pass"]
"""


def test_a_recipe_that_loses_says_so_with_stage_and_layer(work: Path, tmp_path: Path) -> None:
    given = {"data": work / "train.npz", "eval_data": work / "test.npz"}
    with pytest.raises(TrainingError, match="lost more than is allowed") as caught:
        compress(work / "net.keras", parse(_HARD, "hard"), output=tmp_path / "a", use_cache=False, **given)
    assert caught.value.exit_code == 1
    assert "layer scores" in str(caught.value)
    assert "01-prune" in str(caught.value)
    assert "--accept-drop" in (caught.value.next_step or "")
    report = json.loads((tmp_path / "a" / "report.json").read_text())
    validate(report)
    assert report["verdict"]["word"] == "lost"
    assert "lost" in (tmp_path / "a" / "report.html").read_text()
    taken = compress(
        work / "net.keras",
        parse(_HARD, "hard"),
        output=tmp_path / "b",
        use_cache=False,
        accept_drop=100.0,
        **given,
    )
    assert taken.verdict is not None
    assert taken.verdict.word is Word.WITHIN


def test_the_next_step_is_none_that_was_taken(tmp_path: Path) -> None:
    lost = judged(ScoreKind.ACCURACY, _worths(400, 40), _worths(400, 140), None, 0.02)

    def steps(text: str, warned: bool) -> str:
        with pytest.raises(TrainingError) as caught:
            require(lost, parse(text, "any"), tmp_path, warned)
        return caught.value.next_step or ""

    plain = steps('[[stage]]\nuse = "convert"', warned=True)
    assert plain.startswith("other samples (see the warnings), or recipe careful-int8")
    assert "optimal_brain" not in plain
    brain = '[[stage]]\nuse = "optimal_brain"\n[[stage]]\nuse = "convert"'
    assert "optimal_brain, which" not in steps(brain, warned=False)
    assert "back_off" in steps(brain, warned=False)
    assert "back_off" not in steps(f'[guard]\non_breach = "back_off"\n{brain}', warned=False)
    assert "optimal_brain, which" in steps('[[stage]]\nuse = "prune"\nepochs = 1', warned=False)


def test_the_verb_ends_with_the_verdict(work: Path, tmp_path: Path) -> None:
    (tmp_path / "mild.toml").write_text('[[stage]]\nuse = "threshold"\nthreshold = 1e-6\n')
    call = [str(work / "net.keras"), "--recipe", str(tmp_path / "mild.toml"), "-o", str(tmp_path / "out")]
    sets = ["--data", str(work / "train.npz"), "--eval-data", str(work / "test.npz")]
    done = CliRunner().invoke(command, [*call, *sets])
    assert done.exit_code == 0, done.output
    assert "WITHIN: +0.00 points lost" in done.output
    done = CliRunner().invoke(command, [*call, "--data", str(work / "plain.npz"), "--no-cache"])
    assert done.exit_code == 0, done.output
    assert "CANNOT TELL: +0.00 points lost" in done.output  # 24 of them were kept out
    assert "the float model's answers count as right" in done.output
    done = CliRunner().invoke(command, [*call, "--accept-drop", "200"])
    assert done.exit_code == 2


def test_recipes_speak_of_parts_and_options_of_points(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mild = '[[stage]]\nuse = "threshold"\nthreshold = 1e-6\n'
    given = {"data": work / "train.npz", "eval_data": work / "test.npz", "output": tmp_path / "out"}
    for guard, accepted, allowed in (("", None, 0.02), ("0.03", None, 0.03), ("0.03", 2.0, 0.02)):
        text = f"[guard]\nmax_drop = {guard}\n{mild}" if guard else mild
        done = compress(work / "net.keras", parse(text, "mild"), accept_drop=accepted, **given)
        assert done.verdict is not None
        assert done.verdict.allowed == pytest.approx(allowed)
    asked: dict[str, Any] = {}

    def fit(*words: Any, **given: Any) -> None:
        asked.update(given)
        raise UsageError("enough")

    monkeypatch.setattr("tinyml_compress.pipeline.fit.verb.fit", fit)  # a search takes minutes
    call = ["net.keras", "--data", "x.npz", "--target", "nucleo-l4r5zi", "--max-drop", "2", "-o", "out"]
    CliRunner().invoke(fit_command, call)
    assert asked["max_drop"] == pytest.approx(0.02)


def test_calibration_needs_no_labels_where_scores_have_their_own(work: Path, tmp_path: Path) -> None:
    recipe = parse('[[stage]]\nuse = "optimal_brain"\nsparsity = 0.2', "brain")
    done = compress(
        work / "net.keras",
        recipe,
        work / "plain.npz",
        eval_data=work / "test.npz",
        output=tmp_path,
        use_cache=False,
    )
    assert done.baseline.score == pytest.approx(1.0, abs=0.02)
    assert done.verdict is not None
    assert done.verdict.word is Word.WITHIN


def test_a_loss_above_the_guard_is_hardly_ever_within() -> None:
    """Four points are lost, two allowed, and 80 samples look at it: by its estimate alone one in four is
    within.
    """
    generator, silent, below = np.random.default_rng(0), 0, 0
    for _ in range(400):
        marks = generator.random(80)
        verdict = judged(
            ScoreKind.ACCURACY, (marks > 0.02).astype(float), (marks < 0.94).astype(float), None, 0.02
        )
        silent += verdict.word is Word.WITHIN
        below += verdict.drop is not None and verdict.drop <= 0.02
    assert below > 60
    assert silent <= 8


def test_without_labels_what_changes_is_lost(work: Path, tmp_path: Path) -> None:
    """Calibration samples alone were enough for a collapse that nobody heard of."""
    with pytest.raises(TrainingError, match="lost more than is allowed") as caught:
        compress(work / "net.keras", parse(_HARD, "hard"), work / "plain.npz", output=tmp_path / "a", folds=5)
    assert "120 samples" in str(caught.value)
    report = json.loads((tmp_path / "a" / "report.json").read_text())
    validate(report)
    assert report["baseline"]["score"] == 1.0
    assert any("no labels" in one for one in report["warnings"])
    layers = keras2().layers
    numbers = keras2().Sequential([keras2().Input((6,)), layers.Dense(3, name="numbers")])
    numbers.save(tmp_path / "numbers.keras")
    recipe = parse('[[stage]]\nuse = "threshold"', "mild")
    done = compress(tmp_path / "numbers.keras", recipe, work / "plain.npz", output=tmp_path / "b")
    assert done.verdict is not None
    assert done.verdict.word is Word.NOT_JUDGED


def test_folds_judge_by_every_sample(work: Path, tmp_path: Path) -> None:
    recipe = parse('[[stage]]\nuse = "threshold"\nthreshold = 1e-6', "mild")
    once = compress(work / "net.keras", recipe, work / "test.npz", output=tmp_path / "once", use_cache=False)
    assert once.verdict is not None
    assert once.verdict.samples == 24
    assert once.verdict.word is Word.CANNOT_TELL
    assert once.verdict.needed is not None
    assert 90 <= once.verdict.needed <= 120
    done = compress(work / "net.keras", recipe, work / "test.npz", output=tmp_path / "all", folds=5)
    assert done.verdict is not None
    assert done.verdict.samples == 120
    assert done.verdict.word is Word.WITHIN
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == sorted(
        path.name for path in (tmp_path / "once").iterdir()
    )
    call = [str(work / "net.keras"), "--recipe", "ptq-int8", "-o", str(tmp_path / "no"), "--folds", "5"]
    sets = ["--data", str(work / "train.npz"), "--eval-data", str(work / "test.npz")]
    failed = CliRunner().invoke(command, [*call, *sets])
    assert isinstance(failed.exception, UsageError)
    assert "--eval-data" in str(failed.exception)
