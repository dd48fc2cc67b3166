"""Operators on one tensor, element by element: what they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops import _checks
from tinyml_compress.ops._fixed_point import requantize
from tinyml_compress.ops.base import Consts, Level, Operator, Overlap, Variant, refuse
from tinyml_compress.ops.numerics import quantize_multiplier
from tinyml_compress.ops.rows import NAMES, Params, called, takes
from tinyml_compress.ops.structs import ints, pointers, struct
from tinyml_compress.ops.traits import MOST, Range

STRUCTS = (
    struct("tc_count_params", ints("count")),
    struct(
        "tc_lookup_params", ints("count"), pointers("uint8_t", "table", note="indexed by the input's bits")
    ),
    struct("tc_rescale_params", ints("count in_zero_point multiplier shift zero_point low high")),
    struct("tc_bounds_params", ints("count low high")),
)

_RESCALED = (DType.INT8, DType.UINT8, DType.INT16, DType.INT32)
Bounds = Callable[[NodeView], tuple[int, int]]
Values = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Test = Callable[[NodeView], bool]


def in_place(view: NodeView) -> tuple[Overlap, ...]:
    """Each element is read before it, or what lies before it, is written.

    Two types in one place are sound C only where one of them is a character type.
    """
    source, target = view.input(0).dtype.itemsize, view.output().dtype.itemsize
    if view.input(0).dtype is not view.output().dtype and 1 not in (source, target):
        return ()
    ahead = max(0, target - source) * max(0, view.output().elements - 1)
    return (Overlap(0, 0, ahead),)


def integer_range(dtype: DType) -> tuple[int, int]:
    """Smallest and largest value of an integer type."""
    bits = 8 * dtype.itemsize
    return (0, (1 << bits) - 1) if dtype.numpy.kind == "u" else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)


def all_values(dtype: DType) -> Values:
    """Every value of an 8-bit type, lowest first."""
    low, high = integer_range(dtype)
    return np.arange(low, high + 1, dtype=np.int64)


def full_range(view: NodeView) -> tuple[int, int]:
    """Bounds of the output's type."""
    return integer_range(view.output().dtype)


def rescale_factor(view: NodeView) -> tuple[int, int]:
    """Multiplier and shift from the input's scale to the output's."""
    source, target = view.quant(0), view.output_quant()
    return quantize_multiplier(source.scale / target.scale)


def through_float(view: NodeView, function: Callable[[Floats], Floats]) -> Values:
    """What an int8 function gives that is computed in float32 once, when TFLM makes its table."""
    source, target = view.quant(0), view.output_quant()
    steps = (all_values(DType.INT8) - source.zero_point).astype(np.float32)
    inverse = np.float32(1.0) / np.float32(target.scale)
    scaled = function(np.float32(source.scale) * steps) * inverse
    rounded = np.copysign(np.floor(np.abs(scaled.astype(np.float64)) + 0.5), scaled)
    return np.clip(rounded + target.zero_point, -128, 127).astype(np.int64)


def lookup_variant(
    results: Callable[[NodeView], Values],
    accepts: Test = lambda view: view.input(0).dtype is DType.INT8,
    levels: frozenset[Level] = frozenset(Level),
) -> Variant:
    """The kernel that looks each 8-bit value up; `results` gives what the 256 values become, lowest first."""

    def params(view: NodeView) -> Params:
        by_bits = np.roll(results(view), 128) if view.input(0).dtype is DType.INT8 else results(view)
        table = Consts("table", "uint8_t", by_bits.astype(view.output().dtype.numpy).view(np.uint8))
        return (("count", view.output().elements), ("table", table))

    row = called("tc_x8_lookup__c", "tc_lookup_params", params, accepts=accepts, overlap=in_place)
    return replace(row, levels=levels)


def count_variant(symbol: str, dtype: DType) -> Variant:
    """A kernel whose only parameter is the number of elements."""

    def params(view: NodeView) -> Params:
        return (("count", view.output().elements),)

    return called(symbol, "tc_count_params", params, accepts=takes(dtype), overlap=in_place)


def bounds_variant(dtype: DType, bounds: Bounds, accepts: Test = lambda view: True) -> Variant:
    """The kernel that only clamps."""

    def params(view: NodeView) -> Params:
        low, high = bounds(view)
        return (("count", view.output().elements), ("low", low), ("high", high))

    def typed(view: NodeView) -> bool:
        return view.input(0).dtype is dtype and accepts(view)

    symbol = f"tc_{NAMES[dtype]}_bounds__c"
    return called(symbol, "tc_bounds_params", params, accepts=typed, overlap=in_place)


def _rescaled(view: NodeView, stored: Values, bounds: Bounds) -> Values:
    """What the input's stored values are in the output's quantization, clamped."""
    values = requantize(stored - view.quant(0).zero_point, *rescale_factor(view))
    return np.clip(values + view.output_quant().zero_point, *bounds(view))


def rescaled_range(view: NodeView, given: Range, bounds: Bounds) -> Range | None:
    """The output's range of a node whose kernels are `rescale_variants`."""
    if 255 << max(rescale_factor(view)[1], 0) >= MOST:
        return None
    return Range(*(_rescaled(view, end, bounds) for end in (given.low, given.high)))


def rescale_variants(bounds: Bounds, sources: Sequence[DType]) -> tuple[Variant, ...]:
    """Kernels that bring the input to the output's quantization, then clamp; a table where both
    have 8 bits.
    """
    variants: list[Variant] = []

    def eight_bits(view: NodeView) -> bool:
        return view.input(0).dtype.itemsize == 1 and view.output().dtype.itemsize == 1

    def results(view: NodeView) -> Values:
        return _rescaled(view, all_values(view.input(0).dtype), bounds)

    variants.append(lookup_variant(results, eight_bits, frozenset({Level.BALANCED, Level.SPEED})))
    for source in sources:
        for target in _RESCALED:
            variants.append(_rescale_variant(bounds, source, target))
    return tuple(variants)


def _rescale_variant(bounds: Bounds, source: DType, target: DType) -> Variant:
    name = NAMES[source] if source is target else f"{NAMES[source]}_{NAMES[target]}"

    def accepts(view: NodeView) -> bool:
        return view.input(0).dtype is source and view.output().dtype is target

    def params(view: NodeView) -> Params:
        multiplier, shift = rescale_factor(view)
        low, high = bounds(view)
        return (
            ("count", view.output().elements),
            ("in_zero_point", view.quant(0).zero_point),
            ("multiplier", multiplier),
            ("shift", shift),
            ("zero_point", view.output_quant().zero_point),
            ("low", low),
            ("high", high),
        )

    return called(f"tc_{name}_rescale__c", "tc_rescale_params", params, accepts=accepts, overlap=in_place)


class UnaryOperator(Operator):
    """One input, one output of its shape and (unless a subclass says otherwise) its element type."""

    elementwise = True

    def check(self, view: NodeView) -> None:
        _checks.arity(view, 1)
        _checks.one_type(view, self.types)
        self.check_shapes(view)

    def check_shapes(self, view: NodeView) -> None:
        """As many elements out as in."""
        if view.input(0).elements != view.output().elements:
            raise refuse(
                view, "shapes of input and output", found=f"{view.input(0).shape} and {view.output().shape}"
            )
