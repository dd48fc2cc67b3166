"""Every promise about compression on the shipped digits, measured: `python benchmarks/techniques.py`.

Trains the zoo's digits CNN, runs the shipped recipes on it, and prints a Markdown table of what each cost and
bought, with the promise beside it. Ends with exit code 1 when a promise is broken.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyml_compress.pipeline.compress.plan import find_recipe
from tinyml_compress.pipeline.compress.stages import sizes_of
from tinyml_compress.pipeline.compress.verb import compress
from tinyml_compress.results import Compression, StageResult

EPOCHS = 20
SEEDS = (1, 2, 3)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    accuracy: float
    drop: float
    parameters: int
    zeros: float
    macs: float
    gzip: float
    promise: str
    kept: bool
    seconds: float


def main() -> int:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", action="store_true", help="use results of earlier runs")
    parser.add_argument("--only", help="comma-separated recipe names; the other rows stay as recorded")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("techniques.json"))
    chosen = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        if not chosen.cache:
            os.environ["TINYML_COMPRESS_CACHE"] = str(Path(name) / "cache")
        rows = _measure(Path(name), None if chosen.only is None else chosen.only.split(","))
    total = time.perf_counter() - began
    print(_table(rows, total))
    if chosen.only is not None and chosen.output.exists():
        stored = json.loads(chosen.output.read_text(encoding="utf-8"))
        anew = {row.name: row.__dict__ for row in rows}
        stored["rows"] = [anew.get(row["name"], row) for row in stored["rows"]]
        chosen.output.write_text(json.dumps(stored, indent=2) + "\n")
    if chosen.only is None:
        record = {"seconds": round(total, 1), "rows": [row.__dict__ for row in rows]}
        chosen.output.write_text(json.dumps(record, indent=2) + "\n")
    return 0 if all(row.kept for row in rows) else 1


def _measure(folder: Path, only: list[str] | None) -> list[Row]:
    rows: list[Row] = []
    float_bytes = 0
    for name, promise, kept in _PROMISES:
        if only is not None and name not in only:
            continue
        if name == "students":
            rows += _students(folder)
            continue
        done = compress(
            "zoo:digits_cnn", name, "data:digits", output=folder / name, train=EPOCHS, accept_drop=100
        )
        if not float_bytes:
            float_bytes = _float_bytes(done)
        rows.append(_row(done, name, promise, kept, float_bytes))
        _show(rows[-1])
    return rows


def _float_bytes(done: Compression) -> int:
    """The .tflite file of the float model: what gzip sizes are compared with."""
    from tinyml_compress.pipeline.convert.verb import convert

    model = done.folder / "train" / "model.keras"
    with tempfile.TemporaryDirectory() as folder:
        return convert(model, mode="float32", output=Path(folder), name="digits").path.stat().st_size


def _row(
    done: Compression,
    name: str,
    promise: str,
    kept: Callable[[Row], bool],
    float_bytes: int,
) -> Row:
    last = done.stages[-1]
    model = next(stage for stage in reversed((done.baseline, *done.stages)) if stage.sizes is not None)
    assert model.sizes is not None
    assert done.baseline.sizes is not None
    row = Row(
        name=name,
        accuracy=_score(last),
        drop=_score(done.baseline) - _score(last),
        parameters=model.sizes.parameters,
        zeros=model.sizes.sparsity,
        macs=(model.sizes.macs or 0) / (done.baseline.sizes.macs or 1),
        gzip=(last.gzip_nbytes or 0) / float_bytes,
        promise=promise,
        kept=True,
        seconds=sum(stage.seconds for stage in done.stages),
    )
    return Row(**{**row.__dict__, "kept": kept(row)})


def _score(stage: StageResult) -> float:
    assert stage.score is not None
    return stage.score


def _students(folder: Path) -> list[Row]:
    """The same student with and without a teacher, three seeds each."""
    from tinyml_compress import data, models
    from tinyml_compress.techniques.distillation import distil, fresh_copy, narrower
    from tinyml_compress.techniques.structured import remove_channels
    from tinyml_compress.techniques.training import Samples, Training, score, task_for

    began = time.perf_counter()
    compress(
        "zoo:digits_cnn", find_recipe("ptq-int8"), "data:digits", output=folder / "teacher", train=EPOCHS
    )
    teacher = models.load(folder / "teacher" / "train" / "model.keras").model
    train, tests = (data.load(f"data:digits:{part}") for part in ("train", "test"))
    samples, held = Samples(train.inputs, train.labels), Samples(tests.inputs, tests.labels)
    scores: dict[str, list[float]] = {
        name: [] for name in ("trained alone", "distilled, new weights", "distilled")
    }
    student = narrower(teacher, WIDTH)
    heir = remove_channels(
        teacher, keep=WIDTH
    ).model  # the same architecture with the teacher's strongest channels
    for seed in SEEDS:
        training = Training(task_for(teacher, samples, seed=seed), samples)
        start = fresh_copy(student, seed)
        lone = fresh_copy(student, seed)
        training.fit(lone, STUDENT_EPOCHS, 2e-3)
        scores["trained alone"].append(score(lone, training.task, held))
        for name, first in (("distilled, new weights", start), ("distilled", heir)):
            taught = distil(
                teacher, first, training=training, alpha=ALPHA, temperature=TEMPERATURE, epochs=STUDENT_EPOCHS
            )
            scores[name].append(score(taught.model, training.task, held))
    whole, small = sizes_of(teacher), sizes_of(student)
    best = score(teacher, training.task, held)
    seconds = (time.perf_counter() - began) / len(scores)
    rows = []
    for name, values in scores.items():
        mean = float(np.mean(values))
        promise = "better than alone, at most 25% of the parameters" if name == "distilled" else ""
        alone = float(np.mean(scores["trained alone"]))
        kept = not promise or (mean > alone and small.parameters <= whole.parameters / 4)
        shown = (
            f"student {name}, mean of {len(SEEDS)} seeds ({', '.join(f'{value:.1%}' for value in values)})"
        )
        macs = (small.macs or 0) / (whole.macs or 1)
        rows.append(Row(shown, mean, best - mean, small.parameters, 0.0, macs, 0.0, promise, kept, seconds))
        _show(rows[-1])
    return rows


WIDTH, STUDENT_EPOCHS, ALPHA, TEMPERATURE = 0.2, 30, 0.5, 2.0

_PROMISES: tuple[tuple[str, str, Callable[[Row], bool]], ...] = (
    ("ptq-int8", "", lambda row: True),
    ("qat-int8", "", lambda row: True),
    ("prune50-int8", "", lambda row: True),
    (
        "prune80-pqat-int8",
        "drop at most 1.0, zeros 80 ± 1%, gzip at most 10%",
        lambda row: row.drop <= 0.01 and abs(row.zeros - 0.8) <= 0.01 and row.gzip <= 0.1,
    ),
    ("prune90-iterative-pqat", "drop at most 1.5", lambda row: row.drop <= 0.015 and row.zeros >= 0.89),
    (
        "channels-half-qat",
        "drop at most 1.5, MACs at most 35%",
        lambda row: row.drop <= 0.015 and row.macs <= 0.35,
    ),
    ("cluster16-pcqat", "gzip at most 8%", lambda row: row.gzip <= 0.08),
    (
        "lowrank-int8",
        "drop at most 1.0, parameters at most half",
        lambda row: row.drop <= 0.01 and row.parameters <= 19213,
    ),
    ("distil-quarter-int8", "", lambda row: True),
    ("students", "", lambda row: True),
)


def _show(row: Row) -> None:
    print(f"{row.name}: {row.accuracy:.2%}, {row.seconds:.0f} s", file=sys.stderr, flush=True)


def _table(rows: list[Row], seconds: float) -> str:
    lines = [
        (
            "| recipe | accuracy | drop, points | parameters | zeros | MACs | gzip "
            "of float file | promise | kept | s |"
        ),
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        packed = f"{row.gzip:.1%}" if row.gzip else "-"
        lines.append(
            f"| {row.name} | {row.accuracy:.2%} | {row.drop * 100:.2f} | "
            f"{row.parameters:,} | {row.zeros:.1%} | "
            f"{row.macs:.0%} | {packed} | {row.promise or '-'} | "
            f"{'yes' if row.kept else 'NO'} | {row.seconds:.0f} |"
        )
    return "\n".join([*lines, "", f"digits, 397 test images; {seconds / 60:.1f} minutes in all"])


if __name__ == "__main__":
    sys.exit(main())
