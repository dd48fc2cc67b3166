"""SVDF: dense layers whose weights are products of a part for the frame and a part for the past, as its
state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tinyml_compress.ir import DType, NodeView, Role, Tensor
from tinyml_compress.ops import _checks
from tinyml_compress.ops._addsub import float_bounds
from tinyml_compress.ops._products import checked_multiplier, wrap32
from tinyml_compress.ops.base import Consts, In, Operator, Options, Out, Var, Variant, refuse
from tinyml_compress.ops.numerics import Activation, Fused
from tinyml_compress.ops.rows import NAMES, Params, called
from tinyml_compress.ops.structs import floats, ints, pointers, struct

STRUCTS = (
    struct(
        "tc_f32_svdf_params",
        ints("batch in_c units rank memory"),
        floats("low high"),
        pointers("float", "feature time bias"),
    ),
    *(
        struct(
            f"tc_s{bits}_svdf_params",
            ints("batch in_c units rank memory multiplier1 shift1 state_zero multiplier2 shift2"),
            ints("out_zero"),
            pointers("int8_t", "feature"),
            pointers(f"int{bits}_t", "time"),
            pointers(
                "int32_t", "start", note="minus the input's zero point times the sum of the filter's weights"
            ),
            pointers("int32_t", "bias", note="the state's zero point folded in, in the same way"),
        )
        for bits in (16, 8)
    ),
)

_INPUT, _FEATURE, _TIME, _BIAS, _STATE = range(5)
_BIAS_TOLERANCE = 1e-5


@dataclass(frozen=True)
class SvdfAttrs(Fused):
    """Attributes of SVDF. The fused activation of quantized layers is a mere remark: their
    kernels ignore it.
    """

    rank: int = 1
    activation: Activation = Activation.NONE
    asymmetric_quantize_inputs: bool = False


@dataclass(frozen=True)
class _Sizes:
    batch: int
    in_c: int
    units: int
    rank: int
    memory: int

    def params(self) -> tuple[tuple[str, int], ...]:
        return tuple((name, int(getattr(self, name))) for name in self.__dataclass_fields__)


def _sizes(view: NodeView) -> _Sizes:
    rank = view.attrs(SvdfAttrs).rank
    batch, in_c = view.input(_INPUT).shape
    filters, memory = view.input(_TIME).shape
    return _Sizes(batch, in_c, filters // rank, rank, memory)


def _scale(tensor: Tensor) -> np.float32:
    return np.float32(tensor.quantized.scale)


def _factors(view: NodeView) -> tuple[float, float]:
    """From the frame's sums to the state, and from sums over time to the output: in float32, as TFLM has
    them.
    """
    scales = [
        _scale(tensor) for tensor in (*map(view.input, (_INPUT, _FEATURE, _TIME, _STATE)), view.output())
    ]
    source, feature, time, state, target = scales
    with np.errstate(
        all="ignore"
    ):  # extreme scales of a hostile file: the multipliers' check refuses infinity
        return float(source * feature / state), float(state * time / target)


def _quantized_params(view: NodeView) -> Params:
    sizes = _sizes(view)
    feature, time = (np.asarray(view.input(index).constant, np.int64) for index in (_FEATURE, _TIME))
    state_zero = view.input(_STATE).quantized.zero_point
    start = wrap32(-view.input(_INPUT).quantized.zero_point * feature.sum(axis=1))
    weighed = time.sum(axis=1).reshape(sizes.units, sizes.rank).sum(axis=1)
    bias = wrap32(np.asarray(view.input(_BIAS).constant, np.int64) - state_zero * weighed)
    (multiplier1, shift1), (multiplier2, shift2) = (checked_multiplier(view, f) for f in _factors(view))
    state = view.input(_STATE).dtype
    return (
        *sizes.params(),
        ("multiplier1", multiplier1),
        ("shift1", shift1),
        ("state_zero", state_zero),
        ("multiplier2", multiplier2),
        ("shift2", shift2),
        ("out_zero", view.output().quantized.zero_point),
        ("feature", Consts("feature", "int8_t", feature.astype(np.int8), Role.WEIGHTS)),
        ("time", Consts("time", state.ctype, time.astype(state.numpy), Role.WEIGHTS)),
        ("start", Consts("start", "int32_t", start.astype(np.int32), Role.WEIGHTS)),
        ("bias", Consts("bias", "int32_t", bias.astype(np.int32), Role.WEIGHTS)),
    )


def _float_params(view: NodeView) -> Params:
    sizes = _sizes(view)
    bias = (
        np.zeros(sizes.units, np.float32)
        if view.optional_input(_BIAS) is None
        else view.input(_BIAS).constant
    )
    low, high = float_bounds(view.attrs(SvdfAttrs).activation)
    return (
        *sizes.params(),
        ("low", low),
        ("high", high),
        ("feature", Consts("feature", "float", view.input(_FEATURE).constant, Role.WEIGHTS)),
        ("time", Consts("time", "float", view.input(_TIME).constant, Role.WEIGHTS)),
        ("bias", Consts("bias", "float", bias, Role.WEIGHTS)),
    )


def _of(state: DType, params: Callable[[NodeView], Params]) -> Variant:
    symbol = f"tc_{NAMES[state]}_svdf"
    arguments = (In(_INPUT), Var(_STATE), Out())
    own = called(f"{symbol}__c", f"{symbol}_params", params, arguments)
    return replace(own, accepts=lambda view: view.input(_STATE).dtype is state)


class Svdf(Operator):
    name = "SVDF"
    attrs_type = SvdfAttrs
    options = Options("SVDFOptions")
    dtypes = ("int8", "int8 with int16 state", "float32")
    limits = "constant weights; bias and state of their own"
    variants = (
        _of(DType.INT8, _quantized_params),
        _of(DType.INT16, _quantized_params),
        _of(DType.FLOAT32, _float_params),
    )

    def check(self, view: NodeView) -> None:
        given = view.node.inputs
        whole = len(given) == 5 and len(view.node.outputs) == 1 and given[_INPUT] is not None
        required = (
            [index for index in range(5) if index != _BIAS or view.input(_INPUT).dtype is DType.INT8]
            if whole
            else []
        )
        if not whole or any(given[index] is None for index in required):
            raise refuse(
                view,
                "inputs and outputs",
                found=f"{sum(name is not None for name in given)} and {len(view.node.outputs)}",
                allowed="input, feature weights, time weights, bias, state; one output",
            )
        dtype = _checks.dtypes(view, view.input(_INPUT), (DType.INT8, DType.FLOAT32))
        self._check_types(view, dtype)
        self._check_sizes(view)
        if dtype is DType.INT8:
            self._check_scales(view)
        elif view.attrs(SvdfAttrs).activation in (Activation.TANH, Activation.SIGN_BIT):
            raise refuse(
                view,
                "fused activation",
                found=view.attrs(SvdfAttrs).activation.name,
                allowed="NONE, RELU, RELU_N1_TO_1, RELU6",
                next_step="make the activation a layer of its own",
            )

    def _check_types(self, view: NodeView, dtype: DType) -> None:
        state = view.input(_STATE)
        _checks.dtypes(view, view.output(), (dtype,), "the output")
        _checks.dtypes(view, view.input(_FEATURE), (dtype,), "the feature weights")
        _checks.dtypes(
            view, state, (DType.INT8, DType.INT16) if dtype is DType.INT8 else (dtype,), "the state"
        )
        _checks.dtypes(view, view.input(_TIME), (state.dtype,), "the time weights")
        bias = view.optional_input(_BIAS)
        if bias is not None:
            _checks.dtypes(view, bias, (DType.INT32 if dtype is DType.INT8 else dtype,), "the bias")
        for index in (_FEATURE, _TIME, _BIAS):
            tensor = view.optional_input(index)
            if tensor is not None and tensor.data is None:
                raise refuse(
                    view, f"tensor {tensor.name} is computed at run time", allowed="constant weights"
                )
        if not state.variable:
            raise refuse(
                view, "the state is no variable", found=f"tensor {state.name}", allowed="a variable tensor"
            )
        readers = view.graph.consumers(state.name)
        if len(readers) != 1:
            raise refuse(view, "the state is shared", found=f"{len(readers)} readers", allowed="one")

    def _check_sizes(self, view: NodeView) -> None:
        rank = view.attrs(SvdfAttrs).rank
        for index in (_INPUT, _FEATURE, _TIME, _STATE):
            _checks.full_rank(view, view.input(index), 2, 2)
        (batch, in_c), (filters, memory) = view.input(_INPUT).shape, view.input(_TIME).shape
        if rank < 1 or filters < 1 or filters % rank or memory < 1 or in_c < 1:
            raise refuse(
                view,
                "rank and filters",
                found=f"rank {rank}, {filters} filters",
                allowed="a rank that divides them",
            )
        wanted = {_FEATURE: (filters, in_c), _STATE: (batch, filters * memory), _BIAS: (filters // rank,)}
        for index, shape in wanted.items():
            tensor = view.optional_input(index)
            if tensor is not None and tensor.shape != shape:
                raise refuse(view, f"shape of tensor {tensor.name}", found=tensor.shape, allowed=shape)

    def _check_scales(self, view: NodeView) -> None:
        for tensor in (view.input(_INPUT), view.input(_STATE), view.output()):
            _checks.quantization(view, tensor)
        for index in (_FEATURE, _TIME):
            _checks.quantization(view, view.input(index))  # their zero points are not read
        bias = view.input(_BIAS)
        stored = float(_scale(bias)) if bias.quant is not None else 0.0
        wanted = float(_scale(view.input(_STATE)) * _scale(view.input(_TIME)))
        if not abs(stored - wanted) < _BIAS_TOLERANCE:
            raise refuse(
                view, "scale of the bias", found=stored, allowed=f"{wanted:g}, state by time weights"
            )
        for factor in _factors(view):
            checked_multiplier(view, factor)

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        sizes = _sizes(view)
        return ((sizes.batch, sizes.units),)

    def macs(self, view: NodeView) -> int:
        sizes = _sizes(view)
        return sizes.batch * sizes.units * sizes.rank * (sizes.in_c + sizes.memory)


OPERATOR = Svdf()
