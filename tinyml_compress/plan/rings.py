"""Proves what runs by strips: every byte that a strip reads holds the row it is made of.

Shares nothing with `fusion/` but the node: the rows that a strip needs follow from the layers as they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import PlanError
from tinyml_compress.ir import NodeView, Tensor, needed
from tinyml_compress.ops import operator
from tinyml_compress.ops.along import Along
from tinyml_compress.ops.row_calls.node import PUSH
from tinyml_compress.ops.running_sum.node import OPERATOR as RUNNING_SUM
from tinyml_compress.ops.running_sum.node import RunningSumAttrs
from tinyml_compress.ops.strips.node import Strip, StripsAttrs, strips_attrs

_Ids = npt.NDArray[np.int64]
_NOTHING = -1
_APART = 1 << 40
"""Between the first bytes of two tensors."""


def check_rings(view: NodeView) -> None:
    """Raise PlanError unless each strip finds its rows whole and all outputs are there in the end, even where
    they lie over inputs as closely as the node allows.
    """
    _Rings(view).run()


def _rows_of(along: Along, row: int) -> Iterator[int]:
    """The first and the last row of the input that a row of the output is made of."""
    if along.spread == 1:
        yield row * along.stride - along.before
        yield row * along.stride - along.before + (along.taps - 1) * along.dilation
        return
    reached = [tap for tap in range(along.taps) if (row + along.before - tap) % along.spread == 0]
    for tap in (*reached[:1], *reached[-1:]):
        yield (row + along.before - tap) // along.spread


class _Rings:
    def __init__(self, view: NodeView) -> None:
        self._view = view
        self._attrs: StripsAttrs = strips_attrs(view)
        self._block = np.full(self._attrs.nbytes, _NOTHING, np.int64)
        named = [*view.node.inputs, *view.node.outputs, *(one.output().name for one in self._attrs.layers)]
        sums = (
            strip.view.output().name for strip in self._attrs.strips if strip.view.node.op == RUNNING_SUM.name
        )
        names = dict.fromkeys(name for name in (*named, *sums) if name is not None)
        self._id = {name: number * _APART for number, name in enumerate(names)}
        self._whole: dict[str, _Ids] = {}
        for name in view.node.inputs:
            tensor = view.graph.tensors[needed(name)]
            self._whole[tensor.name] = self._rows(tensor, 0, tensor.nbytes)
        for name in view.node.outputs:
            self._whole[name] = np.full(view.graph.tensors[name].nbytes, _NOTHING, np.int64)
        self._done = [0] * len(self._attrs.layers)
        self._strips = [0] * len(self._attrs.layers)

    def _rows(self, tensor: Tensor, start: int, nbytes: int) -> _Ids:
        return self._id[tensor.name] + np.arange(start, start + nbytes, dtype=np.int64)

    def run(self) -> None:
        for number in self._attrs.order:
            self._step(self._attrs.strips[number])
        for name in self._view.node.outputs:
            tensor = self._view.graph.tensors[name]
            if not np.array_equal(self._whole[name], self._rows(tensor, 0, tensor.nbytes)):
                raise PlanError("strips leave an output unfinished", which=name)

    def _step(self, strip: Strip) -> None:
        self._run(strip)
        for shift in strip.shifts:
            moved = self._block[shift.source : shift.source + shift.nbytes].copy()
            self._block[shift.target : shift.target + shift.nbytes] = moved

    def _run(self, strip: Strip) -> None:
        if strip.view.node.op == RUNNING_SUM.name:
            self._add(strip)
            return
        if strip.view.node.op == PUSH.name:
            self._take(strip)
            return
        layer, output = self._attrs.layers[strip.layer], strip.view.output()
        target, at = self._place(strip, output.name)
        self._wipe_inputs(strip, output.name, at + output.nbytes)
        self._use_scratch(strip)
        if strip.calls_rows and self._asked(strip) != self._done[strip.layer]:
            raise PlanError("a strip asks for other rows", which=output.name, found=strip.height)
        for name in dict.fromkeys(strip.view.node.inputs):
            if name is not None and strip.view.graph.tensors[name].in_arena:
                self._expect(strip, name)
        self._check_overlap(strip, at)
        row = self._row_bytes(layer.output())
        if at < 0 or at + output.nbytes > len(target):
            raise PlanError("a strip lies outside its place", which=output.name, found=at)
        target[at : at + output.nbytes] = self._rows(output, self._done[strip.layer] * row, output.nbytes)
        self._done[strip.layer] += output.nbytes // row
        self._strips[strip.layer] += 1

    def _check_overlap(self, strip: Strip, at: int) -> None:
        """In the node's own memory an output lies over an input only as its kernel allows."""
        output, allowed = strip.view.output(), strip.variant.overlap(strip.view)
        if strip.places[output.name].whole is not None:
            return
        for number, name in enumerate(strip.view.node.inputs):
            if name is None or name not in strip.places or strip.places[name].whole is not None:
                continue
            start = self._place(strip, name)[1]
            if at + output.nbytes <= start or start + strip.view.graph.tensors[name].nbytes <= at:
                continue
            gaps = [one.gap for one in allowed if one.input == number and not one.output and not one.exact]
            if not gaps or start - at < min(gaps):
                raise PlanError("a strip overwrites what it reads", which=output.name, found=start - at)

    def _use_scratch(self, strip: Strip) -> None:
        scratch = strip.variant.scratch(strip.view)
        if strip.scratch + scratch > self._attrs.nbytes:
            name = self._attrs.layers[strip.layer].node.name
            raise PlanError("a strip's kernel has too little scratch", which=name, found=scratch)
        self._block[strip.scratch : strip.scratch + scratch] = _NOTHING

    def _add(self, strip: Strip) -> None:
        """Rows go into sums, whose bytes are numbered anew for each row that is in them."""
        attrs, given = strip.view.attrs(RunningSumAttrs), strip.view.input(0)
        sums, output = (strip.view.output(index) for index in range(2))
        done, every = self._next_rows(strip), self._attrs.layers[strip.layer].input(0)
        block, at = self._place(strip, sums.name)
        held = block[at : at + sums.nbytes]
        known = (
            done == 0
            if attrs.begins
            else np.array_equal(held, self._rows(sums, done * sums.nbytes, sums.nbytes))
        )
        if not known or block is not self._block or at + sums.nbytes > len(block):
            raise PlanError("sums are lost", which=output.name, found=f"row {done}")
        done += given.shape[self._attrs.axis]
        block[at : at + sums.nbytes] = self._rows(sums, done * sums.nbytes, sums.nbytes)
        if attrs.last is not None and done == every.shape[self._attrs.axis]:
            target, at = self._place(strip, output.name)
            self._wipe_inputs(strip, output.name, output.nbytes)
            target[at : at + output.nbytes] = self._rows(output, 0, output.nbytes)
        self._done[strip.layer] = done
        self._strips[strip.layer] += 1

    def _take(self, strip: Strip) -> None:
        """The caller takes rows."""
        done = self._next_rows(strip)
        if self._asked(strip) != done:
            raise PlanError("a strip hands over other rows", which=strip.view.input(0).name, found=done)
        self._done[strip.layer] = done + strip.view.input(0).shape[self._attrs.axis]
        self._strips[strip.layer] += 1
        if self._done[strip.layer] == self._attrs.layers[strip.layer].input(0).shape[self._attrs.axis]:
            output = strip.view.output()
            self._whole[output.name][:] = self._rows(output, 0, output.nbytes)

    def _asked(self, strip: Strip) -> int:
        return self._strips[strip.layer] * strip.height + strip.ahead

    def _next_rows(self, strip: Strip) -> int:
        """Those that come next are there: the number of the first."""
        done, every = self._done[strip.layer], self._attrs.layers[strip.layer].input(0)
        given = strip.view.input(0)
        source, at = self._place(strip, given.name)
        rows = self._rows(every, done * self._row_bytes(every), given.nbytes)
        if at < 0 or not np.array_equal(source[at : at + given.nbytes], rows):
            raise PlanError("a strip finds rows overwritten", which=given.name, found=f"row {done}")
        return done

    def _place(self, strip: Strip, name: str) -> tuple[_Ids, int]:
        place = strip.places[name]
        offset = place.offset + self._strips[strip.layer] * place.step
        return (self._block if place.whole is None else self._whole[place.whole]), offset

    def _wipe_inputs(self, strip: Strip, output: str, end: int) -> None:
        """Of inputs that the output may lie over what this strip and the ones before overwrite."""
        for overlap in self._attrs.overlaps:
            if strip.places[output].whole == self._view.node.outputs[overlap.output]:
                source = self._whole[needed(self._view.node.inputs[overlap.input])]
                source[: max(end - overlap.gap, 0)] = _NOTHING

    def _row_bytes(self, tensor: Tensor) -> int:
        return prod(tensor.shape[self._attrs.axis + 1 :]) * tensor.dtype.itemsize

    def _expect(self, strip: Strip, name: str) -> None:
        layer, part = self._attrs.layers[strip.layer], strip.view
        tensor, piece = layer.graph.tensors[name], part.graph.tensors[name]
        source, at = self._place(strip, name)
        start = 0
        # one of fewer axes, or of one row, is spread over all rows of the output
        axes = len(layer.output().shape)
        rows_given = (*(1,) * (axes - len(tensor.shape)), *tensor.shape)[self._attrs.axis]
        if piece.shape != tensor.shape or rows_given > 1:
            along = needed(operator(layer.node.op).reach(layer, self._attrs.axis), "the reach of a layer")
            begin = self._done[strip.layer]
            rows_made = range(begin, begin + part.output().shape[self._attrs.axis])
            reached = [row for one in rows_made for row in _rows_of(along, one)]
            first, last = min(reached), max(reached) + 1
            rows = min(last, tensor.shape[self._attrs.axis]) - max(first, 0)
            if piece.shape[self._attrs.axis] != rows:
                raise PlanError("a strip reads other rows than it needs", which=name, found=layer.node.name)
            start = max(first, 0) * self._row_bytes(tensor)
        if at < 0 or not np.array_equal(
            source[at : at + piece.nbytes], self._rows(tensor, start, piece.nbytes)
        ):
            raise PlanError(
                "a strip finds rows overwritten",
                which=f"{name} by {layer.node.name}",
                found=f"strip {self._strips[strip.layer]}",
            )
