"""ADD and SUB: two inputs brought to a common fine scale, then combined."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import product

import numpy as np

from tinyml_compress.ir import DType, NodeView, Quant, Tensor, needed
from tinyml_compress.ops import _checks
from tinyml_compress.ops._binary import (
    BinaryOperator,
    binary_variants,
    flat_in_place,
    is_flat,
    scalar_variant,
)
from tinyml_compress.ops._fixed_point import Ints, requantize
from tinyml_compress.ops.base import In, Out, Variant, refuse
from tinyml_compress.ops.numerics import Activation, Fused, activation_range, quantize_multiplier
from tinyml_compress.ops.rows import Params, called, takes
from tinyml_compress.ops.structs import floats, ints, pointers, struct
from tinyml_compress.ops.traits import Range

STRUCTS = (
    struct(
        "tc_addsub_params",
        ints("count"),
        pointers("int32_t", "walk", note="two lanes; only for broadcasting"),
        ints("left_shift zero_point1 multiplier1 shift1 zero_point2 multiplier2 shift2 multiplier"),
        ints("shift zero_point low high"),
    ),
    struct("tc_weighted_params", ints("count weight1 weight2 bias shift low high")),
    struct("tc_word_sum_params", ints("count weight1 weight2 bias")),
    struct("tc_half_sum_params", ints("count multiplier1 half1 shift1 weight multiplier half shift")),
    struct("tc_f32_broadcast_params", ints("count"), pointers("int32_t", "walk"), floats("low high")),
    struct("tc_s32_broadcast_params", ints("count"), pointers("int32_t", "walk"), ints("low high")),
)


_ANY = 1 << 40
"""More than a bias is."""
_BESIDE = (0, 1, -1, 2, -2)
"""Steps from the nearest weight to others that are tried."""


@dataclass(frozen=True)
class FusedAttrs(Fused):
    """Attributes of ADD, SUB, MUL and DIV."""

    activation: Activation = Activation.NONE


def left_shift(dtype: DType) -> int:
    """Bits by which the inputs are widened before they are scaled."""
    return 15 if dtype is DType.INT16 else 20


def check_fused(view: NodeView) -> None:
    """The fused activation is one that kernels compute; TFLM ignores the others without a word."""
    activation = view.attrs(Fused).activation
    if activation not in (Activation.NONE, Activation.RELU, Activation.RELU6, Activation.RELU_N1_TO_1):
        raise refuse(
            view, "fused activation", found=activation.name, allowed="NONE, RELU, RELU6, RELU_N1_TO_1"
        )


class AddSubOperator(BinaryOperator):
    """What ADD and SUB check, and the parameters of their kernels."""

    attrs_type = FusedAttrs
    types = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)

    @staticmethod
    def multipliers(first: Quant, second: Quant, out: Quant, shift: int) -> tuple[float, float, float]:
        """Real factors of both inputs and of the output."""
        twice = 2.0 * max(first.scale, second.scale)
        return first.scale / twice, second.scale / twice, twice / ((1 << shift) * out.scale)

    ends_in_clamp = True
    sign = 1
    """Of the second input."""

    def output_range(self, view: NodeView, given: Mapping[int, Range]) -> Range | None:
        first, second = given[0], given[1]
        ends = (second.low, second.high)[:: self.sign]
        return Range(self._sum(view, first.low, ends[0]), self._sum(view, first.high, ends[1]))

    def _sum(self, view: NodeView, first: Ints, second: Ints) -> Ints:
        return _combined(self.sign, self.params(view), first, second)

    def check_values(self, view: NodeView, first: Tensor, second: Tensor, out: Tensor) -> None:
        check_fused(view)
        if out.dtype is DType.INT32 and (first.quant is not None or second.quant is not None):
            raise refuse(view, "quantized int32 inputs", found="a scale", allowed="plain int32")
        if out.dtype in (DType.INT32, DType.FLOAT32):
            return
        quants = [_checks.quantization(view, tensor) for tensor in (first, second, out)]
        if view.attrs(Fused).activation is not Activation.NONE:
            _checks.six_fits(view, quants[2])
        for what, factor in zip(
            ("input 0", "input 1", "output"),
            self.multipliers(quants[0], quants[1], quants[2], left_shift(out.dtype)),
            strict=True,
        ):
            if not 0.0 < factor < 1.0 or quantize_multiplier(factor)[1] > 0:
                raise _checks.collapsed(
                    view,
                    f"its {what}",
                    found=f"scale ratio {factor:g} (scales {', '.join(f'{q.scale:g}' for q in quants)})",
                    allowed="above 0 and below 1",
                )

    def params(self, view: NodeView) -> tuple[tuple[str, int], ...]:
        """The fields of `tc_addsub_params` after count and walk."""
        first, second, out = view.quant(0), view.quant(1), view.output_quant()
        dtype = view.output().dtype
        shift = left_shift(dtype)
        scaled = [quantize_multiplier(real) for real in self.multipliers(first, second, out, shift)]
        low, high = activation_range(view.attrs(Fused).activation, dtype, out)
        return (
            ("left_shift", shift),
            ("zero_point1", first.zero_point),
            ("multiplier1", scaled[0][0]),
            ("shift1", scaled[0][1]),
            ("zero_point2", second.zero_point),
            ("multiplier2", scaled[1][0]),
            ("shift2", scaled[1][1]),
            ("multiplier", scaled[2][0]),
            ("shift", scaled[2][1]),
            ("zero_point", out.zero_point),
            ("low", low),
            ("high", high),
        )


def float_bounds(activation: Activation) -> tuple[float, float]:
    """Clamp bounds of a float output under a fused activation."""
    big = float(np.finfo(np.float32).max)
    low = {Activation.RELU: 0.0, Activation.RELU6: 0.0, Activation.RELU_N1_TO_1: -1.0}.get(activation, -big)
    high = {Activation.RELU6: 6.0, Activation.RELU_N1_TO_1: 1.0}.get(activation, big)
    return low, high


def _integer_bounds(activation: Activation) -> tuple[int, int]:
    """Clamp bounds of an int32 output under a fused activation."""
    low = {Activation.RELU: 0, Activation.RELU6: 0, Activation.RELU_N1_TO_1: -1}.get(activation, -(1 << 31))
    high = {Activation.RELU6: 6, Activation.RELU_N1_TO_1: 1}.get(activation, (1 << 31) - 1)
    return low, high


def _combined(sign: int, params: Sequence[tuple[str, int]], first: Ints, second: Ints) -> Ints:
    """What the kernels make of these values."""
    terms = dict(params)
    one, other = (
        requantize(
            (values - terms[f"zero_point{i}"]) << terms["left_shift"],
            terms[f"multiplier{i}"],
            terms[f"shift{i}"],
        )
        for i, values in ((1, first), (2, second))
    )
    both = requantize(one + sign * other, terms["multiplier"], terms["shift"])
    return np.clip(both + terms["zero_point"], terms["low"], terms["high"])


@dataclass(frozen=True)
class _Sum:
    """A sum of both inputs, each times its weight, and a bias: the output once it is shifted."""

    shift: int
    dropped: int
    """Bits that each product loses before it is added."""

    def weights(
        self, sign: int, params: tuple[tuple[str, int], ...], one: float, other: float, bias: float
    ) -> Params | None:
        """Weights and bias that give what the kernels do for every pair of values, if there are: near those
        of the real sum.
        """
        low, high = dict(params)["low"], dict(params)["high"]
        values = np.arange(-128, 128)
        wanted = _combined(sign, params, values[:, None], values)
        near = round(math.ldexp(bias, self.shift)) + (1 << (self.shift - 1))
        for beside in product(_BESIDE, _BESIDE):
            first, second = (
                round(math.ldexp(real, self.shift + self.dropped)) + step
                for real, step in zip((one, other), beside, strict=True)
            )
            sums = (first * values[:, None] >> self.dropped) + (second * values >> self.dropped)
            # Each pair bounds the bias, but where its result is a bound itself.
            least = int(((wanted << self.shift) - sums)[wanted > low].max(initial=-_ANY))
            most = int((((wanted + 1) << self.shift) - 1 - sums)[wanted < high].min(initial=_ANY))
            if least <= most:
                return (
                    ("weight1", first),
                    ("weight2", second),
                    ("bias", min(max(near, least), most)),
                )
        return None


@lru_cache(maxsize=256)
def _weights(
    sign: int, params: tuple[tuple[str, int], ...], one: float, other: float, bias: float
) -> Params | None:
    """Of a sum that is as fine as 32 bits allow, with its shift and bounds."""
    shift = 30 - math.frexp(128.0 * (abs(one) + abs(other)) + abs(bias))[1]
    given = _Sum(shift, 0).weights(sign, params, one, other, bias) if 1 <= shift <= 30 else None
    ends = [(name, dict(params)[name]) for name in ("low", "high")]
    return None if given is None else (*given, ("shift", shift), *ends)


@lru_cache(maxsize=256)
def _word_weights(
    sign: int, params: tuple[tuple[str, int], ...], one: float, other: float, bias: float
) -> Params | None:
    """Of a sum whose products are those of bytes in the upper half of a halfword, without their lower 16
    bits; 20 bits stand behind its point. All of int8 can come out.
    """
    known = dict(params)
    most = 128.0 * (abs(one) + abs(other)) + abs(bias)
    if (known["low"], known["high"]) != (-128, 127) or most >= 2000.0 or max(abs(one), abs(other)) >= 7.9:
        return None
    return _Sum(20, 8).weights(sign, params, one, other, bias)


_EXACT = (1 << 30, 0)
"""Multiplier and shift of the input with the larger scale: one half."""
_HALF_SUMS: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "add": {"tc_s16_add_words__dsp": (0, 1), "tc_s16_add_words_second__dsp": (1, 1)},
    "sub": {"tc_s16_sub_words__dsp": (1, -1), "tc_s16_sub_words_first__dsp": (0, 1)},
}
"""Which input is exact, and its sign."""


def _half_sum(operator: AddSubOperator, exact: tuple[int, int], view: NodeView) -> Params | None:
    """Of two int16, of which one comes in exactly and the other is scaled down; all of int16 can come out."""
    index, sign = exact
    known = dict(operator.params(view))
    own, other = ((known[f"multiplier{i}"], known[f"shift{i}"]) for i in (1 + index, 2 - index))
    multiplier, shift = ((1 << 31) - 1, -1) if other == _EXACT else other
    if own != _EXACT or not -30 <= shift < 0 or not -30 <= known["shift"] < 0:
        return None
    if (known["low"], known["high"]) != (-(1 << 15), (1 << 15) - 1):
        return None
    return (
        ("multiplier1", multiplier),
        ("half1", 1 << (-shift - 1)),
        ("shift1", -shift),
        ("weight", sign << 14),
        ("multiplier", known["multiplier"]),
        ("half", 1 << (-known["shift"] - 1)),
        ("shift", -known["shift"]),
    )


def _summed_variants(op: str, operator: AddSubOperator) -> tuple[Variant, ...]:
    """Of one shape: as a weighted sum where that gives the same; on Helium also step by step."""
    names = {DType.INT8: "s8", DType.INT16: "s16"}

    def variant(
        symbol: str, dtype: DType, struct: str, params: Callable[[NodeView], Params | None]
    ) -> Variant:
        def accepts(view: NodeView) -> bool:
            return view.output().dtype is dtype and is_flat(view) and params(view) is not None

        def filled(view: NodeView) -> Params:
            return (("count", view.output().elements), *needed(params(view)))

        row = called(symbol, struct, filled, (In(0), In(1), Out()), accepts=accepts, overlap=flat_in_place)
        return replace(row, counts=lambda view: {"outputs": view.output().elements})

    def sums(solve: Callable[..., Params | None]) -> Callable[[NodeView], Params | None]:
        def params(view: NodeView) -> Params | None:
            first, second, out = view.quant(0), view.quant(1), view.output_quant()
            one, other = first.scale / out.scale, operator.sign * second.scale / out.scale
            bias = out.zero_point - one * first.zero_point - other * second.zero_point
            return solve(operator.sign, operator.params(view), one, other, bias)

        return params

    def steps(view: NodeView) -> Params:
        return (("walk", 0), *operator.params(view))

    return (
        variant(f"tc_s8_{op}_words__dsp", DType.INT8, "tc_word_sum_params", sums(_word_weights)),
        *(
            variant(symbol, DType.INT16, "tc_half_sum_params", partial(_half_sum, operator, weight))
            for symbol, weight in _HALF_SUMS[op].items()
        ),
        variant(f"tc_s8_{op}_weighted__c", DType.INT8, "tc_weighted_params", sums(_weights)),
        *(variant(f"tc_{names[dtype]}_{op}_lanes__mve", dtype, "tc_addsub_params", steps) for dtype in names),
    )


def addsub_variants(op: str, operator: AddSubOperator) -> tuple[Variant, ...]:
    """The kernels of ADD or SUB."""

    def combined(view: NodeView, first: Ints, second: Ints) -> Ints:
        return _combined(operator.sign, operator.params(view), first, second)

    return (
        scalar_variant(combined),
        *_summed_variants(op, operator),
        *binary_variants(op, "s8", "tc_addsub_params", operator.params, takes(DType.INT8)),
        *binary_variants(op, "s16", "tc_addsub_params", operator.params, takes(DType.INT16)),
    )


def plain_variants(op: str, bounds: Callable[[NodeView], Activation]) -> tuple[Variant, ...]:
    """The int32 and float kernels of ADD, SUB, MUL, DIV; `bounds` is the activation that clamps an int32
    result.
    """

    def floats(view: NodeView) -> Params:
        low, high = float_bounds(view.attrs(Fused).activation)
        return (("low", low), ("high", high))

    def integers(view: NodeView) -> Params:
        low, high = _integer_bounds(bounds(view))
        return (("low", low), ("high", high))

    def is_free(view: NodeView) -> bool:
        is_float = view.output().dtype is DType.FLOAT32
        return is_float and is_flat(view) and view.attrs(Fused).activation is Activation.NONE

    free = called(
        f"tc_f32_{op}_free__c",
        "tc_f32_broadcast_params",
        lambda view: (("count", view.output().elements), ("walk", 0), *floats(view)),
        (In(0), In(1), Out()),
        accepts=is_free,
        overlap=flat_in_place,
    )
    return (
        free,
        *binary_variants(op, "f32", "tc_f32_broadcast_params", floats, takes(DType.FLOAT32), flat=False),
        *binary_variants(op, "s32", "tc_s32_broadcast_params", integers, takes(DType.INT32), flat=False),
    )
