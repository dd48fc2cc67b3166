"""One model on some targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from tinyml_compress.results.accelerator import Accelerator
from tinyml_compress.results.base import Result, Value
from tinyml_compress.results.evaluate import Evaluation
from tinyml_compress.results.figures import Figure, Kind
from tinyml_compress.results.kernels import KernelOption
from tinyml_compress.results.last_benchmark import LastKeys, last_keys, upgraded
from tinyml_compress.results.line import SerialLine
from tinyml_compress.results.memories import MemoryUse
from tinyml_compress.support.table import Cell, Column, Noted, Numbers, Row, Table


class ModelFacts(Value, frozen=True, kw_only=True):
    """The model file. All exact."""

    name: str
    source: str
    """What the user gave."""
    sha256: str
    nbytes: int = msgspec.field(name="bytes")


class NodeCost(Value, frozen=True, kw_only=True):
    """One row of the per-node table; what runs between nodes has no index."""

    index: int | None = None
    op: str
    name: str
    kernel: str
    shape: tuple[int, ...]
    macs: int
    instructions: int
    """Exact."""
    cycles: int
    """Modelled."""
    constants: int | None = None
    """Bytes in flash of weights and tables that are its own. Exact."""
    encoding: str | None = None
    """How its weights lie in flash; none where it has no weights."""
    zeros: float | None = None
    """Which part of its weights is zero in the model. Exact."""
    why: str | None = None
    """Why it runs on this kernel."""
    runner_up: KernelOption | None = None
    """The kernel of another family that came next."""

    @property
    def choice(self) -> str | None:
        """The same in a line."""
        other = self.runner_up
        return self.why if other is None else f"{self.why}; next {other.family}"

    @property
    def weights(self) -> str | None:
        """Encoding and zeros in a few letters."""
        return self.encoding if not self.zeros else f"{self.encoding} {self.zeros:.0%} zero"


class Placement(Value, frozen=True, kw_only=True):
    """A buffer of the memory plan, for its picture."""

    name: str
    offset: int
    nbytes: int = msgspec.field(name="bytes")
    first: int
    last: int
    memory: str | None = None
    """Which arena `offset` is of, on a board with several memories."""


class StageCost(Value, frozen=True, kw_only=True):
    """A stage of the front end, for one frame."""

    name: str
    instructions: int
    cycles: int


class FrontEndCost(Value, frozen=True, kw_only=True):
    """From samples to one row of the model's input, or from a camera's picture to all of it."""

    sample_rate: int | None = None
    """None: pictures."""
    every_ms: float | None = None
    """From one frame to the next; of pictures what the user says, if he does."""
    figures: tuple[Figure, ...]
    """Of one frame; `busy` is the part of the time that the core computes."""
    stages: tuple[StageCost, ...]
    as_in_training: bool
    """The row has the bytes that training and calibration would have."""
    steps_off: float | None = None
    """Of a front end in floats: the most that its row is off training's, in steps of int8; 1 is allowed."""

    @property
    def of(self) -> str:
        """What its figures are of, in a word."""
        return "frame" if self.sample_rate else "picture"

    @property
    def shown(self) -> str:
        """In a line."""
        of = {figure.name: figure for figure in self.figures}
        same = (
            "its bytes are those of training" if self.as_in_training else "its bytes DIFFER from training's"
        )
        if self.steps_off is not None:
            same = f"in floats, {self.steps_off:g} of an allowed 1 step of int8 from training's"
        return (
            f"{of['cycles'].value:,} cycles, {of['ms'].shown} a {self.of}{self._busy(of)}; "
            f"flash {of['flash'].value:,} B, RAM {of['RAM'].value:,} B; {same}"
        )

    def _busy(self, of: Mapping[str, Figure]) -> str:
        if self.every_ms is None:
            return " (--every says how often)"
        whole = of["busy with an inference per frame"].value
        return f" every {self.every_ms:g} ms: {of['busy'].value:.1%} busy, {whole:.1%} with an inference each"


class TriggerCost(Value, frozen=True, kw_only=True):
    """The trigger stage behind the model, for one step."""

    classes: int
    """That are listened for."""
    instructions: int
    cycles: int
    ram: int
    """What it remembers, and its stack."""
    as_in_python: bool
    """It hears what Python hears."""

    @property
    def shown(self) -> str:
        """In a line."""
        same = "decides" if self.as_in_python else "DOES NOT decide"
        return (
            f"{self.instructions:,} instructions, {self.cycles:,} cycles a step for {self.classes} classes; "
            f"RAM {self.ram:,} B; {same} as Python does"
        )


class BitExact(Value, frozen=True, kw_only=True):
    """Outputs compared byte by byte with TensorFlow Lite Micro."""

    vectors: int
    mismatches: int
    detail: str | None = None
    """Where the first difference is."""

    @property
    def verdict(self) -> str:
        """How many vectors gave the same bytes."""
        right = f"{self.vectors - self.mismatches}/{self.vectors}"
        return f"MISMATCH {right}" if self.mismatches else f"bit-exact {right}"


class Failure(Value, frozen=True, kw_only=True):
    """Why a target cannot run the model."""

    reason: str
    detail: str
    next_step: str | None = None
    is_defect: bool | None = None
    """The run went wrong, as opposed to a target or machine that lacks something."""

    @property
    def why(self) -> str:
        """All that is known, and the way out."""
        return "\n".join(text for text in (self.reason, self.detail, self.next_step) if text)


class Measurement(Value, frozen=True, kw_only=True):
    """One target: its figures, perhaps its nodes, or why there are none."""

    device: str
    engine: str
    fits: bool | None = None
    """False: flash or RAM is too small."""
    error: Failure | None = None
    title: str | None = None
    page: str | None = None
    core: str | None = None
    core_title: str | None = None
    clock_hz: int | None = None
    device_sha256: str | None = None
    core_sha256: str | None = None
    compiler: str | None = None
    emulator: str | None = None
    optimize: str | None = None
    runtime: str | None = None
    """The program that ran the model, where it is not ours."""
    threads: int | None = None
    warmup: int | None = None
    repetitions: int | None = None
    macs: int | None = None
    figures: tuple[Figure, ...] = ()
    cycles_calibrated: bool | None = None
    """Whether published times of this core went in; if not, every report says so."""
    cycles_trust: str | None = None
    """Why this error bar holds for this net on this board, in one sentence."""
    bit_exact: BitExact | None = None
    bit_exact_unknown: str | None = None
    """Why there was nothing to compare with."""
    assumptions: tuple[str, ...] | None = None
    """What figures rest on besides exact sizes."""
    outputs_hex: tuple[str, ...] | None = None
    """Of the first vector."""
    nodes: tuple[NodeCost, ...] | None = None
    """Nodes in order, then what is between them: they sum to the totals."""
    plan: tuple[Placement, ...] | None = None
    memories: tuple[MemoryUse, ...] | None = None
    """Where the board has several RAMs, what lies in which: the fastest first."""
    accelerator: Accelerator | None = None
    """Where an NPU runs most of it."""
    front_end: FrontEndCost | None = None
    """Where the model's data set describes one that is generated."""
    trigger: TriggerCost | None = None
    """Where one is asked for."""
    line: SerialLine | None = None
    """Of a board at a port: who it says it is, and its windows."""
    evaluation: Evaluation | None = None
    """Of a board at a port: what a data set's samples gave there."""

    last_form: ClassVar[type[Value] | None] = LastKeys

    def in_words_of_last(self) -> Value | None:
        return last_keys(self.engine, self.figures)

    def figure(self, name: str, kind: Kind | None = None) -> Figure | None:
        """The figure of that name and, if it matters, kind."""
        return next((one for one in self.figures if one.name == name and kind in (None, one.kind)), None)

    def _value(self, name: str) -> float | int:
        figure = self.figure(name)
        if figure is None:
            reason = f": {self.error.reason}" if self.error is not None else ""
            raise LookupError(f"{self.device} ({self.engine}) has no figure {name}{reason}")
        return figure.value

    @property
    def flash(self) -> int:
        """Bytes; this and the next four raise LookupError where the target has no such figure."""
        return int(self._value("flash"))

    @property
    def ram(self) -> int:
        """Bytes."""
        return int(self._value("RAM"))

    @property
    def instructions(self) -> int:
        """Exact."""
        return int(self._value("instructions"))

    @property
    def cycles(self) -> int:
        """Modelled."""
        return int(self._value("cycles"))

    @property
    def ms(self) -> float:
        """Modelled on emulated boards, measured on this machine."""
        return self._value("ms")

    def parts(self, name: str) -> Mapping[str, int]:
        """The sum behind a figure, by cause."""
        figure = self.figure(name)
        return {} if figure is None or figure.parts is None else figure.parts

    @property
    def outputs(self) -> tuple[bytes, ...]:
        """Of the first vector."""
        return tuple(bytes.fromhex(text) for text in self.outputs_hex or ())

    @property
    def compiler_name(self) -> str | None:
        """In one word, as `--toolchain` takes it."""
        if self.compiler is None:
            return None
        return "gcc" if "gcc" in self.compiler.split()[0] else "zig"

    def verdict(self) -> Cell:
        """What is to be said besides figures; its details stand below the table."""
        if self.error is not None:
            return Noted("too small" if self.fits is False else "did not run", self.error.why)
        if self.assumptions is not None:
            return Noted("fits", "\n".join(("flash and RAM are estimates:", *self.assumptions)))
        if self.bit_exact is not None:
            detail = self.bit_exact.detail if self.bit_exact.mismatches else None
            return Noted(self.bit_exact.verdict, detail) if detail else self.bit_exact.verdict
        return None if self.bit_exact_unknown is None else Noted("not compared", self.bit_exact_unknown)


class Benchmark(Result, frozen=True, kw_only=True):
    """One model on some targets."""

    verb: ClassVar[str] = "benchmark"

    model: ModelFacts
    input_kind: str = msgspec.field(name="input")
    runs: tuple[Measurement, ...]
    """One per target and toolchain."""
    notes: tuple[str, ...] = ()
    """What could not be found out, and why."""

    @classmethod
    def of_last_version(cls, stored: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**stored, "runs": [upgraded(run) for run in stored["runs"]]}

    def table(self) -> Table:
        """A line per target."""
        columns = (
            Column("device"),
            Column("core", priority=4),
            Column("MHz", "{:,g}", priority=3),
            Column("flash", "{:,}"),
            Column("RAM", "{:,}"),
            Column("instructions", "{:,}", priority=2),
            Column("ms", "{:.3f}"),
            Column("±", "{:.0%}", priority=1),
            Column("outputs", priority=1),
        )
        several = len({run.compiler_name for run in self.runs} - {None}) > 1
        return Table(columns, tuple(_row(run, several=several) for run in self.runs))


def milliseconds(figure: Figure | None) -> Cell:
    """Two decimals, more for the very fast."""
    if figure is None:
        return None
    if figure.kind is Kind.MEASURED:
        return figure.value
    return Numbers((figure.value,), "{:,.2f}" if figure.value >= 1 else "{:.4f}")


def _trust(time: Figure | None) -> Cell:
    """How far it is true, or who says so."""
    if time is None:
        return None
    return time.by or (time.kind.value if time.error is None else time.error)


def _row(run: Measurement, *, several: bool) -> Row:
    """A measurement as a line of a table; `several` compilers are told apart."""
    flash, ram, instructions, time = map(run.figure, ("flash", "RAM", "instructions", "ms"))
    return (
        f"{run.device} ({run.compiler_name})" if several and run.compiler_name else run.device,
        run.core or run.runtime,
        None if run.clock_hz is None else run.clock_hz / 1e6,
        None if flash is None else flash.value,
        None if ram is None else ram.value,
        None if instructions is None else instructions.value,
        milliseconds(time),
        _trust(time),
        run.verdict(),
    )
