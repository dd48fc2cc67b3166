"""What a search within a budget found, and what an estimate says before any."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import ClassVar

import msgspec

from tinyml_compress.results.base import Result, Value
from tinyml_compress.results.benchmark import Measurement

Choice = str | int | float | bool


class Budget(Value, frozen=True, kw_only=False):
    """Upper limits; absent: any."""

    flash: float | None = None
    """Bytes, as the next."""
    ram: float | None = None
    ms: float | None = None
    drop: float | None = None
    """Score lost against the float model, as a fraction."""

    def limits(self) -> dict[str, float]:
        """The limits that were given, in a fixed order."""
        return {
            name: float(limit) for name, limit in msgspec.structs.asdict(self).items() if limit is not None
        }

    @property
    def limits_cost(self) -> bool:
        """Whether anything but the score is limited."""
        return any(name != "drop" for name in self.limits())


class Cost(Value, frozen=True, kw_only=False):
    """Of the compiled model on the emulated device."""

    flash: int
    """Bytes, exact."""
    ram: int
    """Bytes; exact, but modelled by its compiler where an NPU runs the model."""
    cycles: int
    """Of the core, modelled: 0 where an NPU runs all of the model."""
    instructions: int
    """Of the core, exact."""
    ms: float
    """Modelled."""
    level: str
    mj: float | None = None
    """Millijoule per inference, modelled; absent where the board's maker publishes no current per MHz."""
    npu_cycles: int | None = None
    """As the NPU's compiler models them, where the board has one."""

    @property
    def main_cycles(self) -> int:
        """Of the NPU where there is one, else of the core."""
        return self.cycles if self.npu_cycles is None else self.npu_cycles

    @staticmethod
    def of(run: Measurement, cycles: int, npu_cycles: int | None = None) -> Cost:
        """What a benchmark found on a board whose costs do not change from run to run."""
        energy = run.figure("mJ")
        return Cost(
            run.flash,
            run.ram,
            cycles,
            run.instructions,
            run.ms,
            run.optimize or "",
            None if energy is None else energy.value,
            npu_cycles,
        )


class Outcome(Enum):
    """How a trial ended."""

    WAITING = "waiting"
    RUNNING = "running"
    TRAINED = "trained"
    """Scored at the last rung that it was let to."""
    HOPELESS = "hopeless"
    """Its cost alone breaks the budget: nothing was trained."""
    STOPPED = "stopped"
    """Given up after a short training."""
    FAILED = "failed"
    LOST = "lost"
    """Its process died; it was put back into the queue."""
    TWIN = "twin"
    """The sampler proposed what another trial had: nothing was done."""


class Rung(Value, frozen=True, kw_only=False):
    """One training: with which part of the full one, and what came of it."""

    part: float
    score: float
    drop: float
    seconds: float


class Trial(Value, frozen=True, kw_only=False):
    """One point of the space, and what is known of it."""

    derived: ClassVar[tuple[str, ...]] = ("score", "drop")
    aside: ClassVar[tuple[str, ...]] = ("key", "worker")

    number: int
    outcome: Outcome = msgspec.field(name="state")
    key: str = ""
    point: Mapping[str, Choice] = msgspec.field(name="params", default_factory=dict)
    final: bool = False
    why: str | None = None
    cost: Cost | None = None
    rungs: tuple[Rung, ...] = ()
    seconds: float = 0.0
    worker: str = ""
    feasible: bool = False
    """Within every limit."""

    @property
    def score(self) -> float | None:
        """At the fullest training."""
        return self.rungs[-1].score if self.rungs else None

    @property
    def drop(self) -> float | None:
        """At the fullest training."""
        return self.rungs[-1].drop if self.rungs else None

    @property
    def part(self) -> float:
        """Of the full training that it had."""
        return self.rungs[-1].part if self.rungs else 0.0

    @property
    def objectives(self) -> tuple[float, float, float] | None:
        """What the search makes small; absent until it is trained."""
        if self.outcome is not Outcome.TRAINED or self.cost is None or self.drop is None:
            return None
        return self.drop, self.cost.ms, float(self.cost.flash)


class FloatModel(Value, frozen=True, kw_only=True):
    """What all trials are compared with."""

    score: float
    metric: str
    samples: tuple[int, int]
    """Those that the search chooses by, and untouched ones."""


class Reference(Value, frozen=True, kw_only=True):
    """The model as it is, as int8."""

    score: float
    drop: float
    cost: Cost


class Searched(Value, frozen=True, kw_only=True):
    """One thing that was varied."""

    name: str
    choices: tuple[Choice, ...] = ()
    text: str = ""


class LeftOut(Value, frozen=True, kw_only=True):
    """One thing that was not."""

    name: str
    why: str


class Binding(Value, frozen=True, kw_only=True):
    """The limit that is used up most."""

    constraint: str
    used: float
    limit: float


class Nearest(Value, frozen=True, kw_only=True):
    """The trial that misses the budget by least, and by how much it misses each limit."""

    number: int
    over: Mapping[str, float]


class Give(Value, frozen=True, kw_only=True):
    """How far one limit alone would have to move for some trained trial to fit, all others as they are."""

    constraint: str
    limit: float
    needs: float
    trial: int


class Untouched(Value, frozen=True, kw_only=True):
    """Scores on samples that nothing was chosen by."""

    score: float
    before: float = msgspec.field(name="float")
    """Of the float model."""
    drop: float
    samples: int


class Published(Value, frozen=True, kw_only=True):
    """The winner's artifacts, and what it does on samples that nothing was chosen by."""

    number: int
    files: tuple[str, ...]
    """Below the output folder."""
    untouched: Untouched
    agreement: str
    commands: tuple[str, ...]
    """They make the winner again without the search."""


class Fit(Result, frozen=True, kw_only=True):
    """A search within a budget."""

    verb: ClassVar[str] = "fit"
    aside: ClassVar[tuple[str, ...]] = ("folder",)

    model: str
    data: str
    target: str
    target_title: str
    seed: int
    metric: str
    budget: Budget
    float_model: FloatModel | None = msgspec.field(name="float", default=None)
    reference: Reference | None = None
    verdict: str
    interrupted: bool
    seconds: float
    """Measured."""
    storage: str
    study: str
    counts: Mapping[str, int]
    """Of trials, by how they ended."""
    dimensions: tuple[Searched, ...]
    left_out: tuple[LeftOut, ...]
    trials: tuple[Trial, ...]
    """Those with a result."""
    front: tuple[int, ...]
    """Trials that no other beats, cheapest first."""
    winner: int | None
    binding: Binding | None = None
    nearest: Nearest | None = None
    """Where nothing fits."""
    gives: tuple[Give, ...] | None = None
    """Where nothing fits."""
    published: Published | None = None
    folder: Path = msgspec.field(default_factory=Path)

    def trial(self, number: int) -> Trial:
        """By its number."""
        return {trial.number: trial for trial in self.trials}[number]

    @property
    def best(self) -> Trial | None:
        """The winner."""
        return None if self.winner is None else self.trial(self.winner)


class Form(Value, frozen=True, kw_only=False):
    """The model in one form: what it needs, or why it does not go."""

    derived: ClassVar[tuple[str, ...]] = ("fits",)

    name: str = msgspec.field(name="form")
    cost: Cost | None = None
    over: Mapping[str, float] = msgspec.field(default_factory=dict)
    """By how much of each limit it is too much, as a part."""
    why: str | None = None

    @property
    def fits(self) -> bool:
        """Whether it keeps to every limit."""
        return self.cost is not None and not self.over


class LayerNeed(Value, frozen=True, kw_only=True):
    """One node of the compiled model."""

    layer: str
    op: str
    flash: int
    """Bytes, exact."""
    ram: int
    """Of arena in use while it runs, exact."""
    cycles: int
    """Modelled."""


class Estimate(Result, frozen=True, kw_only=True):
    """Whether an architecture can fit a board at all: all its forms, and the layers of the model as it is."""

    verb: ClassVar[str] = "fit estimate"
    derived: ClassVar[tuple[str, ...]] = ("verdict", "blame")

    model: str
    target: str
    target_title: str
    budget: Budget
    samples: str
    """What stood in for calibration data: it changes no cost."""
    forms: tuple[Form, ...]
    layers: tuple[LayerNeed, ...]

    @property
    def verdict(self) -> str:
        """In a few words."""
        if self.forms[0].fits:
            return "fits as it is"
        fitting = [form.name for form in self.forms if form.fits]
        return f"may fit: {fitting[0]}" if fitting else "cannot fit"

    @property
    def blame(self) -> dict[str, tuple[str, ...]]:
        """Per limit: the layers that need most of it, largest first, up to nine tenths of the whole."""
        return {name: tuple(row.layer for row in rows) for name, rows in self.needs().items()}

    def needs(self) -> dict[str, tuple[LayerNeed, ...]]:
        """The same with all that these layers need."""
        ways = {"flash": "flash", "ram": "ram", "ms": "cycles"}
        wanted = [name for name in self.budget.limits() if name in ways] or list(ways)
        return {name: self._most(ways[name], everything=name != "ram") for name in wanted}

    def _most(self, key: str, *, everything: bool) -> tuple[LayerNeed, ...]:
        rows = sorted(self.layers, key=lambda row: -int(getattr(row, key)))
        if not everything:  # the arena is as large as its fullest moment
            return tuple(row for row in rows if row.ram >= 0.9 * rows[0].ram)[:5] if rows else ()
        total, most, seen = sum(getattr(row, key) for row in rows), [], 0
        for row in rows[:8]:
            if seen >= 0.9 * total:
                break
            most.append(row)
            seen += getattr(row, key)
        return tuple(most)
