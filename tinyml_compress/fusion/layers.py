"""A layer as rows: what a strip of its output is made of, and the node that makes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from tinyml_compress.errors import TinymlError
from tinyml_compress.ir import DType, Graph, NodeView, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.ops.along import Along
from tinyml_compress.ops.base import Call
from tinyml_compress.ops.row_calls.node import PULL
from tinyml_compress.ops.running_sum.node import OPERATOR as RUNNING_SUM
from tinyml_compress.ops.running_sum.node import RunningSumAttrs


@dataclass(frozen=True)
class RowCut:
    """Rows of the input that a strip reads, and what lies beyond the image at its ends; of a running sum 1 at
    those of the image.
    """

    first: int
    end: int
    before: int
    after: int
    rows: int
    """Of the output; of a running sum of the input."""

    @property
    def form(self) -> tuple[int, int, int, int]:
        """What is the same for strips that one call can make."""
        return self.end - self.first, self.before, self.after, self.rows


@dataclass(frozen=True, eq=False)
class RowLayer:
    """A node that can run by strips of rows along an axis."""

    view: NodeView
    axis: int
    along: Along
    by_rows: tuple[str, ...]
    """The inputs that a strip reads some rows of; constants and others it reads whole."""

    @property
    def output(self) -> Tensor:
        return self.view.output()

    @property
    def read_whole(self) -> tuple[str, ...]:
        """The inputs in the arena that are not read by rows."""
        tensors = self.view.graph.tensors
        names = (name for name in self.view.node.inputs if name is not None and name not in self.by_rows)
        return tuple(name for name in names if tensors[name].in_arena)

    @property
    def rows(self) -> int:
        return self.output.shape[self.axis]

    @property
    def given(self) -> int:
        """Rows of the inputs."""
        return self.view.graph.tensors[self.by_rows[0]].shape[self.axis]

    @property
    def beside(self) -> tuple[Tensor, ...]:
        """What one strip leaves to the next, other than rows."""
        return ()

    @property
    def is_made_last(self) -> bool:
        """Whether the last strip alone makes the output."""
        return False

    @property
    def is_called(self) -> bool:
        """Whether the caller gives or takes the rows, and asks which they are."""
        return False

    def written(self, first: int, cut: RowCut) -> int:
        """Bytes of the output that are there after the strip from row `first` on."""
        return (first + cut.rows) * row_bytes(self.output, self.axis)

    def cut(self, first: int, count: int) -> RowCut:
        """For output rows from `first` on."""
        start, end = self.along.frames(first, count)
        if self.along.spread > 1:  # the border before a strip says where its first row lies between inputs
            begin = min(max(start, 0), self.given - 1)
            before = first + self.along.before - begin * self.along.spread
            return RowCut(begin, max(min(end, self.given), begin + 1), before, 0, count)
        return RowCut(max(start, 0), min(end, self.given), max(-start, 0), max(end - self.given, 0), count)

    def part(self, rows: int, before: int, after: int, count: int) -> NodeView:
        """The node that makes `count` rows of the output from so many rows of the inputs."""
        view = self.view
        attrs = operator(view.node.op).cut(view, self.axis, before, after)
        if attrs is None:
            raise TinymlError("a layer that cannot be cut", which=view.node.name)
        names = [name for name in (*view.node.inputs, *view.node.outputs) if name is not None]
        tensors = {name: view.graph.tensors[name] for name in names}
        tensors |= {name: _of_rows(tensors[name], self.axis, rows) for name in self.by_rows}
        tensors[self.output.name] = _of_rows(self.output, self.axis, count)
        inputs = tuple(dict.fromkeys(name for name in names[:-1] if tensors[name].in_arena))
        node = replace(view.node, attrs=attrs)
        part = Graph(view.node.name, tensors, (node,), inputs, (self.output.name,)).view(node)
        operator(node.op).check(part)
        if operator(node.op).output_shapes(part) != (part.output().shape,):
            raise TinymlError("a layer whose strips have another shape", which=view.node.name)
        return part


@dataclass(frozen=True, eq=False)
class PulledLayer(RowLayer):
    """An input whose rows the caller gives."""

    @property
    def is_called(self) -> bool:
        return True

    def cut(self, first: int, count: int) -> RowCut:
        return RowCut(0, 0, 0, 0, count)

    def part(self, rows: int, before: int, after: int, count: int) -> NodeView:
        node, strip = self.view.node, _of_rows(self.output, self.axis, count)
        return Graph(node.name, {strip.name: strip}, (node,), (), (strip.name,)).view(node)


class _MadeLast(RowLayer):
    """One that makes its output of all that it is given, some rows at a time."""

    @property
    def is_made_last(self) -> bool:
        return True

    @property
    def rows(self) -> int:
        return self.given

    def cut(self, first: int, count: int) -> RowCut:
        end = first + count
        return RowCut(first, end, int(first == 0), int(end == self.given), count)

    def written(self, first: int, cut: RowCut) -> int:
        return self.output.nbytes if cut.after else 0


@dataclass(frozen=True, eq=False)
class PushedLayer(_MadeLast):
    """An output whose rows the caller takes."""

    @property
    def is_called(self) -> bool:
        return True

    def part(self, rows: int, before: int, after: int, count: int) -> NodeView:
        node, strip = self.view.node, _of_rows(self.view.input(0), self.axis, rows)
        tensors = {one.name: one for one in (strip, self.output)}
        return Graph(node.name, tensors, (node,), (strip.name,), (self.output.name,)).view(node)


@dataclass(frozen=True, eq=False)
class SumLayer(_MadeLast):
    """One that makes a single row: its sums grow."""

    sums: Tensor
    last: Call
    """What makes the output of them."""

    @property
    def beside(self) -> tuple[Tensor, ...]:
        return (self.sums,)

    def part(self, rows: int, before: int, after: int, count: int) -> NodeView:
        given = self.view.input(0)
        attrs = RunningSumAttrs(bool(before), self.last if after else None)
        outputs = self.sums.name, self.output.name
        node = replace(self.view.node, op=RUNNING_SUM.name, inputs=self.by_rows, outputs=outputs, attrs=attrs)
        tensors = (_of_rows(given, self.axis, rows), self.sums, self.output)
        return Graph(node.name, {one.name: one for one in tensors}, (node,), self.by_rows, outputs).view(node)


def _of_rows(tensor: Tensor, axis: int, rows: int) -> Tensor:
    """So many rows of it."""
    return replace(tensor, shape=(*tensor.shape[:axis], rows, *tensor.shape[axis + 1 :]))


def row_bytes(tensor: Tensor, axis: int) -> int:
    return prod(tensor.shape[axis + 1 :]) * tensor.dtype.itemsize


def rows_axis(shape: tuple[int, ...]) -> int | None:
    """The first axis along which there is more than one row; None where that is the last one."""
    axis = next((place for place, size in enumerate(shape) if size > 1), len(shape))
    return axis if axis < len(shape) - 1 else None


def layer_of(view: NodeView, axis: int) -> RowLayer | None:
    """The node as rows; None where it cannot be cut."""
    op = operator(view.node.op, view.node.name)
    if len(view.node.outputs) != 1 or op.acts(view):
        return None
    output = view.output()
    along = op.reach(view, axis)
    if along is None or along.axis != axis or len(output.shape) <= axis + 1 or prod(output.shape[:axis]) != 1:
        return None
    by_rows = _by_rows(view, along, axis)
    if not by_rows:
        return None
    layer = RowLayer(view, axis, along, by_rows)
    try:
        whole = layer.cut(0, layer.rows)
        layer.part(*whole.form)
    except TinymlError:
        return None
    return layer


def called_layer_of(view: NodeView) -> RowLayer | None:
    """The input or output of the model that the caller gives or takes by rows; None where it is one row."""
    pulls = view.node.op == PULL.name
    axis = rows_axis((view.output() if pulls else view.input(0)).shape)
    if axis is None:
        return None
    return (
        PulledLayer(view, axis, Along(axis), ())
        if pulls
        else PushedLayer(view, axis, Along(axis), (view.input(0).name,))
    )


def sum_layer_of(view: NodeView) -> SumLayer | None:
    """The node as sums that grow by rows; None where it is none."""
    axis = rows_axis(view.input(0).shape) if view.node.inputs else None
    last = operator(view.node.op, view.node.name).of_sums(view)
    if axis is None or last is None:
        return None
    given, output = view.input(0), view.output()
    if not given.in_arena or prod(given.shape[:axis]) != 1:
        return None
    sums = Tensor(f"{output.name} as sums", (given.shape[-1],), DType.INT32)
    return SumLayer(view, axis, Along(axis), (given.name,), sums, last)


def _by_rows(view: NodeView, along: Along, axis: int) -> tuple[str, ...]:
    """None of them where a strip would need a part of something that cannot be cut."""
    tensors, output, wanted = view.graph.tensors, view.output(), []
    op = operator(view.node.op)
    first = next((name for name in view.node.inputs if name is not None and tensors[name].in_arena), None)
    is_pointwise = along.span == 1 and along.stride == 1 and along.spread == 1
    for name in dict.fromkeys(view.node.inputs):
        if name is None:
            continue
        tensor = tensors[name]
        can_be_cut = tensor.in_arena and len(tensor.shape) == len(output.shape)
        can_be_cut = can_be_cut and prod(tensor.shape[:axis]) == 1
        if op.elementwise:
            rows = _rows_along(tensor, output, axis)
            if rows == 1:
                continue  # spread over all rows of the output
            if not can_be_cut or rows != output.shape[axis]:
                return ()
            wanted.append(name)
        elif name == first:
            if not can_be_cut or (is_pointwise and tensor.shape[axis] != output.shape[axis]):
                return ()
            wanted.append(name)
        elif not is_pointwise:
            if tensor.in_arena:
                return ()
        elif op.weights is None and _rows_along(tensor, output, axis) == output.shape[axis]:
            if not can_be_cut:
                return ()
            wanted.append(name)
    return tuple(wanted)


def _rows_along(tensor: Tensor, output: Tensor, axis: int) -> int:
    """Rows of an input that may have fewer axes: they are the output's last ones."""
    place = axis - len(output.shape) + len(tensor.shape)
    return tensor.shape[place] if place >= 0 else 1


def heights(layers: Sequence[RowLayer], last: int, most: int) -> list[int]:
    """Rows that a strip of each layer usually makes: `last` of the last, before it as many as the next one's
    strip goes on by, up to `most`.
    """
    known: dict[str, int] = {}
    for layer in reversed(layers):
        readers = [other for other in layers if layer.output.name in other.by_rows]
        wanted = [
            max(known[reader.output.name] * reader.along.stride // reader.along.spread, 1)
            for reader in readers
        ]
        spread = layer.along.spread  # strips that begin where a row of the input does have one form
        height = -(-min(min(wanted, default=last), most) // spread) * spread
        known[layer.output.name] = min(height, layer.rows)
    return [known[layer.output.name] for layer in layers]
