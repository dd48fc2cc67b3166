"""benchmarks/real.py: its splits, its arithmetic, and that what is recorded follows from what was judged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinyml_compress.evaluation import ScoreKind, paired_drop
from tinyml_compress.techniques.recipe import parse


@pytest.fixture
def real(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(repo / "benchmarks"))
    import real

    return real


def _stored(folder: Path) -> None:
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(600, 7, 5, 1)).astype(np.float32)
    np.savez(folder / "keywords.npz", inputs=inputs, labels=np.arange(600) % 12)
    for part, count in (("train", 1200), ("test", 50)):
        pixels = generator.integers(0, 256, (count, 4, 4, 3)).astype(np.uint8)
        np.savez(folder / f"pictures_{part}.npz", inputs=pixels, labels=np.arange(count) % 10)


def _row(real: Any, name: str) -> Any:
    return next(row for row in real.ROWS if row.name == name)


def test_nothing_that_judges_was_seen(real: Any, tmp_path: Path) -> None:
    _stored(tmp_path)
    bench = real.Bench(tmp_path, tmp_path, tmp_path / "real.json")
    splits = [bench.split(_row(real, "kws-tuned-1x1-80"), seed) for seed in (0, 1, 2)]
    assert sorted(np.concatenate([split.places for split in splits]).tolist()) == list(range(600))
    for split in splits:
        parts = [{row.tobytes() for row in part.inputs} for part in (split.train, split.guard, split.judge)]
        assert [len(part) for part in parts] == [320, 80, 200]
        assert len(set.union(*parts)) == 600
    first, other = splits[0], bench.split(_row(real, "kws-tuned-1x1-80"), 0)
    assert first.train.sha256 == other.train.sha256
    assert bench.split(_row(real, "kws-1x1-50"), 0).train.labels is None
    judged = [bench.split(_row(real, "pic-int8"), seed).judge.sha256 for seed in (0, 1)]
    assert judged[0] == judged[1]


def test_drop_and_goal_come_from_the_answers(real: Any) -> None:
    generator = np.random.default_rng(1)
    answers = {seed: (generator.random(200) < 0.92, generator.random(200) < 0.88) for seed in (0, 1, 2)}
    trials = {
        seed: real.Trial(
            seed, "", "2026-01-01", 1.0, "within",
            np.packbits(before).tobytes().hex(), np.packbits(after).tobytes().hex(), 200, None, None, None,
        )
        for seed, (before, after) in answers.items()
    }  # fmt: skip
    row = _row(real, "kws-1x1-80")
    found = real._summary(row, trials)
    before = np.concatenate([answers[seed][0] for seed in answers]).astype(float)
    after = np.concatenate([answers[seed][1] for seed in answers]).astype(float)
    wanted = paired_drop(ScoreKind.ACCURACY, before, after)
    assert found["drop"] == pytest.approx(100 * (before.mean() - after.mean()), abs=0.01)
    assert (found["low"], found["high"]) == pytest.approx((100 * wanted.low, 100 * wanted.high), abs=0.01)
    assert found["met"] is True
    assert real._summary(real.replace(row, goal=found["drop"] - 0.1), trials)["met"] is False
    same = real._summary(_row(real, "pic-zeros-80"), trials)  # one set of pictures, judged three times
    assert same["high"] - same["low"] < found["high"] - found["low"] + 3
    assert same["drop"] == found["drop"]


def test_every_row_is_a_recipe(real: Any) -> None:
    assert len({row.name for row in real.ROWS}) == len(real.ROWS)
    for row in real.ROWS:
        recipe = parse(row.text, row.name)
        if not row.labels:
            assert not any(stage.options.trains for stage in recipe.stages), row.name


def test_what_is_recorded_follows_from_the_answers(real: Any, repo: Path) -> None:
    record = json.loads((repo / "benchmarks" / "real.json").read_text())
    rows = {row["name"]: row for row in record["rows"]}
    assert set(rows) == {row.name for row in real.ROWS}
    for row in real.ROWS:
        trials = {int(seed): real.Trial(**one) for seed, one in record["trials"].get(row.name, {}).items()}
        assert rows[row.name] == json.loads(json.dumps(real._summary(row, trials)))
    without = ("kws-int8", "kws-1x1-50", "kws-1x1-60", "kws-1x1-70", "kws-1x1-80")
    assert all(rows[name]["seeds"] == [0, 1, 2] and rows[name]["met"] is not None for name in without)


def test_no_loss_is_silent(real: Any, repo: Path) -> None:
    lost = np.packbits(np.arange(200) >= 30).tobytes().hex()
    every = np.packbits(np.ones(200, bool)).tobytes().hex()

    def trial(word: str, right: str) -> Any:
        return real.Trial(0, "", "2026-01-01", 1.0, word, every, right, 200, None, None, None)

    row = _row(real, "shipped-prune50-int8")
    for word, right, silent in (("within", lost, [0]), ("lost", lost, []), ("within", every, [])):
        assert real._summary(row, {0: trial(word, right)})["silent"] == silent
    record = json.loads((repo / "benchmarks" / "real.json").read_text())
    assert not any(one.get("silent") for one in record["rows"])
    shipped = [one for one in record["rows"] if one["name"].startswith("shipped-") and one["seeds"]]
    assert len(shipped) >= 15
    for one in shipped:
        for word, code in zip(one["verdicts"], one["exit_codes"], strict=True):
            assert code == (0 if word in ("within", "cannot tell") else 1)


def test_the_last_stage_is_judged(real: Any, tmp_path: Path) -> None:
    stages = [{"name": name} for name in ("01-prune", "float16", "int8-weights", "int8")]
    for stage in stages[1:]:
        (tmp_path / stage["name"]).mkdir()
        (tmp_path / stage["name"] / "net.tflite").write_bytes(b"")
    assert real._last_file(tmp_path, {"stages": stages}) == tmp_path / "int8" / "net.tflite"
    assert real._last_file(tmp_path, {"stages": stages[:1]}) is None


def test_calls(repo: Path, tmp_path: Path) -> None:
    call = [sys.executable, "benchmarks/real.py", "--output", str(tmp_path / "real.json")]
    for more, code, words in (
        (["--list", "--only", "kws-1x1"], 0, "80% zeros in the 1x1 layers, no training"),
        (["--data-dir", str(tmp_path / "none")], 2, "no such folder"),
        (["--seeds", "0,9"], 2, "seeds are 0, 1, 2"),
    ):
        done = subprocess.run([*call, *more], cwd=repo, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        assert words in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
