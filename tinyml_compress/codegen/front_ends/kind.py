"""What a kind of front end adds to the C that all share: the memory of a frame, and a function per stage."""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from tinyml_compress.codegen.literals import array_body, int_literal
from tinyml_compress.errors import UsageError
from tinyml_compress.frontends.inputs import input_numbers, stored_numbers, wide_numbers
from tinyml_compress.frontends.preprocessing import Arithmetic, Preprocessing, StreamForm
from tinyml_compress.ir import DType, Port
from tinyml_compress.ops.numerics import dtype_range
from tinyml_compress.ops.sources import KernelSource

Form = TypeVar("Form", bound=StreamForm)


@dataclass(frozen=True)
class FrameField:
    """A member of the struct of a frame; the larger types come first, so that C leaves no gaps."""

    name: str
    dtype: DType
    count: int
    """0: no array."""

    @property
    def nbytes(self) -> int:
        return self.dtype.itemsize * max(self.count, 1)

    def declared(self) -> str:
        length = f"[{self.count}]" if self.count else ""
        return f"    {self.dtype.ctype} {self.name}{length};"


class Tables:
    """Constant arrays, in the order in which they are asked for."""

    def __init__(self, prefix: str) -> None:
        self.prefix, self._texts = prefix, list[str]()
        self.nbytes = 0

    @property
    def text(self) -> str:
        return "\n".join(self._texts)

    def add(self, name: str, ctype: str, kind: str, data: npt.NDArray[np.generic]) -> str:
        """The symbol of a table of numpy's `kind`."""
        symbol = f"{self.prefix}_t{len(self._texts)}_{name}"
        stored = (data if data.size else np.zeros(1)).astype(kind)
        self.nbytes += stored.nbytes
        self._texts.append(
            f"static const {ctype} {symbol}[{stored.size}] TC_ALIGNED(4) = {{\n{array_body(stored)}\n}};\n"
        )
        return symbol


class FrontEndKind(ABC, Generic[Form]):
    """How features of some kinds are made of a frame of samples."""

    kinds: ClassVar[tuple[str, ...]]
    header: ClassVar[str]
    """What the templates include."""
    keeps: ClassVar[bool] = False
    """A frame depends on those before it: the templates have a function `start`, which forgets them."""

    def kernels(self) -> tuple[KernelSource, ...]:
        """Those of operators that the templates call."""
        return ()

    @abstractmethod
    def templates(self, form: Form) -> tuple[str, ...]:
        """Files of C in `frontend_files`: functions that the stages call."""

    @abstractmethod
    def stages(self, form: Form) -> tuple[str, ...]:
        """Names of the functions, in their order."""

    def fields(self, form: Form) -> tuple[FrameField, ...]:
        """Of the struct, before the samples; the largest types come first."""
        return ()

    def small_fields(self, form: Form) -> tuple[FrameField, ...]:
        """Behind the samples, of 16 bits."""
        return ()

    def params(self, tables: Tables, form: Form) -> str:
        """Structs of constants beside the one of inputs."""
        return ""

    def inputs(self, tables: Tables, done: Preprocessing, form: Form, port: Port) -> str:
        """The struct of constants by which features become inputs."""
        return _input_params(tables, done, form, port)

    def facts(self, form: Form) -> dict[str, str]:
        """Of the template."""
        return {}


def _input_params(tables: Tables, done: Preprocessing, form: StreamForm, port: Port) -> str:
    """In whole numbers, in the order of the members."""
    inputs = input_numbers(done.scale, done.mean, done.std, form.fraction)
    assert port.quant is not None
    stored = (wide_numbers if port.dtype is DType.INT16 else stored_numbers)(port.quant, inputs.bits)
    low, high = dtype_range(port.dtype)
    values = (
        *map(int_literal, (inputs.multipliers.size, inputs.shift, inputs.largest)),
        tables.add("multipliers", "int32_t", "int32", inputs.multipliers),
        tables.add("offsets", "int64_t", "int64", inputs.offsets),
        *map(int_literal, (stored.multiplier, stored.divisor, stored.shift, stored.most)),
        *map(int_literal, (stored.zero_point, low, high)),
    )
    return f"static const tc_input_params {tables.prefix}_p1 = {{{', '.join(values)}}};\n"


@lru_cache(maxsize=1)
def _kinds() -> dict[str, FrontEndKind[StreamForm]]:
    from tinyml_compress.codegen import front_ends

    names = [module.name for module in pkgutil.iter_modules(front_ends.__path__) if module.name != "kind"]
    modules = [importlib.import_module(f"{front_ends.__name__}.{name}").KIND for name in names]
    return {word: kind for kind in modules for word in kind.kinds}


def kind_of(form: StreamForm, generated: Arithmetic = Arithmetic.FIXED) -> FrontEndKind[StreamForm]:
    """Of the form in these numbers."""
    word = form.kind if generated is Arithmetic.FIXED else f"{generated.value} {form.kind}"
    if word not in _kinds():
        raise UsageError(
            "no front end in floats",
            which="--frontend float",
            found=form.kind,
            allowed="log-mel, mfcc",
            next_step="leave it out: whole numbers give the bytes of training",
        )
    return _kinds()[word]
