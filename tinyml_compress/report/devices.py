"""Devices for the terminal and as JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from tinyml_compress.devices import Device, Host
from tinyml_compress.support.document import document

__all__ = ["device_json", "device_text", "devices_json", "devices_text"]


def devices_text(devices: Sequence[Device | Host]) -> str:
    """One line per device."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    for title in ("device", "core", "MHz", "flash", "RAM", "what it is"):
        table.add_column(title, justify="right" if title in ("MHz", "flash", "RAM") else "left", no_wrap=True)
    for device in devices:
        if isinstance(device, Host):
            table.add_row(device.name, "", "", "", "", device.title)
        else:
            sizes = (_kilobytes(device.flash_bytes), _kilobytes(device.ram_bytes))
            clock = f"{device.clock_hz / 1e6:g}"
            table.add_row(device.name, device.core.name, clock, *sizes, device.title)
    console = Console(file=io.StringIO(), width=120, highlight=False)
    console.print(table)
    file = console.file
    assert isinstance(file, io.StringIO)
    return "\n".join(line.rstrip() for line in file.getvalue().strip("\n").splitlines())


def device_text(device: Device | Host) -> str:
    """Everything about one device, with the source of each number."""
    if isinstance(device, Host):
        return f"{device.name}: {device.title}\n  {device.notes}"
    core, limits = device.core, device.limits
    lines = [f"{device.name}: {device.title}", f"  page    {device.page}"]
    lines.append(f"  core    {core.title} ({core.name}); source: {device.sources['core']}")
    lines.append(f"  clock   {device.clock_hz / 1e6:g} MHz; source: {device.sources['clock-mhz']}")
    if device.energy is not None:
        draws = f"{device.energy.microamps_per_mhz:g} uA/MHz at {device.energy.volts:g} V, {device.energy.mode}"
        lines.append(f"  energy  {draws}; source: {device.energy.source}")
    for kind, regions in (("flash", device.flash), ("RAM", device.ram)):
        for region in regions:
            place = f"{region.address:#010x} {_kilobytes(region.nbytes):>9}"
            lines.append(f"  {kind:<7} {place}  {region.what}; source: {region.source}")
    memory = device.memory
    lines.append(
        f"  firmware at {memory.flash_address:#010x} ({memory.flash_bytes:,} B flash) and "
        f"{memory.ram_address:#010x} ({memory.ram_bytes:,} B RAM, {limits.stack_bytes:,} B of it for the stack)"
    )
    lines.append(f"  engines {', '.join(limits.engines)}; kernels {', '.join(core.kernels)}")
    for name, flags in core.compilers.items():
        lines.append(f"  {name:<7} {' '.join((*flags, *device.flags))}")
    emulators = [f"built in ({core.unicorn})"] if core.unicorn else []
    emulators += [f"qemu ({core.qemu.machine})"] if core.qemu else []
    lines.append(f"  emulated by {', '.join(emulators)}")
    lines.append("  cycles  1 per instruction, and beyond that:")
    for cost_class, extra in core.costs.extra.items():
        lines.append(f"          {cost_class.value:<24} {extra:g}  ({core.costs.sources[cost_class]})")
    calibration = core.calibration
    state = "calibrated" if calibration.calibrated else "not calibrated"
    scales = ", ".join(f"{op} {scale:g}" for op, scale in calibration.by_operator.items())
    lines.append(f"          times {calibration.scale:g}{f' ({scales})' if scales else ''}, ±{calibration.error:.0%}")
    lines.append(f"          {state}: {calibration.against}")
    if device.notes:
        lines.append(f"  notes   {device.notes}")
    return "\n".join(lines)


def devices_json(devices: Sequence[Device | Host]) -> str:
    """A list of devices; see `_facts`."""
    return json.dumps(document("targets", {"devices": [_facts(device) for device in devices]}), indent=2)


def device_json(device: Device | Host) -> str:
    """One device, with its memory map and costs."""
    facts = _facts(device)
    if isinstance(device, Device):
        calibration = device.core.calibration
        facts |= {
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
            },
        }
    return json.dumps(document("targets show", {"device": facts}), indent=2)


def _facts(device: Device | Host) -> dict[str, object]:
    if isinstance(device, Host):
        return {"name": device.name, "kind": "host", "title": device.title}
    return {
        "name": device.name,
        "kind": "board",
        "title": device.title,
        "core": device.core.name,
        "isa": device.core.isa,
        "kernels": list(device.core.kernels),
        "clock_hz": device.clock_hz,
        **({} if device.energy is None else {"energy": vars(device.energy)}),
        "flash_bytes": device.flash_bytes,
        "ram_bytes": device.ram_bytes,
        "stack_bytes": device.limits.stack_bytes,
        "engines": list(device.limits.engines),
        "file_sha256": device.digest,
    }


def _kilobytes(count: int) -> str:
    return f"{count / 1024:,.2f}".rstrip("0").rstrip(".") + " KB"
