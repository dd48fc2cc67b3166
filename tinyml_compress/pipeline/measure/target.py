"""What a place is that a model can run on: how it is called, what it takes, and what it finds."""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt
from msgspec import structs

from tinyml_compress.devices import Described, list_devices, load_device
from tinyml_compress.errors import UsageError
from tinyml_compress.ir import ANYWHERE, Memories, Prices, Program
from tinyml_compress.results import Demand, DeviceDetails, DeviceFacts, Measurement, Refused
from tinyml_compress.results.fit import Cost, LayerNeed
from tinyml_compress.support.environments import Environment
from tinyml_compress.support.instruction_sets import Isa

if TYPE_CHECKING:
    from tinyml_compress.pipeline.convert.npu import NpuFiles
    from tinyml_compress.pipeline.measure.work import Work

Array = npt.NDArray[np.generic]
Demands = tuple[Sequence[Demand], Sequence[str]]
"""What is needed, and what that rests on besides exact sizes."""


class Target(ABC):
    """A kind of target: made of what a TOML file describes, or by its own file."""

    describes: ClassVar[type] = type(None)
    """What `devices` makes of a TOML file of this kind."""
    own: ClassVar[Sequence[type[Target]]] = ()
    """Targets that need no TOML file; made without arguments."""
    is_surveyed = True
    """Whether `--target all` means it too."""
    extra: Environment | None = None
    """What it needs besides, installed when it is named for the first time."""
    needs: str | None = None
    """What it needs besides, where the user installs it."""
    beside_core: str | None = None
    """What runs layers beside its core, in a word: `files_beside` makes files for it."""
    searched: str | None = None
    """All that costs depend on there, for `fit`; None: they are not the same every time."""
    name: str
    title: str
    kernels: tuple[Isa, ...] = (Isa.C,)
    """Instruction sets of generated C that it runs."""
    has_floats = True
    """Whether its core computes with floats of 32 bits by itself."""
    prices: Prices | None = None
    """By which they are chosen; None: by those that fit many cores."""
    memories: Memories = ANYWHERE
    """Where its RAM is of different speed: what generated C may use of it."""
    memories_with_constants: Memories = ANYWHERE
    """The same with constants in RAM."""

    def refused_engine(self, engine: str) -> str | None:
        """None, or which engines it takes instead."""
        return None

    def toolchains(self, engine: str, asked: tuple[str | None, ...]) -> tuple[str | None, ...]:
        """One run each."""
        return (None,)

    def prepare(self, work: Work) -> None:
        """What all targets share, made in the main thread before any of them runs. What it raises ends the
        benchmark.
        """
        return

    @abstractmethod
    def measure(self, work: Work, toolchain: str | None) -> Measurement:
        """Run the model. DoesNotFit and MissingDependency become refusals, other errors of ours defects."""

    def answers(self, program: Program, rows: Sequence[Sequence[Array]]) -> list[list[Array]]:
        """Outputs of generated C for rows of inputs, each from its start on."""
        raise UsageError(
            "this target has no answers to evaluate", which=self.name, allowed="a board that is emulated"
        )

    def demands(self, content: bytes, engine: str, arena: int | None, max_ram: int | None) -> Demands:
        """Memory that the model needs of it under an engine, and what that rests on; known without running.
        `arena` is TensorFlow Lite Micro's, `max_ram` what generated C may take.
        """
        return (), ()

    def files_beside(self, name: str, content: bytes) -> NpuFiles | None:
        """The model's files for what is beside the core; None where nothing is."""
        return None

    def left(self, content: bytes) -> Sequence[Refused]:
        """Layers that the target's accelerator leaves to its core, and what change would place them."""
        return ()

    def cost(self, run: Measurement) -> Cost:
        """What a search goes by."""
        return Cost.of(run, run.cycles)

    def needs_of_layers(self, run: Measurement) -> Sequence[LayerNeed] | None:
        """Of each layer, where the run says them; None: they follow from the compiled program."""
        return None

    @abstractmethod
    def facts(self) -> DeviceFacts:
        """For the list of targets: name, kind, title, and what else is known."""

    def details(self) -> DeviceDetails:
        """All about it, with sources."""
        return DeviceDetails(**structs.asdict(self.facts()))


@lru_cache(maxsize=1)
def _kinds() -> tuple[type[Target], ...]:
    from tinyml_compress.pipeline.measure import kinds

    names = [f"{kinds.__name__}.{module.name}" for module in pkgutil.iter_modules(kinds.__path__)]
    return tuple(importlib.import_module(name).TARGET for name in names)


def _own() -> dict[str, Target]:
    own = [one() for kind in _kinds() for one in kind.own]
    return {one.name: one for one in own}


def _of(described: Described) -> Target:
    makers = {kind.describes: kind for kind in _kinds()}
    return makers[type(described)](described)  # type: ignore[call-arg]


def target(name: str, targets_dir: Path | None = None) -> Target:
    """The target of that name."""
    return _own().get(name) or _of(load_device(name, targets_dir))


def all_targets(targets_dir: Path | None = None) -> tuple[Target, ...]:
    """Every target, by name."""
    everything = [*map(_of, list_devices(targets_dir)), *_own().values()]
    return tuple(sorted(everything, key=lambda one: one.name))


def searched_target(name: str, targets_dir: Path | None = None) -> Target:
    """The target of that name, where `fit` is to search for it."""
    chosen = target(name, targets_dir)
    if chosen.searched is None:
        raise UsageError(
            "this needs a board whose costs are counted or modelled",
            which=name,
            found=chosen.title,
            next_step="`tinyml-compress targets` lists them",
        )
    return chosen


def targets(names: Sequence[str], targets_dir: Path | None, engine: str | None = None) -> tuple[Target, ...]:
    """Targets by name; `all` is every one that is surveyed and takes the engine."""
    chosen: dict[str, Target] = {}
    for name in names:
        if name == "all":
            surveyed = (one for one in all_targets(targets_dir) if one.is_surveyed)
            chosen |= {
                one.name: one for one in surveyed if engine is None or one.refused_engine(engine) is None
            }
        else:
            chosen[name] = target(name, targets_dir)
    return tuple(chosen.values())


def left_out(names: Sequence[str], targets_dir: Path | None) -> str | None:
    """Targets that `all` does not mean because they need something besides, in a sentence."""
    if "all" not in names:
        return None
    waiting = [one for one in all_targets(targets_dir) if not one.is_surveyed and one.name not in names]
    needs = "; ".join(dict.fromkeys(filter(None, map(_needed, waiting))))
    listed = ", ".join(one.name for one in waiting)
    return f"by name only, for they need an extra ({needs}): {listed}" if waiting else None


def _needed(one: Target) -> str | None:
    return one.needs if one.extra is None else f"{one.extra.title}, about {one.extra.size}"
