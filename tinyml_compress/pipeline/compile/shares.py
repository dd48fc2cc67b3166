"""What of a compiled program lies in which memory."""

from __future__ import annotations

from tinyml_compress.ir import Memories, Program
from tinyml_compress.results import MemoryShare


def memory_shares(program: Program, memories: Memories) -> tuple[MemoryShare, ...]:
    """What lies in each memory that was named; none where none was."""
    arenas = {one.memory: one.nbytes for one in program.plan.tiers}
    shares = []
    for place, memory in enumerate(dict.fromkeys((*memories.ram, *memories.constants))):
        homes = [(array.home, len(array.content)) for array in program.constants if array.home is not None]
        parts = {
            "arena": arenas.get(memory.name, 0),
            "state": program.state_bytes if place == 0 and memory in memories.ram else 0,
            "constants": sum(size for home, size in homes if home.memory == memory.name),
            "kept for RAM": sum(size for home, size in homes if home.kept == memory.name),
        }
        held = {cause: nbytes for cause, nbytes in parts.items() if nbytes}
        shares.append(MemoryShare(name=memory.name, nbytes=memory.nbytes, parts=held))
    return tuple(shares)
