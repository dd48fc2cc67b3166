"""A benchmark for the terminal: where the numbers come from, the summary, the nodes."""

from __future__ import annotations

from collections.abc import Iterator

from tinyml_compress.devices.measurement import (
    AotRun,
    Benchmark,
    HostRun,
    NodeCost,
    Refusal,
    Run,
    TflmRun,
    milliseconds,
)
from tinyml_compress.support.table import Block, Column, Row, Table, facts

__all__ = ["benchmark_blocks"]

Fact = tuple[str, str]


def benchmark_blocks(result: Benchmark) -> list[Block]:
    """The whole report; the per-node table where one device ran."""
    title = f"tinyml_compress {result.tool_version}, input {result.input_kind}"
    if len(result.runs) > 1:
        return [facts(_header(result), title=title), "", result.table(), *map(_note, result.notes)]
    (run,) = result.runs
    blocks: list[Block] = [facts([*_header(result), *_one(run)], title=title)]
    if isinstance(run, AotRun):
        blocks += ["", _nodes(run)]
    return [*blocks, *map(_note, result.notes)]


def _note(text: str) -> str:
    return f"note: {text}"


def _header(result: Benchmark) -> Iterator[Fact]:
    model = result.model
    yield "model", f"{model.source}, {model.nbytes:,} B, sha256 {model.sha256[:16]}"
    for compiler in dict.fromkeys(run.compiler for run in result.runs if isinstance(run, AotRun)):
        yield "compiler", compiler


def _one(run: Run) -> Iterator[Fact]:
    if isinstance(run, HostRun):
        yield from _host(run)
    elif not isinstance(run, Refusal):  # whose error follows and says it all
        device = run.device
        yield (
            "device",
            f"{device.title}: {device.core.title}, {device.clock_hz / 1e6:g} MHz, "
            f"targets/{device.name}.toml {device.digest[:12]}",
        )
        yield from _tflm(run) if isinstance(run, TflmRun) else _aot(run)


def _host(run: HostRun) -> Iterator[Fact]:
    arena = "not known" if run.arena_bytes is None else f"{run.arena_bytes:,} B in TensorFlow Lite Micro"
    measured = f"wall clock of {run.runs} runs after {run.warmup} to warm up (measured)"
    yield "host", f"{run.runtime}, threads {run.threads}, {measured}"
    yield "time", f"median {run.median_s * 1e3:.3f} ms, p90 {run.p90_s * 1e3:.3f} ms"
    yield "arena", arena


def _tflm(run: TflmRun) -> Iterator[Fact]:
    device, need = run.device, run.need
    yield "flash", f"{need.flash_bytes:,} of {device.flash_bytes:,} B: {need.flash_parts}"
    yield "RAM", f"{need.ram_bytes:,} of {device.ram_bytes:,} B: {need.ram_parts}"
    yield from (("assumed", text) for text in need.assumptions)
    yield "time", "not claimed: the interpreter was not run on the core"


def _aot(run: AotRun) -> Iterator[Fact]:
    device, flash, ram = run.device, run.flash, run.ram
    ratio = "-" if not run.macs else f"{run.instructions / run.macs:.2f}"
    yield "emulator", f"{run.emulator}, optimize {run.optimize}"
    yield "exact", f"{run.instructions:,} instructions, {run.macs:,} MACs, {ratio} per MAC"
    yield "modelled", f"{run.cycles:,} cycles, {milliseconds(run)} ms {run.trust}"
    yield from _energy(run)
    yield (
        "flash",
        f"{flash.total:,} of {device.flash_bytes:,} B: kernels {flash.kernels:,}, glue {flash.glue:,}, "
        f"weights {flash.weights:,}, tables {flash.tables:,}, start-up {flash.startup:,}",
    )
    yield (
        "RAM",
        f"{ram.total:,} of {device.ram_bytes:,} B: arena {ram.arena:,}, state {ram.state:,}, "
        f"stack {ram.stack:,}, static {ram.static:,}",
    )
    yield "outputs", _agreement(run)


def _energy(run: AotRun) -> Iterator[Fact]:
    energy = run.device.energy
    if energy is not None and run.millijoules is not None:
        source = f"{energy.mode}; source: {energy.source}"
        draw = f"{energy.microamps_per_mhz:g} uA/MHz, {energy.volts:g} V"
        yield "modelled", f"{run.millijoules:.3g} mJ of the chip at {draw} ({source})"


def _agreement(run: AotRun) -> str:
    if run.agreement is None:
        return f"not compared: {run.no_agreement}"
    detail = f": {run.agreement.detail}" if run.agreement.mismatches else ""
    return f"{run.agreement.verdict}{detail}"


def _nodes(run: AotRun) -> Table:
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
    total = max(run.cycles, 1)
    ratio = run.instructions / run.macs if run.macs else "-"
    foot: Row = (None, "total", None, run.macs, run.instructions, run.cycles, 100.0, ratio, None, None)
    return Table(columns, tuple(_node(row, total) for row in run.rows), foot=foot)


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
