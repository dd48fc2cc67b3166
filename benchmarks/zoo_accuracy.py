"""How well the zoo's nets do on the synthetic sets in their shapes: `python benchmarks/zoo_accuracy.py`.

A point of accuracy means something only where a float net is neither perfect nor lost: each is trained here
from its seeded weights, converted to int8, and scored on the test part. Prints a Markdown table and writes
zoo_accuracy.json; exit code 1 when a float net is outside its bounds.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tinyml_compress import data, models
from tinyml_compress.data.shipped import manifest
from tinyml_compress.models.zoo import ZOO
from tinyml_compress.pipeline.convert.verb import convert
from tinyml_compress.pipeline.evaluate.verb import evaluate
from tinyml_compress.techniques.training import Samples, fit, task_for

BOUNDS = (0.85, 0.97)
NOT_SCORED = ("speech_codec",)
"""Repeats what it hears: it has an error but no right or wrong. Nets on digits are left out as well: those
are real.
"""
EPOCHS = {"resnet8": 10, "autoencoder": 35, "mobilenet_v1_025": 20}
DEFAULT_EPOCHS = 12
LEARNING_RATES = {"mobilenet_v1_025": 2e-3}
DEFAULT_LEARNING_RATE = 3e-3
SEED = 1


@dataclass(frozen=True)
class Row:
    """One net on its set; `score` is accuracy, or AUC where the net reconstructs."""

    model: str
    data: str
    measure: str
    float32: float
    int8: float
    samples: int
    inside: bool
    seconds: int
    parts: tuple[str, ...]
    """Digests of the train and the test part: a test tells a table of other data by them."""


def main() -> int:
    """Train, convert, score, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="comma-separated names of the zoo")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("zoo_accuracy.json"))
    chosen = parser.parse_args()
    names = list(ZOO) if chosen.only is None else chosen.only.split(",")
    rows = [_measure(name) for name in names if ZOO[name].data != "data:digits" and name not in NOT_SCORED]
    print("| model | data | measure | float32 | int8 | test samples | s |\n|---|---|---|---|---|---|---|")
    for row in rows:
        mark = "" if row.inside else " (outside its bounds)"
        print(
            f"| {row.model} | {row.data} | {row.measure} | {row.float32:.3f}{mark} | {row.int8:.3f} "
            f"| {row.samples} | {row.seconds} |"
        )
    kept = (
        json.loads(chosen.output.read_text(encoding="utf-8"))
        if chosen.only and chosen.output.exists()
        else []
    )
    table = {row["model"]: row for row in [*kept, *map(asdict, rows)]}
    ordered = [table[name] for name in ZOO if name in table]
    chosen.output.write_text(json.dumps(ordered, indent=2) + "\n", encoding="utf-8")
    return 0 if all(row.inside for row in rows) else 1


def _measure(name: str) -> Row:
    started = time.perf_counter()
    about = ZOO[name]
    train, test = data.load(f"{about.data}:train"), data.load(f"{about.data}:test")
    net = models.load(f"zoo:{name}").model
    samples = Samples(train.inputs, train.labels)
    task = task_for(
        net,
        samples,
        epochs=EPOCHS.get(name, DEFAULT_EPOCHS),
        seed=SEED,
        learning_rate=LEARNING_RATES.get(name, DEFAULT_LEARNING_RATE),
    )
    fit(net, task, samples)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        models.save(net, place / "net.keras")
        plain = convert(place / "net.keras", mode="float32", output=place / "f", name="net")
        small = convert(place / "net.keras", train, output=place / "q", name="net")
        scores = [evaluate(made.path, test).score for made in (plain, small)]
    values = [
        score.value if score.accuracy is not None else float(score.auc or 0.0) for score in scores if score
    ]
    measure = "accuracy" if scores[0] is not None and scores[0].accuracy is not None else "AUC"
    inside = BOUNDS[0] <= values[0] <= BOUNDS[1]
    seconds = round(time.perf_counter() - started)
    parts = tuple(part.sha256 for part in manifest(about.data.removeprefix("data:")).parts)
    return Row(name, about.data, measure, values[0], values[1], test.count, inside, seconds, parts)


if __name__ == "__main__":
    raise SystemExit(main())
