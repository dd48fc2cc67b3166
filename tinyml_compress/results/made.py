"""What verbs that write a folder made: generated C, and bundles for a firmware's build system."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from tinyml_compress.results.base import Result, Sha256, Value
from tinyml_compress.results.kernels import KernelOption, runner_up
from tinyml_compress.results.memories import MemoryShare


class CompiledNode(Value, frozen=True, kw_only=True):
    """One node function of the generated C."""

    index: int
    op: str
    name: str
    kernel: str
    macs: int
    encoding: str | None = None
    """How the weights lie in flash; absent where it has none."""
    zeros: float | None = None
    """Which part of its weights is zero in the model."""
    family: str | None = None
    """What sets its kernel apart from the operator's others."""
    options: tuple[KernelOption, ...] = ()
    """Every kernel that could run it, the cheapest first."""
    why: str | None = None
    """Why it is this one."""

    @property
    def option(self) -> KernelOption | None:
        """Its own kernel among them."""
        return next((one for one in self.options if one.family == self.family), None)

    @property
    def runner_up(self) -> KernelOption | None:
        """The best kernel of another family."""
        return runner_up(self.options, self.family)


class Compiled(Result, frozen=True, kw_only=True):
    """Generated C; every number but the seconds is exact."""

    verb: ClassVar[str] = "compile"

    name: str
    """Prefix of all C symbols."""
    model_sha256: Sha256
    folder: Path
    files: tuple[str, ...]
    arena_bytes: int
    """Inputs and outputs included."""
    arena_lower_bound: int
    """No plan of memory takes less."""
    weight_bytes: int
    table_bytes: int
    macs: int
    nodes: tuple[CompiledNode, ...]
    memories: tuple[MemoryShare, ...] | None = None
    """Where memories were named, what lies in which."""
    seconds: float
    """Measured."""


class Exported(Result, frozen=True, kw_only=True):
    """A bundle for the build system of a firmware."""

    verb: ClassVar[str] = "export"

    name: str
    format: str
    engine: str
    release: str
    model_sha256: Sha256
    folder: Path
    files: tuple[str, ...]
    test_vectors: int
    oracle: str
    """Whose outputs the vectors hold."""
    arena_bytes: int | None = None
    """Exact, as the next three; of generated C alone."""
    state_bytes: int | None = None
    weight_bytes: int | None = None
    table_bytes: int | None = None
    memories: tuple[MemoryShare, ...] | None = None
    """Where memories were named, what lies in which."""
    firmware: tuple[str, ...] | None = None
    """What its kernels want of the firmware's build and start-up beyond C."""
    seconds: float
    """Measured."""
