"""A smaller .tflite with the same outputs, for users of TensorFlow Lite Micro."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyml_compress.errors import MismatchError
from tinyml_compress.frontend.ledger import ledger
from tinyml_compress.frontend.reader import read
from tinyml_compress.frontend.strip import strip
from tinyml_compress.ir.ledger import Ledger
from tinyml_compress.runners import tflm
from tinyml_compress.runners.vectors import random
from tinyml_compress.support import files

__all__ = ["Shrunk", "shrink_file"]


@dataclass(frozen=True)
class Shrunk:
    """Both ledgers, and on how many inputs the outputs were compared (0: no TFLM on this machine)."""

    before: Ledger
    after: Ledger
    vectors: int

    def as_json(self) -> dict[str, object]:
        return {
            "schema": 1,
            "before": vars(self.before),
            "after": vars(self.after),
            "saved": self.before.file - self.after.file,
            "identical_outputs": self.vectors,
        }

    def summary(self) -> str:
        saved = self.before.file - self.after.file
        lines = [f"{self.before.file:,} B -> {self.after.file:,} B, {saved:,} B saved ({saved / self.before.file:.1%})"]
        lines += [
            f"  {part:<13}{size:>10,} -> {now:>8,} B"
            for (part, size, _), (_, now, _) in zip(self.before.parts(), self.after.parts(), strict=True)
        ]
        lines.append(
            f"  outputs identical under TensorFlow Lite Micro on {self.vectors} inputs"
            if self.vectors
            else "  outputs not compared: tflite-micro is not installed here (Linux x86-64 only)"
        )
        return "\n".join(lines)


def shrink_file(model: Path, output: Path, vectors: int = 10, seed: int = 0) -> Shrunk:
    """Write the stripped file to `output`, once its outputs were found identical to those of `model`."""
    before = model.read_bytes()
    after = strip(before)
    graph = read(before, "model")
    compared = 0
    if tflm.available() and vectors:
        rng = np.random.default_rng(seed)
        inputs = [[random(graph.tensors[name], rng) for name in graph.inputs] for _ in range(vectors)]
        expected, found = (tflm.run(file, inputs).outputs for file in (before, after))
        for number, (want, got) in enumerate(zip(expected, found, strict=True)):
            if any(w.tobytes() != g.tobytes() for w, g in zip(want, got, strict=True)):
                raise MismatchError("the smaller file gives another output", which=f"{model.name}, input {number}")
        compared = vectors
    files.write_bytes(output, after)
    return Shrunk(ledger(before), ledger(after), compared)
