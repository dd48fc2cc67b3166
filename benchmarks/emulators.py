"""The built-in emulator against QEMU on the Cortex-M55: `python benchmarks/emulators.py`.

The zoo's nets at `speed`, and the published ones where `../shared/models` is there: the same bytes, and of
each node the same number of instructions, or it ends with an error. Wants qemu-system-arm; writes
emulators.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.kernels import BOARDS, checked, models
from tinyml_compress import __version__
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.results import Measurement
from tinyml_compress.support import files

HERE = Path(__file__).parent
BOARD = BOARDS["cortex-m55"]


def main() -> int:
    """Run both, compare, print, record."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", default="", help="names separated by commas; default: all")
    wanted = {word for word in parser.parse_args().models.split(",") if word}
    baselines = json.loads((HERE / "baselines.json").read_text())["models"]
    rows: dict[str, int] = {}
    by: set[str] = set()
    print("| net | instructions under both |\n|---|---|")
    for name, load in models(wanted, baselines):
        own, other = (_run(name, load(), emulator) for emulator in ("unicorn", "qemu"))
        apart = _apart(own, other)
        if apart:
            raise SystemExit(f"{name}: the emulators differ in {apart}")
        by |= {str(own.emulator), str(other.emulator)}
        rows[name] = own.instructions
        print(f"| {name} | {own.instructions:,} |", flush=True)
    told = {"version": __version__, "date": date.today().isoformat(), "board": BOARD, "emulators": sorted(by)}
    path = HERE / "emulators.json"
    kept = json.loads(path.read_text())["instructions"] if path.is_file() else {}
    document = {**told, "instructions": dict(sorted({**kept, **rows}.items()))}
    files.write_text(path, json.dumps(document, indent=1) + "\n")
    return 0


def _run(name: str, content: bytes, emulator: str) -> Measurement:
    request = BenchmarkRequest((BOARD,), vectors=1, level=Level.SPEED, emulator=emulator)
    return checked(measured(content, request, name).runs[0])


def _apart(own: Measurement, other: Measurement) -> list[str]:
    """The nodes that took another number of instructions, and the outputs if they are others."""
    pairs = zip(own.nodes or (), other.nodes or (), strict=True)
    nodes = [first.name for first, second in pairs if first.instructions != second.instructions]
    whole = ["the whole net"] if own.instructions != other.instructions else []
    return nodes + whole + (["the outputs"] if own.outputs != other.outputs else [])


if __name__ == "__main__":
    raise SystemExit(main())
