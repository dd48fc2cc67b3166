"""What nets on windows cost frame by frame: `python benchmarks/streams.py`; two minutes.

Nets of the zoo become int8 files; `stream` rewrites them, with equal outputs; both forms run on an emulated
NUCLEO-L4R5ZI. Prints Markdown and writes streams.json. Instructions and bytes are counted, cycles modelled.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from tinyml_compress import __version__
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.convert.verb import convert
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.pipeline.stream import stream
from tinyml_compress.support import files

HERE = Path(__file__).parent
BOARD = "nucleo-l4r5zi"
NETS = (("wake_word", "data:wake-word:train"), ("ds_cnn", "data:keywords:train"))


@dataclass(frozen=True)
class Form:
    """One inference."""

    macs: int
    instructions: int
    cycles: int
    ram: int
    flash: int


@dataclass(frozen=True)
class Row:
    """A net on windows, and told frame by frame."""

    net: str
    frames: int
    window_frames: int
    window: Form
    step: Form


def main() -> int:
    """Make, measure, print."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for net, data in NETS:
            done = convert(f"zoo:{net}", data, output=Path(folder) / net)
            told = Path(folder) / f"{net}_stream.tflite"
            found = stream(done.path, output=told)
            window = _form(done.path, found.window.macs)
            rows.append(Row(net, found.frames, found.window_frames, window, _form(told, found.step.macs)))
    head = ("net", "form", "MACs", "instructions", "cycles, modelled", "RAM, B", "flash, B")
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        for name, form in (
            (f"window of {row.window_frames}", row.window),
            (f"step of {row.frames}", row.step),
        ):
            numbers = " | ".join(f"{value:,}" for value in asdict(form).values())
            print(f"| {row.net} | {name} | {numbers} |")
    document = {"tool": __version__, "date": str(date.today()), "board": BOARD}
    document["rows"] = [asdict(row) for row in rows]
    files.write_text(HERE / "streams.json", json.dumps(document, indent=1) + "\n")
    return 0


def _form(path: Path, macs: int) -> Form:
    (run,) = measured(path, BenchmarkRequest((BOARD,), vectors=3, level=Level.SPEED)).runs
    return Form(macs, run.instructions, round(run.cycles), run.ram, run.flash)


if __name__ == "__main__":
    sys.exit(main())
