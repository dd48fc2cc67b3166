"""What a technique is: its options, what it does to a model, how it backs off, and what the search may vary
of it.

A technique is one module of this folder that ends with `TECHNIQUE = ...`; `registry.py` finds it, and
recipes, the search and the documentation follow by themselves.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any, ClassVar, Generic, TypeVar

import numpy.typing as npt

from tinyml_compress.errors import ConfigError, TrainingError
from tinyml_compress.results import Listing
from tinyml_compress.support.table import Block
from tinyml_compress.techniques.training import History, Samples, Training

Choice = str | int | float | bool
Point = Mapping[str, Choice]


# Fields of options: default, limits and meaning in one place, for the recipe's parser and for its
# documentation.


def number(default: float, low: float, high: float, meaning: str) -> Any:
    """A number within limits."""
    return field(default=default, metadata={"kind": float, "low": low, "high": high, "text": meaning})


def count(default: int, low: int, high: int, meaning: str) -> Any:
    """A whole number within limits."""
    return field(default=default, metadata={"kind": int, "low": low, "high": high, "text": meaning})


def word(default: str, choices: tuple[str, ...], meaning: str) -> Any:
    """One of several words."""
    return field(default=default, metadata={"kind": str, "choices": choices, "text": meaning})


def text(meaning: str) -> Any:
    """Free text, empty where nothing is said."""
    return field(default="", metadata={"kind": str, "text": meaning})


def flag(default: bool, meaning: str) -> Any:
    """Yes or no."""
    return field(default=default, metadata={"kind": bool, "text": meaning})


def names(meaning: str) -> Any:
    """A list of names, empty where nothing is said."""
    return field(default=(), metadata={"kind": list, "text": meaning})


def mapping(low: float, high: float, meaning: str) -> Any:
    """Numbers by name."""
    return field(default_factory=dict, metadata={"kind": dict, "low": low, "high": high, "text": meaning})


def epochs(default: int) -> Any:
    """How long a stage trains."""
    return count(default, 0, 10000, "passes over the training data; 0: no training")


def rate(default: float) -> Any:
    """How fast a stage trains."""
    return number(default, 1e-7, 1.0, "learning rate at the start; it falls to zero along a cosine")


def inside_weight() -> Any:
    """How much a stage that trains follows the float model's activations."""
    return number(
        0.0, 0.0, 100.0, "weight of the float model's activations, layer by layer; 0: its outputs alone teach"
    )


def excluded() -> Any:
    """Layers that a stage leaves alone."""
    return names("layers to leave alone, by name; * stands for anything")


def matching(patterns: Iterable[str], known: Sequence[str]) -> frozenset[str]:
    """Those of the `known` layers that the patterns name; a pattern that names none is an error."""
    unknown = [pattern for pattern in patterns if not any(fnmatch(name, pattern) for name in known)]
    if unknown:
        raise ConfigError(
            "no layer with weights has this name",
            which=", ".join(unknown),
            allowed=", ".join(known),
            next_step="* stands for anything in a name pattern",
        )
    return frozenset(name for name in known if any(fnmatch(name, pattern) for pattern in patterns))


@dataclass(frozen=True)
class StageOptions:
    """What the options of all stages share."""

    def problem(self) -> str | None:
        """What is wrong with the combination of options, if anything."""
        return None

    def milder(self) -> StageOptions | None:
        """The options to try after a breach of the guard; None when there is nothing milder."""
        return None

    @property
    def trains(self) -> bool:
        """Whether the stage needs training data."""
        return getattr(self, "epochs", 0) > 0

    @property
    def solves(self) -> bool:
        """Whether the stage finds weights by least squares over samples, of which a layer wants as many
        places as it has inputs.
        """
        return False


@dataclass(frozen=True, eq=False)
class Context:
    """What a stage of a recipe finds: the data to learn from, whom to learn from, where students
    come from.
    """

    training: Training | None
    """Where the recipe trains."""
    samples: Samples | None
    """Calibration samples, with labels or without."""
    taught: Callable[..., Training | None]
    """The training of a student of the float model, as much as the stage's `teach` says."""
    load_student: Callable[[str], Any]
    seed: int
    tell: Callable[[str], None] = lambda text: None
    """Called with where long work is."""


@dataclass(frozen=True, eq=False)
class Applied:
    """The new model and the story of how it came about."""

    model: Any
    notes: tuple[str, ...] = ()
    table: Listing | None = None
    history: History = field(default_factory=History)


@dataclass(frozen=True)
class Dimension:
    """One thing that the search can vary; `choices` are in order, and `off` is the one that
    changes nothing.
    """

    name: str
    choices: tuple[Choice, ...]
    off: Choice
    text: str
    probe: tuple[tuple[str, Choice], ...] = ()
    """A strong setting whose cost tells whether the dimension pays on the device; empty: needs no proof."""
    against: tuple[tuple[str, Choice], ...] = ()
    """The setting it has to beat; empty: the model as it is."""
    matters: Callable[[Point], bool] = field(default=lambda point: True, compare=False, repr=False)
    """Whether it changes anything at a point, given the dimensions before it."""
    trains: bool = False
    """Whether it changes the model beyond its conversion."""


@dataclass(frozen=True)
class Anchor:
    """A point that the search looks at early; the lowest rank first."""

    rank: int
    changes: tuple[tuple[str, Choice], ...]


@dataclass(frozen=True)
class Fidelity:
    """How long the stages of a point's recipe train; no epochs at all give the point's shape and
    no training.
    """

    main: int
    """For the main stage."""
    after: int
    """For the smaller ones after it."""
    sensitive: Sequence[Sequence[str]] = ()
    """For the values that int8 hurts, the worst first, the layers that keep one in int16."""

    @property
    def trains(self) -> bool:
        return self.main > 0


O = TypeVar("O", bound=StageOptions)  # noqa: E741


class Technique(ABC, Generic[O]):
    """One kind of stage."""

    use: ClassVar[str]
    """Its word in recipes."""
    options: ClassVar[type[StageOptions]]
    """Whose docstring is the technique's line in the documentation."""
    place: ClassVar[int]
    """Where it stands among the others in a recipe that the search writes."""
    fixes_weights: ClassVar[bool] = False
    """Whether nothing but a conversion may follow."""
    teachable: ClassVar[bool] = False
    """Whether the search lets the stage follow the float model's outputs."""
    dimensions: ClassVar[tuple[Dimension, ...]] = ()
    anchors: ClassVar[tuple[Anchor, ...]] = ()

    @abstractmethod
    def apply(self, options: O, model: Any, context: Context) -> Applied:
        """`model` after the stage; the model itself stays as it is."""

    def calibration(self, context: Context) -> npt.NDArray[Any]:
        """The samples that a stage without training looks at."""
        if context.samples is None:
            raise TrainingError(
                "the stage looks at what the model makes of samples, and there are no samples",
                which=self.use,
                allowed="calibration samples; labels are not needed",
                next_step="give --data",
            )
        return context.samples.inputs

    def plan(self, options: O, model: Any) -> Sequence[Block]:
        """What the stage would do to the model as it is, layer by layer, for a run that trains nothing."""
        return ()

    def chosen(self, point: Point, fidelity: Fidelity) -> O | None:
        """The stage's options at a point of the search; None: the point does without it."""
        return None
