"""An emulated board: generated C is built for its core and run there, or TensorFlow Lite Micro's needs are
summed up.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from math import inf

import msgspec
import numpy as np

from tinyml_compress.devices import CostClass, Device, Duty, TflmNeed, hardware_cycles
from tinyml_compress.devices.facts import board_details, board_facts
from tinyml_compress.devices.trust import FITTED_OPERATORS, Trust, likeness, trust
from tinyml_compress.errors import BudgetError, DoesNotFit
from tinyml_compress.ir import ByRows, ConstantsIn, Graph, Memories, Port, Program
from tinyml_compress.pipeline.compile.verb import compile_graph, compile_model, kernel_option
from tinyml_compress.pipeline.measure.front_end_cost import front_end_cost
from tinyml_compress.pipeline.measure.inputs import Vectors, make_vectors
from tinyml_compress.pipeline.measure.memories import (
    fitting,
    form_taken,
    memory_uses,
    none_fits,
    ram_bytes,
    ram_demands,
)
from tinyml_compress.pipeline.measure.mismatch import agreement, locate
from tinyml_compress.pipeline.measure.target import Array, Demands, Target
from tinyml_compress.pipeline.measure.trigger_cost import trigger_cost
from tinyml_compress.pipeline.measure.work import FLAGS, Work
from tinyml_compress.results import (
    BitExact,
    Demand,
    DeviceDetails,
    DeviceFacts,
    Figure,
    Kind,
    Measurement,
    NodeCost,
    Placement,
)
from tinyml_compress.results.kernels import runner_up
from tinyml_compress.runners.emulated import Count, Emulation, Emulator, emulate
from tinyml_compress.support.instruction_sets import firmware_needs

_TRIES = 3
"""Of smaller forms, whose stack is not known before they have run."""


class Board(Target):
    """What a TOML file of kind `board` describes."""

    describes = Device

    def __init__(self, described: Device) -> None:
        self.device = described
        self.name, self.title, self.kernels = described.name, described.title, described.core.kernels
        self.has_floats = described.core.fpu
        self.prices, self.memories = described.core.prices, described.memories
        self.memories_with_constants = described.memories_with_constants
        self.searched = repr(described)
        self.is_surveyed = described.core.built_in
        self.needs = None if self.is_surveyed else "QEMU, for cores that the built-in emulator lacks"

    def refused_engine(self, engine: str) -> str | None:
        engines = self.device.limits.engines
        return None if engine in engines else ", ".join(engines)

    def toolchains(self, engine: str, asked: tuple[str | None, ...]) -> tuple[str | None, ...]:
        return asked if engine == "aot" else (None,)

    def prepare(self, work: Work) -> None:
        if work.request.engine == "aot":
            with suppress(DoesNotFit):  # which is this board's own: `measure` meets it again
                work.program(self.kernels, self._memories(work), self.prices)
                _ = work.answers, work.front_end, work.trigger

    def _memories(self, work: Work) -> Memories:
        in_ram = work.request.constants is ConstantsIn.RAM
        return self.memories_with_constants if in_ram else self.memories

    def measure(self, work: Work, toolchain: str | None) -> Measurement:
        if work.request.engine == "tflm":
            return self._with_tflm(work)
        return self._emulated(work, toolchain)

    def answers(self, program: Program, rows: Sequence[Sequence[Array]]) -> list[list[Array]]:
        vectors = [tuple(value.tobytes() for value in row) for row in rows]
        # a model with state goes on from one vector to the next, and shall not
        runs = [[vector] for vector in vectors] if program.state_bytes else [vectors]
        ran = [outputs for some in runs for outputs in emulate(program, self.device, some).outputs]
        return [
            [
                np.frombuffer(data, port.dtype.numpy).reshape(port.shape)
                for data, port in zip(outputs, program.outputs, strict=True)
            ]
            for outputs in ran
        ]

    def demands(self, content: bytes, engine: str, arena: int | None, max_ram: int | None) -> Demands:
        if engine == "tflm":
            need = TflmNeed(self.device, len(content), arena)
            return _demands_of_tflm(need), need.assumptions

        def compiled(most: int | None, by_rows: bool) -> Program:
            return compile_model(
                content,
                "checked",
                self.kernels,
                memories=self.memories,
                most_ram=most,
                prices=self.prices,
                ends=(ByRows.INPUT,) if by_rows else (),
            )

        program, told = fitting(compiled, self.device, max_ram)
        needs = firmware_needs(node.kernel for node in program.nodes)
        return self._demands_of_c(program, max_ram), (*told, *needs)

    def _demands_of_c(self, program: Program, max_ram: int | None) -> Sequence[Demand]:
        device = self.device
        constants = program.weight_bytes + program.table_bytes
        flash = _demand("flash", constants, device, "weights and tables, no code")
        return (flash, *ram_demands(program, device, max_ram))

    def _with_tflm(self, work: Work) -> Measurement:
        device = self.device
        need = TflmNeed(device, len(work.model), work.arena)
        if not need.fits:
            texts = {
                "flash": f"flash {need.flash_bytes:,} of {device.flash_bytes:,} B ({need.flash_parts})",
                "RAM": f"RAM {need.ram_bytes:,} of {device.ram_bytes:,} B ({need.ram_parts})",
            }
            lacking = [text for name, text in texts.items() if name in need.lacking]
            raise DoesNotFit(
                f"does not fit {device.name}",
                found="\n  assumed: ".join(["; ".join([str(need), *lacking]), *need.assumptions]),
            )
        return msgspec.structs.replace(
            self.described("tflm"),
            figures=need.figures(),
            assumptions=need.assumptions,
        )

    def described(self, engine: str) -> Measurement:
        """What is known of the board before anything runs."""
        device = self.device
        return Measurement(
            device=device.name,
            engine=engine,
            fits=True,
            title=device.title,
            page=device.page,
            core=device.core.name,
            core_title=device.core.title,
            clock_hz=device.clock_hz,
            device_sha256=device.digest,
            core_sha256=device.core.digest,
        )

    def _emulated(self, work: Work, toolchain: str | None) -> Measurement:
        request, device = work.request, self.device
        program, done = self._within(work, toolchain)
        nodes = _nodes(program, device, done)
        believed, duty = _trust(device, nodes), request.duty
        cycles = sum(node.cycles for node in nodes)
        if duty is not None and not device.set_ups:
            work.notes.append(f"{device.name}: no power {duty}: no set-up of the board has a source")
        return msgspec.structs.replace(
            self.described("aot"),
            compiler=done.compiler,
            emulator=done.emulator,
            optimize=request.level.value,
            macs=sum(node.macs for node in program.nodes),
            figures=(
                *_figures(program, device, done, nodes, believed.error),
                *_energy(device, cycles, believed.error),
                *(_power(device, duty, cycles, believed.error) if duty and device.set_ups else ()),
            ),
            cycles_calibrated=device.core.calibration.calibrated,
            cycles_trust=believed.sentence,
            bit_exact=self._agreement(work, program, toolchain, done.outputs),
            bit_exact_unknown=work.no_answers if work.answers is None else None,
            outputs_hex=tuple(output.hex() for output in done.outputs[0]),
            nodes=nodes,
            plan=_placements(program),
            memories=memory_uses(program, device, done) or None,
            front_end=front_end_cost(work, device, toolchain, 1e3 * cycles / device.clock_hz),
            trigger=trigger_cost(work, device, toolchain),
        )

    def _within(self, work: Work, toolchain: str | None) -> tuple[Program, Emulation]:
        """The program and what its run finds: one that takes no more RAM than it may, if there is one."""
        memories = self._memories(work)

        def compiled(most: int | None, by_rows: bool) -> Program:
            ends = (*work.request.ends, *([ByRows.INPUT] if by_rows else []))
            return work.program(self.kernels, memories, self.prices, most, ends)

        fastest, told = fitting(compiled, self.device, None)
        program = fastest
        work.notes += [f"{self.name}: {text}" for text in told]
        done = self._run(work, program, toolchain)
        for _ in range(_TRIES):
            over = sum(_ram_parts(program, done).values()) - (work.request.max_ram or inf)
            if over <= 0:
                break
            most = max(program.arena_bytes - int(over), 0)
            try:
                program = compiled(most, False)
            except BudgetError as error:
                work.notes += [f"{self.name}: {text}" for text in none_fits(error, fastest, compiled, most)]
                break
            done = self._run(work, program, toolchain)
        if program is not fastest:
            work.notes.append(f"{self.name}: {form_taken(program, fastest)}")
        return program, done

    def _run(
        self, work: Work, program: Program, toolchain: str | None, inputs: Vectors | None = None
    ) -> Emulation:
        return emulate(
            program,
            self.device,
            (inputs or work.vectors).raw,
            optimize=FLAGS[work.request.level],
            toolchain=toolchain,
            emulator=Emulator(work.request.emulator),
            progress=lambda text: work.progress(f"{self.name}: {text}"),
        )

    def counted(
        self, piece: Program, work: Work, toolchain: str | None
    ) -> tuple[tuple[NodeCost, ...], float]:
        """What a piece of a model takes there on noise, and the error bar of its cycles."""
        inputs = make_vectors(piece.inputs, "random", 1, work.request.seed)
        nodes = _nodes(piece, self.device, self._run(work, piece, toolchain, inputs))
        return nodes, _trust(self.device, nodes).error

    def _agreement(
        self, work: Work, program: Program, toolchain: str | None, outputs: Sequence[tuple[bytes, ...]]
    ) -> BitExact | None:
        if work.answers is None:
            return None
        compared, first = agreement(program, outputs, work.answers)
        if first is None:
            return compared
        work.progress(f"{self.name}: looking for the first node that differs")
        request = work.request

        def emulated(
            graph: Graph, raw: list[tuple[bytes, ...]]
        ) -> tuple[Sequence[Port], Sequence[tuple[bytes, ...]]]:
            piece = compile_graph(
                graph,
                program.prefix,
                model_sha256="",
                isas=self.kernels,
                level=request.level,
                prices=self.prices,
            )
            done = emulate(
                piece,
                self.device,
                raw,
                optimize=FLAGS[request.level],
                toolchain=toolchain,
                emulator=Emulator(request.emulator),
            )
            return piece.outputs, done.outputs

        arrays, raw = work.vectors.arrays[first], work.vectors.raw[first]
        node = locate(work.model, work.facts.name, arrays, raw, emulated)
        return msgspec.structs.replace(compared, detail=f"vector {first}, {node}") if node else compared

    def facts(self) -> DeviceFacts:
        return board_facts(self.device)

    def details(self) -> DeviceDetails:
        return board_details(self.device)


def _demands_of_tflm(need: TflmNeed) -> Sequence[Demand]:
    flash = _demand("flash", need.flash_bytes, need.device, need.flash_parts)
    if need.ram_bytes is None:
        return (flash,)
    return (flash, _demand("RAM", need.ram_bytes, need.device, need.ram_parts))


def _demand(memory: str, needed: int, device: Device, of_what: str) -> Demand:
    available = device.flash_bytes if memory == "flash" else device.ram_bytes
    return Demand(memory=memory, needed=needed, available=available, of_what=of_what)


def _figures(
    program: Program, device: Device, done: Emulation, nodes: Sequence[NodeCost], error: float
) -> tuple[Figure, ...]:
    flash = {name: getattr(done.flash, name) for name in ("kernels", "glue", "weights", "tables", "startup")}
    ram = _ram_parts(program, done)
    room = ram_bytes(device, program)
    cycles = sum(node.cycles for node in nodes)
    ms = cycles / device.clock_hz * 1e3
    figures = [
        Figure(
            name="flash",
            value=sum(flash.values()),
            unit="B",
            kind=Kind.EXACT,
            limit=device.flash_bytes,
            parts=flash,
        ),
        Figure(name="RAM", value=sum(ram.values()), unit="B", kind=Kind.EXACT, limit=room, parts=ram),
        Figure(name="instructions", value=sum(node.instructions for node in nodes), unit="", kind=Kind.EXACT),
        Figure(name="cycles", value=cycles, unit="", kind=Kind.MODELLED, error=error, about=_loads(done)),
        Figure(name="ms", value=ms, unit="ms", kind=Kind.MODELLED, error=error),
    ]
    return tuple(figures)


def _loads(done: Emulation) -> dict[str, str | float] | None:
    """What cycles rest on besides instructions: counts, whatever the core charges for them; not on RISC-V."""
    counts = [count.classes for count in (*done.counts.nodes, done.counts.between)]
    if not any(CostClass.LOAD_RUN in classes for classes in counts):
        return None
    kinds = (CostClass.LOAD_RUN, CostClass.FLASH_WORD)
    return {kind.value: sum(classes.get(kind, 0) for classes in counts) for kind in kinds}


def _ram_parts(program: Program, done: Emulation) -> dict[str, int]:
    return {
        "arena": program.arena_bytes,
        "state": program.state_bytes,
        "stack": done.stack_bytes,  # the high-water mark of the run, not what is set aside
        "static": done.static_bytes,
        **({"constants": sum(program.loaded.values())} if program.loaded else {}),
    }


def _energy(device: Device, cycles: int, error: float) -> tuple[Figure, ...]:
    """Of one inference, in each set-up of the board that has a source; the first is the usual one."""
    return tuple(
        Figure(
            name=f"mJ, {set_up.supply}" if number else "mJ",
            value=set_up.millijoules(cycles),
            unit="mJ",
            kind=Kind.MODELLED,
            error=None if set_up.error is None else set_up.error_with(error),
            about={
                "microamps_per_mhz": set_up.picojoules / set_up.volts,
                "volts": set_up.volts,
                "mode": set_up.supply,
                "picojoules_per_cycle": set_up.picojoules,
                "source": set_up.source,
            },
        )
        for number, set_up in enumerate(device.set_ups)
    )


def _power(device: Device, duty: Duty, cycles: int, error: float) -> tuple[Figure, ...]:
    """Of inferences every so often, in the usual set-up."""
    set_up = device.set_ups[0]
    draw = duty.draw(set_up, device.sleep, set_up.millijoules(cycles), cycles / device.clock_hz)
    bar = None if set_up.error is None else set_up.error_with(error)
    about: dict[str, str | float] = {
        "every_s": duty.seconds,
        "mode": set_up.supply,
        "text": f"{duty}: {draw}",
    }
    figures = [Figure(name="busy", value=draw.busy, unit="", kind=Kind.MODELLED, error=error, about=about)]
    for name, value, unit in (("average power", draw.milliwatts, "mW"), ("battery life", draw.hours, "h")):
        if value is not None:
            figures.append(Figure(name=name, value=value, unit=unit, kind=Kind.MODELLED, error=bar))
    return tuple(figures)


def _trust(device: Device, nodes: Sequence[NodeCost]) -> Trust:
    """How true cycles and milliseconds are."""
    floating = {node.index for node in nodes if node.kernel.startswith("tc_f32_")}
    of_floats = sum(node.cycles for node in nodes if node.index in floating)
    fitted = [node for node in nodes if node.op in FITTED_OPERATORS and node.index not in floating]
    total = sum(node.cycles for node in nodes)
    return trust(device, likeness(sum(node.cycles for node in fitted), of_floats, total))


def _nodes(program: Program, device: Device, done: Emulation) -> tuple[NodeCost, ...]:
    constants = program.node_constants
    nodes = [
        NodeCost(
            index=node.index,
            op=node.op,
            name=node.name,
            kernel=node.kernel,
            shape=node.shape,
            macs=node.macs,
            instructions=count.instructions,
            cycles=round(_cycles(device, node.op, count, done)),
            constants=constants.get(node.index, 0),
            encoding=None if node.zeros is None else node.encoding,
            zeros=None if node.zeros is None else round(node.zeros, 4),
            why=node.why or None,
            runner_up=runner_up(tuple(map(kernel_option, node.options)), node.family),
        )
        for node, count in zip(program.nodes, done.counts.nodes, strict=True)
    ]
    between = done.counts.between
    cycles = round(_cycles(device, "", between, done))
    rest = NodeCost(
        op="",
        name="between nodes",
        kernel="",
        shape=(),
        macs=0,
        instructions=between.instructions,
        cycles=cycles,
        constants=0,
    )
    return (*nodes, rest)


def _cycles(device: Device, op: str, count: Count, done: Emulation) -> float:
    return hardware_cycles(device, op, count.instructions, count.classes, done.waited(count))


def _placements(program: Program) -> tuple[Placement, ...]:
    plan, last = program.plan, len(program.nodes)
    buffers = [(name, buffer) for name, buffer in plan.tensors.items() if name not in plan.inside]
    buffers += [(f"scratch of node {index}", buffer) for index, buffer in plan.scratch.items()]
    return tuple(
        Placement(
            name=name,
            offset=buffer.offset,
            nbytes=buffer.nbytes,
            first=max(buffer.first, -1),
            last=min(buffer.last, last),
            memory=program.arenas[buffer.arena].memory or None,
        )
        for name, buffer in buffers
        if buffer.nbytes
    )


TARGET = Board
