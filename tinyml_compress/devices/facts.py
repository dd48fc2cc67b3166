"""Boards as results show them."""

from __future__ import annotations

from typing import Any

from tinyml_compress.devices.model import Core, Device
from tinyml_compress.devices.trust import trust
from tinyml_compress.results.targets import (
    CalibrationFacts,
    CostFacts,
    DeviceDetails,
    DeviceFacts,
    MemoryFacts,
    RegionFacts,
)


def board_facts(device: Device) -> DeviceFacts:
    """What the list of targets has of it."""
    return DeviceFacts(**_facts(device))


def board_details(device: Device) -> DeviceDetails:
    """Everything, with its memory map and costs."""
    core, memory = device.core, device.memory
    calibration = core.calibration
    return DeviceDetails(
        **_facts(device),
        page=device.page,
        notes=device.notes,
        core_title=core.title,
        flash_address=memory.flash_address,
        ram_address=memory.ram_address,
        regions=tuple(
            RegionFacts(
                kind=kind,
                name=region.name,
                address=region.address,
                nbytes=region.nbytes,
                what=region.what,
                source=region.source,
                cycles_per_8_bytes=device.word_price(region),
                wait_states=region.wait_states,
                hidden_by=region.hidden_by or None,
            )
            for kind, regions in (("flash", device.flash), ("ram", device.ram))
            for region in regions
        ),
        memories=tuple(
            MemoryFacts(
                name=one.name,
                address=one.address,
                nbytes=one.nbytes,
                free=free.nbytes,
                cycles_per_8_bytes=one.price,
                is_cached=one.is_cached,
            )
            for one, free in zip(device.tiers, device.memories.ram, strict=True)
        )
        or None,
        is_flash_priced=device.costs.flash is not None,
        instruction=core.costs.instruction,
        compilers={name: (*flags, *device.flags) for name, flags in core.compilers.items()},
        emulators=_emulators(core),
        sources=dict(device.sources),
        cost={
            kind.value: CostFacts(extra=extra, source=core.costs.sources[kind])
            for kind, extra in core.costs.extra.items()
        },
        calibration=CalibrationFacts(
            scale=calibration.scale,
            by_operator=dict(calibration.by_operator),
            error=calibration.error,
            calibrated=calibration.calibrated,
            against=calibration.against,
            here=str(trust(device)),
        ),
    )


def _facts(device: Device) -> dict[str, Any]:
    core = device.core
    return {
        "name": device.name,
        "kind": "board",
        "title": device.title,
        "core": core.name,
        "isa": core.isa,
        "kernels": tuple(one.value for one in core.kernels),
        "clock_hz": device.clock_hz,
        "energy": device.energy,
        "set_ups": device.measured or None,
        "sleep": device.sleep,
        "flash_bytes": device.flash_bytes,
        "ram_bytes": device.ram_bytes,
        "stack_bytes": device.limits.stack_bytes,
        "engines": device.limits.engines,
        "file_sha256": device.digest,
    }


def _emulators(core: Core) -> tuple[str, ...]:
    built_in = [f"built in ({core.unicorn or core.name})"] if core.built_in else []
    return (*built_in, *([f"qemu ({core.qemu.machine})"] if core.qemu else []))
