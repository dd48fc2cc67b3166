"""What a benchmark found, as values: made by `pipeline/benchmarking.py`, shown by `report/`.

A field's docstring says of which kind its numbers are: exact (counted), modelled, or measured.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tinyml_compress.devices.model import Device, Host
from tinyml_compress.devices.tflm_need import TflmNeed
from tinyml_compress.devices.trust import FITTED_OPERATORS, Trust, likeness, trust
from tinyml_compress.support.table import Cell, Column, Noted, Numbers, Row, Table
from tinyml_compress.support.table_markup import table_html

__all__ = [
    "Agreement",
    "AotRun",
    "Benchmark",
    "FlashUse",
    "HostRun",
    "ModelFacts",
    "NodeCost",
    "Placement",
    "RamUse",
    "Refusal",
    "Run",
    "TflmRun",
    "milliseconds",
]


@dataclass(frozen=True)
class ModelFacts:
    """The model file. All exact."""

    name: str
    source: str
    """What the user gave."""
    sha256: str
    nbytes: int


@dataclass(frozen=True)
class NodeCost:
    """One row of the per-node table; what runs between nodes has no index."""

    index: int | None
    op: str
    name: str
    kernel: str
    shape: tuple[int, ...]
    macs: int
    instructions: int
    """Exact."""
    cycles: int
    """Modelled."""
    constants: int = 0
    """Bytes in flash of weights and tables that are its own. Exact."""
    encoding: str = ""
    """How its weights lie in flash; none where it has no weights."""
    zeros: float | None = None
    """Which part of its weights is zero in the model. Exact."""

    @property
    def is_float(self) -> bool:
        """Whether its kernel computes with floats."""
        return self.kernel.startswith("tc_f32_")

    @property
    def weights(self) -> str:
        """Encoding and zeros in a few letters."""
        return self.encoding if not self.zeros else f"{self.encoding} {self.zeros:.0%} zero"


@dataclass(frozen=True)
class FlashUse:
    """Bytes; exact."""

    total: int
    kernels: int
    glue: int
    weights: int
    tables: int
    startup: int


@dataclass(frozen=True)
class RamUse:
    """Bytes; exact. `stack` is the high-water mark of the run, not what is set aside."""

    total: int
    arena: int
    state: int
    stack: int
    static: int


@dataclass(frozen=True)
class Placement:
    """A buffer of the memory plan, for its picture."""

    name: str
    offset: int
    nbytes: int
    first: int
    last: int


@dataclass(frozen=True)
class Agreement:
    """Outputs compared byte by byte with TensorFlow Lite Micro."""

    vectors: int
    mismatches: int
    detail: str = ""
    """Where the first difference is."""

    @property
    def verdict(self) -> str:
        """How many vectors gave the same bytes."""
        right = f"{self.vectors - self.mismatches}/{self.vectors}"
        return f"MISMATCH {right}" if self.mismatches else f"bit-exact {right}"


@dataclass(frozen=True)
class AotRun:
    """Generated C on an emulated device."""

    device: Device
    compiler: str
    emulator: str
    optimize: str
    macs: int
    rows: tuple[NodeCost, ...]
    """Nodes in order, then what is between them: they sum to the totals."""
    flash: FlashUse
    ram: RamUse
    agreement: Agreement | None
    """None: nothing to compare with on this machine, see `no_agreement`."""
    no_agreement: str
    outputs: tuple[bytes, ...]
    """Of the first vector."""
    placements: tuple[Placement, ...]

    @property
    def compiler_name(self) -> str:
        """In one word, as `--toolchain` takes it."""
        return "gcc" if "gcc" in self.compiler.split()[0] else "zig"

    @property
    def instructions(self) -> int:
        """Exact."""
        return sum(row.instructions for row in self.rows)

    @property
    def cycles(self) -> int:
        """Modelled."""
        return sum(row.cycles for row in self.rows)

    @property
    def ms(self) -> float:
        """Modelled."""
        return self.cycles / self.device.clock_hz * 1e3

    @property
    def millijoules(self) -> float | None:
        """Modelled, from the maker's current per MHz; absent where there is none."""
        return None if self.device.energy is None else self.device.energy.millijoules(self.cycles)

    @property
    def trust(self) -> Trust:
        """How true cycles and milliseconds are."""
        floats = [row for row in self.rows if row.is_float]
        fitted = [row for row in self.rows if row.op in FITTED_OPERATORS and not row.is_float]
        of_fitted, of_floats = (sum(row.cycles for row in rows) for rows in (fitted, floats))
        return trust(self.device, likeness(of_fitted, of_floats, self.cycles))

    @property
    def cycles_error(self) -> float:
        """Half-width of the error bar, as a fraction."""
        return self.trust.error


@dataclass(frozen=True)
class TflmRun:
    """TensorFlow Lite Micro on a device: what is known of it without running it there."""

    need: TflmNeed

    @property
    def device(self) -> Device:
        return self.need.device


@dataclass(frozen=True)
class HostRun:
    """TensorFlow Lite on this machine. Measured."""

    device: Host
    runtime: str
    threads: int
    warmup: int
    runs: int
    median_s: float
    p90_s: float
    model_bytes: int
    arena_bytes: int | None
    """Of TensorFlow Lite Micro; None where its interpreter is not installed."""


@dataclass(frozen=True)
class Refusal:
    """A device that cannot run the model, and why."""

    device: Device | Host
    engine: str
    reason: str
    detail: str
    fits: bool
    """False: flash or RAM is too small. True: something else is in the way."""
    next_step: str = ""
    is_defect: bool = False
    """The run went wrong, as opposed to a device or machine that lacks something."""

    @property
    def why(self) -> str:
        """All that is known, and the way out."""
        return "\n".join(text for text in (self.reason, self.detail, self.next_step) if text)


Run = AotRun | TflmRun | HostRun | Refusal


@dataclass(frozen=True)
class Benchmark:
    """One model on some devices."""

    model: ModelFacts
    input_kind: str
    runs: tuple[Run, ...]
    tool_version: str
    notes: tuple[str, ...] = field(default=())

    def table(self) -> Table:
        """A line per device."""
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
        compilers = {run.compiler_name for run in self.runs if isinstance(run, AotRun)}
        return Table(columns, tuple(_row(run, several=len(compilers) > 1) for run in self.runs))

    def _repr_html_(self) -> str:
        return table_html(self.table())


def milliseconds(run: AotRun) -> Numbers:
    """Two decimals, more for the very fast."""
    return Numbers((run.ms,), "{:,.2f}" if run.ms >= 1 else "{:.4f}")


def _row(run: Run, *, several: bool) -> Row:
    """A run as a line of a table; `several` compilers are told apart."""
    device = run.device
    if isinstance(device, Host):
        place: Row = (device.name, run.runtime if isinstance(run, HostRun) else None, None)
    else:
        name = f"{device.name} ({run.compiler_name})" if several and isinstance(run, AotRun) else device.name
        place = (name, device.core.name, device.clock_hz / 1e6)
    if isinstance(run, HostRun):
        return (*place, run.model_bytes, None, None, run.median_s * 1e3, "measured", None)
    if isinstance(run, TflmRun):
        return (
            *place,
            run.need.flash_bytes,
            run.need.ram_bytes,
            None,
            None,
            None,
            Noted(str(run.need), _notes(run)),
        )
    if isinstance(run, Refusal):
        return (
            *place,
            None,
            None,
            None,
            None,
            None,
            Noted("did not run" if run.fits else "too small", run.why),
        )
    return (
        *place,
        run.flash.total,
        run.ram.total,
        run.instructions,
        milliseconds(run),
        run.cycles_error,
        _outputs(run),
    )


def _notes(run: TflmRun) -> str:
    return "\n".join(("flash and RAM are estimates:", *run.need.assumptions))


def _outputs(run: AotRun) -> Cell:
    """The verdict; its details stand below the table."""
    if run.agreement is None:
        return Noted("not compared", run.no_agreement)
    verdict = run.agreement.verdict
    return Noted(verdict, run.agreement.detail) if run.agreement.mismatches else verdict
