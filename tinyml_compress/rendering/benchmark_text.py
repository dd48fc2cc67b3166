"""A benchmark for the terminal: where the numbers come from, the summary, the nodes."""

from __future__ import annotations

from collections.abc import Iterator

from tinyml_compress._version import __version__
from tinyml_compress.results import Accelerator, Benchmark, Figure, FrontEndCost, Kind, Measurement, NodeCost
from tinyml_compress.results.base import shows
from tinyml_compress.results.benchmark import milliseconds
from tinyml_compress.support.table import Block, Column, Row, Table, facts

Fact = tuple[str, str]
_POWER = ("busy", "average power", "battery life")
_TOLD = ("flash", "RAM", "instructions", "cycles", "ms", "ms, 90th percentile", "mJ", "TFLM arena", *_POWER)
"""Figures that have lines of their own; all others are listed as they are."""


@shows(Benchmark)
def benchmark_blocks(result: Benchmark) -> list[Block]:
    """The whole report; the per-node table where one target ran."""
    title = f"tinyml_compress {__version__}, input {result.input_kind}"
    if len(result.runs) > 1:
        blocks: list[Block] = [facts(_header(result), title=title), "", result.table()]
        powers = tuple((run.device, text) for run in result.runs for _, text in _power(run))
        if powers:
            blocks += ["", Table((Column("device"), Column("power, modelled", prose=True)), powers)]
        npus = tuple(filter(None, map(_beside, result.runs)))
        if npus:
            blocks += ["", Table(_BESIDE, npus)]
        return [*blocks, *map(_note, result.notes)]
    (run,) = result.runs
    blocks = [facts([*_header(result), *_one(run)], title=title)]
    if run.accelerator is not None:
        blocks += ["", _accelerator_table(run.accelerator)]
    if run.nodes is not None:
        blocks += ["", _nodes(run, run.nodes)]
    if run.front_end is not None:
        blocks += ["", _stages(run.front_end)]
    return [*blocks, *map(_note, result.notes)]


_BESIDE = (
    Column("device"),
    Column("NPU"),
    Column("ms", "{:.3f}"),
    Column("ms, CPU alone", "{:.3f}"),
    Column("speed-up", "{:.1f}x"),
    Column("modelled by", prose=True),
)


def _beside(run: Measurement) -> Row | None:
    """With and without the NPU, where there is one."""
    if run.accelerator is None:
        return None
    time, alone, speed_up = map(run.figure, ("ms", "ms, CPU alone", "speed-up"))
    numbers = (None if one is None else one.value for one in (time, alone, speed_up))
    return (run.device, run.accelerator.shown, *numbers, f"{run.accelerator.by}, the core by us")


def _note(text: str) -> str:
    return f"note: {text}"


def _header(result: Benchmark) -> Iterator[Fact]:
    model = result.model
    yield "model", f"{model.source}, {model.nbytes:,} B, sha256 {model.sha256[:16]}"
    for compiler in dict.fromkeys(run.compiler for run in result.runs if run.compiler is not None):
        yield "compiler", compiler


def _one(run: Measurement) -> Iterator[Fact]:
    if run.error is not None:  # which follows and says it all
        return
    if run.title is not None:
        clock = f", {run.clock_hz / 1e6:g} MHz" if run.clock_hz is not None else ""
        file = f", targets/{run.device}.toml {run.device_sha256[:12]}" if run.device_sha256 else ""
        yield "device", f"{run.title}: {run.core_title or run.core or run.device}{clock}{file}"
    if run.line is not None:
        yield "board", run.line.shown
    if run.accelerator is not None:
        yield "NPU", run.accelerator.shown
        yield "system", ", ".join(f"{key} {value}" for key, value in run.accelerator.system.items())
        yield from (("left", f"{one.layer}: {one.found}") for one in run.accelerator.left)
    if run.emulator is not None:
        yield "emulator", f"{run.emulator}, optimize {run.optimize}"
    if run.runtime is not None:
        yield "host", f"{run.runtime}, threads {run.threads}, {_clock(run)}"
    yield from _costs(run)
    for name in ("flash", "RAM"):
        figure = run.figure(name)
        if figure is not None and figure.limit is not None:
            whose = "" if figure.by is None else f", by {figure.by}"
            yield name, f"{figure.value:,} of {figure.limit:,} B: {_sum(figure)}{whose}"
    yield from (
        ("memory", f"{one.shown}; {one.read}") for one in run.memories or () if any(one.parts.values())
    )
    for figure in run.figures:
        if figure.name not in _TOLD:
            yield figure.kind.value, f"{figure.name} {figure.shown}"
    yield from (("assumed", text) for text in run.assumptions or ())
    if run.figure("ms") is None:
        yield "time", "not claimed: the interpreter was not run on the core"
    yield from _outputs(run)
    if run.evaluation is not None and run.evaluation.score is not None:
        yield "worth", f"{run.evaluation.score} on {run.evaluation.data}"
    if run.front_end is not None:
        yield "front end", run.front_end.shown
    if run.trigger is not None:
        yield "trigger", run.trigger.shown


def _clock(run: Measurement) -> str:
    return f"wall clock of {run.repetitions} runs after {run.warmup} to warm up (measured)"


def _costs(run: Measurement) -> Iterator[Fact]:
    instructions, cycles, time = map(run.figure, ("instructions", "cycles", "ms"))
    if instructions is not None and run.accelerator is not None:
        yield "exact", f"{instructions.value:,} instructions of the core"
    elif instructions is not None and run.macs is not None:
        ratio = "-" if not run.macs else f"{instructions.value / run.macs:.2f}"
        yield "exact", f"{instructions.value:,} instructions, {run.macs:,} MACs, {ratio} per MAC"
    if cycles is not None and cycles.error is not None:
        why = f": {run.cycles_trust}" if run.cycles_trust else ""
        yield cycles.kind.value, f"{cycles.value:,} cycles, {milliseconds(time)} ms ±{cycles.error:.0%}{why}"
    elif time is not None and time.kind is Kind.MEASURED and time.error is None:
        slow = run.figure("ms, 90th percentile")
        rest = "" if slow is None else f", p90 {slow.value:.3f} ms"
        yield "time", f"median {time.value:.3f} ms{rest}"
    elif time is not None:
        yield time.kind.value, time.shown
    energy = run.figure("mJ")
    if energy is not None:
        yield energy.kind.value, _energy(energy)
    yield from _power(run)
    if run.runtime is not None:
        arena = run.figure("TFLM arena")
        yield "arena", "not known" if arena is None else f"{arena.value:,} B in TensorFlow Lite Micro"


def _energy(figure: Figure) -> str:
    about = figure.about or {}
    if "picojoules_per_cycle" not in about:  # of an older version, or of a target that knows no cycles
        return figure.shown
    bar = "" if figure.error is None else f" ±{figure.error:.0%}"
    cost = f"{about['picojoules_per_cycle']:.3g} pJ per cycle at {about['mode']}"
    return f"{figure.value:.3g} mJ{bar} of the chip, {cost}; source: {about['source']}"


def _power(run: Measurement) -> Iterator[Fact]:
    busy = run.figure("busy")
    if busy is not None and busy.about is not None:
        yield busy.kind.value, f"{busy.about['text']} ({busy.about['mode']})"


def _sum(figure: Figure) -> str:
    """The parts in words."""
    parts = dict(figure.parts or {})
    if figure.kind is Kind.EXACT:
        return ", ".join(
            f"{'start-up' if cause == 'startup' else cause} {nbytes:,}" for cause, nbytes in parts.items()
        )
    if set(parts) == {"model", "runtime"}:
        return f"model {parts['model']:,} and about {parts['runtime']:,} of TFLM's code"
    return ", ".join(
        f"{cause} {nbytes:,}{' at most' if cause == 'arena' else ''}" for cause, nbytes in parts.items()
    )


def _outputs(run: Measurement) -> Iterator[Fact]:
    if run.bit_exact is not None:
        detail = f": {run.bit_exact.detail}" if run.bit_exact.mismatches else ""
        yield "outputs", f"{run.bit_exact.verdict}{detail}"
    elif run.bit_exact_unknown is not None:
        yield "outputs", f"not compared: {run.bit_exact_unknown}"


def _nodes(run: Measurement, nodes: tuple[NodeCost, ...]) -> Table:
    columns = (
        Column("#", "{:d}"),
        Column("operator"),
        Column("shape", priority=3),
        Column("MACs", "{:,}", priority=4),
        Column("instructions", "{:,}", priority=2),
        Column("cycles", "{:,}"),
        Column("%", "{:.1f}"),
        Column("instr/MAC", "{:.2f}", priority=5),
        Column("kernel", priority=1),
        Column("weights", priority=6),
    )
    cycles, instructions = run.cycles, run.instructions
    ratio = instructions / run.macs if run.macs else "-"
    foot: Row = (None, "total", None, run.macs, instructions, cycles, 100.0, ratio, None, None)
    return Table(columns, tuple(_node(row, max(cycles, 1)) for row in nodes), foot=foot)


def _accelerator_table(accelerator: Accelerator) -> Table:
    """Layers of the model's file, wherever they run."""
    npu = f"modelled by {accelerator.by}"
    columns = (
        Column("#", "{:d}"),
        Column("operator"),
        Column("layer", priority=1),
        Column("on"),
        Column("MACs", "{:,}", priority=4),
        Column("instructions", "{:,}", priority=5),
        Column("cycles", "{:,}"),
        Column("computing", "{:,}", priority=2),
        Column("at SRAM", "{:,}", priority=2),
        Column("at constants", "{:,}", priority=2),
        Column("SRAM", "{:,} B", priority=3),
        Column("constants", "{:,} B", priority=3),
    )
    rows = tuple(
        (
            layer.index,
            layer.op,
            layer.name,
            layer.place,
            layer.macs or None,
            layer.instructions,
            layer.cycles,
            layer.computing,
            layer.sram_cycles,
            layer.constant_cycles,
            layer.sram,
            layer.constants,
        )
        for layer in accelerator.layers
    )
    total = sum(layer.cycles or 0 for layer in accelerator.layers if layer.place == "NPU")
    foot: Row = (None, "total", None, "NPU", None, None, total, None, None, None, None, None)
    return Table(columns, rows, foot=foot, notes=(f"cycles and bytes on the NPU: {npu}",))


def _stages(front_end: FrontEndCost) -> Table:
    columns = (
        Column(f"front end, one {front_end.of}"),
        Column("instructions", "{:,}"),
        Column("cycles", "{:,}"),
        Column("%", "{:.1f}"),
    )
    instructions = sum(stage.instructions for stage in front_end.stages)
    cycles = sum(stage.cycles for stage in front_end.stages)
    rows = tuple(
        (stage.name, stage.instructions, stage.cycles, 100 * stage.cycles / max(cycles, 1))
        for stage in front_end.stages
    )
    return Table(columns, rows, foot=("total", instructions, cycles, 100.0))


def _node(row: NodeCost, total: int) -> Row:
    return (
        row.index,
        row.op or row.name,
        "x".join(str(size) for size in row.shape),
        row.macs or None,
        row.instructions,
        row.cycles,
        100 * row.cycles / total,
        row.instructions / row.macs if row.macs else None,
        row.kernel,
        row.weights,
    )
