"""Which memory each constant lies in: what is read most in the fastest, as far as there is room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tinyml_compress.errors import DoesNotFit
from tinyml_compress.ir import ARENA_ALIGN, ConstantArray, Home, Memories, MemoryPlan, ProgramNode, Role


def homes(
    arrays: Sequence[ConstantArray],
    nodes: Sequence[ProgramNode],
    plan: MemoryPlan,
    memories: Memories,
) -> Mapping[str, Home]:
    """By symbol; those without one lie with the code, which they may unless memories for them were named.

    RAM takes what its arena leaves. Weights are read about once per multiplication, tables once.
    """
    rams = {memory.name for memory in memories.ram}
    flash = [memory.name for memory in memories.constants if memory.name not in rams]
    arenas = {arena.memory: arena.nbytes for arena in plan.tiers}
    room = {one.name: one.nbytes - arenas.get(one.name, 0) for one in memories.constants}
    macs = {node.index: node.macs for node in nodes}
    placed: dict[str, Home] = {}
    for array in sorted(arrays, key=lambda array: (-_reads(array, macs), array.symbol)):
        nbytes = -(-len(array.content) // ARENA_ALIGN) * ARENA_ALIGN
        fitting = [name for name, free in room.items() if free >= nbytes]
        slowest = [name for name in reversed(flash) if name in fitting]
        if flash and not slowest:  # what lies in RAM is kept in flash too
            fitting = []
        if fitting:
            name, is_ram = fitting[0], fitting[0] in rams
            kept = slowest[0] if is_ram and slowest else ""
            placed[array.symbol] = Home(name, is_ram, kept)
            for taken in filter(None, (name, kept)):
                room[taken] -= nbytes
        elif flash:
            raise DoesNotFit(
                "a constant fits in none of the memories",
                which=array.symbol,
                found=f"{len(array.content):,} B",
                allowed=", ".join(f"{name} {free:,} B free" for name, free in room.items()),
                next_step="name a larger memory, compress further, or --optimize size",
            )
    return placed


def _reads(array: ConstantArray, macs: Mapping[int, int]) -> float:
    """About how often each of its bytes is read."""
    if array.role is not Role.WEIGHTS or array.node is None:
        return 1.0
    return max(1.0, macs.get(array.node, 0) / max(len(array.content), 1))
