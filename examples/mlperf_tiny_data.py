"""A data set in the form that MLPerf Tiny's runner reads: a file per sample, and y_labels.csv.

    python examples/mlperf_tiny_data.py keywords.npz kws.tflite -o datasets/kws01
    python examples/mlperf_tiny_data.py pictures.npz resnet.tflite -o datasets/ic01 --samples 200

The runner sends a file's bytes as they are, and what a firmware makes of them follows from the model's word
(`export --name`), here the folder's name: the input as the model stores it, for `ic01` and `vww01` unsigned
pixels, for `ad01` float32. Inputs are stored exactly as `evaluate` stores them, so that the runner counts the
same right answers.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from tinyml_compress import data
from tinyml_compress.frontend import read
from tinyml_compress.runners.sides import stored_inputs

PIXELS = ("ic01", "vww01")
FLOATS = ("ad01",)


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", help="what `evaluate --data` takes, with labels")
    parser.add_argument("model", type=Path, help="the .tflite file of the firmware")
    parser.add_argument("-o", "--output", type=Path, required=True, help="such as datasets/kws01")
    parser.add_argument("--samples", type=int, help="the first ones alone")
    given = parser.parse_args()
    samples = data.load(given.data)
    count = min(given.samples or samples.count, samples.count)
    rows = sample_bytes(samples.inputs[:count], given.model, given.output.name)
    labels = samples.need_labels()[:count]
    classes = max(int(labels.max()) + 1, len(samples.classes))
    given.output.mkdir(parents=True, exist_ok=True)
    lines = []
    for number, (content, label) in enumerate(zip(rows, labels, strict=True)):
        name = f"{number:05d}.bin"
        (given.output / name).write_bytes(content)
        # The last two columns are of windows of a longer sound; here a file is one window.
        sizes = f",{len(content)},{len(content)}" if given.output.name in FLOATS else ""
        lines.append(f"{name},{classes},{int(label)}{sizes}\n")
    (given.output / "y_labels.csv").write_text("".join(lines))
    print(f"{count} samples of {len(rows[0])} bytes in {given.output}")


def sample_bytes(inputs: data.Floats, model: Path, word: str) -> list[bytes]:
    """What comes over the line for each sample."""
    if word in FLOATS:
        return [np.ascontiguousarray(sample, "<f4").tobytes() for sample in inputs]
    graph = read(model.read_bytes(), model.stem)
    stored = [row[0] for row in stored_inputs([graph.tensors[graph.inputs[0]]], [inputs])]
    if word in PIXELS:
        return [(sample.astype(np.int16) + 128).astype(np.uint8).tobytes() for sample in stored]
    return [sample.tobytes() for sample in stored]


if __name__ == "__main__":
    main()
