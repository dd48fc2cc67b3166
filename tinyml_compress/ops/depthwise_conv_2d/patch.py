"""DEPTHWISE_CONV_2D of int8 on Helium: four outputs of a channel at a time, windows by gathering loads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import NodeView, Role, needed
from tinyml_compress.ops._conv import conv_attrs
from tinyml_compress.ops._forms import ProductForm, only
from tinyml_compress.ops._products import (
    Sliding,
    clamp_bounds,
    fast_table,
    finish_bounds,
    live_rows,
    packed_table,
)
from tinyml_compress.ops.base import Call, Consts, In, Out, ParamValue, Ref, Scratch, Variant
from tinyml_compress.ops.depthwise_conv_2d import node
from tinyml_compress.ops.depthwise_conv_2d.walk import MAX_SCRATCH, Axis, Plane, planes
from tinyml_compress.ops.numerics import Activation
from tinyml_compress.ops.work import Counts

_LANES = 16
_FARTHEST = 255
"""Bytes that an offset of a gathering load of bytes can say."""
_LONGEST_STEP = 0xFFFF // 7
_NONE = 255
"""A pick of no tap."""
_SHAPES = ((2, 2), (1, 4), (4, 1))


@dataclass(frozen=True)
class _Blocks:
    """Four outputs of a channel at a time: of so many lines and so many in each."""

    plane: Plane
    lines: int
    each: int
    windows: int
    """In one load."""

    @property
    def plane_bytes(self) -> int:
        return self.plane.lines * self.plane.pitch

    @cached_property
    def places(self) -> tuple[tuple[int, int], ...]:
        """Line and place of each output; where there are not so many, the last ones again."""
        last = (self.plane.outer.size_out - 1, self.plane.inner.size_out - 1)
        return tuple((min(i // self.each, last[0]), min(i % self.each, last[1])) for i in range(4))

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Of the four windows in the buffer."""
        outer, inner = self.plane.outer, self.plane.inner
        return tuple(
            line * outer.stride * self.plane.pitch + place * inner.stride for line, place in self.places
        )

    @cached_property
    def taps(self) -> tuple[int, ...]:
        """Where the taps lie in a window, in the order of the weights in the file."""
        outer, inner = self.plane.outer, self.plane.inner
        grid = [
            [
                line * outer.dilation * self.plane.pitch + place * inner.dilation
                for place in range(inner.kernel)
            ]
            for line in range(outer.kernel)
        ]
        rows = zip(*grid, strict=True) if self.plane.transposed else grid
        return tuple(place for row in rows for place in row)

    @cached_property
    def loads(self) -> tuple[tuple[int, ...], ...]:
        """Places that are loaded together, of as many windows as there are in a load."""
        together: list[list[int]] = []
        for place in sorted({start + tap for start in self.starts[: self.windows] for tap in self.taps}):
            if not together or len(together[-1]) == _LANES or place - together[-1][0] > _FARTHEST:
                together.append([])
            together[-1].append(place)
        return tuple(map(tuple, together))

    @property
    def fits(self) -> bool:
        """The windows of each load lie as those of the first do."""
        starts, together = self.starts, self.windows
        return not any(starts[i] - starts[i % together] - starts[i - i % together] for i in range(4))

    def picks(self) -> Iterator[list[int]]:
        """Of each load the offsets; then, for each of its windows, which tap each is."""
        for places in self.loads:
            rest = _LANES - len(places)
            yield [*(place - places[0] for place in places), *[0] * rest]
            for start in self.starts[: self.windows]:
                tap_at = {start + tap: index for index, tap in enumerate(self.taps)}
                yield [*(tap_at.get(place, _NONE) for place in places), *[_NONE] * rest]

    @staticmethod
    def _walk(axis: Axis, each: int) -> tuple[int, int]:
        """How many blocks along an axis, and by how much the last one begins earlier."""
        blocks = -(-axis.size_out // each)
        return blocks, max(blocks * each - axis.size_out, 0) if axis.size_out >= each else 0

    @property
    def steps(self) -> tuple[int, int]:
        """Lines of blocks in a channel, and blocks in a line."""
        return self._walk(self.plane.outer, self.lines)[0], self._walk(self.plane.inner, self.each)[0]

    @property
    def cost(self) -> int:
        """What sets apart those that take a node: about the instructions per channel."""
        outer, inner = self.plane.outer, self.plane.inner
        lines, blocks = self.steps
        gather = outer.size_in * (4 * -(-inner.size_in // 8) + 10)
        loads = 19 * len(self.loads) + 8 if len(self.loads) > 1 else 8 // self.windows
        return gather + lines * (blocks * (15 + loads) + 14)

    def params(self) -> tuple[tuple[str, ParamValue], ...]:
        plane, (outer, inner) = self.plane, (self.plane.outer, self.plane.inner)
        lines, lines_back = self._walk(outer, self.lines)
        blocks, back = self._walk(inner, self.each)
        return (
            ("outer_in", min(outer.size_in, plane.lines - outer.pad)),
            ("inner_in", min(inner.size_in, plane.pitch - inner.pad)),
            ("outer_in_step", outer.step_in),
            ("inner_in_step", inner.step_in),
            ("plane_bytes", self.plane_bytes),
            ("pitch", plane.pitch),
            ("first", outer.pad * plane.pitch + inner.pad),
            ("outer_blocks", lines),
            ("outer_step", self.lines * outer.stride * plane.pitch),
            ("outer_out_step", self.lines * outer.step_out),
            ("outer_back", lines_back * outer.stride * plane.pitch),
            ("outer_out_back", lines_back * outer.step_out),
            ("inner_blocks", blocks - (back > 0)),
            ("inner_step", self.each * inner.stride),
            ("inner_out_step", self.each * inner.step_out),
            ("inner_back", back * inner.stride),
            ("inner_out_back", back * inner.step_out),
            ("second", self.starts[1]),
            ("third", self.starts[2]),
            ("fourth", self.starts[3]),
        )

    def tables(self) -> tuple[Consts, ...]:
        """Of a node, whatever the channel."""
        picks = np.array(list(self.picks()), np.uint8)
        outer, inner = self.plane.outer, self.plane.inner
        out = [line * outer.step_out + place * inner.step_out for line, place in self.places]
        return (
            Consts("picks", "uint8_t", picks.reshape(-1)),
            Consts("bases", "int32_t", np.array([places[0] for places in self.loads], np.int32)),
            Consts("places", "uint32_t", np.array(out, np.uint32)),
        )


@lru_cache(maxsize=1024)
def _blocks(window: Sliding, windows: int, parts: bool) -> _Blocks | None:
    """The cheapest that take such a window, with one load for a window, or with several."""
    fitting = [
        blocks
        for plane in planes(window, 1)
        if plane.lines * plane.pitch <= MAX_SCRATCH and plane.inner.step_in <= _LONGEST_STEP
        for lines, each in _SHAPES
        if (blocks := _Blocks(plane, lines, each, windows)).fits and (len(blocks.loads) > 1) is parts
    ]
    return min(fitting, key=lambda blocks: blocks.cost, default=None)


def _any(view: NodeView) -> bool:
    return True


def _full(view: NodeView) -> bool:
    """The bounds of the output are those of int8."""
    return clamp_bounds(conv_attrs(view).activation, view.output()) == (-128, 127)


def _relu(view: NodeView) -> bool:
    """The lower one is the zero point besides."""
    return _full(view) and view.output_quant().zero_point == -128


def _packed(view: NodeView) -> npt.NDArray[np.int32] | None:
    fast = fast_table(view, node.channels(view), Activation.NONE)
    return None if fast is None else packed_table(fast)


def _emit(view: NodeView, symbol: str, blocks: _Blocks) -> tuple[Call, ...]:
    window = node.window(view)
    rows = live_rows(node.channels(view), node.rows(view))
    params: tuple[tuple[str, ParamValue], ...] = (
        *node.image_sizes(view),
        ("multiplier", node.groups(view).outputs),
        *blocks.params(),
        ("in_zero", view.quant(0).zero_point),
        *finish_bounds(conv_attrs(view).activation, view.output()),
        ("taps", window.taps),
        ("loads", len(blocks.loads)),
        ("weights", Ref("weights")),
        ("channels", Ref("channels")),
        ("picks", Ref("picks")),
        ("bases", Ref("bases")),
        ("places", Ref("places")),
    )
    tables = (
        Consts("weights", "int8_t", rows.reshape(-1).astype(np.int8), Role.WEIGHTS),
        Consts("channels", "int32_t", needed(_packed(view))),
        *blocks.tables(),
    )
    return (Call(symbol, "tc_s8_depthwise_patch", params, (In(0), Out(), Scratch()), tables),)


def _counts(view: NodeView, blocks: _Blocks, relu: bool) -> Counts:
    window, plane = node.window(view), blocks.plane
    channels, (lines, each) = window.batch * window.out_c, blocks.steps
    fours = channels * lines * each
    gathered = window.batch * window.in_c * plane.outer.size_in
    return {
        "planes": channels,
        "input lines": gathered,
        "vectors": gathered * -(-plane.inner.size_in // 8),
        "lines": channels * lines,
        "fours": fours,
        "clamps": 0 if relu else fours,
        "loads": fours * len(blocks.loads),
        "stored": channels * len(blocks.loads),
    }


def _variant(name: str, windows: int, bounded: Callable[[NodeView], bool], parts: bool = False) -> Variant:
    """The kernel with that many windows in a load, or a window in `parts`."""
    symbol = f"tc_s8_depthwise_conv_2d_{name}__mve"

    def found(view: NodeView) -> _Blocks:
        return needed(_blocks(node.window(view), windows, parts))

    def accepts(view: NodeView) -> bool:
        return (
            bounded(view)
            and _blocks(node.window(view), windows, parts) is not None
            and _packed(view) is not None
        )

    def emit(view: NodeView) -> tuple[Call, ...]:
        return _emit(view, symbol, found(view))

    def scratch(view: NodeView) -> int:
        return found(view).plane_bytes + (_LANES * len(found(view).loads) if parts else 0)

    return Variant(
        symbol,
        accepts,
        emit,
        scratch=scratch,
        overlap=node.coincide,
        counts=lambda view: _counts(view, found(view), bounded is _relu),
    )


VARIANTS = only(
    ProductForm.S8,
    _variant("fours_relu", 4, _relu),
    _variant("fours", 4, _full),
    _variant("twos_relu", 2, _relu),
    _variant("twos", 2, _full),
    _variant("ones", 1, _any),
    _variant("parts", 1, _any, parts=True),
)
