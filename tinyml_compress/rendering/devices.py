"""Devices for the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tinyml_compress.devices import Device, SetUp, trust
from tinyml_compress.support.table import Block, Cell, Column, Row, Table, facts

__all__ = ["board_blocks", "board_facts", "board_json", "board_row", "devices_table"]


def devices_table(rows: Iterable[Row]) -> Table:
    """One line per target."""
    columns = (
        Column("device"),
        Column("core", priority=3),
        Column("MHz", "{:,g}", priority=1),
        Column("flash", "{:,g} KB"),
        Column("RAM", "{:,g} KB"),
        Column("what it is", priority=2, prose=True),
    )
    return Table(columns, tuple(rows))


def board_row(device: Device) -> Row:
    """Its line."""
    flash, ram = device.flash_bytes / 1024, device.ram_bytes / 1024
    return (device.name, device.core.name, device.clock_hz / 1e6, flash, ram, device.title)


def board_blocks(device: Device) -> list[Block]:
    """Everything about one board, with the source of each number."""
    title = f"{device.name}: {device.title}"
    notes: list[Block] = [facts([("notes", device.notes)], indent=2)] if device.notes else []
    return [facts(_facts_of(device), title=title, indent=2), _costs(device), *notes]


def _facts_of(device: Device) -> Iterator[tuple[str, Cell]]:
    core, limits, memory = device.core, device.limits, device.memory
    yield "page", device.page
    yield "core", f"{core.title} ({core.name}); source: {device.sources['core']}"
    yield "clock", f"{device.clock_hz / 1e6:g} MHz; source: {device.sources['clock-mhz']}"
    yield "milliseconds", str(trust(device))
    for set_up in device.measured:
        cost = f"{set_up.picojoules:g} pJ per cycle ±{set_up.error or 0:.0%} at {set_up.supply}"
        yield "energy", f"{cost}; source: {set_up.source}"
    if device.energy is not None:
        draws = (
            f"{device.energy.microamps_per_mhz:g} uA/MHz at {device.energy.volts:g} V, {device.energy.mode}"
        )
        yield "energy", f"{draws}; source: {device.energy.source}"
    if device.sleep is not None:
        yield "asleep", f"{device.sleep.microamps:g} uA, {device.sleep.mode}; source: {device.sleep.source}"
    for kind, regions in (("flash", device.flash), ("RAM", device.ram)):
        for region in regions:
            place = f"{region.address:#010x} {_kilobytes(region.nbytes):>9}"
            waits = "" if region.wait_states is None else f", {region.wait_states} wait states"
            hidden = f", hidden by {region.hidden_by}" if region.hidden_by else ""
            yield kind, f"{place}  {region.what}{waits}{hidden}; source: {region.source}"
    yield "data", _price(device)
    flash = f"{memory.flash_address:#010x} ({memory.flash_bytes:,} B flash)"
    ram = (
        f"{memory.ram_address:#010x} ({memory.ram_bytes:,} B RAM, "
        f"{limits.stack_bytes:,} B of it for the stack)"
    )
    yield "firmware", f"at {flash} and {ram}"
    yield "engines", f"{', '.join(limits.engines)}; kernels {', '.join(core.kernels)}"
    for name, flags in core.compilers.items():
        yield name, " ".join((*flags, *device.flags))
    emulators = [f"built in ({core.unicorn})"] if core.unicorn else []
    emulators += [f"qemu ({core.qemu.machine})"] if core.qemu else []
    yield "emulated by", ", ".join(emulators)


def _price(device: Device) -> str:
    """What reading data costs beyond the load itself, by memory."""
    prices = [f"{region.name} {device.word_price(region):.3g}" for region in (*device.flash, *device.ram)]
    unknown = "" if device.costs.flash else "; no price of flash is known for this core"
    return f"cycles per 8 bytes read in sequence, beyond the loads: {', '.join(prices)}{unknown}"


def _costs(device: Device) -> Table:
    """What instructions cost beyond the one cycle that each takes."""
    costs, calibration = device.core.costs, device.core.calibration
    columns = (Column("instruction"), Column("cycles", "+{:g}"), Column("source", prose=True))
    rows = tuple((kind.value, extra, costs.sources[kind]) for kind, extra in costs.extra.items())
    scales = ", ".join(f"{op} {scale:g}" for op, scale in calibration.by_operator.items())
    times = f"times {calibration.scale:g}{f' ({scales})' if scales else ''}, ±{calibration.error:.0%}"
    state = "calibrated" if calibration.calibrated else "not calibrated"
    title = f"cycles: {costs.instruction:g} per instruction, and beyond that"
    return Table(columns, rows, title, (times, f"{state}: {calibration.against}"), indent=2)


def board_json(device: Device) -> Mapping[str, object]:
    """One board, with its memory map and costs."""
    calibration = device.core.calibration
    return {
        **board_facts(device),
        "page": device.page,
        "notes": device.notes,
        "regions": [
            {
                "kind": kind,
                "name": r.name,
                "address": r.address,
                "bytes": r.nbytes,
                "what": r.what,
                "source": r.source,
                "cycles_per_8_bytes": device.word_price(r),
                **({} if r.wait_states is None else {"wait_states": r.wait_states}),
            }
            for kind, regions in (("flash", device.flash), ("ram", device.ram))
            for r in regions
        ],
        "sources": dict(device.sources),
        "cost": {
            kind.value: {"extra": extra, "source": device.core.costs.sources[kind]}
            for kind, extra in device.core.costs.extra.items()
        },
        "calibration": {
            "scale": calibration.scale,
            "by_operator": dict(calibration.by_operator),
            "error": calibration.error,
            "calibrated": calibration.calibrated,
            "against": calibration.against,
            "here": str(trust(device)),
        },
    }


def _set_up(set_up: SetUp) -> Mapping[str, object]:
    """Supply, and what a cycle costs with it."""
    error = {} if set_up.error is None else {"error": set_up.error}
    return {
        "supply": set_up.supply,
        "volts": set_up.volts,
        "picojoules_per_cycle": set_up.picojoules,
        **error,
        "source": set_up.source,
    }


def board_facts(device: Device) -> Mapping[str, object]:
    """What the list of targets has of it."""
    return {
        "name": device.name,
        "kind": "board",
        "title": device.title,
        "core": device.core.name,
        "isa": device.core.isa,
        "kernels": list(device.core.kernels),
        "clock_hz": device.clock_hz,
        **({} if device.energy is None else {"energy": vars(device.energy)}),
        **({"set_ups": [_set_up(one) for one in device.measured]} if device.measured else {}),
        **({} if device.sleep is None else {"sleep": vars(device.sleep)}),
        "flash_bytes": device.flash_bytes,
        "ram_bytes": device.ram_bytes,
        "stack_bytes": device.limits.stack_bytes,
        "engines": list(device.limits.engines),
        "file_sha256": device.digest,
    }


def _kilobytes(count: int) -> str:
    return f"{count / 1024:,.2f}".rstrip("0").rstrip(".") + " KB"
