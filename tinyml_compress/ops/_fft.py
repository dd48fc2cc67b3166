"""SignalRfft and SignalIrfft: stages, tables and checks that they share.

The transform of real values of length n is a complex one of length n / 2 and one more step. The complex one
is done in stages of radix 4, 2, 3 and 5, in the order in which the interpreter takes them: in fixed point
each stage rounds, so that the order shows in the result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._signal import SignalOperator
from tinyml_compress.ops.base import FLEXBUFFER, Argument, Consts, Options, Variant, refuse
from tinyml_compress.ops.rows import Params, each_type
from tinyml_compress.ops.structs import ints, pointers, struct

STRUCTS = (
    struct(
        "tc_fft_params",
        ints("frames"),
        ints("given", note="values of one frame that go in, and that come out"),
        ints("made"),
        ints("points", note="complex numbers in the transform"),
        ints("inverse count"),
        pointers(
            "int32_t",
            "stages",
            note="per stage, the outermost first: radix, step between inputs, points of a part",
        ),
        pointers("void", "circle", note="as many points of the unit circle"),
        pointers("void", "halves"),
    ),
)

_TYPES = (DType.INT16, DType.INT32, DType.FLOAT32)
_RADICES = (4, 2, 3, 5)
_LONGEST = 1 << 16


class FftType(Enum):
    """Element type, as the schema numbers it."""

    FLOAT32 = 0
    INT32 = 2
    INT16 = 7


@dataclass(frozen=True)
class FftAttrs(Attrs):
    """Attributes of SignalRfft and SignalIrfft."""

    type: FftType
    length: int


def fft_attrs(view: NodeView) -> FftAttrs:
    return view.attrs(FftAttrs)


def _stages(points: int) -> list[int] | None:
    """Radices, the outermost first; None where others than ours are needed."""
    radices: list[int] = []
    for radix in _RADICES:
        while points % radix == 0:
            radices.append(radix)
            points //= radix
    return radices if points == 1 else None


def _stage_table(points: int) -> npt.NDArray[np.int32]:
    """Per stage: radix, step between its inputs in the source, points of each of its parts."""
    rows: list[tuple[int, int, int]] = []
    step, left = 1, points
    for radix in _stages(points) or ():
        left //= radix
        rows.append((radix, step, left))
        step *= radix
    return np.array(rows, np.int32)


def _unit(phases: list[float], dtype: DType) -> npt.NDArray[np.generic]:
    """Points of the unit circle, as pairs."""
    pairs = [[math.cos(phase), math.sin(phase)] for phase in phases]
    if dtype is DType.FLOAT32:
        return np.array(pairs, np.float32).reshape(-1)
    most = 32767 if dtype is DType.INT16 else 2147483647
    whole = [math.floor(0.5 + most * value) for pair in pairs for value in pair]
    return np.array(whole, dtype.numpy)


def _params(view: NodeView, inverse: bool) -> Params:
    source, points = view.input(0), fft_attrs(view).length // 2
    turns = [-2 * math.pi * i / points for i in range(points)]
    halves = [-math.pi * ((i + 1) / points + 0.5) for i in range(points // 2)]
    if inverse:
        turns, halves = [-phase for phase in turns], [-phase for phase in halves]
    dtype = source.dtype
    return (
        ("frames", source.elements // source.shape[-1]),
        ("given", source.shape[-1]),
        ("made", view.output().shape[-1]),
        ("points", points),
        ("inverse", int(inverse)),
        ("count", len(_stages(points) or ())),
        ("stages", Consts("stages", "int32_t", _stage_table(points).reshape(-1))),
        ("circle", Consts("circle", dtype.ctype, _unit(turns, dtype))),
        ("halves", Consts("halves", dtype.ctype, _unit(halves, dtype))),
    )


def fft_variants(symbol: str, arguments: tuple[Argument, ...], *, inverse: bool) -> tuple[Variant, ...]:
    """The kernels of one direction."""
    return each_type(symbol, _TYPES, "tc_fft_params", lambda view: _params(view, inverse), arguments)


class Fft(SignalOperator):
    """What the two directions check alike."""

    attrs_type = FftAttrs
    options = Options(FLEXBUFFER, {"type": "T", "length": "fft_length"})
    types = _TYPES
    limits = f"lengths of 4 to {_LONGEST} that are twice a product of 2, 3 and 5"

    def check_sides(self, view: NodeView) -> None:
        _checks.arity(view, 1)
        dtype = DType[fft_attrs(view).type.name]
        for tensor in (view.input(0), view.output()):
            _checks.dtypes(view, tensor, (dtype,))
        rank = _checks.full_rank(view, view.input(0), 8, 1)
        _checks.full_rank(view, view.output(), rank, rank)
        length = fft_attrs(view).length
        if not 4 <= length <= _LONGEST or length % 2 or _stages(length // 2) is None:
            raise refuse(view, "fft_length", found=length, allowed=self.limits)
        given, target = view.input(0).shape, view.output().shape
        if given[:-1] != target[:-1]:
            raise refuse(view, "number of frames", found=f"{given} and {target}", allowed="equal ones")

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return (view.output().shape,)
