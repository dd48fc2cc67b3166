"""UNIDIRECTIONAL_SEQUENCE_LSTM: long short-term memory over the steps of its input; cells and memory are its
state.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import Attrs, DType, NodeView, Role, Tensor
from tinyml_compress.ops import _checks
from tinyml_compress.ops._forms import reduced
from tinyml_compress.ops._products import checked_multiplier, wrap32
from tinyml_compress.ops._sigmoid import curve
from tinyml_compress.ops.base import Consts, In, Operator, Options, Out, ParamValue, Var, Variant, refuse
from tinyml_compress.ops.numerics import Activation, quantize_multiplier
from tinyml_compress.ops.rows import Params, each_type
from tinyml_compress.ops.structs import floats, ints, pointers, struct

STRUCTS = (
    # Gates come in the order forget, input, cell, output.
    struct(
        "tc_f32_lstm_params",
        ints("steps batch in_c units in_step in_batch out_step out_batch"),
        floats("clip", note="of the cells; 0: none"),
        pointers("float", "weights bias"),
    ),
    # Per unit and gate a row of weights for the frame, and one for what was put out before.
    struct(
        "tc_lstm_params",
        ints("steps batch in_c units"),
        ints("in_step", note="from one step to the next, and from one batch to the next"),
        ints("in_batch out_step out_batch"),
        ints("clip", note="of the cells; 0: none"),
        ints("tanh_multiplier tanh_shift"),
        ints("forget_multiplier", note="forget gate by cell, input gate by cell gate, and what goes out"),
        ints("forget_shift input_multiplier input_shift output_multiplier output_shift out_zero"),
        pointers("int32_t", "scales", note="per gate, for the frame and for the memory"),
        pointers("int8_t", "weights"),
        pointers("int32_t", "bias", note="per unit and gate"),
        pointers("uint16_t", "table"),
    ),
)

_INPUT, _OUTPUT_STATE, _CELL_STATE, _COUNT = 0, 18, 19, 24
# In the file the order is input, forget, cell, output; in the kernels forget comes first.
_FRAME, _MEMORY, _BIAS = (2, 1, 3, 4), (6, 5, 7, 8), (13, 12, 14, 15)
_PEEPHOLES, _PROJECTION, _NORMS = range(9, 12), range(16, 18), range(20, 24)
_GATE_SCALE = 2.0**-12
_CURVE_SCALE = 2.0**-15
_WIDEST = 1 << 47


@dataclass(frozen=True)
class LstmAttrs(Attrs):
    activation: Activation = Activation.TANH
    cell_clip: float = 0.0
    proj_clip: float = 0.0
    time_major: bool = False
    asymmetric_quantize_inputs: bool = False
    diagonal_recurrent_tensors: bool = False


@dataclass(frozen=True)
class _Sizes:
    steps: int
    batch: int
    in_c: int
    units: int
    in_step: int
    in_batch: int
    out_step: int
    out_batch: int

    def params(self) -> tuple[tuple[str, ParamValue], ...]:
        return tuple((name, int(getattr(self, name))) for name in self.__dataclass_fields__)


def _sizes(view: NodeView) -> _Sizes:
    first, second, in_c = view.input(_INPUT).shape
    units = view.input(_FRAME[0]).shape[0]
    if view.attrs(LstmAttrs).time_major:
        return _Sizes(first, second, in_c, units, second * in_c, in_c, second * units, units)
    return _Sizes(second, first, in_c, units, in_c, second * in_c, units, second * units)


def _scale(tensor: Tensor) -> float:
    return float(np.float32(tensor.quantized.scale))


def _weights(view: NodeView) -> npt.NDArray[np.generic]:
    """Per unit and gate its row for the frame, then its row for the memory."""
    gates = [
        np.concatenate([view.input(f).constant, view.input(m).constant], axis=1)
        for f, m in zip(_FRAME, _MEMORY, strict=True)
    ]
    return np.stack(gates, axis=1)


def _factors(view: NodeView) -> list[tuple[int, int]]:
    """Multiplier and shift of the sums: per gate for the frame and for the memory, in double precision
    throughout.
    """
    pairs: list[tuple[int, int]] = []
    for frame, memory in zip(_FRAME, _MEMORY, strict=True):
        for source, weights in ((_INPUT, frame), (_OUTPUT_STATE, memory)):
            product = _scale(view.input(source)) * _scale(view.input(weights))
            pairs.append(checked_multiplier(view, product / _GATE_SCALE))
    return pairs


def _cell_power(view: NodeView) -> int:
    return round(math.log2(_scale(view.input(_CELL_STATE))))


def _clip(view: NodeView) -> int:
    limit = view.attrs(LstmAttrs).cell_clip
    return int(min(limit / _scale(view.input(_CELL_STATE)), 32767.0)) if limit > 0.0 else 0


def _cell_params(view: NodeView) -> tuple[tuple[str, ParamValue], ...]:
    cell, memory = view.input(_CELL_STATE), view.input(_OUTPUT_STATE)
    left = 12 + _cell_power(view)
    params: list[tuple[str, ParamValue]] = [
        ("clip", _clip(view)),
        ("tanh_multiplier", 3 << left if left >= 0 else 3),
        ("tanh_shift", max(-left, 0)),
    ]
    for name, real in (
        ("forget", _CURVE_SCALE * _scale(cell) / _scale(cell)),
        ("input", _CURVE_SCALE * _CURVE_SCALE / _scale(cell)),
        ("output", _CURVE_SCALE * _CURVE_SCALE / _scale(memory)),
    ):
        multiplier, shift = quantize_multiplier(real)
        params += [(f"{name}_multiplier", multiplier), (f"{name}_shift", shift)]
    return (*params, ("out_zero", memory.quantized.zero_point))


def _bias(view: NodeView) -> npt.NDArray[np.int32]:
    """Per unit and gate two words: with zero points folded in for int8, halves of 64 bits for int16."""
    words: list[npt.NDArray[np.int64]] = []
    for frame, memory, own in zip(_FRAME, _MEMORY, _BIAS, strict=True):
        bias = np.asarray(view.input(own).constant, np.int64)
        if view.input(_INPUT).dtype is DType.INT16:
            words += [bias & 0xFFFFFFFF, bias >> 32]
            continue
        sums = [np.asarray(view.input(index).constant, np.int64).sum(axis=1) for index in (frame, memory)]
        words.append(wrap32(bias - view.input(_INPUT).quantized.zero_point * sums[0]))
        words.append(wrap32(-view.input(_OUTPUT_STATE).quantized.zero_point * sums[1]))
    return np.stack(words, axis=1).astype(np.uint64).astype(np.uint32).view(np.int32)


def _params(view: NodeView) -> Params:
    wide = view.input(_INPUT).dtype is DType.INT16
    scales = reduced(_factors(view)) if wide else np.array(_factors(view), np.int64).reshape(-1)
    return (
        *_sizes(view).params(),
        *_cell_params(view),
        ("scales", Consts("scales", "int32_t", scales.astype(np.int32))),
        ("weights", Consts("weights", "int8_t", _weights(view), Role.WEIGHTS)),
        ("bias", Consts("bias", "int32_t", _bias(view), Role.WEIGHTS)),
        ("table", Consts("table", "uint16_t", curve())),
    )


def _float_params(view: NodeView) -> Params:
    bias = np.stack([view.input(index).constant for index in _BIAS], axis=1)
    return (
        *_sizes(view).params(),
        ("clip", float(np.float32(view.attrs(LstmAttrs).cell_clip))),
        ("weights", Consts("weights", "float", _weights(view), Role.WEIGHTS)),
        ("bias", Consts("bias", "float", bias, Role.WEIGHTS)),
    )


def _rows(struct: str, params: Callable[[NodeView], Params], *types: DType) -> tuple[Variant, ...]:
    arguments = (In(0), Var(_OUTPUT_STATE), Var(_CELL_STATE), Out())
    return each_type("tc_{}_unidirectional_sequence_lstm__c", types, struct, params, arguments)


class UnidirectionalSequenceLstm(Operator):
    name = "UNIDIRECTIONAL_SEQUENCE_LSTM"
    tflm_method = "AddUnidirectionalSequenceLSTM"
    attrs_type = LstmAttrs
    options = Options("UnidirectionalSequenceLSTMOptions")
    types = (DType.INT8, DType.INT16, DType.FLOAT32)
    limits = "constant weights, tanh; no peepholes, projection, layer normalization"
    variants = (
        *_rows("tc_lstm_params", _params, DType.INT8, DType.INT16),
        *_rows("tc_f32_lstm_params", _float_params, DType.FLOAT32),
    )

    def check(self, view: NodeView) -> None:
        self._check_parts(view)
        dtype = _checks.dtypes(view, view.input(_INPUT), self.types, "the input")
        self._check_types(view, dtype)
        self._check_sizes(view)
        attrs = view.attrs(LstmAttrs)
        if attrs.activation is not Activation.TANH:
            raise refuse(view, "activation", found=attrs.activation.name, allowed="TANH")
        if attrs.cell_clip < 0:
            raise refuse(view, "cell_clip", found=attrs.cell_clip, allowed="0 or above")
        if attrs.diagonal_recurrent_tensors:
            raise refuse(view, "diagonal recurrent weights", allowed="full ones")
        if dtype is not DType.FLOAT32:
            self._check_scales(view)
            if (
                attrs.cell_clip > 0.0 and _clip(view) == 0
            ):  # 0 stands for no clip, and TFLM would clip all to 0
                step = f"{_scale(view.input(_CELL_STATE)):g}"
                raise refuse(
                    view, "cell_clip", found=f"{attrs.cell_clip:g}", allowed=f"0, or {step}: one step"
                )

    def _check_parts(self, view: NodeView) -> None:
        given = view.node.inputs
        if len(given) != _COUNT or len(view.node.outputs) != 1:
            raise refuse(
                view,
                "inputs and outputs",
                found=f"{len(given)} and {len(view.node.outputs)}",
                allowed="24 and 1",
            )
        for what, places in (
            ("peephole weights", _PEEPHOLES),
            ("a projection", _PROJECTION),
            ("layer normalization", _NORMS),
        ):
            if any(given[place] is not None for place in places):
                raise refuse(view, f"has {what}", allowed="a plain LSTM, as Keras makes it")
        needed = (_INPUT, *_FRAME, *_MEMORY, *_BIAS, _OUTPUT_STATE, _CELL_STATE)
        absent = [place for place in needed if given[place] is None]
        if absent:
            raise refuse(view, "inputs are missing", found=absent, allowed="weights and biases of four gates")
        for place in (_OUTPUT_STATE, _CELL_STATE):
            state = view.input(place)
            if not state.variable:
                raise refuse(view, "a state is no variable", found=state.name, allowed="a variable tensor")
            readers = sum(node.inputs.count(state.name) for node in view.graph.nodes)
            if readers != 1:
                raise refuse(view, "a state is shared", found=f"{readers} readers", allowed="one")
        for place in (*_FRAME, *_MEMORY, *_BIAS):
            if view.input(place).data is None:
                raise refuse(
                    view,
                    f"tensor {view.input(place).name} is computed at run time",
                    allowed="constant weights",
                )

    def _check_types(self, view: NodeView, dtype: DType) -> None:
        weights = DType.FLOAT32 if dtype is DType.FLOAT32 else DType.INT8
        bias = {DType.INT8: DType.INT32, DType.INT16: DType.INT64}.get(dtype, dtype)
        cell = DType.FLOAT32 if dtype is DType.FLOAT32 else DType.INT16
        wanted = {_OUTPUT_STATE: dtype, _CELL_STATE: cell}
        wanted |= dict.fromkeys((*_FRAME, *_MEMORY), weights) | dict.fromkeys(_BIAS, bias)
        for place, allowed in wanted.items():
            _checks.dtypes(view, view.input(place), (allowed,))
        _checks.dtypes(view, view.output(), (dtype,), "the output")

    def _check_sizes(self, view: NodeView) -> None:
        _checks.full_rank(view, view.input(_INPUT), 3, 3)
        _checks.full_rank(view, view.input(_FRAME[0]), 2, 2)
        sizes = _sizes(view)
        wanted: dict[int, tuple[int, ...]] = dict.fromkeys(_FRAME, (sizes.units, sizes.in_c))
        wanted |= dict.fromkeys(_MEMORY, (sizes.units, sizes.units)) | dict.fromkeys(_BIAS, (sizes.units,))
        for place, shape in wanted.items():
            if view.input(place).shape != shape:
                tensor = view.input(place)
                raise refuse(view, f"shape of tensor {tensor.name}", found=tensor.shape, allowed=shape)
        for place in (_OUTPUT_STATE, _CELL_STATE):
            state = view.input(place)
            if state.shape != (sizes.batch, sizes.units):
                raise refuse(
                    view,
                    f"shape of state {state.name}",
                    found=state.shape,
                    allowed=(sizes.batch, sizes.units),
                )

    def _check_scales(self, view: NodeView) -> None:
        cell = view.input(_CELL_STATE)
        for tensor in (view.input(_INPUT), view.input(_OUTPUT_STATE), cell):
            zero = _checks.quantization(view, tensor).zero_point
            if zero and tensor.dtype is DType.INT16:
                raise refuse(view, f"zero point of {tensor.name}", found=zero, allowed=0)
        for place in (*_FRAME, *_MEMORY):
            if _checks.quantization(view, view.input(place)).zero_point:
                raise refuse(view, "zero point of the weights", found=view.input(place).name, allowed=0)
        exact = math.log2(_scale(cell))
        if abs(exact - round(exact)) >= 1e-3 or not -15 <= round(exact) <= -1:
            raise refuse(
                view, "scale of the cells", found=_scale(cell), allowed="a power of two, 2^-15 to 2^-1"
            )
        factors = _factors(view)
        if view.input(_INPUT).dtype is DType.INT16:
            self._check_wide(view, factors)

    def _check_wide(self, view: NodeView, factors: list[tuple[int, int]]) -> None:
        shift = max(shift for _, shift in factors)
        bias = max(int(np.abs(np.asarray(view.input(index).constant, np.float64)).max()) for index in _BIAS)
        if shift > 14 or bias >= _WIDEST - (1 << 46):
            raise refuse(
                view,
                "accumulators out of range",
                found=f"a factor of about 2^{shift}, biases up to {bias}",
                allowed="what 47 bits hold",
                next_step="check the calibration data",
            )

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        first, second, _ = view.input(_INPUT).shape
        return ((first, second, view.input(_FRAME[0]).shape[0]),)

    def macs(self, view: NodeView) -> int:
        sizes = _sizes(view)
        return sizes.steps * sizes.batch * sizes.units * (4 * (sizes.in_c + sizes.units) + 3)


OPERATOR = UnidirectionalSequenceLstm()
