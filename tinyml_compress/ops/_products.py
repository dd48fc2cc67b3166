"""What convolutions and fully-connected layers share: checks, windows, requantization, overlap of output with
input.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import Attrs, DType, NodeView, Quant, Tensor
from tinyml_compress.ops import _checks
from tinyml_compress.ops._fixed_point import requantize
from tinyml_compress.ops._forms import ProductForm, form_of
from tinyml_compress.ops.along import Along
from tinyml_compress.ops.base import refuse
from tinyml_compress.ops.numerics import Activation, Padding, activation_range, quantize_multiplier

FUSED = (Activation.NONE, Activation.RELU, Activation.RELU_N1_TO_1, Activation.RELU6)
"""Fused activations whose int8 kernels mean anything (TFLM ignores the others without a word)."""

_WEIGHTS = 1
_BIAS = 2
_LARGE = 1 << 20
"""Sums beyond this are left to kernels that take any; a bias that pruning left alone often is."""
Ints = npt.NDArray[np.int64]
_WEIGHT_TYPES = {ProductForm.F32: DType.FLOAT32, ProductForm.S4: DType.INT4}
_BIAS_TYPES = {ProductForm.F32: DType.FLOAT32, ProductForm.S16: DType.INT64}


# --- checks -------------------------------------------------------------------------------------------------


def _check_activation(view: NodeView, activation: Activation, quant: Quant | None) -> None:
    """The fused activation is one that the kernels compute, and its bounds are representable."""
    if activation not in FUSED:
        raise refuse(
            view,
            "fused activation",
            found=activation.name,
            allowed=", ".join(item.name for item in FUSED),
            next_step="make the activation a layer of its own",
        )
    if activation is not Activation.NONE and quant is not None:
        _checks.six_fits(view, quant)


def check_sides(view: NodeView, activation: Activation) -> None:
    """Input 0 and output have one type of int8, int16 and float32, a sound quantization, and a known
    activation.
    """
    source, target = view.input(0), view.output()
    dtype = _checks.dtypes(view, source, (DType.INT8, DType.INT16, DType.FLOAT32), "the input")
    _checks.dtypes(view, target, (dtype,), "the output")
    if dtype is DType.FLOAT32:
        _check_activation(view, activation, None)
        return
    for tensor in (source, target):
        zero_point = _checks.quantization(view, tensor).zero_point
        if dtype is DType.INT16 and zero_point != 0:
            raise refuse(view, f"zero point of the int16 tensor {tensor.name}", found=zero_point, allowed=0)
    _check_activation(view, activation, target.quant)


def check_weights(view: NodeView, axis: int, channels: int) -> None:
    """Constants of the node's form; whole numbers have one scale, or one per output channel (`axis` of the
    weights).

    Zero points are not read here: convolutions take weights as symmetric whatever they say.
    """
    weights, form = view.input(_WEIGHTS), form_of(view)
    _checks.dtypes(view, weights, (_WEIGHT_TYPES.get(form, DType.INT8),), "the weights")
    if weights.data is None:
        raise refuse(
            view,
            "weights are computed at run time",
            found=f"tensor {weights.name}",
            allowed="constant weights",
            next_step="run the model with TensorFlow Lite Micro (--engine tflm)",
        )
    if form is ProductForm.F32:
        return
    quant = weights.quant
    if quant is None or not quant.scales:
        raise refuse(
            view,
            "weights without quantization",
            found=f"tensor {weights.name}",
            allowed="one scale, or one per output channel",
            next_step="convert the model with full-integer quantization",
        )
    if quant.per_channel and not names_channels(weights, channels):
        raise refuse(
            view,
            "weights quantized along another axis",
            found=f"{len(quant.scales)} scales along axis {quant.axis}",
            allowed=f"1, or {channels} along axis {axis}",
        )
    if not all(math.isfinite(scale) and scale >= 0.0 for scale in quant.scales):
        wrong = next(scale for scale in quant.scales if not (math.isfinite(scale) and scale >= 0.0))
        raise refuse(view, "scales of the weights", found=wrong, allowed="finite, not negative")


def names_channels(weights: Tensor, channels: int) -> bool:
    """There is a scale per output channel, along an axis of that size: TFLM looks at no more of it."""
    quant = weights.quant
    if quant is None or quant.axis is None or not 0 <= quant.axis < len(weights.shape):
        return False
    return len(quant.scales) == channels == weights.shape[quant.axis]


def check_bias(view: NodeView, channels: int) -> None:
    """No bias, or one constant of the form's type per output channel."""
    bias = view.optional_input(_BIAS)
    if bias is None:
        return
    _checks.dtypes(view, bias, (_BIAS_TYPES.get(form_of(view), DType.INT32),), "the bias")
    if bias.data is None:
        raise refuse(
            view, "bias is computed at run time", found=f"tensor {bias.name}", allowed="a constant bias"
        )
    if bias.elements != channels:
        raise refuse(
            view, "size of the bias", found=bias.elements, allowed=f"{channels}, one per output channel"
        )


# --- requantization -----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Channels:
    """Per output channel: bias with the input's zero point folded in, multiplier, shift (positive to the
    left).
    """

    bias: Ints
    multiplier: Ints
    shift: Ints
    peak: Ints
    """No accumulator of this channel, bias included, is larger in magnitude; at most 2^31 where it may wrap.
    """

    @property
    def count(self) -> int:
        return len(self.bias)


def wrap32(values: Ints) -> Ints:
    """Two's complement wrap to 32 bits, as accumulators do."""
    wrapped: Ints = (values + (1 << 31)) % (1 << 32) - (1 << 31)
    return wrapped


def weight_values(view: NodeView) -> npt.NDArray[np.int8]:
    """The weights as stored."""
    data = view.input(_WEIGHTS).constant
    return np.asarray(data, np.int8)


def requant_channels(view: NodeView, rows: Ints, multipliers: list[tuple[int, int]]) -> Channels:
    """Channel parameters for `rows`: one row of weights per output channel. Refuses shifts that C leaves
    undefined.
    """
    count = len(rows)
    bias_tensor = view.optional_input(_BIAS)
    bias = np.zeros(count, np.int64)
    if bias_tensor is not None and bias_tensor.data is not None:
        bias = np.asarray(bias_tensor.data, np.int64).reshape(-1)
    quant = view.quant(0)
    zero = quant.zero_point
    reach = max(zero + 128, 127 - zero)
    peak = np.minimum(np.abs(rows).sum(axis=1) * reach + np.abs(bias), 1 << 31)
    folded = wrap32(bias - zero * rows.sum(axis=1))
    pairs = np.array(multipliers, np.int64).reshape(count, 2)
    for row in np.flatnonzero((peak >= _LARGE) & ~rows.any(axis=1)):
        # Without weights a channel is one value, which small numbers give as well: 4q half, shifted right by
        # 1, is q.
        value = int(requantize(folded[row : row + 1], int(pairs[row, 0]), int(pairs[row, 1]))[0])
        folded[row] = peak[row] = 4 * min(max(value, -256), 256)
        peak[row] = abs(peak[row])
        pairs[row] = 1 << 30, -1
    return Channels(folded, pairs[:, 0], pairs[:, 1], peak)


def conv_multipliers(view: NodeView, channels: int) -> list[tuple[int, int]]:
    """Multiplier and shift per output channel: a product of scales in double precision, as for TFLM's
    convolutions.
    """
    source, weights, target = view.quant(0), view.quant(_WEIGHTS), view.output_quant()
    scales = weights.scales if weights.per_channel else weights.scales[:1] * channels
    return [checked_multiplier(view, source.scale * scale / target.scale) for scale in scales]


def checked_multiplier(view: NodeView, real: float) -> tuple[int, int]:
    """`quantize_multiplier`, refused where TFLM's left shift would leave 32 bits."""
    multiplier, shift = quantize_multiplier(real)
    if shift > 30:
        raise refuse(
            view,
            "input and weight scales too large for the output scale",
            found=f"a factor of {real:.6g}",
            allowed="below 2^30",
            next_step="check the calibration data: the output range looks collapsed",
        )
    return multiplier, shift


def clamp_bounds(activation: Activation, tensor: Tensor) -> tuple[int, int]:
    """Smallest and largest output value under the fused activation."""
    return activation_range(activation, tensor.dtype, tensor.quantized)


def finish_bounds(activation: Activation, tensor: Tensor) -> tuple[tuple[str, int], ...]:
    """Parameters `out_zero`, `act_min`, `act_max`, in this order."""
    low, high = clamp_bounds(activation, tensor)
    return (("out_zero", tensor.quantized.zero_point), ("act_min", low), ("act_max", high))


def int32_table(*columns: Ints) -> npt.NDArray[np.int32]:
    """Columns of equal length as one row-major table."""
    return np.stack(columns, axis=1).astype(np.int32).reshape(-1)


def fast_table(view: NodeView, channels: Channels, activation: Activation) -> npt.NDArray[np.int32] | None:
    """{bias, multiplier, half, shift} per channel for `tc_fast_finish` (csrc/tc_dsp.h), or None where it is
    not exact.

    A channel whose outputs are all zero point gets a zero bias and multiplier; its weights must be zero then
    (see `live_rows`).
    """
    quant = view.output_quant()
    if clamp_bounds(activation, view.output()) != (-128, 127):
        return None
    live = live_channels(channels)
    right = np.where(live, -channels.shift, 1)
    if (right < 1).any() or (right > 22).any() or (channels.peak[live] >= 1 << 30).any():
        return None
    half = (1 << (right - 1)) + quant.zero_point * (1 << right)
    if (np.abs(half) + channels.peak >= 1 << 31)[live].any():
        return None
    return int32_table(np.where(live, channels.bias, 0), np.where(live, channels.multiplier, 0), half, right)


def packed_table(fast: npt.NDArray[np.int32]) -> npt.NDArray[np.int32] | None:
    """{bias * 32 + shift, multiplier} per channel for `tc_fast_unpack`, or None where a bias is too large."""
    rows = fast.reshape(-1, 4).astype(np.int64)
    if (np.abs(rows[:, 0]) >= 1 << 26).any():
        return None
    return int32_table(rows[:, 0] * 32 + rows[:, 3], rows[:, 1])


def live_channels(channels: Channels) -> npt.NDArray[np.bool_]:
    """Channels whose output is not the zero point whatever the input."""
    # The scaled accumulator is below peak * multiplier / 2^31 + 1; up to half a unit it rounds to 0.
    largest = channels.peak.astype(np.float64) * channels.multiplier / 2.0**31 + 1.0
    dead = (channels.multiplier == 0) | (
        (channels.shift < 0) & (largest < 2.0 ** (-channels.shift.astype(np.float64) - 1))
    )
    live: npt.NDArray[np.bool_] = ~(dead & (channels.peak < 1 << 30))
    return live


def live_rows(channels: Channels, rows: Ints) -> Ints:
    """Weights with those of dead channels zeroed, as `fast_table` expects."""
    return np.where(live_channels(channels)[:, None], rows, 0)


# --- windows ------------------------------------------------------------------------------------------------


def axis_window(padding: Padding, size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """(output size, padding in front) along one axis, as TFLM computes them; an output size below 1 is no
    window.
    """
    reach = (kernel - 1) * dilation + 1
    out = (size + stride - 1) // stride if padding is Padding.SAME else (size + stride - reach) // stride
    total = max((out - 1) * stride + reach - size, 0)
    return out, total // 2


def _inside(count: int, kernel: int, stride: int, dilation: int, pad: int, size: int) -> int:
    """Taps inside along one axis."""
    places = (window * stride - pad + tap * dilation for window in range(count) for tap in range(kernel))
    return sum(0 <= place < size for place in places)


@dataclass(frozen=True)
class Sliding:
    """A window that slides over an NHWC image; the fields shared by convolutions and pools."""

    batch: int
    in_h: int
    in_w: int
    in_c: int
    out_h: int
    out_w: int
    out_c: int
    kernel_h: int
    kernel_w: int
    stride_h: int
    stride_w: int
    pad_top: int
    pad_left: int
    dilation_h: int = 1
    dilation_w: int = 1

    @property
    def pixels(self) -> int:
        """Output pixels of all images."""
        return self.batch * self.out_h * self.out_w

    @property
    def taps(self) -> int:
        return self.kernel_h * self.kernel_w

    @property
    def pointwise(self) -> bool:
        """Whether every output pixel depends on the input pixel of the same number alone."""
        return (
            self.taps == 1
            and self.stride_h == self.stride_w == 1
            and self.pad_top == self.pad_left == 0
            and (self.in_h, self.in_w) == (self.out_h, self.out_w)
        )

    @property
    def runs(self) -> int:
        """Runs of input that windows are copied of: a kernel row each, and each tap by itself where a row of
        them reaches outside the image.
        """
        starts = [x * self.stride_w - self.pad_left for x in range(self.out_w)]
        inside = sum(left >= 0 and left + self.kernel_w <= self.in_w for left in starts)
        whole = inside if self.dilation_w == 1 else 0
        return self.batch * self.out_h * self.kernel_h * (whole + (self.out_w - whole) * self.kernel_w)

    @property
    def reached(self) -> int:
        """Taps of all windows that lie inside the image."""
        rows = _inside(self.out_h, self.kernel_h, self.stride_h, self.dilation_h, self.pad_top, self.in_h)
        columns = _inside(self.out_w, self.kernel_w, self.stride_w, self.dilation_w, self.pad_left, self.in_w)
        return self.batch * rows * columns

    @property
    def padded(self) -> bool:
        """Whether some window reaches outside the image."""
        reach_h = (self.out_h - 1) * self.stride_h - self.pad_top + (self.kernel_h - 1) * self.dilation_h
        reach_w = (self.out_w - 1) * self.stride_w - self.pad_left + (self.kernel_w - 1) * self.dilation_w
        return self.pad_top > 0 or self.pad_left > 0 or reach_h >= self.in_h or reach_w >= self.in_w

    @property
    def lying(self) -> Sliding:
        """Height and width exchanged."""
        return Sliding(
            self.batch,
            self.in_w,
            self.in_h,
            self.in_c,
            self.out_w,
            self.out_h,
            self.out_c,
            self.kernel_w,
            self.kernel_h,
            self.stride_w,
            self.stride_h,
            self.pad_left,
            self.pad_top,
            self.dilation_w,
            self.dilation_h,
        )

    def _ways(self) -> dict[int, tuple[int, int, int, int, int, int]]:
        """By axis: kernel, stride, dilation, border before, sizes of input and output."""
        return {
            1: (self.kernel_h, self.stride_h, self.dilation_h, self.pad_top, self.in_h, self.out_h),
            2: (self.kernel_w, self.stride_w, self.dilation_w, self.pad_left, self.in_w, self.out_w),
        }

    def _borders(self) -> dict[int, tuple[int, int]]:
        """By axis: what windows reach of the border before and behind."""
        borders = {}
        for place, (kernel, stride, dilation, before, size, outputs) in self._ways().items():
            reach = (outputs - 1) * stride - before + (kernel - 1) * dilation + 1
            borders[place] = (before, max(reach - size, 0))
        return borders

    def pads(self, axis: int, before: int, after: int) -> tuple[int, int, int, int]:
        """Top, bottom, left, right, where the border along one axis is another one."""
        borders = {**self._borders(), axis: (before, after)}
        return (*borders[1], *borders[2])

    def along(self, axis: int, bare: Attrs, *, lowest: bool = False) -> Along | None:
        """What the window does along time; `bare` are the attributes of a node without borders of its own."""
        if axis not in (1, 2):
            return None
        borders = self._borders()
        kernel, stride, dilation, *_ = self._ways()[axis]
        before, after = borders[axis]
        if not before and not after:
            return Along(axis, kernel, stride, dilation)
        sides = tuple(borders.get(place, (0, 0)) if place != axis else (0, 0) for place in range(4))
        return Along(axis, kernel, stride, dilation, before, after, bare, sides, lowest)

    def params(self) -> tuple[tuple[str, int], ...]:
        """Struct fields from `batch` to `dilation_w`, in the order of their declaration here."""
        return tuple((name, int(getattr(self, name))) for name in self.__dataclass_fields__)


@lru_cache(maxsize=1024)
def sliding_gap(window: Sliding, block: int) -> int:
    """How far output bytes run ahead of the input bytes that are still needed.

    The kernel reads the windows of `block` consecutive output pixels (in row-major order) before it writes
    these; `block == 0` means that it still reads a pixel's window while it writes that pixel.
    """
    w = window
    first_row = np.maximum(np.arange(w.out_h, dtype=np.int64) * w.stride_h - w.pad_top, 0)
    first_col = np.maximum(np.arange(w.out_w, dtype=np.int64) * w.stride_w - w.pad_left, 0)
    lowest = (
        np.minimum(first_row, w.in_h)[:, None] * w.in_w + np.minimum(first_col, w.in_w)[None, :]
    ).reshape(-1)
    image = w.in_h * w.in_w
    starts = (np.arange(w.batch, dtype=np.int64)[:, None] * image + lowest[None, :]).reshape(-1)
    # From pixel p on, nothing below `needed[p]` is read any more.
    needed = np.minimum.accumulate(starts[::-1])[::-1]
    needed = np.append(needed, w.batch * image) * w.in_c
    pixels = w.pixels
    ends = np.arange(1, pixels + 1, dtype=np.int64)
    if block == 0:
        return max(0, int((ends * w.out_c - needed[:-1]).max()))
    ends = np.minimum((ends + block - 1) // block * block, pixels)
    following = needed[ends]
    inside = ends < pixels
    if not inside.any():
        return 0
    return max(0, int((ends * w.out_c - following)[inside].max()))
