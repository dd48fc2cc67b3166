"""What ships: data sets, nets of the zoo, operators of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from tinyml_compress.results.base import Result, Value


class SetFacts(Value, frozen=True, kw_only=True):
    """A shipped data set."""

    name: str
    title: str
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    samples: Mapping[str, int]
    """By part."""
    source: str
    licence: str


class Sets(Result, frozen=True, kw_only=True):
    """The shipped data sets."""

    verb: ClassVar[str] = "data list"

    sets: tuple[SetFacts, ...]


class NetFacts(Value, frozen=True, kw_only=True):
    """A net of the zoo."""

    name: str
    title: str
    input_shape: tuple[int, ...]
    data: str
    """The shipped set that goes with it."""
    source: str


class Zoo(Result, frozen=True, kw_only=True):
    """Reference nets."""

    verb: ClassVar[str] = "zoo"

    models: tuple[NetFacts, ...]


class KernelFacts(Value, frozen=True, kw_only=True):
    """A kernel in C."""

    symbol: str
    isa: str


class OperatorFacts(Value, frozen=True, kw_only=True):
    """An operator of the ahead-of-time engine."""

    name: str
    custom: bool
    dtypes: tuple[str, ...]
    limits: str
    attributes: tuple[str, ...]
    """By their names in the schema of .tflite files."""
    kernels: tuple[KernelFacts, ...]

    @property
    def isas(self) -> tuple[str, ...]:
        """Instruction sets with a kernel of their own."""
        return tuple(sorted({kernel.isa for kernel in self.kernels}))


class Operators(Result, frozen=True, kw_only=True):
    """What the ahead-of-time engine takes."""

    verb: ClassVar[str] = "operators"

    operators: tuple[OperatorFacts, ...]
