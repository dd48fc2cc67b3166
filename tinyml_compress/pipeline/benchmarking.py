"""A model on devices: compile, build, emulate, count, compare with TensorFlow Lite Micro, judge."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from tinyml_compress._version import __version__
from tinyml_compress.devices import Device, Host, TflmNeed, hardware_cycles, list_devices, load_device
from tinyml_compress.devices.measurement import (
    Agreement,
    AotRun,
    Benchmark,
    FlashUse,
    HostRun,
    ModelFacts,
    NodeCost,
    Placement,
    RamUse,
    Refusal,
    Run,
    TflmRun,
)
from tinyml_compress.errors import (
    DoesNotFit,
    MissingDependency,
    OutputError,
    TinymlError,
    UnsupportedOperator,
    UsageError,
)
from tinyml_compress.ir import Graph, Port, Program
from tinyml_compress.ops.base import Isa, Level
from tinyml_compress.pipeline.benchmark_inputs import Vectors, make_vectors
from tinyml_compress.pipeline.benchmark_mismatch import agreement, locate
from tinyml_compress.pipeline.benchmark_model import given
from tinyml_compress.pipeline.compilation import compile_graph, compile_model
from tinyml_compress.runners import host, tflm
from tinyml_compress.runners.emulated import Emulation, Emulator, emulate, interruptible
from tinyml_compress.support.files import sha256
from tinyml_compress.support.progress import stage

__all__ = ["Request", "benchmark", "resolve_targets"]

Progress = Callable[[str], None]
FLAGS = {Level.SIZE: "-Os", Level.BALANCED: "-O2", Level.SPEED: "-O3", Level.RAM: "-O2"}


@dataclass(frozen=True)
class Request:
    """What to benchmark, as the command line says it."""

    targets: tuple[str, ...]
    engine: str = "aot"
    input_kind: str = "pattern"
    vectors: int = 10
    level: Level = Level.BALANCED
    toolchains: tuple[str | None, ...] = (None,)
    """One run each; None: the device's own."""
    emulator: str = "auto"
    targets_dir: Path | None = None
    seed: int = 0
    calibration: str | None = None
    """Data for the conversion of a model that is no .tflite yet."""


_EVERYWHERE = Request(("all",))


def resolve_targets(names: Sequence[str], targets_dir: Path | None) -> tuple[Device | Host, ...]:
    """Devices by name; `all` is every emulated one."""
    found: dict[str, Device | Host] = {}
    for name in names:
        if name == "all":
            found |= {
                device.name: device for device in list_devices(targets_dir) if isinstance(device, Device)
            }
        else:
            found[name] = load_device(name, targets_dir)
    return tuple(found.values())


def benchmark(
    model: str | Path | bytes,
    name: str | None = None,
    source: str | None = None,
    request: Request = _EVERYWHERE,
) -> Benchmark:
    """Run the model on every target. A device that cannot run it becomes a Refusal; a broken model raises.

    `model` is the content of a .tflite file, its path, or whatever `convert` takes.
    """
    devices = resolve_targets(request.targets, request.targets_dir)
    if not devices:
        raise UsageError("no target", next_step="--target takes names from `tinyml-compress targets`, or all")
    with stage("read the model"):
        known = given(model, request.calibration, request.seed)
    name, source = name or known.name, source or known.source
    facts = ModelFacts(name, source, sha256(known.content), len(known.content))
    with stage("benchmark", total=len(devices) * len(request.toolchains)) as shown:
        job = _Job(known.content, facts, request, shown.note)
        if request.engine == "aot":
            job.prepare([device for device in devices if isinstance(device, Device)])
        runs = _all(job, request, devices, shown.advance)
    return Benchmark(facts, request.input_kind, runs, __version__, tuple(dict.fromkeys(job.notes)))


def _all(
    job: _Job, request: Request, devices: Sequence[Device | Host], advance: Callable[[], None]
) -> tuple[Run, ...]:
    """Several devices at once, in threads: the emulator and the compilers run outside Python's lock."""
    pairs = [(device, toolchain) for device in devices for toolchain in _toolchains(device, request)]
    pool = ThreadPoolExecutor(max(1, min(os.cpu_count() or 1, len(pairs))))
    runs: list[Run] = []
    with interruptible(lambda: pool.shutdown(cancel_futures=True)):
        for run in pool.map(lambda pair: job.run(*pair), pairs):
            advance()
            runs.append(run)
    return tuple(runs)


def _toolchains(device: Device | Host, request: Request) -> tuple[str | None, ...]:
    return request.toolchains if isinstance(device, Device) and request.engine == "aot" else (None,)


class _Job:
    """What all devices share: the model, one program per kernel set, the vectors and TFLM's answers."""

    def __init__(self, model: bytes, facts: ModelFacts, request: Request, progress: Progress) -> None:
        self._model, self._facts, self._request, self._progress = model, facts, request, progress
        self._programs: dict[tuple[str, ...], Program] = {}
        self._vectors: Vectors | None = None
        self._expected: list[tuple[bytes, ...]] | None = None
        self._no_agreement = ""
        self.notes: list[str] = []

    def prepare(self, boards: Sequence[Device]) -> None:
        for kernels in dict.fromkeys(board.core.kernels for board in boards):
            self._progress(f"generating C ({'+'.join(kernels)} kernels)")
            isas = tuple(Isa(kernel) for kernel in kernels)
            try:
                program = compile_model(self._model, self._facts.name, isas, self._request.level)
            except UnsupportedOperator as error:
                error.next_step = error.next_step or (
                    "--engine tflm tells what it takes under TensorFlow Lite Micro; "
                    "`operators` lists what our C has"
                )
                raise
            self._programs[kernels] = program
        if self._programs:
            program = next(iter(self._programs.values()))
            request = self._request
            self._vectors = make_vectors(program.inputs, request.input_kind, request.vectors, request.seed)
            self._ask_tflm(self._vectors)

    def _ask_tflm(self, vectors: Vectors) -> None:
        self._progress("running TensorFlow Lite Micro for comparison")
        try:
            answers = tflm.run(self._model, vectors.arrays)
        except MissingDependency as error:
            self._no_agreement = error.what
        except TinymlError as error:
            self._no_agreement = f"{error.what}: {(error.found or '').strip().splitlines()[-1:]}"
        else:
            self._expected = [tuple(value.tobytes() for value in row) for row in answers.outputs]

    def run(self, device: Device | Host, toolchain: str | None) -> Run:
        """One device; what it cannot do is a Refusal."""
        try:
            if isinstance(device, Host):
                return self._on_host(device)
            if self._request.engine not in device.limits.engines:
                raise UsageError(f"{device.name} is not meant for engine {self._request.engine}")
            return (
                self._with_tflm(device)
                if self._request.engine == "tflm"
                else self._emulated(device, toolchain)
            )
        except DoesNotFit as error:
            return Refusal(
                device,
                self._request.engine,
                error.what,
                error.found or "",
                fits=False,
                next_step=error.next_step or "",
            )
        except MissingDependency as error:
            reason = error.what if error.which is None else f"{error.what}: {error.which}"
            detail = error.found or ""
            return Refusal(
                device, self._request.engine, reason, detail, fits=True, next_step=error.next_step or ""
            )
        except TinymlError as error:
            if isinstance(error, (UsageError, OutputError)):
                raise
            reason, *rest = str(error).splitlines()
            return Refusal(device, self._request.engine, reason, "\n".join(rest), fits=True, is_defect=True)

    def _on_host(self, device: Host) -> HostRun:
        self._progress(f"{device.name}: timing TensorFlow Lite")
        timing = host.measure(self._model)
        try:
            arena = self._arena
        except TinymlError as error:
            arena = None
            self.notes.append(f"no arena figure: {error.what}")
        return HostRun(
            device,
            timing.runtime,
            timing.threads,
            timing.warmup,
            timing.runs,
            timing.median_s,
            timing.p90_s,
            len(self._model),
            arena,
        )

    @cached_property
    def _arena(self) -> int:
        """TensorFlow Lite Micro's, the same for every board."""
        self._progress("measuring TensorFlow Lite Micro's arena")
        return tflm.arena_bytes(self._model)

    def _with_tflm(self, device: Device) -> TflmRun:
        need = TflmNeed(device, len(self._model), self._arena)
        if not need.fits:
            flash = f"flash {need.flash_bytes:,} of {device.flash_bytes:,} B ({need.flash_parts})"
            ram = f"RAM {need.ram_bytes:,} of {device.ram_bytes:,} B ({need.ram_parts})"
            lacking = [text for name, text in (("flash", flash), ("RAM", ram)) if name in need.lacking]
            raise DoesNotFit(
                f"does not fit {device.name}",
                found="\n  assumed: ".join(["; ".join([str(need), *lacking]), *need.assumptions]),
            )
        return TflmRun(need)

    def _emulated(self, device: Device, toolchain: str | None) -> AotRun:
        request, program = self._request, self._programs[device.core.kernels]
        assert self._vectors is not None
        done = emulate(
            program,
            device,
            self._vectors.raw,
            optimize=FLAGS[request.level],
            toolchain=toolchain,
            emulator=Emulator(request.emulator),
            progress=lambda text: self._progress(f"{device.name}: {text}"),
        )
        rows = _rows(program, device, done)
        ledger, ram_static = done.flash, done.static_bytes
        return AotRun(
            device=device,
            compiler=done.compiler,
            emulator=done.emulator,
            optimize=request.level.value,
            macs=sum(node.macs for node in program.nodes),
            rows=rows,
            flash=FlashUse(
                ledger.total, ledger.kernels, ledger.glue, ledger.weights, ledger.tables, ledger.startup
            ),
            ram=RamUse(
                program.arena_bytes + program.state_bytes + done.stack_bytes + ram_static,
                program.arena_bytes,
                program.state_bytes,
                done.stack_bytes,
                ram_static,
            ),
            agreement=self._agreement(program, device, toolchain, done.outputs),
            no_agreement=self._no_agreement,
            outputs=done.outputs[0],
            placements=_placements(program),
        )

    def _agreement(
        self, program: Program, device: Device, toolchain: str | None, outputs: Sequence[tuple[bytes, ...]]
    ) -> Agreement | None:
        if self._expected is None:
            return None
        found, first = agreement(program, outputs, self._expected)
        if first is None:
            return found
        assert self._vectors is not None
        self._progress(f"{device.name}: looking for the first node that differs")

        def emulated(
            graph: Graph, raw: list[tuple[bytes, ...]]
        ) -> tuple[Sequence[Port], Sequence[tuple[bytes, ...]]]:
            isas = tuple(Isa(kernel) for kernel in device.core.kernels)
            piece = compile_graph(
                graph, program.prefix, model_sha256="", isas=isas, level=self._request.level
            )
            flags = FLAGS[self._request.level]
            done = emulate(
                piece,
                device,
                raw,
                optimize=flags,
                toolchain=toolchain,
                emulator=Emulator(self._request.emulator),
            )
            return piece.outputs, done.outputs

        arrays, raw = self._vectors.arrays[first], self._vectors.raw[first]
        node = locate(self._model, self._facts.name, arrays, raw, emulated)
        return replace(found, detail=f"vector {first}, {node}" if node else found.detail)


def _rows(program: Program, device: Device, done: Emulation) -> tuple[NodeCost, ...]:
    rows, constants = [], program.node_constants
    for node, count in zip(program.nodes, done.counts.nodes, strict=True):
        cycles = round(hardware_cycles(device, node.op, count.instructions, count.classes))
        rows.append(
            NodeCost(
                node.index,
                node.op,
                node.name,
                node.kernel,
                node.shape,
                node.macs,
                count.instructions,
                cycles,
                constants.get(node.index, 0),
                node.encoding,
                node.zeros,
            )
        )
    between = done.counts.between
    cycles = round(hardware_cycles(device, "", between.instructions, between.classes))
    rows.append(NodeCost(None, "", "between nodes", "", (), 0, between.instructions, cycles))
    return tuple(rows)


def _placements(program: Program) -> tuple[Placement, ...]:
    plan, last = program.plan, len(program.nodes)
    buffers = [(name, buffer) for name, buffer in plan.tensors.items() if name not in plan.inside]
    buffers += [(f"scratch of node {index}", buffer) for index, buffer in plan.scratch.items()]
    return tuple(
        Placement(name, buffer.offset, buffer.nbytes, max(buffer.first, -1), min(buffer.last, last))
        for name, buffer in buffers
        if buffer.nbytes
    )
