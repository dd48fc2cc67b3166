"""Compression of published nets on real data, against the goals set for it: `python benchmarks/real.py`.

Keywords: the published DS-CNN and 600 utterances. Seed s gives split s: 200 utterances judge, 400 compress, a
fifth of these for the guard; the judging parts of three seeds are disjoint. Pictures: the published ResNet-8,
fine-tuned once on 9,000 pictures, 1,000 for the guard, judged on 1,000 that nothing saw. What a recipe may
not see it is not given: rows without labels get none. Scores are those of the int8 file, before them stands
the float net's on the same samples.

Data and nets do not ship: docs/real-data.md says where they come from. Every finished trial is written at
once; the same command goes on where an interrupted one stopped. `--only WORDS` takes the rows whose name
begins with one of the words.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache as once
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from real_rows import ROWS, TASKS, Row

from tinyml_compress import __version__, models
from tinyml_compress.data import DataSet
from tinyml_compress.errors import TrainingError
from tinyml_compress.evaluation import PairedDrop, ScoreKind, paired_drop
from tinyml_compress.pipeline.compress.inputs import outputs_of_file
from tinyml_compress.pipeline.compress.verb import compress
from tinyml_compress.pipeline.compress.verdict import DEFAULT_DROP
from tinyml_compress.support import cache, files
from tinyml_compress.support.backend import tensorflow
from tinyml_compress.support.producers import COMPRESSION, CONVERSION
from tinyml_compress.techniques.recipe import parse
from tinyml_compress.techniques.training import outputs_of

Array = npt.NDArray[Any]
_SEEDS = 3
"""A goal is one for the mean over all of them."""
SHARED = Path(__file__).resolve().parents[2] / "shared"


@dataclass(frozen=True, eq=False)
class Split:
    """What one seed compresses with, what its guard looks at, and what judges it."""

    train: DataSet
    guard: DataSet
    judge: DataSet
    places: Array
    """Of the judging samples among all: those of several seeds are paired by them."""


@dataclass(frozen=True)
class Trial:
    """One row with one seed; the answers as hexadecimal bits, 1 where right."""

    seed: int
    key: str
    """Of all that the result depends on."""
    date: str
    seconds: float
    verdict: str
    float_right: str
    right: str
    count: int
    zeros: float | None
    parameters: int | None
    nbytes: int | None
    told: str = ""
    """The verdict's sentence, or why it stopped."""
    exit_code: int | None = None
    """With which `compress` ended; absent in records before it was kept."""
    cpu_seconds: float | None = None
    """Of all threads and children, on a busy machine too; absent in records before it was kept."""


def main() -> int:
    """Run what is missing, write it, print the table; exit 1 where a goal is missed or a loss was silent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data-dir", type=Path, help=f"default: {_short(SHARED)}/data where that exists")
    parser.add_argument("--models-dir", type=Path, help="the published nets; default: models beside the data")
    parser.add_argument("--only", help="comma-separated beginnings of row names")
    parser.add_argument("--seeds", default="0,1,2", help="comma-separated, of 0, 1, 2")
    parser.add_argument("--list", action="store_true", help="name the rows and stop")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    given = parser.parse_args()
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # trains in half the time; no bytes are compared here
    rows = [row for row in ROWS if given.only is None or row.name.startswith(tuple(given.only.split(",")))]
    seeds = [int(word) for word in given.seeds.split(",") if word in ("0", "1", "2")]
    if not rows or len(seeds) != len(given.seeds.split(",")):
        parser.error(f"rows are {', '.join(row.name for row in ROWS)}; seeds are 0, 1, 2")
    if given.list:
        print("\n".join(f"{row.name:30} {row.task}: {row.form}" for row in rows))
        return 0
    folder = given.data_dir or SHARED / "data"
    if not folder.is_dir():
        if given.data_dir is not None:
            parser.error(f"--data-dir {folder}: no such folder; docs/real-data.md says how to make it")
        print("no data given (--data-dir): docs/real-data.md says how to make them; nothing was run")
        return 0
    bench = Bench(folder, given.models_dir or folder.parent / "models", given.output)
    for row in rows:
        for seed in seeds:
            bench.run(row, seed)
    found = bench.summaries(rows)
    print(table(found))
    return 1 if any(one["met"] is False or one.get("silent") for one in found) else 0


def _short(path: Path) -> str:
    return f"../{path.name}"


class Bench:
    """The results so far, and how to get the others."""

    def __init__(self, data: Path, nets: Path, output: Path) -> None:
        self.data, self.nets, self.output = data, nets, output
        stored = json.loads(output.read_text(encoding="utf-8")) if output.exists() else {"trials": {}}
        self.trials: dict[str, dict[str, Trial]] = {
            name: {seed: Trial(**trial) for seed, trial in trials.items()}
            for name, trials in stored["trials"].items()
        }

    def run(self, row: Row, seed: int) -> None:
        """The trial, unless it is known already with everything as it is now."""
        split = self.split(row, seed)
        published, first = self.nets / TASKS[row.task].model, TASKS[row.task].first
        content = b"".join(path.read_bytes() for path in _files(published)) + first.encode()
        key = cache.key_of(
            COMPRESSION.stamp(), CONVERSION.stamp(), row.text, content, split.train.sha256,
            split.guard.sha256, split.judge.sha256,
        )[:16]  # fmt: skip
        known = self.trials.get(row.name, {}).get(str(seed))
        if known is not None and known.key == key:
            return
        print(f"{row.name}, seed {seed}", file=sys.stderr, flush=True)
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as name:
            model = _fitted(published, first, split, Path(name) / "first") if first else published
            trial = _trial(row, seed, key, model, split)
        print(f"  {trial.told}, {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
        self.trials.setdefault(row.name, {})[str(seed)] = trial
        self._write()

    def _write(self) -> None:
        record = {
            "tool": f"tinyml_compress {__version__}",
            "trials": {name: _by_seed(self.trials[name]) for name in sorted(self.trials)},
            "rows": self.summaries(ROWS),
        }
        files.write_text(self.output, json.dumps(record, indent=1) + "\n")

    def split(self, row: Row, seed: int) -> Split:
        """The seed's parts; a row that needs no labels gets none to compress with."""
        if row.task == "keywords":
            whole = _loaded(self.data / "keywords.npz", 1.0)
            order = np.random.default_rng(2026).permutation(600)
            judge = np.sort(order[200 * seed : 200 * seed + 200])
            rest = np.random.default_rng(seed).permutation(np.setdiff1d(order, judge))
            parts = (_part(whole, rest[80:], "320"), _part(whole, rest[:80], "80"))
            split = Split(*parts, _part(whole, judge, "200"), judge)
        else:
            whole = _loaded(self.data / "pictures_train.npz", TASKS[row.task].divisor)
            tests = _loaded(self.data / "pictures_test.npz", TASKS[row.task].divisor)
            # one split for all seeds: the float net is fine-tuned once, and must not have seen the guard's
            rest = np.random.default_rng(2026).permutation(whole.count)
            parts = (_part(whole, rest[1000:], "9000"), _part(whole, rest[:1000], "1000"))
            split = Split(*parts, tests, np.arange(tests.count))
        return split if row.labels else replace(split, train=replace(split.train, labels=None))

    def summaries(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Every row with what its trials give together; those that were not run have no scores."""
        return [
            _summary(row, {int(seed): trial for seed, trial in self.trials.get(row.name, {}).items()})
            for row in rows
        ]


def _fitted(published: Path, first: str, split: Split, folder: Path) -> Path:
    """The published net after its first recipe; what `compress` keeps of it makes it quick the next time."""
    compress(
        published, replace(parse(first, "first"), seed=0), split.train, eval_data=split.guard, output=folder
    )
    (made,) = folder.glob("*/model.keras")
    return made


def _trial(row: Row, seed: int, key: str, model: Path, split: Split) -> Trial:
    began, worked = time.perf_counter(), _cpu_seconds()
    recipe = replace(parse(row.text, row.name), seed=seed)
    with tempfile.TemporaryDirectory() as name:
        folder, exit_code = Path(name) / "out", 0
        try:
            with _half_products(row.task == "pictures"):
                compress(model, recipe, split.train, eval_data=split.guard, output=folder, device=row.device)
        except TrainingError as error:
            # lost beyond the guard: what was made is judged all the same, so that the table shows by how much
            if not (folder / "report.json").exists():
                raise
            exit_code = error.exit_code
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        last = _last_file(folder, report)
        before = _right(outputs_of(models.load(model).model, split.judge.inputs), split.judge)
        after = (
            ~before & before
            if last is None
            else _right(outputs_of_file(last, split.judge.inputs), split.judge)
        )
        sizes = next((one["sizes"] for one in reversed(report["stages"]) if "sizes" in one), {})
        return Trial(
            seed=seed,
            key=key,
            date=datetime.datetime.now(tz=datetime.timezone.utc).date().isoformat(),
            seconds=round(time.perf_counter() - began, 1),
            cpu_seconds=round(_cpu_seconds() - worked, 1),
            verdict="stopped by its guard" if "breach" in report else report["verdict"]["word"],
            told=report["breach"] if "breach" in report else report["verdict"]["text"],
            exit_code=exit_code,
            float_right=np.packbits(before).tobytes().hex(),
            right=np.packbits(after).tobytes().hex(),
            count=split.judge.count,
            zeros=sizes.get("sparsity"),
            parameters=sizes.get("parameters"),
            nbytes=report["stages"][-1].get("nbytes"),
        )


def _last_file(folder: Path, report: dict[str, Any]) -> Path | None:
    """What the last stage wrote, be its name before the others' or not; a recipe that stopped has none."""
    return next(iter(sorted((folder / report["stages"][-1]["name"]).glob("*.tflite"))), None)


def _cpu_seconds() -> float:
    """What this process, its threads and the children it has waited for have used."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


@contextmanager
def _half_products(wanted: bool) -> Iterator[None]:
    """While it lasts, TensorFlow multiplies in bfloat16 where the processor can, in half the time."""
    options = tensorflow().config.optimizer.set_experimental_options
    options({"auto_mixed_precision_onednn_bfloat16": wanted})
    try:
        yield
    finally:
        options({"auto_mixed_precision_onednn_bfloat16": False})


def _right(outputs: Array, judge: DataSet) -> Array:
    assert judge.labels is not None
    return np.asarray(np.asarray(outputs).reshape(judge.count, -1).argmax(axis=1) == judge.labels)


def _summary(row: Row, trials: dict[int, Trial]) -> dict[str, Any]:
    told = {"name": row.name, "task": row.task, "form": row.form, "goal": row.goal, "seeds": sorted(trials)}
    if not trials:
        return {**told, "met": None}
    before, after = (_worths(row, trials, name) for name in ("float_right", "right"))
    lost = paired_drop(ScoreKind.ACCURACY, before, after)
    return {
        **told,
        "dates": sorted({trial.date for trial in trials.values()}),
        "float": round(float(before.mean()), 5),
        "score": round(float(after.mean()), 5),
        **_points(lost),
        "met": None if row.goal is None or len(trials) < _SEEDS else 100 * lost.drop <= row.goal + 1e-9,
        "verdicts": [trials[seed].verdict for seed in sorted(trials)],
        "exit_codes": [trials[seed].exit_code for seed in sorted(trials)],
        "silent": [seed for seed in sorted(trials) if _is_silent(row, trials[seed])],
        "seconds": round(max(trial.seconds for trial in trials.values())),
        "cpu_seconds": max(
            (trial.cpu_seconds for trial in trials.values() if trial.cpu_seconds), default=None
        ),
        "zeros": trials[min(trials)].zeros,
        "nbytes": trials[min(trials)].nbytes,
    }


def _is_silent(row: Row, trial: Trial) -> bool:
    """Said to be within what may be lost, where samples that nobody saw lost more than that beyond doubt."""
    before, after = (_worths(row, {trial.seed: trial}, name) for name in ("float_right", "right"))
    lost = paired_drop(ScoreKind.ACCURACY, before, after)
    guard = parse(row.text, row.name).guard.max_drop
    return trial.verdict == "within" and lost.drop > (guard or DEFAULT_DROP) and lost.low > 0


def _points(lost: PairedDrop) -> dict[str, float]:
    return {key: round(100 * getattr(lost, key), 2) for key in ("drop", "low", "high")}


def _worths(row: Row, trials: dict[int, Trial], name: str) -> Array:
    """Per sample the share of right answers: where all seeds judge the same samples, these count once."""
    bits = [
        np.unpackbits(np.frombuffer(bytes.fromhex(getattr(trial, name)), np.uint8))[: trial.count]
        for _, trial in sorted(trials.items())
    ]
    return np.concatenate(bits).astype(float) if row.task == "keywords" else np.mean(bits, axis=0)


def table(rows: Sequence[dict[str, Any]]) -> str:
    """For the terminal; docs/tables.py makes the same for pages."""
    lines = [
        f"{'row':28} {'float':>7} {'score':>7} {'drop':>6} {'95% interval':>15} {'goal':>5}  met  verdicts"
    ]
    for row in rows:
        if not row["seeds"]:
            lines.append(f"{row['name']:28} not run")
            continue
        goal = "" if row["goal"] is None else f"{row['goal']:.1f}"
        lines.append(
            f"{row['name']:28} {row['float']:7.2%} {row['score']:7.2%} {row['drop']:6.2f} "
            f"{row['low']:6.2f} to {row['high']:5.2f} {goal:>5}  {_MET[row['met']]:3}  "
            f"{', '.join(row['verdicts'])}"
        )
    return "\n".join(lines)


_MET = {True: "yes", False: "NO", None: ""}


def _by_seed(trials: dict[str, Trial]) -> dict[str, Any]:
    return {seed: asdict(trials[seed]) for seed in sorted(trials)}


def _files(model: Path) -> Iterator[Path]:
    yield from sorted(path for path in model.rglob("*") if path.is_file()) if model.is_dir() else [model]


@once
def _loaded(path: Path, divisor: float) -> DataSet:
    with np.load(path, allow_pickle=False) as arrays:
        inputs = arrays["inputs"].astype(np.float32) / np.float32(divisor)
        return DataSet(path.name, inputs, arrays["labels"].astype(np.int64))


def _part(whole: DataSet, places: Array, what: str) -> DataSet:
    assert whole.labels is not None
    return replace(
        whole, name=f"{whole.name} ({what})", inputs=whole.inputs[places], labels=whole.labels[places]
    )


if __name__ == "__main__":
    raise SystemExit(main())
