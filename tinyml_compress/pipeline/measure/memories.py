"""What lies in which memory of a board that has several, and how often each is read."""

from __future__ import annotations

from tinyml_compress.devices import Device
from tinyml_compress.ir import Program
from tinyml_compress.results import MemoryUse
from tinyml_compress.runners.emulated import Emulation

__all__ = ["memory_uses"]


def memory_uses(program: Program, device: Device, done: Emulation) -> tuple[MemoryUse, ...]:
    """One per memory, the fastest first; none where the program knows of one alone."""
    if not program.plan.tiers:
        return ()
    arenas = {one.memory: one.nbytes for one in program.arenas}
    kept = {"state": program.state_bytes, "stack": done.stack_bytes, "static": done.static_bytes}
    counts = (*done.counts.nodes, done.counts.between)
    return tuple(
        MemoryUse(
            name=one.name,
            nbytes=one.nbytes,
            parts={"arena": arenas.get(one.name, 0), **({} if place else kept)},
            cycles_per_8_bytes=one.price,
            is_cached=one.is_cached,
            words_read=sum(count.ram_words[place] for count in counts),
        )
        for place, one in enumerate(device.tiers)
    )
