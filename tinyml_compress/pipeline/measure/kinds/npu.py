"""A board with an NPU: Vela models what it places there, what is left is counted on the emulated core."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec import structs

from tinyml_compress import converter
from tinyml_compress.devices import Npu
from tinyml_compress.errors import DoesNotFit, ModelError, TinymlError
from tinyml_compress.frontend.names import layer_of
from tinyml_compress.pipeline.convert.npu import NpuFiles, files_for_npu
from tinyml_compress.pipeline.convert.npu_program import npu_program
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
from tinyml_compress.results.fit import Cost, LayerNeed
from tinyml_compress.runners import vela
from tinyml_compress.support import environments

_NOT_COMPARED = "nothing here runs the NPU's commands"
_UNEXPLAINED = "Vela leaves it on the core, and does not say why"
_ACTIVATED = "_act"
"""What Vela puts behind the name of a tensor when it takes the fused activation apart."""
_WAY_OUT = "change the layer so that it is allowed, or leave it: the core runs it"


@dataclass(frozen=True)
class _OnCore:
    """What the core runs beside the NPU, counted."""

    nodes: tuple[NodeCost, ...]
    """Those of the parts between command streams, and what is between them."""
    error: float | None
    copied: int = 0
    """Bytes between the NPU's tensors and the parts' own, of one inference."""

    @property
    def cycles(self) -> int:
        return sum(node.cycles for node in self.nodes)

    @property
    def instructions(self) -> int:
        return sum(node.instructions for node in self.nodes)


class NpuBoard(Target):
    """What a TOML file of kind `npu` describes."""

    describes = Npu
    is_surveyed = False
    extra = environments.VELA

    def __init__(self, described: Npu) -> None:
        self._npu, self.core = described, Board(described.board)
        self.beside_core, self.searched = described.accelerator, repr(described)
        self.name, self.title = described.name, described.title
        self.kernels, self.prices = self.core.kernels, self.core.prices
        self.memories, self.memories_with_constants = self.core.memories, self.core.memories_with_constants

    def refused_engine(self, engine: str) -> str | None:
        return None if engine == "aot" else "aot"

    def toolchains(self, engine: str, asked: tuple[str | None, ...]) -> tuple[str | None, ...]:
        return self.core.toolchains(engine, asked)

    def prepare(self, work: Work) -> None:
        if work.request.beside:
            self.core.prepare(work)

    def measure(self, work: Work, toolchain: str | None) -> Measurement:
        npu = self._npu
        work.progress(f"{self.name}: placing layers on {npu.accelerator}")
        placed = vela.placed(work.model, npu, work.progress)
        _check_room(npu, placed)
        alone = self._alone(work, toolchain) if work.request.beside else None
        core = self._on_core(placed, work, toolchain)
        accelerator = _accelerator(npu, placed, work.model, () if core is None else core.nodes)
        return structs.replace(
            self.core.described("aot"),
            core=f"{npu.board.core.name} + {npu.accelerator}",
            macs=sum(layer.macs for layer in accelerator.layers),
            figures=tuple(_figures(npu, placed, core, alone)),
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

    def _on_core(self, placed: vela.PlacedModel, work: Work, toolchain: str | None) -> _OnCore | None:
        """The C around the command streams, emulated part by part; of a model that it cannot be made of, the
        same layers of the model on the core alone.
        """
        if all(layer.on_npu for layer in placed.layers):
            return _OnCore((), None)
        npu, core = self._npu, self._npu.board.core
        try:
            parts = npu_program(work.facts.name, placed.tflite, core.kernels, core.prices).parts
            counted = [self.core.counted(part.program, work, toolchain) for part in parts]
        except ModelError as error:
            work.notes.append(f"{npu.name}: no C around the command streams ({error.what})")
            return self._of_whole(placed, work, toolchain)
        return _OnCore(
            tuple(node for nodes, _ in counted for node in nodes),
            max(error for _, error in counted),
            sum(nbytes for part in parts for _, nbytes in (*part.inputs, *part.outputs)),
        )

    def _of_whole(self, placed: vela.PlacedModel, work: Work, toolchain: str | None) -> _OnCore | None:
        """Layers that the core keeps, as they cost in the model that runs on the core alone."""
        alone = self._alone(work, toolchain)
        if alone is None:
            return None
        names = _layers(work.model)
        left = [names[layer.index][:2] for layer in placed.layers if not layer.on_npu]
        nodes = tuple(node for node in alone.nodes or () if (node.op, node.name) in left)
        bar = alone.figure("cycles")
        return _OnCore(nodes, None if bar is None else bar.error)

    def demands(self, content: bytes, engine: str, arena: int | None, max_ram: int | None) -> Demands:
        placed, npu = vela.placed(content, self._npu), self._npu
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

    def files_beside(self, name: str, content: bytes) -> NpuFiles:
        return files_for_npu(name, content, self._npu, self.left(content))

    def left(self, content: bytes) -> Sequence[Refused]:
        return tuple(_left_layers(vela.placed(content, self._npu), content))

    def cost(self, run: Measurement) -> Cost:
        npu, core = map(run.figure, ("NPU cycles", "CPU cycles"))
        if npu is None or core is None:
            raise ModelError(
                "what the core runs beside the NPU is not known",
                which=run.device,
                next_step="`check MODEL --target BOARD` names the layers that Vela leaves to it",
            )
        return Cost.of(run, int(core.value), int(npu.value))

    def needs_of_layers(self, run: Measurement) -> Sequence[LayerNeed]:
        layers = () if run.accelerator is None else run.accelerator.layers
        return tuple(
            LayerNeed(
                layer=layer.name or layer.op,
                op=layer.op,
                flash=layer.constants or 0,
                ram=layer.sram or 0,
                cycles=layer.cycles or 0,
            )
            for layer in layers
        )

    def facts(self) -> DeviceFacts:
        return structs.replace(self.core.facts(), engines=("aot",))

    def details(self) -> DeviceDetails:
        npu, core = self._npu, self.core.details()
        sources = {**(core.sources or {}), "npu": f"{_told(npu)}; source: {npu.source}"}
        return structs.replace(core, engines=("aot",), sources=sources)


def _check_room(npu: Npu, placed: vela.PlacedModel) -> None:
    needs = (
        ("flash", len(placed.tflite), npu.board.flash_bytes),
        (f"RAM ({npu.sram.name}, by {placed.by})", placed.sram_bytes, npu.sram.nbytes),
    )
    lacking = [f"{name}: {needed:,} of {there:,} B" for name, needed, there in needs if needed > there]
    if lacking:
        raise DoesNotFit(f"does not fit {npu.name}", found="; ".join(lacking))


def _told(npu: Npu) -> str:
    clock = f"{npu.clock_hz / 1e6:g} MHz"
    return f"{npu.accelerator} at {clock}, tensors in {npu.sram.name}; Vela's {npu.system}, {npu.memory_mode}"


def _layers(content: bytes) -> Sequence[tuple[str, str, str]]:
    """Operator, layer and first output of every operator of the file."""
    uses = converter.read(content).operators
    return tuple((use.name, layer_of(tensor), tensor) for use in uses for tensor in [_made(use)])


def _made(use: converter.FileOperator) -> str:
    return use.outputs[0].name if use.outputs else ""


def _left_layers(placed: vela.PlacedModel, content: bytes) -> Iterator[Refused]:
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
        left=tuple(_left_layers(placed, content)),
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
    npu: Npu, placed: vela.PlacedModel, core: _OnCore | None, alone: Measurement | None
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
    held = "cache of tensors" if npu.is_apart else "tensors"
    yield structs.replace(
        modelled("RAM", placed.sram_bytes, "B"),
        limit=npu.sram.nbytes,
        parts={f"{held} in {npu.sram.name}": placed.sram_bytes},
    )
    yield modelled("NPU cycles", placed.cycles, "")
    for memory, count in placed.traffic.items():
        yield modelled(f"{memory} traffic", count, "B")
    beside = "NPU constants and tensors" if npu.is_apart else "NPU constants"
    yield modelled(beside, placed.constant_bytes, "B")
    if core is None:
        return
    yield Figure(name="instructions", value=core.instructions, unit="", kind=Kind.EXACT)
    yield Figure(name="CPU cycles", value=core.cycles, unit="", kind=Kind.MODELLED, error=core.error)
    if core.copied:
        yield Figure(
            name="copied around the streams, not counted", value=core.copied, unit="B", kind=Kind.EXACT
        )
    ms = 1e3 * (placed.cycles / npu.clock_hz + core.cycles / npu.board.clock_hz)
    both = f"{placed.by}, the core by us" if core.nodes else placed.by
    yield modelled("ms", ms, "ms", both)
    if alone is not None:
        bar = None if (known := alone.figure("cycles")) is None else known.error
        yield Figure(name="ms, CPU alone", value=alone.ms, unit="ms", kind=Kind.MODELLED, error=bar)
        yield modelled("speed-up", alone.ms / ms, "x", both)


TARGET = NpuBoard
