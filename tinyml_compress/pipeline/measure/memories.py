"""What lies in which memory of a board that has several, and how often each is read."""

from __future__ import annotations

from collections.abc import Callable

from tinyml_compress.devices import Device
from tinyml_compress.errors import BudgetError
from tinyml_compress.ir import Program
from tinyml_compress.ops.strips.node import OPERATOR as STRIPS
from tinyml_compress.results import Demand, MemoryUse
from tinyml_compress.runners.emulated import Emulation
from tinyml_compress.support.instruction_sets import Family


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
            parts={
                "arena": arenas.get(one.name, 0),
                **({} if place else kept),
                **({"constants": program.loaded[one.name]} if one.name in program.loaded else {}),
            },
            cycles_per_8_bytes=one.price,
            is_cached=one.is_cached,
            words_read=sum(count.ram_words[place] for count in counts)
            if device.core.family is Family.THUMB
            else None,
        )
        for place, one in enumerate(device.stretches)
    )


def ram_bytes(device: Device, program: Program) -> int:
    """What the program may use of the board's RAM."""
    memory = device.tiered if program.plan.tiers else device.memory
    return memory.ram_bytes + sum(one.nbytes for one in memory.more)


Compiler = Callable[[int | None, bool], Program]
"""A program whose arena takes so many bytes at most, its input by rows where it says so."""


def fitting(compiled: Compiler, device: Device, max_ram: int | None) -> tuple[Program, tuple[str, ...]]:
    """The program as it is where it fits, else the fastest form that does; what is to be said of it, also
    where no form fits and it stays as it is.
    """
    program = compiled(None, False)
    if program.plan.tiers:
        return program, ()
    (demand,) = ram_demands(program, device, max_ram)
    if demand.fits:
        return program, ()
    most = program.arena_bytes - demand.needed + demand.available
    try:
        smaller = compiled(most, False)
    except BudgetError as error:
        return program, none_fits(error, program, compiled, most)
    return smaller, (form_taken(smaller, program),)


def form_taken(smaller: Program, fastest: Program) -> str:
    """How a program comes to take less RAM, and at what price."""
    runs = [node.name for node in smaller.nodes if node.op == STRIPS.name]
    form = f"layers by strips ({', '.join(runs)})" if runs else "layer by layer, kernels of less scratch"
    cycles, least = _estimated(smaller), _estimated(fastest)
    return f"{form}: {cycles / (least or 1.0):.2f} times the estimated cycles ({least:,.0f} to {cycles:,.0f})"


def none_fits(error: BudgetError, fastest: Program, compiled: Compiler, most: int) -> tuple[str, ...]:
    """That nothing is small enough, by strips or layer by layer, and whether it is with the input by rows."""
    told = f"{error.what}, by strips or layer by layer: {error.found}"
    if any(port.row_bytes for port in fastest.inputs):
        return (told,)
    try:
        rows = compiled(most, True)
    except BudgetError as also:
        return told, f"nor with its input by rows (--by-rows input): {also.found}"
    return told, (
        f"with its input by rows (--by-rows input) it is: an arena of {rows.arena_bytes:,} B, "
        f"{form_taken(rows, fastest)}"
    )


def _estimated(program: Program) -> float:
    chosen = (option for node in program.nodes for option in node.options if option.family == node.family)
    return sum(option.cycles or 0.0 for option in chosen)


def ram_demands(program: Program, device: Device, max_ram: int | None = None) -> tuple[Demand, ...]:
    """RAM that the program needs before it has run: one, or one per memory that it uses."""
    stack, state = device.limits.stack_bytes, program.state_bytes
    beside = f"{', state' if state else ''} and {stack:,} B of stack"
    if not program.plan.tiers:
        needed = program.arena_bytes + state + stack
        available = device.ram_bytes if max_ram is None else min(device.ram_bytes, max_ram)
        return (Demand(memory="RAM", needed=needed, available=available, of_what=f"arena{beside}"),)
    arenas = {one.memory: one.nbytes for one in program.arenas}
    return tuple(
        Demand(
            memory=f"RAM {one.name}",
            needed=arenas.get(one.name, 0) + (state + stack) * (place == 0),
            available=one.nbytes,
            of_what="arena" if place else f"arena{beside}",
        )
        for place, one in enumerate(device.tiers)
        if place == 0 or one.name in arenas
    )
