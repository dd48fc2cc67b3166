"""Instructions, modelled cycles, flash and RAM of our C on emulated boards, against TensorFlow Lite Micro's
counts.

All zoo models, and the published ones where `../shared/models` is there, on six cores at every
--optimize level. Prints a table and writes benchmarks/results.json. `--models kws,ic` and `--cores cortex-m4`
choose what is measured anew; the other rows stay. docs/tables.py makes the README's table of the results.

The Cortex-M55 is emulated by an interpreter of our own, so its rows are counted a second time by QEMU where
that is installed: another count of any node, or another output, ends the run. A row says who counted it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from tinyml_compress import __version__
from tinyml_compress.errors import TinymlError
from tinyml_compress.models.zoo import ZOO
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.measure.model import given
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.results import Measurement
from tinyml_compress.support.cache import cached_folder, key_of
from tinyml_compress.support.files import write_text
from tinyml_compress.support.resources import package_folder

HERE = Path(__file__).parent
PUBLISHED = HERE.parent.parent / "shared" / "models"
BOARDS = {
    "cortex-m0plus": "raspberry-pi-pico",
    "cortex-m4": "nucleo-l4r5zi",
    "cortex-m7": "nucleo-f767zi",
    "cortex-m33": "nucleo-u575zi",
    "cortex-m55": "corstone-300",
    "rv32imc": "esp32-c3",
}
LOADS = {"load_runs": "load-run", "flash_words": "flash-word"}
COUNTED_TWICE = "cortex-m55"


@dataclass(frozen=True)
class Row:
    """One model on one core at one level."""

    model: str
    core: str
    level: str
    run: Measurement
    baseline: float | None
    """Instructions of TensorFlow Lite Micro, where they were counted."""
    counted_by: tuple[str, ...]
    """Emulators, each of which gave these counts."""

    @property
    def ratio(self) -> float | None:
        return None if self.baseline is None else self.run.instructions / self.baseline

    @property
    def loads(self) -> dict[str, int]:
        """Runs of loads and words of flash that data was read from, where the emulator counts them."""
        cycles = self.run.figure("cycles")
        given = {} if cycles is None else cycles.about or {}
        return {word: int(given[key]) for word, key in LOADS.items() if key in given}

    def as_json(self) -> dict[str, Any]:
        run = self.run
        found: dict[str, Any] = {
            "model": self.model,
            "core": self.core,
            "device": run.device,
            "optimize": self.level,
            "macs": run.macs,
            "instructions": run.instructions,
            **self.loads,
            "cycles": run.cycles,
            "cycles_error": error_of(run),
            "counted_by": list(self.counted_by),
            "flash": {
                "total": run.flash,
                "weights": run.parts("flash")["weights"],
                "code": run.flash - run.parts("flash")["weights"],
                "kernels": run.parts("flash")["kernels"],
            },
            "ram": {
                "total": run.ram,
                "arena": run.parts("RAM")["arena"],
                "stack": run.parts("RAM")["stack"],
            },
        }
        if self.ratio is not None:
            found["ratio_to_tflm"] = round(self.ratio, 4)
        return found


def models(wanted: set[str], baselines: dict[str, Any]) -> Iterator[tuple[str, Callable[[], bytes]]]:
    for name in ZOO:
        if not wanted or name in wanted:
            yield name, partial(zoo_model, name)
    for name, facts in baselines.items():
        path = PUBLISHED / facts.get("file", "")
        if path.is_file() and (not wanted or name in wanted):
            yield name, path.read_bytes


def measure(name: str, content: bytes, level: Level, cores: list[str], facts: dict[str, Any]) -> list[Row]:
    """All cores at one level."""
    request = BenchmarkRequest(tuple(BOARDS[core] for core in cores), vectors=3, level=level)
    rows = []
    for core, found in zip(cores, measured(content, request, name).runs, strict=True):
        run = checked(found)
        by = (str(run.emulator), *(_second(name, content, level, run) if core == COUNTED_TWICE else ()))
        rows.append(Row(name, core, level.value, run, baseline(facts, core, run.macs), by))
    return rows


def _second(name: str, content: bytes, level: Level, first: Measurement) -> tuple[str, ...]:
    """Who else gives the same counts; nobody where QEMU is not installed."""
    if shutil.which("qemu-system-arm") is None:
        return ()
    request = BenchmarkRequest((first.device,), vectors=3, level=level, emulator="qemu")
    second = checked(measured(content, request, name).runs[0])
    pairs = zip(first.nodes or (), second.nodes or (), strict=True)
    apart = [one.name for one, other in pairs if one.instructions != other.instructions]
    if apart or first.instructions != second.instructions or first.outputs != second.outputs:
        raise SystemExit(f"{name}: {first.emulator} and {second.emulator} differ {' '.join(apart)}".rstrip())
    return (str(second.emulator),)


def zoo_model(name: str) -> bytes:
    """Converted once; again when the zoo or the converter changes."""
    sources = [package_folder("tinyml_compress.models.zoo"), package_folder("tinyml_compress.converter")]
    content = [path.read_bytes() for folder in sources for path in sorted(folder.glob("*.py"))]

    def make(folder: Path) -> None:
        (folder / "model.tflite").write_bytes(given(f"zoo:{name}").content)

    return (cached_folder("zoo", key_of(name, *content), make) / "model.tflite").read_bytes()


def baseline(facts: dict[str, Any], core: str, macs: int) -> float | None:
    if core in facts.get("instructions", {}):
        return float(facts["instructions"][core])
    per_mac = facts.get("instructions_per_mac", {}).get(core)
    return None if per_mac is None else per_mac * macs


def error_of(run: Measurement) -> float | None:
    cycles = run.figure("cycles")
    return None if cycles is None else cycles.error


def checked(run: Measurement) -> Measurement:
    if run.error is not None:
        raise SystemExit(f"{run.device}: {run.error.why}")
    if run.bit_exact is not None and run.bit_exact.mismatches:
        raise SystemExit(f"{run.device}: not bit-exact: {run.bit_exact.detail}")
    return run


def table(rows: list[Row]) -> Table:
    made = Table(box=box.SIMPLE, pad_edge=False)
    titles = (
        "model",
        "core",
        "optimize",
        "instructions",
        "instr/MAC",
        "runs of loads",
        "flash words",
        "cycles",
        "±",
        "flash",
        "code",
        "RAM",
        "of TFLM",
    )
    for title in titles:
        made.add_column(
            title, justify="left" if title in ("model", "core", "optimize") else "right", no_wrap=True
        )
    last = ""
    for row in rows:
        run = row.run
        if row.model != last and last:
            made.add_section()
        last = row.model
        made.add_row(
            row.model,
            row.core,
            row.level,
            f"{run.instructions:,}",
            f"{run.instructions / run.macs:.2f}" if run.macs else "",
            *(f"{row.loads[word]:,}" if word in row.loads else "" for word in LOADS),
            f"{run.cycles:,}",
            f"{error_of(run):.0%}",
            f"{run.flash:,}",
            f"{run.flash - run.parts('flash')['weights']:,}",
            f"{run.ram:,}",
            "" if row.ratio is None else f"{row.ratio:.2f}",
        )
    return made


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", default="", help="names separated by commas; default: all")
    parser.add_argument("--cores", default=",".join(BOARDS), help="names separated by commas")
    parser.add_argument(
        "--levels", default=",".join(level.value for level in Level), help="--optimize levels"
    )
    arguments = parser.parse_args()
    cores = arguments.cores.split(",")
    levels = [Level(word) for word in arguments.levels.split(",")]
    wanted = {word for word in arguments.models.split(",") if word}
    baselines = json.loads((HERE / "baselines.json").read_text())["models"]
    rows: list[Row] = []
    left_out: dict[str, str] = {}
    for name, load in models(wanted, baselines):
        print(f"{name} ...", flush=True)
        try:
            content = load()
            for level in levels:
                rows += measure(name, content, level, cores, baselines.get(name, {}))
        except TinymlError as error:
            left_out[name] = error.what
            print(f"{name} is left out: {error}", flush=True)
    Console(width=160).print(table(rows))
    record(rows, left_out)


def record(rows: list[Row], left_out: dict[str, str]) -> None:
    """Into results.json, where rows that were not measured now stay as they are."""
    path = HERE / "results.json"
    before = json.loads(path.read_text()) if path.is_file() else {"rows": [], "compilers": [], "left_out": {}}
    cores, levels = list(BOARDS), [level.value for level in Level]
    kept = {_key(row): row for row in (*before["rows"], *(row.as_json() for row in rows))}
    measured_now = {row.model for row in rows}
    still_out = {name: why for name, why in before["left_out"].items() if name not in measured_now}
    document = {
        "schema": 1,
        "tool": __version__,
        "date": datetime.date.today().isoformat(),
        "kinds": {
            **dict.fromkeys(("instructions", *LOADS, "flash", "ram"), "exact"),
            "cycles": "modelled",
        },
        "compilers": sorted({*before["compilers"], *(row.run.compiler for row in rows)}),
        "left_out": {**still_out, **left_out},
        "rows": sorted(
            kept.values(),
            key=lambda row: (row["model"], cores.index(row["core"]), levels.index(row["optimize"])),
        ),
    }
    write_text(path, json.dumps(document, indent=1) + "\n")
    print("wrote benchmarks/results.json")


def _key(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["model"], row["core"], row["optimize"]


if __name__ == "__main__":
    main()
