"""What all targets of a benchmark share: the model, its C per kernel set, the vectors, TFLM's answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tinyml_compress.devices import Duty
from tinyml_compress.errors import MissingDependency, TinymlError, UnsupportedOperator
from tinyml_compress.frontends.preprocessing import Arithmetic, Preprocessing
from tinyml_compress.frontends.trigger import Watch
from tinyml_compress.ir import ANYWHERE, ByRows, ConstantsIn, Memories, Port, Prices, Program
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.front_end import front_end
from tinyml_compress.pipeline.compile.trigger import trigger_stage
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.measure.inputs import Vectors, make_vectors
from tinyml_compress.results import ModelFacts
from tinyml_compress.runners import tflm
from tinyml_compress.support.instruction_sets import Isa

FLAGS = {Level.SIZE: "-Os", Level.BALANCED: "-O2", Level.SPEED: "-O3", Level.RAM: "-O2"}


@dataclass(frozen=True)
class BenchmarkRequest:
    """What to benchmark, as the command line says it."""

    targets: tuple[str, ...]
    engine: str = "aot"
    input_kind: str = "pattern"
    vectors: int = 10
    level: Level = Level.BALANCED
    toolchains: tuple[str | None, ...] = (None,)
    """One run each; None: the target's own."""
    emulator: str = "auto"
    targets_dir: Path | None = None
    seed: int = 0
    calibration: str | None = None
    """Data for the conversion of a model that is no .tflite yet."""
    constants: ConstantsIn = ConstantsIn.FLASH
    """Of our C."""
    max_ram: int | None = None
    """What our C may take of a board's RAM in all: the fastest form within it is what is measured."""
    ends: tuple[ByRows, ...] = ()
    """Of our C: what comes and goes by rows."""
    trigger: Path | None = None
    """Where `evaluate --recording` wrote what the model's trigger stage is."""
    frontend: Arithmetic = Arithmetic.FIXED
    """Numbers of the front end in C."""
    beside: bool = True
    """Whether a board with an NPU is also told what its core takes alone."""
    duty: Duty | None = None
    """How often the user runs an inference, where he says so."""


class Work:
    """The model, and what is made of it once for all targets."""

    def __init__(
        self,
        model: bytes,
        facts: ModelFacts,
        request: BenchmarkRequest,
        progress: Callable[[str], None],
        preprocessing: Preprocessing,
    ) -> None:
        self.model, self.facts, self.request, self.progress = model, facts, request, progress
        self.preprocessing = preprocessing
        self.notes: list[str] = []
        self.no_answers = ""
        """Why there is nothing to compare with."""
        self._programs: dict[object, Program] = {}

    def program(
        self,
        kernels: tuple[Isa, ...],
        memories: Memories = ANYWHERE,
        prices: Prices | None = None,
        most_ram: int | None = None,
        ends: tuple[ByRows, ...] | None = None,
    ) -> Program:
        """Generated C, spread over memories where a board has several, its arena of `most_ram` bytes at most;
        without that bound made in `prepare`, read in threads. `ends` by rows are those that were asked for.
        """
        taken = self.request.ends if ends is None else ends
        key = kernels, memories, prices, most_ram, taken
        if key not in self._programs:
            self.progress(f"generating C ({'+'.join(one.value for one in kernels)} kernels)")
            try:
                level = self.request.level
                self._programs[key] = compile_model(
                    self.model,
                    self.facts.name,
                    kernels,
                    level,
                    memories=memories,
                    most_ram=most_ram,
                    prices=prices,
                    ends=taken,
                )
            except UnsupportedOperator as error:
                error.next_step = error.next_step or (
                    "--engine tflm tells what it takes under TensorFlow Lite Micro; "
                    "`operators` lists what our C has"
                )
                raise
        return self._programs[key]

    @cached_property
    def _ports(self) -> Sequence[Port]:
        return next(iter(self._programs.values())).inputs

    @cached_property
    def front_end(self) -> Program | None:
        """The C that makes the model's input of samples."""
        return front_end(self.facts.name, self._ports, self.preprocessing)

    @cached_property
    def trigger(self) -> tuple[tuple[Watch, ...], Program] | None:
        """What is listened for, and the C that decides it from the model's scores."""
        program, path = next(iter(self._programs.values())), self.request.trigger
        return None if path is None else trigger_stage(self.facts.name, self.model, program.outputs, path)

    @cached_property
    def vectors(self) -> Vectors:
        """The inputs of every run of generated C."""
        request = self.request
        return make_vectors(self._ports, request.input_kind, request.vectors, request.seed)

    @cached_property
    def answers(self) -> list[tuple[bytes, ...]] | None:
        """TensorFlow Lite Micro's outputs for them; None where it cannot say."""
        self.progress("running TensorFlow Lite Micro for comparison")
        try:
            answers = tflm.run(self.model, self.vectors.arrays)
        except MissingDependency as error:
            self.no_answers = error.what
        except TinymlError as error:
            self.no_answers = f"{error.what}: {(error.found or '').strip().splitlines()[-1:]}"
        else:
            return [tuple(value.tobytes() for value in row) for row in answers.outputs]
        return None

    @cached_property
    def arena(self) -> int:
        """TensorFlow Lite Micro's, the same for every target."""
        self.progress("measuring TensorFlow Lite Micro's arena")
        return tflm.arena_bytes(self.model)
