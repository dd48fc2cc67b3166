"""A benchmark for the terminal: where the numbers come from, the summary, the nodes."""

from __future__ import annotations

import io

from rich import box
from rich.console import Console
from rich.table import Table

from tinyml_compress.devices import Device
from tinyml_compress.devices.measurement import AotRun, Benchmark, HostRun, NodeCost, Refusal, Run, TflmRun

__all__ = ["benchmark_text", "milliseconds"]


def benchmark_text(result: Benchmark, *, width: int = 160, nodes: bool | None = None) -> str:
    """The whole report; the per-node table where one device ran, or as `nodes` says."""
    console = Console(file=io.StringIO(), width=width, highlight=False)
    _header(console, result)
    if len(result.runs) > 1:
        console.print(_comparison(result.runs))
        for run in result.runs:
            if isinstance(run, Refusal):
                console.print(f"{run.device.name}: {run.reason}\n  {run.detail}".rstrip(), markup=False, soft_wrap=True)
    for run in result.runs:
        if len(result.runs) == 1:
            _one(console, run)
        if isinstance(run, AotRun) and (nodes if nodes is not None else len(result.runs) == 1):
            console.print(_nodes(run))
    for note in result.notes:
        console.print(f"note: {note}", markup=False, soft_wrap=True)
    file = console.file
    assert isinstance(file, io.StringIO)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def _header(console: Console, result: Benchmark) -> None:
    model = result.model
    lines = [
        f"tinyml_compress {result.tool_version}, input {result.input_kind}",
        f"model     {model.source}, {model.nbytes:,} B, sha256 {model.sha256[:16]}",
    ]
    for text in dict.fromkeys(f"compiler  {run.compiler}" for run in result.runs if isinstance(run, AotRun)):
        lines.append(text)
    console.print("\n".join(lines), markup=False, soft_wrap=True)


def _one(console: Console, run: Run) -> None:
    if isinstance(run, Refusal):
        return  # the error that follows says it all
    if isinstance(run, HostRun):
        console.print(
            f"host      {run.runtime}, threads {run.threads}, wall clock of {run.runs} runs after {run.warmup} "
            f"to warm up (measured)\n"
            f"time      median {run.median_s * 1e3:.3f} ms, p90 {run.p90_s * 1e3:.3f} ms\n"
            f"arena     {_arena(run)}",
            markup=False,
        )
        return
    device = run.device
    core = device.core
    lines = [
        f"device    {device.title}: {core.title}, {device.clock_hz / 1e6:g} MHz, "
        f"targets/{device.name}.toml {device.digest[:12]}"
    ]
    if isinstance(run, TflmRun):
        lines += [
            f"flash     model {run.model_bytes:,} of {device.flash_bytes:,} B, the runtime comes on top",
            f"RAM       arena {run.arena_bytes:,} of {device.ram_bytes:,} B, of TensorFlow Lite Micro on 64 bits",
            "time      not claimed: the interpreter was not run on the core",
        ]
    else:
        flash, ram = run.flash, run.ram
        mark = "calibrated" if core.calibration.calibrated else "not calibrated"
        lines += [
            f"emulator  {run.emulator}, optimize {run.optimize}",
            f"exact     {run.instructions:,} instructions, {run.macs:,} MACs, "
            f"{_ratio(run.instructions, run.macs)} per MAC",
            f"modelled  {run.cycles:,} cycles, {milliseconds(run)} ms ±{run.cycles_error:.0%} ({mark})",
            *_energy(run),
            f"flash     {flash.total:,} of {device.flash_bytes:,} B: kernels {flash.kernels:,}, glue {flash.glue:,}, "
            f"weights {flash.weights:,}, tables {flash.tables:,}, start-up {flash.startup:,}",
            f"RAM       {ram.total:,} of {device.ram_bytes:,} B: arena {ram.arena:,}, state {ram.state:,}, "
            f"stack {ram.stack:,}, static {ram.static:,}",
            f"outputs   {_agreement(run)}",
        ]
    console.print("\n".join(lines), markup=False, soft_wrap=True)


def _energy(run: AotRun) -> list[str]:
    energy = run.device.energy
    if energy is None or run.millijoules is None:
        return []
    return [
        f"modelled  {run.millijoules:.3g} mJ of the chip at {energy.microamps_per_mhz:g} uA/MHz, {energy.volts:g} V "
        f"({energy.mode}; source: {energy.source})"
    ]


def _arena(run: HostRun) -> str:
    return "not known" if run.arena_bytes is None else f"{run.arena_bytes:,} B in TensorFlow Lite Micro"


def _agreement(run: AotRun) -> str:
    if run.agreement is None:
        return f"not compared: {run.no_agreement}"
    right = run.agreement.vectors - run.agreement.mismatches
    text = f"{right}/{run.agreement.vectors}"
    return f"bit-exact {text}" if not run.agreement.mismatches else f"MISMATCH {text}: {run.agreement.detail}"


def milliseconds(run: AotRun) -> str:
    """Two decimals, more for the very fast."""
    return f"{run.ms:,.2f}" if run.ms >= 1 else f"{run.ms:.4f}"


def _ratio(instructions: int, macs: int) -> str:
    return f"{instructions / macs:.2f}" if macs else "-"


def _nodes(run: AotRun) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False)
    for title in ("#", "operator", "shape", "MACs", "instructions", "cycles", "%", "instr/MAC", "kernel", "weights"):
        left = title in ("operator", "shape", "kernel", "weights")
        table.add_column(title, justify="left" if left else "right", no_wrap=True)
    total = max(run.cycles, 1)
    for row in run.rows:
        table.add_row(*_cells(row, total))
    table.add_section()
    table.add_row(
        "",
        "total",
        "",
        f"{run.macs:,}",
        f"{run.instructions:,}",
        f"{run.cycles:,}",
        "100.0",
        _ratio(run.instructions, run.macs),
        "",
        "",
    )
    return table


def _cells(row: NodeCost, total: int) -> tuple[str, ...]:
    return (
        "" if row.index is None else str(row.index),
        row.op or row.name,
        "x".join(str(size) for size in row.shape),
        f"{row.macs:,}" if row.macs else "",
        f"{row.instructions:,}",
        f"{row.cycles:,}",
        f"{100 * row.cycles / total:.1f}",
        _ratio(row.instructions, row.macs) if row.macs else "",
        row.kernel,
        row.weights,
    )


def _short(run: AotRun) -> str:
    """The verdict without its details, which stand below the table."""
    return _agreement(run).split(":")[0]


def _compiler(run: AotRun) -> str:
    return "gcc" if "gcc" in run.compiler.split()[0] else "zig"


def _comparison(runs: tuple[Run, ...]) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False)
    compilers = {_compiler(run) for run in runs if isinstance(run, AotRun)}
    for title in ("device", "core", "MHz", "flash", "RAM", "instructions", "ms", "±", "outputs"):
        left = title in ("device", "core", "outputs")
        table.add_column(title, justify="left" if left else "right", no_wrap=True)
    for run in runs:
        if isinstance(run, HostRun):
            cells = (run.device.name, run.runtime, "", "", "", "", f"{run.median_s * 1e3:.3f}", "measured", "")
        elif isinstance(run, Refusal):
            device = run.device
            core, clock = (device.core.name, f"{device.clock_hz / 1e6:g}") if isinstance(device, Device) else ("", "")
            cells = (device.name, core, clock, "", "", "", "", "", "too small" if not run.fits else "did not run")
        elif isinstance(run, TflmRun):
            device = run.device
            cells = (
                device.name,
                device.core.name,
                f"{device.clock_hz / 1e6:g}",
                f"{run.model_bytes:,}",
                f"{run.arena_bytes:,}",
                "",
                "",
                "",
                "fits: model and arena",
            )
        else:
            device = run.device
            cells = (
                device.name if len(compilers) == 1 else f"{device.name} ({_compiler(run)})",
                device.core.name,
                f"{device.clock_hz / 1e6:g}",
                f"{run.flash.total:,}",
                f"{run.ram.total:,}",
                f"{run.instructions:,}",
                milliseconds(run),
                f"{run.cycles_error:.0%}",
                _short(run),
            )
        table.add_row(*cells)
    return table
