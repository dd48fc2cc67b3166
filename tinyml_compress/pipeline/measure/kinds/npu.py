"""A board with an NPU: Vela models what it places there, what is left is counted on the emulated core."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import structs

from tinyml_compress import converter
from tinyml_compress.devices import Npu
from tinyml_compress.errors import TinymlError
from tinyml_compress.frontend.names import layer_of
from tinyml_compress.pipeline.measure.kinds.board import Board
from tinyml_compress.pipeline.measure.target import Demands, Target
from tinyml_compress.pipeline.measure.work import Work
from tinyml_compress.results import (
    Accelerator,
    Demand,
    DeviceDetails,
    DeviceFacts,
    Figure,
    Kind,
    Measurement,
    NodeCost,
    PlacedLayer,
    Refused,
)
from tinyml_compress.runners import vela
from tinyml_compress.support import environments

_NOT_COMPARED = "nothing here runs the NPU's commands"
_UNEXPLAINED = "Vela leaves it on the core, and does not say why"
_ACTIVATED = "_act"
"""What Vela puts behind the name of a tensor when it takes the fused activation apart."""
_WAY_OUT = "change the layer so that it is allowed, or leave it: the core runs it"


class NpuBoard(Target):
    """What a TOML file of kind `npu` describes."""

    describes = Npu
    is_surveyed = False
    extra = environments.VELA

    def __init__(self, described: Npu) -> None:
        self.npu, self.core = described, Board(described.board)
        self.name, self.title = described.name, described.title
        self.kernels, self.prices = self.core.kernels, self.core.prices
        self.memories, self.memories_with_constants = self.core.memories, self.core.memories_with_constants

    def refused_engine(self, engine: str) -> str | None:
        return None if engine == "aot" else "aot"

    def toolchains(self, engine: str, asked: tuple[str | None, ...]) -> tuple[str | None, ...]:
        return self.core.toolchains(engine, asked)

    def prepare(self, work: Work) -> None:
        self.core.prepare(work)

    def measure(self, work: Work, toolchain: str | None) -> Measurement:
        npu = self.npu
        work.progress(f"{self.name}: placing layers on {npu.accelerator}")
        placed = vela.placed(work.model, npu, work.progress)
        alone = self._alone(work, toolchain)
        accelerator = _accelerator(npu, placed, work.model, () if alone is None else alone.nodes or ())
        return structs.replace(
            self.core.described("aot"),
            core=f"{npu.board.core.name} + {npu.accelerator}",
            macs=sum(layer.macs for layer in accelerator.layers),
            figures=tuple(_figures(npu, placed, accelerator, alone)),
            accelerator=accelerator,
            bit_exact_unknown=_NOT_COMPARED,
        )

    def _alone(self, work: Work, toolchain: str | None) -> Measurement | None:
        """The same model on the core alone."""
        try:
            return self.core.measure(work, toolchain)
        except TinymlError as error:
            work.notes.append(f"{self.name}: not known without the NPU: {error.what}")
            return None

    def demands(self, content: bytes, engine: str, arena: int | None, max_ram: int | None) -> Demands:
        placed, npu = vela.placed(content, self.npu), self.npu
        flash = Demand(
            memory="flash",
            needed=len(placed.tflite),
            available=npu.board.flash_bytes,
            of_what="the file with its command streams, no code",
        )
        ram = Demand(
            memory="RAM",
            needed=placed.sram_bytes,
            available=npu.sram.nbytes,
            of_what=f"tensors in {npu.sram.name}, by {placed.by}",
        )
        return (flash, ram), ()

    def left(self, content: bytes) -> Sequence[Refused]:
        return tuple(left_layers(vela.placed(content, self.npu), content))

    def facts(self) -> DeviceFacts:
        return structs.replace(self.core.facts(), engines=("aot",))

    def details(self) -> DeviceDetails:
        npu, core = self.npu, self.core.details()
        sources = {**(core.sources or {}), "npu": f"{_told(npu)}; source: {npu.source}"}
        return structs.replace(core, engines=("aot",), sources=sources)


def _told(npu: Npu) -> str:
    clock = f"{npu.clock_hz / 1e6:g} MHz"
    return f"{npu.accelerator} at {clock}, tensors in {npu.sram.name}; Vela's {npu.system}, {npu.memory_mode}"


def _layers(content: bytes) -> Sequence[tuple[str, str, str]]:
    """Operator, layer and first output of every operator of the file."""
    uses = converter.read(content).operators
    return tuple((use.name, layer_of(tensor), tensor) for use in uses for tensor in [_made(use)])


def _made(use: converter.FileOperator) -> str:
    return use.outputs[0].name if use.outputs else ""


def left_layers(placed: vela.PlacedModel, content: bytes) -> Iterator[Refused]:
    """Operators of the file that Vela leaves to the core, and why."""
    reasons = {one.tensor: one for one in placed.unplaced}
    names = _layers(content)
    for layer in placed.layers:
        if layer.on_npu:
            continue
        op, name, tensor = names[layer.index]
        why = reasons.get(tensor) or reasons.get(f"{tensor}{_ACTIVATED}")
        yield Refused(
            layer=name,
            what=f"{op} stays on the core",
            found=_UNEXPLAINED if why is None else why.reason,
            allowed=why.allowed if why is not None and why.allowed else None,
            next_step=_WAY_OUT,
        )


def _accelerator(
    npu: Npu, placed: vela.PlacedModel, content: bytes, nodes: Sequence[NodeCost]
) -> Accelerator:
    counted: dict[tuple[str, str], list[NodeCost]] = {}
    for node in nodes:
        counted.setdefault((node.op, node.name), []).append(node)
    names = _layers(content)
    layers = []
    for layer in placed.layers:
        op, name, _ = names[layer.index]
        if layer.on_npu:
            layers.append(_on_npu(layer, op, name))
        else:
            same = counted.get((op, name), [])
            layers.append(_on_core(layer.index, op, name, same.pop(0) if same else None))
    return Accelerator(
        name=npu.accelerator,
        by=placed.by,
        clock_hz=npu.clock_hz,
        system={"configuration": npu.system, "memory_mode": npu.memory_mode, **placed.system},
        layers=tuple(layers),
        left=tuple(left_layers(placed, content)),
    )


def _on_npu(layer: vela.VelaLayer, op: str, name: str) -> PlacedLayer:
    return PlacedLayer(
        index=layer.index,
        op=op,
        name=name,
        place="NPU",
        macs=layer.macs,
        cycles=layer.cycles,
        computing=layer.computing,
        sram_cycles=layer.sram,
        constant_cycles=layer.memory,
        sram=layer.sram_bytes,
        constants=layer.weight_bytes,
    )


def _on_core(index: int, op: str, name: str, node: NodeCost | None) -> PlacedLayer:
    if node is None:
        return PlacedLayer(index=index, op=op, name=name, place="CPU", macs=0)
    return PlacedLayer(
        index=index,
        op=op,
        name=name,
        place="CPU",
        macs=node.macs,
        cycles=node.cycles,
        instructions=node.instructions,
        constants=node.constants,
    )


def _figures(
    npu: Npu, placed: vela.PlacedModel, accelerator: Accelerator, alone: Measurement | None
) -> Iterator[Figure]:
    def modelled(name: str, value: float, unit: str, by: str = placed.by) -> Figure:
        return Figure(name=name, value=value, unit=unit, kind=Kind.MODELLED, by=by)

    flash = len(placed.tflite)
    yield Figure(
        name="flash",
        value=flash,
        unit="B",
        kind=Kind.EXACT,
        limit=npu.board.flash_bytes,
        parts={"file with command streams": flash},
    )
    yield structs.replace(
        modelled("RAM", placed.sram_bytes, "B"),
        limit=npu.sram.nbytes,
        parts={f"tensors in {npu.sram.name}": placed.sram_bytes},
    )
    yield modelled("NPU cycles", placed.cycles, "")
    for memory, count in placed.traffic.items():
        yield modelled(f"{memory} traffic", count, "B")
    yield modelled("NPU constants", placed.constant_bytes, "B")
    core = [layer for layer in accelerator.layers if layer.place == "CPU"]
    cycles = sum(layer.cycles or 0 for layer in core)
    ms = 1e3 * (placed.cycles / npu.clock_hz + cycles / npu.board.clock_hz)
    bar = None if alone is None or (known := alone.figure("cycles")) is None else known.error
    if core and alone is not None:
        instructions = sum(layer.instructions or 0 for layer in core)
        yield Figure(name="instructions", value=instructions, unit="", kind=Kind.EXACT)
        yield Figure(name="CPU cycles", value=cycles, unit="", kind=Kind.MODELLED, error=bar)
    if core and alone is None:
        return
    both = placed.by if alone is None else f"{placed.by}, the core by us"
    yield modelled("ms", ms, "ms", both if core else placed.by)
    if alone is not None:
        yield Figure(name="ms, CPU alone", value=alone.ms, unit="ms", kind=Kind.MODELLED, error=bar)
        yield modelled("speed-up", alone.ms / ms, "x", both)


TARGET = NpuBoard
