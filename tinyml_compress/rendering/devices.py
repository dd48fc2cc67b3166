"""Devices for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from tinyml_compress.results.base import shows
from tinyml_compress.results.targets import (
    CalibrationFacts,
    DeviceDetails,
    MemoryFacts,
    TargetDetails,
    Targets,
)
from tinyml_compress.support.table import Block, Cell, Column, Table, facts


@shows(Targets)
def targets_blocks(targets: Targets) -> list[Block]:
    """One line per target."""
    columns = (
        Column("device"),
        Column("core", priority=3),
        Column("MHz", "{:,g}", priority=2),
        Column("flash", "{:,.10g} KB"),
        Column("RAM", "{:,.10g} KB"),
        Column("what it is", priority=1, prose=True),
    )
    rows = tuple(
        (
            one.name,
            one.core,
            None if one.clock_hz is None else one.clock_hz / 1e6,
            None if one.flash_bytes is None else one.flash_bytes / 1024,
            None if one.ram_bytes is None else one.ram_bytes / 1024,
            one.title,
        )
        for one in targets.devices
    )
    return [Table(columns, rows)]


@shows(TargetDetails)
def target_blocks(details: TargetDetails) -> list[Block]:
    """Everything about it, with the source of each number."""
    device = details.device
    title = f"{device.name}: {device.title}"
    notes: list[Block] = [facts([("notes", device.notes)], indent=2)] if device.notes else []
    if device.calibration is None:
        return [title, *notes]
    told = facts(_facts_of(device, device.calibration), title=title, indent=2)
    return [told, _costs(device, device.calibration), *notes]


def _facts_of(device: DeviceDetails, calibration: CalibrationFacts) -> Iterator[tuple[str, Cell]]:
    sources = device.sources or {}
    yield "page", device.page
    yield "core", f"{device.core_title} ({device.core}); source: {sources['core']}"
    yield "clock", f"{(device.clock_hz or 0) / 1e6:g} MHz; source: {sources['clock-mhz']}"
    yield from ((what, text) for what, text in sources.items() if what not in ("core", "clock-mhz"))
    yield "milliseconds", calibration.here
    for set_up in device.set_ups or ():
        cost = f"{set_up.picojoules:g} pJ per cycle ±{set_up.error or 0:.0%} at {set_up.supply}"
        yield "energy", f"{cost}; source: {set_up.source}"
    if device.energy is not None:
        draws = (
            f"{device.energy.microamps_per_mhz:g} uA/MHz at {device.energy.volts:g} V, {device.energy.mode}"
        )
        yield "energy", f"{draws}; source: {device.energy.source}"
    if device.sleep is not None:
        yield "asleep", f"{device.sleep.microamps:g} uA, {device.sleep.mode}; source: {device.sleep.source}"
    for region in device.regions:
        place = f"{region.address:#010x} {_kilobytes(region.nbytes):>9}"
        waits = "" if region.wait_states is None else f", {region.wait_states} wait states"
        hidden = "" if region.hidden_by is None else f", hidden by {region.hidden_by}"
        kind = "RAM" if region.kind == "ram" else region.kind
        yield kind, f"{place}  {region.what}{waits}{hidden}; source: {region.source}"
    yield "data", _price(device)
    for memory in device.memories or ():
        yield "memory", _memory(memory)
    if device.flash_bytes is not None:
        flash = f"{device.flash_address:#010x} ({device.flash_bytes:,} B flash)"
        stack = f"{device.stack_bytes:,} B of it for the stack"
        ram = f"{device.ram_address:#010x} ({device.ram_bytes:,} B RAM, {stack})"
        yield "firmware", f"at {flash} and {ram}"
    yield "engines", f"{', '.join(device.engines or ())}; kernels {', '.join(device.kernels or ())}"
    for name, flags in (device.compilers or {}).items():
        yield name, " ".join(flags)
    yield "emulated by", ", ".join(device.emulators or ())


def _memory(memory: MemoryFacts) -> str:
    """What generated C may have of it."""
    missed = " that miss the data cache" if memory.is_cached else ""
    price = memory.cycles_per_8_bytes
    cost = f", {price:.3g} cycles per 8 bytes{missed}" if price else ", no wait"
    return f"{memory.name}: {memory.free:,} of {memory.nbytes:,} B for arenas{cost}"


def _price(device: DeviceDetails) -> str:
    """What reading data costs beyond the load itself, by memory."""
    prices = [f"{region.name} {region.cycles_per_8_bytes:.3g}" for region in device.regions]
    unknown = "" if device.is_flash_priced else "; no price of flash is known for this core"
    return f"cycles per 8 bytes read in sequence, beyond the loads: {', '.join(prices)}{unknown}"


def _costs(device: DeviceDetails, calibration: CalibrationFacts) -> Table:
    """What instructions cost beyond the one cycle that each takes."""
    columns = (Column("instruction"), Column("cycles", "+{:g}"), Column("source", prose=True))
    rows = tuple((kind, cost.extra, cost.source) for kind, cost in (device.cost or {}).items())
    scales = ", ".join(f"{op} {scale:g}" for op, scale in calibration.by_operator.items())
    times = f"times {calibration.scale:g}{f' ({scales})' if scales else ''}, ±{calibration.error:.0%}"
    state = "calibrated" if calibration.calibrated else "not calibrated"
    title = f"cycles: {device.instruction:g} per instruction, and beyond that"
    return Table(columns, rows, title, (times, f"{state}: {calibration.against}"), indent=2)


def _kilobytes(count: int) -> str:
    return f"{count / 1024:,.2f}".rstrip("0").rstrip(".") + " KB"
