"""Does `fit` halve the zoo's DS-CNN? `python benchmarks/fit.py`; 35 minutes of two quiet cores.

For each seed: a float DS-CNN is trained on the synthetic keywords, and a search of 10 minutes wants half of
its int8 form's flash and half of its time on a NUCLEO-L4R5ZI, within one point of the float score. Prints a
Markdown table and writes fit.json; exit code 1 when a search finds nothing. `--keep DIR` leaves the searches'
own files there.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import tinyml_compress
from tinyml_compress.pipeline.compress.verb import compress
from tinyml_compress.pipeline.fit.verb import fit
from tinyml_compress.results import encoded
from tinyml_compress.support import files
from tinyml_compress.techniques.recipe import parse

MODEL, DATA, BOARD = "zoo:ds_cnn", "data:keywords", "nucleo-l4r5zi"
PART = "50%"
DROP = 0.01
RECIPE = """title = "float"
seed = {seed}
[[stage]]
use = "train"
fresh = true
epochs = 12
learning_rate = 3e-3
[[stage]]
use = "convert"
"""


@dataclass(frozen=True)
class Row:
    """One search; costs are those of the compiled models on the emulated board."""

    seed: int
    verdict: str
    minutes: float
    trials: int
    trained: int
    float_score: float
    int8_score: float
    int8: dict[str, Any]
    found: str
    """The winner's dimensions, or those of the trial that misses the budget by least."""
    score: float
    cost: dict[str, Any]
    untouched: dict[str, Any]
    """Scores on the half of the test part that nothing was chosen by; empty when nothing fits."""


def main() -> int:
    """Train, search, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1,2,3", help="comma-separated")
    parser.add_argument("--minutes", type=float, default=10.0, help="for each search")
    parser.add_argument("--keep", type=Path, help="folder for what the searches write")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    chosen = parser.parse_args()
    kept = _kept(chosen.output)
    with tempfile.TemporaryDirectory() as folder:
        place = chosen.keep or Path(folder)
        for seed in map(int, chosen.seeds.split(",")):
            kept[seed] = asdict(_measure(seed, chosen.minutes, place / f"seed{seed}"))
            table = {
                "date": date.today().isoformat(),
                "tool": tinyml_compress.__version__,
                "minutes": chosen.minutes,
                "rows": [kept[one] for one in sorted(kept)],
            }
            files.write_text(chosen.output, json.dumps(table, indent=2) + "\n")
            print(json.dumps(kept[seed]), flush=True)
    return 0 if all(row["verdict"] == "fits" for row in kept.values()) else 1


def _kept(table: Path) -> dict[int, dict[str, Any]]:
    """Rows of seeds that are not searched this time."""
    if not table.exists():
        return {}
    return {row["seed"]: row for row in json.loads(table.read_text(encoding="utf-8"))["rows"]}


def _measure(seed: int, minutes: float, folder: Path) -> Row:
    compress(MODEL, parse(RECIPE.format(seed=seed), "float"), DATA, output=folder / "float")
    (net,) = folder.glob("float/*train/model.keras")
    found = fit(
        net,
        DATA,
        BOARD,
        output=folder / "fit",
        max_flash=PART,
        max_ms=PART,
        max_drop=DROP,
        minutes=minutes,
        seed=seed,
    )
    done = encoded(found)
    wanted = done["winner"] if done["winner"] is not None else done["nearest"]["number"]
    best = next(trial for trial in done["trials"] if trial["number"] == wanted)
    reference = done["reference"]
    off = next(trial for trial in done["trials"] if trial["number"] == 0)["params"]
    return Row(
        seed=seed,
        verdict=done["verdict"],
        minutes=round(done["seconds"] / 60, 1),
        trials=done["counts"]["trials"],
        trained=done["counts"]["trained"],
        float_score=done["float"]["score"],
        int8_score=reference["score"],
        int8=reference["cost"],
        found=", ".join(f"{name} {value}" for name, value in best["params"].items() if value != off[name]),
        score=best["score"],
        cost=best["cost"],
        untouched=done["published"]["untouched"] if done["winner"] is not None else {},
    )


if __name__ == "__main__":
    raise SystemExit(main())
