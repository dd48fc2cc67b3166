"""A Linux machine: our C is counted in its process on the emulated core, TensorFlow Lite with XNNPACK is
modelled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

from msgspec import structs

from tinyml_compress.devices import Linux, xnnpack
from tinyml_compress.errors import TinymlError
from tinyml_compress.ir import Program
from tinyml_compress.pipeline.measure.kinds.board import Board
from tinyml_compress.pipeline.measure.target import Array, Demands, Target
from tinyml_compress.pipeline.measure.work import Work
from tinyml_compress.results import DeviceDetails, DeviceFacts, Figure, Kind, Measurement
from tinyml_compress.runners.emulated import user_mode
from tinyml_compress.support.instruction_sets import Family


class LinuxMachine(Target):
    """What a TOML file of kind `linux` describes."""

    describes = Linux

    def __init__(self, described: Linux) -> None:
        self.machine, self.process = described, Board(described.process)
        self.name, self.title = described.name, described.title
        self.kernels, self.prices = self.process.kernels, self.process.prices
        self.has_floats = self.process.has_floats

    def refused_engine(self, engine: str) -> str | None:
        return None if engine == "aot" else "aot"

    def toolchains(self, engine: str, asked: tuple[str | None, ...]) -> tuple[str | None, ...]:
        return self.process.toolchains(engine, asked)

    def prepare(self, work: Work) -> None:
        self.process.prepare(work)

    def measure(self, work: Work, toolchain: str | None) -> Measurement:
        done = self.process.measure(work, toolchain)
        figures = (*map(self._of_machine, done.figures), *self._runtime(done), *self._counted(work))
        return structs.replace(done, figures=figures)

    def _counted(self, work: Work) -> Iterator[Figure]:
        """Instructions of TensorFlow Lite itself, where the user has it for this architecture."""
        core = self.machine.process.core
        if core.family is not Family.AARCH64:
            return
        work.progress(f"{self.name}: TensorFlow Lite under user-mode QEMU")
        try:
            count = user_mode.counted(work.model, core)
        except TinymlError as error:
            why = f"{error.what} ({error.which or error.found})"
            work.notes.append(f"{self.name}: TensorFlow Lite's instructions were not counted: {why}")
            return
        if count is not None:
            yield Figure(
                name="instructions, TensorFlow Lite, 1 thread",
                value=count.instructions,
                unit="",
                kind=Kind.EXACT,
                by=f"{count.runtime}, {count.emulator}",
            )

    def _runtime(self, done: Measurement) -> Iterator[Figure]:
        """Of the same net under tflite-runtime, in each form and with each number of threads."""
        nodes = [node for node in done.nodes or () if node.op]
        work = xnnpack.NetWork(
            sum(node.macs for node in nodes), sum(prod(node.shape) for node in nodes), len(nodes)
        )
        process, cores = self.machine.process, self.machine.cores
        for time in xnnpack.runtime_times(process.core.name, process.clock_hz, cores, work):
            threads = f"{time.threads} thread{'s' * (time.threads > 1)}"
            yield Figure(
                name=f"ms, tflite-runtime {time.form}, {threads}",
                value=time.ms,
                unit="ms",
                kind=Kind.MODELLED,
                error=xnnpack.ERROR,
                about={"basis": f"{time.basis}; {xnnpack.SOURCE}"},
            )

    def _of_machine(self, figure: Figure) -> Figure:
        """The limit is the machine's memory, in which the program lies too."""
        if figure.name not in ("flash", "RAM"):
            return figure
        return structs.replace(figure, limit=self.machine.memory_bytes)

    def answers(self, program: Program, rows: Sequence[Sequence[Array]]) -> list[list[Array]]:
        return self.process.answers(program, rows)

    def demands(self, content: bytes, engine: str, arena: int | None, max_ram: int | None) -> Demands:
        needs, told = self.process.demands(content, engine, arena, max_ram)
        available = self.machine.memory_bytes
        return tuple(structs.replace(one, available=available) for one in needs), told

    def facts(self) -> DeviceFacts:
        known = self.process.facts()
        return structs.replace(known, flash_bytes=None, ram_bytes=self.machine.memory_bytes)

    def details(self) -> DeviceDetails:
        known, machine = self.process.details(), self.machine
        memory = f"{machine.cores} cores, {machine.memory_bytes >> 20:,} MB"
        return structs.replace(
            known,
            flash_bytes=None,
            ram_bytes=machine.memory_bytes,
            sources={**(known.sources or {}), "machine": f"{memory}; source: {machine.source}"},
        )


TARGET = LinuxMachine
