"""FULLY_CONNECTED: int8 and the forms of `_forms`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import DType, NodeView, needed
from tinyml_compress.ops import _checks
from tinyml_compress.ops._forms import (
    Form,
    bias_values,
    check_wide,
    chunk_of,
    float_params,
    float_tables,
    form_of,
    only,
    packed_rows,
    packed_words,
    wide_table,
)
from tinyml_compress.ops._products import (
    Channels,
    Ints,
    check_bias,
    check_sides,
    check_weights,
    checked_multiplier,
    clamp_bounds,
    conv_multipliers,
    fast_table,
    finish_bounds,
    int32_table,
    live_rows,
    requant_channels,
    weight_values,
)
from tinyml_compress.ops.base import (
    Argument,
    Call,
    In,
    Operator,
    OptionField,
    Options,
    Out,
    ParamValue,
    Ref,
    Role,
    Scratch,
    Table,
    Variant,
    refuse,
)
from tinyml_compress.ops.fully_connected.sparse import sparse_variants
from tinyml_compress.ops.numerics import Activation, Fused

__all__ = ["OPERATOR", "FullyConnectedAttrs", "row_multipliers"]

_QUADS = "tc_s8_fully_connected_quads__dsp"


@dataclass(frozen=True)
class FullyConnectedAttrs(Fused):
    activation: Activation = Activation.NONE
    keep_num_dims: bool = False
    weights_format: int = 0


def _attrs(view: NodeView) -> FullyConnectedAttrs:
    return view.attrs(FullyConnectedAttrs)


def row_multipliers(view: NodeView) -> list[tuple[int, int]]:
    """Per channel a product in double precision; per tensor TFLM multiplies the two scales in
    float32 first.
    """
    source, weights, target = view.quant(0), view.quant(1), view.output_quant()
    count = view.input(1).shape[0]
    if weights.per_channel:
        return conv_multipliers(view, count)
    with np.errstate(
        all="ignore"
    ):  # extreme scales of a hostile file: the multiplier's check refuses infinity
        product = float(np.float32(source.scale) * np.float32(weights.scale))
    return [checked_multiplier(view, product / target.scale)] * count


def _channels(view: NodeView) -> Channels:
    return requant_channels(view, weight_values(view).astype(np.int64), row_multipliers(view))


def _any(view: NodeView) -> bool:
    return True


def _sizes(view: NodeView) -> tuple[tuple[str, int], ...]:
    out_c, in_c = view.input(1).shape
    return (("batch", view.input(0).elements // in_c), ("in_c", in_c), ("out_c", out_c))


def _emit(view: NodeView) -> tuple[Call, ...]:
    channels = _channels(view)
    table = int32_table(channels.bias, channels.multiplier, channels.shift)
    weights = (
        Table("weights", "int8_t", weight_values(view), Role.WEIGHTS),
        Table("channels", "int32_t", table),
    )
    return (_call(view, "tc_s8_fully_connected__c", weights, (In(0), Out())),)


def _emit_wide(view: NodeView) -> tuple[Call, ...]:
    table = wide_table(bias_values(view, view.input(1).shape[0]), row_multipliers(view))
    tables = (
        Table("weights", "int8_t", weight_values(view), Role.WEIGHTS),
        Table("channels", "int32_t", table),
    )
    return (_call(view, "tc_s16_fully_connected__c", tables, (In(0), Out())),)


_S16_DSP = "tc_s16_fully_connected__dsp"


def _emit_wide_dsp(view: NodeView) -> tuple[Call, ...]:
    rows = weight_values(view).astype(np.int64)
    padded = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    low, high = clamp_bounds(_attrs(view).activation, view.output())
    params: tuple[tuple[str, ParamValue], ...] = (
        *_sizes(view),
        ("act_min", low),
        ("act_max", high),
        ("chunk", chunk_of(padded, 4)),
        ("weights", Ref("weights")),
        ("channels", Ref("channels")),
    )
    pairs, fours = len(rows) // 2, padded.shape[1] // 4
    even = pairs * 2
    blocks = padded[:even].reshape(pairs, 2, fours, 4).transpose(0, 2, 1, 3)
    stream: Ints = np.concatenate([blocks.reshape(-1), padded[even:].reshape(-1)])
    tables = (
        Table("weights", "int8_t", stream.astype(np.int8), Role.WEIGHTS),
        Table("channels", "int32_t", wide_table(bias_values(view, len(rows)), row_multipliers(view))),
    )
    return (Call(_S16_DSP, "tc_s16_fc_pairs", params, (In(0), Out(), Scratch()), tables),)


def _wide_dsp_cycles(view: NodeView) -> float:
    sizes = dict(_sizes(view))
    return sizes["batch"] * (_fours(view) * (9.0 + 6.5 * sizes["out_c"]) + 50.0 * sizes["out_c"] + 40.0)


def _emit_narrow(view: NodeView) -> tuple[Call, ...]:
    pairs = np.array(row_multipliers(view), np.int64)
    table = int32_table(bias_values(view, len(pairs)), pairs[:, 0], pairs[:, 1])
    tables = (
        Table("weights", "int8_t", weight_values(view), Role.WEIGHTS),
        Table("channels", "int32_t", table),
    )
    return (_call(view, "tc_s16_fully_connected_narrow__c", tables, (In(0), Out())),)


def _emit_f32(view: NodeView) -> tuple[Call, ...]:
    params: tuple[tuple[str, ParamValue], ...] = (
        *_sizes(view),
        *float_params(_attrs(view).activation),
        ("weights", Ref("weights")),
        ("bias", Ref("bias")),
    )
    tables = float_tables(view, view.input(1).shape[0])
    return (Call("tc_f32_fully_connected__c", "tc_f32_fully_connected", params, (In(0), Out()), tables),)


def _call(view: NodeView, symbol: str, tables: tuple[Table, ...], arguments: tuple[Argument, ...]) -> Call:
    params: tuple[tuple[str, ParamValue], ...] = (
        *_sizes(view),
        *finish_bounds(_attrs(view).activation, view.output()),
        ("weights", Ref("weights")),
        ("channels", Ref("channels")),
    )
    return Call(symbol, "tc_s8_fully_connected", params, arguments, tables)


# --- four outputs at once on SMLAD --------------------------------------------------------------------------


def _accepts_quads(view: NodeView) -> bool:
    return fast_table(view, _channels(view), _attrs(view).activation) is not None


def _fours(view: NodeView) -> int:
    return (view.input(1).shape[1] + 3) // 4


def _emit_quads(view: NodeView) -> tuple[Call, ...]:
    channels = _channels(view)
    fast = needed(fast_table(view, channels, _attrs(view).activation))
    rows = live_rows(channels, weight_values(view).astype(np.int64))
    table = (
        Table("weights", "int8_t", _quad_weights(rows), Role.WEIGHTS),
        Table("channels", "int32_t", fast),
    )
    return (_call(view, _QUADS, table, (In(0), Out(), Scratch())),)


def _quad_weights(rows: Ints) -> npt.NDArray[np.int8]:
    """Inputs padded to fours; of each four outputs and four inputs the four outputs' words side by side."""
    count, depth = rows.shape
    padded = np.pad(rows, ((0, 0), (0, -depth % 4)))
    whole = count // 4 * 4
    blocks = padded[:whole].reshape(whole // 4, 4, padded.shape[1] // 4, 4).transpose(0, 2, 1, 3)
    ordered: Ints = np.concatenate([blocks.reshape(-1), padded[whole:].reshape(-1)])
    return ordered.astype(np.int8)


def _quads_scratch(view: NodeView) -> int:
    return 8 * _fours(view)


def _quads_cycles(view: NodeView) -> float:
    sizes = dict(_sizes(view))
    return sizes["batch"] * (_fours(view) * (8.0 + 6.1 * sizes["out_c"]) + 20.0 * sizes["out_c"] + 60.0)


# --- packed int4 weights ------------------------------------------------------------------------------------

_S4, _S4_DSP = "tc_s8_fully_connected_s4__c", "tc_s8_fully_connected_s4__dsp"


def _emit_s4(view: NodeView) -> tuple[Call, ...]:
    channels = _channels(view)
    tables = (
        Table("weights", "int8_t", packed_rows(weight_values(view).astype(np.int64)), Role.WEIGHTS),
        Table("channels", "int32_t", int32_table(channels.bias, channels.multiplier, channels.shift)),
    )
    return (_call(view, _S4, tables, (In(0), Out())),)


def _accepts_s4_dsp(view: NodeView) -> bool:
    return _accepts_quads(view) and int(_channels(view).peak.max()) < 1 << 27


def _emit_s4_dsp(view: NodeView) -> tuple[Call, ...]:
    channels = _channels(view)
    fast = needed(fast_table(view, channels, _attrs(view).activation))
    rows = live_rows(channels, weight_values(view).astype(np.int64)).astype(np.int8)
    packed = [packed_words(row) for row in rows]
    tables = (
        Table("weights", "int8_t", np.concatenate(packed), Role.WEIGHTS),
        Table("channels", "int32_t", fast),
    )
    return (_call(view, _S4_DSP, tables, (In(0), Out(), Scratch())),)


def _s4_scratch(view: NodeView) -> int:
    return 16 * ((view.input(1).shape[1] + 7) // 8)


def _s4_cycles(view: NodeView) -> float:
    sizes = dict(_sizes(view))
    return sizes["batch"] * sizes["out_c"] * (2.5 * sizes["in_c"] + 30.0)


def _plain_cycles(view: NodeView) -> float:
    return 7.0 * OPERATOR.macs(view) + 40.0 * view.output().elements


class FullyConnected(Operator):
    name = "FULLY_CONNECTED"
    attrs_type = FullyConnectedAttrs
    options = Options(
        "FullyConnectedOptions",
        (
            OptionField("activation", "fused_activation_function", Activation),
            OptionField("keep_num_dims", "keep_num_dims", bool),
            OptionField("weights_format", "weights_format"),
        ),
    )
    dtypes = ("int8", "int16", "float32")
    limits = "constant weights, int8 for int16 inputs, int8 or packed int4 of one scale for int8 inputs"
    variants = (
        *only(
            Form.S16,
            Variant("tc_s16_fully_connected__c", _any, _emit_wide, cycles=_plain_cycles),
            Variant(_S16_DSP, _any, _emit_wide_dsp, scratch=_quads_scratch, cycles=_wide_dsp_cycles),
        ),
        *only(
            Form.S16_NARROW,
            Variant("tc_s16_fully_connected_narrow__c", _any, _emit_narrow, cycles=_plain_cycles),
        ),
        *only(Form.F32, Variant("tc_f32_fully_connected__c", _any, _emit_f32, cycles=_plain_cycles)),
        *only(
            Form.S4,
            Variant(_S4, _any, _emit_s4, cycles=_plain_cycles),
            Variant(_S4_DSP, _accepts_s4_dsp, _emit_s4_dsp, scratch=_s4_scratch, cycles=_s4_cycles),
        ),
        *only(
            Form.S8,
            Variant("tc_s8_fully_connected__c", _any, _emit, cycles=_plain_cycles),
            *sparse_variants(_channels, lambda view: _attrs(view).activation),
            Variant(_QUADS, _accepts_quads, _emit_quads, scratch=_quads_scratch, cycles=_quads_cycles),
        ),
    )

    def check(self, view: NodeView) -> None:
        attrs = _attrs(view)
        inputs = len(view.node.inputs)
        if (
            inputs not in (2, 3)
            or any(name is None for name in view.node.inputs[:2])
            or len(view.node.outputs) != 1
        ):
            raise refuse(view, "number of inputs or outputs", found=inputs, allowed="2 or 3 inputs, 1 output")
        source, weights = view.input(0), view.input(1)
        check_sides(view, attrs.activation)
        _checks.full_rank(view, weights, 2, 2)
        out_c, in_c = weights.shape
        if min(out_c, in_c) < 1 or source.elements == 0 or source.elements % in_c:
            raise refuse(
                view,
                "input size is no multiple of the weights' rows",
                found=source.elements,
                allowed=f"n x {in_c}",
            )
        if attrs.weights_format != 0:
            raise refuse(view, "shuffled weights", found=attrs.weights_format, allowed="0 (default format)")
        check_weights(view, 0, out_c)
        check_bias(view, out_c)
        self._check_keep(view, in_c)
        quant = weights.quant
        if form_of(view) is Form.S4 and quant is not None and quant.per_channel:
            raise refuse(
                view,
                "int4 weights with a scale per output (nor does TensorFlow Lite Micro take them)",
                found=len(quant.scales),
                allowed="one scale",
            )
        if form_of(view) is Form.F32:
            return
        self._check_zero_point(view)
        multipliers = row_multipliers(view)
        if form_of(view) is Form.S16:
            check_wide(view, weight_values(view).astype(np.int64), multipliers, bias_values(view, out_c))

    def _check_zero_point(self, view: NodeView) -> None:
        """One scale for all comes with a zero point that is read; scales per output do not, nor
        does int16.
        """
        quant = view.input(1).quant
        if quant is None or quant.per_channel or view.input(0).dtype is DType.INT16 or not quant.zero_point:
            return
        raise refuse(
            view, "zero point of the weights", found=quant.zero_point, allowed="0 (symmetric quantization)"
        )

    def _check_keep(self, view: NodeView, in_c: int) -> None:
        shape = view.input(0).shape
        if _attrs(view).keep_num_dims and (not shape or shape[-1] != in_c):
            raise refuse(
                view,
                "keep_num_dims with another last axis than the weights'",
                found=shape,
                allowed=f"(..., {in_c})",
            )

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        out_c, in_c = view.input(1).shape
        source = view.input(0)
        if _attrs(view).keep_num_dims:
            return ((*source.shape[:-1], out_c),)
        return ((source.elements // in_c, out_c),)

    def macs(self, view: NodeView) -> int:
        out_c, in_c = view.input(1).shape
        return view.input(0).elements // in_c * out_c * in_c


OPERATOR = FullyConnected()
