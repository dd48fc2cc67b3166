"""RAM against cycles, for nets by strips on an emulated NUCLEO-L4R5ZI: `python benchmarks/ram.py`.

Each form of the planner's front is compiled and run, bit-exact against TensorFlow Lite Micro. RAM is all of
it: arena with inputs and outputs, state, stack; counted. Instructions are counted, cycles modelled; those of
the fastest form are 1. Prints Markdown and writes ram.json. `--models ic,kws` takes some; published nets lie
in `../shared/models`. The front of a net is
planned once. Ten minutes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from time import process_time

from benchmarks.inverted import inverted_model
from benchmarks.kernels import PUBLISHED, zoo_model
from tinyml_compress import __version__, frontend, passes
from tinyml_compress.devices import Device, hardware_cycles, load_device
from tinyml_compress.fusion import by_rows
from tinyml_compress.ir import ByRows
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.fused import GraphForm, form_of, front_of
from tinyml_compress.pipeline.compile.verb import compile_form
from tinyml_compress.runners import tflm
from tinyml_compress.runners.emulated import emulate
from tinyml_compress.runners.vectors import mixed
from tinyml_compress.schedule import decided
from tinyml_compress.support import files

HERE = Path(__file__).parent
BOARD = "nucleo-l4r5zi"
_FILES = {"kws": "kws_ref_model", "ic": "pretrainedResnet_quant", "person_detect": "person_detect"}
ZOO = ("mobilenet_v1_025", "unet", "speech_codec")
INVERTED = ("mcunet_vww", "mobilenet_v2_035")
STREAMED = {"mobilenet_v1_025": zoo_model, "mcunet_vww": inverted_model, "mobilenet_v2_035": inverted_model}
BOUNDS = (1.05, 1.35)
_MOST_FORMS = 8
_SLOWEST = 2.6
"""Estimated; forms beyond are for boards that have nothing else."""


@dataclass(frozen=True)
class FormRow:
    """One form of a net."""

    model: str
    ram: int
    arena: int
    instructions: int
    cycles: int
    slower: float
    """Modelled cycles of the fastest form."""
    estimated: float
    """The same as the planner estimates it."""
    by_strips: int
    """Layers that run by strips."""


def nets(wanted: frozenset[str]) -> Iterator[tuple[str, bytes, tuple[ByRows, ...]]]:
    """Name and file of each, and which of its ends the caller gives by rows."""
    for name, file in _FILES.items():
        path = PUBLISHED / f"{file}.tflite"
        if path.is_file() and (not wanted or name in wanted):
            yield name, path.read_bytes(), ()
    for name in (*ZOO, *INVERTED):
        if not wanted or name in wanted:
            yield name, (zoo_model if name in ZOO else inverted_model)(name), ()
    for name, make in STREAMED.items():
        if not wanted or f"{name} by rows" in wanted:
            yield f"{name} by rows", make(name), (ByRows.INPUT,)


def _thinned(forms: Sequence[GraphForm]) -> list[GraphForm]:
    """Some of many: the first, the smallest within each bound, the last, and of those between every n-th."""
    least = min(form.cycles for form in forms)
    kept = {0, len(forms) - 1}
    kept |= {max(at for at, form in enumerate(forms) if form.cycles <= bound * least) for bound in BOUNDS}
    rest = [at for at in range(len(forms)) if at not in kept]
    wanted = max(_MOST_FORMS - len(kept), 0)
    step = max(len(rest) / wanted, 1.0) if wanted else len(forms)
    kept |= {rest[int(at * step)] for at in range(min(wanted, len(rest)))}
    return [forms[at] for at in sorted(kept)]


def rows_of(name: str, model: bytes, device: Device, ends: Sequence[ByRows] = ()) -> list[FormRow]:
    """The front of one net, the fastest form first."""
    started = process_time()
    graph = by_rows(passes.run(frontend.read(model, "net")), ends)
    isas, prices = device.core.kernels, device.core.prices
    kernels = [
        [option.variant for option in one.options] for one in decided(graph, isas, Level.SPEED, prices)
    ]
    plain = form_of(graph, tuple(row[0] for row in kernels), prices)
    front = front_of(graph, kernels, isas, prices).forms
    least = min(form.cycles for form in front)
    # layer by layer comes first, also where a form in strips is estimated to be as fast
    behind = (form for form in front if form.schedule != plain.schedule)
    forms = [plain, *sorted(behind, key=lambda form: form.cycles)]
    print(f"{name}: planned in {process_time() - started:.0f} s of the processor", flush=True)
    rows: list[FormRow] = []
    sha256 = files.sha256(model)
    for form in _thinned([plain, *(form for form in forms[1:] if form.cycles <= _SLOWEST * least)]):
        program = compile_form(form, "net", model_sha256=sha256, isas=isas, prices=prices)
        vector = next(iter(mixed(program.inputs, 1, 1)))
        done = emulate(program, device, [[value.tobytes() for value in vector]], optimize="-O3")
        wanted = [value.tobytes() for value in tflm.Interpreter(model).invoke(vector)]
        if list(done.outputs[0]) != wanted:
            raise SystemExit(f"{name}: another result than TensorFlow Lite Micro's at {form.arena_bytes} B")
        cycles = sum(
            hardware_cycles(device, node.op, count.instructions, count.classes)
            for node, count in zip(program.nodes, done.counts.nodes, strict=True)
        )
        first = rows[0].cycles if rows else round(cycles)
        rows.append(
            FormRow(
                model=name,
                ram=program.arena_bytes + program.state_bytes + done.stack_bytes + done.static_bytes,
                arena=program.arena_bytes,
                instructions=done.counts.instructions,
                cycles=round(cycles),
                slower=round(cycles / first, 3),
                estimated=round(form.cycles / least, 3),
                by_strips=sum(node.op == "STRIPS" for node in program.nodes),
            )
        )
        print(
            f"| {name} | {rows[-1].ram:,} | {rows[-1].slower:.2f} | {rows[-1].instructions:,} |", flush=True
        )
    return rows


def _store(rows: Sequence[FormRow]) -> None:
    """In place of the rows that those nets had; the other rows stay."""
    renewed = {row.model for row in rows}
    path = HERE / "ram.json"
    kept = json.loads(path.read_text())["rows"] if path.is_file() else []
    text = {
        "tool": __version__,
        "date": date.today().isoformat(),
        "board": BOARD,
        "rows": [*(row for row in kept if row["model"] not in renewed), *map(asdict, rows)],
    }
    files.write_text(path, json.dumps(text, indent=1) + "\n")


def main() -> int:
    """Plan, run, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--models", default="", help="some of them, by name: ic,unet; the other rows stay")
    wanted = frozenset(filter(None, parser.parse_args().models.split(",")))
    device = load_device(BOARD)
    print("| net | RAM | cycles | instructions |\n|---|---|---|---|")
    rows: list[FormRow] = []
    for name, model, ends in nets(wanted):
        rows += rows_of(name, model, device, ends)
        _store(rows)
    print(f"\n| net | fastest | {' | '.join(f'up to {bound} cycles' for bound in BOUNDS)} | smallest |")
    print("|---|---|---|---|---|")
    for name in dict.fromkeys(row.model for row in rows):
        own = [row for row in rows if row.model == name]
        least = [min(row.ram for row in own if row.slower <= bound) for bound in BOUNDS]
        cells = [own[0].ram, *least, min(row.ram for row in own)]
        print(f"| {name} | {' | '.join(f'{cell:,}' for cell in cells)} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
