"""A run of nodes becomes one node that runs them by strips."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite

from tinyml_compress.fusion.course import Course, Levels, StripStep, course
from tinyml_compress.fusion.layers import (
    RowLayer,
    called_layer_of,
    heights,
    layer_of,
    row_bytes,
    rows_axis,
    sum_layer_of,
)
from tinyml_compress.fusion.packing import Over, packed
from tinyml_compress.ir import Graph, Node, NodeView, Prices
from tinyml_compress.ops import operator
from tinyml_compress.ops.base import Level, Overlap, Variant
from tinyml_compress.ops.row_calls.node import PULL, PUSH
from tinyml_compress.ops.strips.node import OPERATOR, Place, Shift, Strip, StripsAttrs
from tinyml_compress.schedule import Option, options
from tinyml_compress.support.instruction_sets import Isa

_MOST_STRIPS = 255
"""Forms of strips that one byte can name."""

_HEIGHTS = ((1, 1), (1, 2), (2, 2), (2, 4), (4, 4))
_SCRATCH = (512, 2048, None)
_MOST_ROWS = 128
"""Up to so many rows are made by strips of one at the smallest; of more rows each strip has more."""

_Form = tuple[int, int, int, int]
Parts = dict[tuple[Node, "_Form"], tuple[NodeView, tuple[Option, ...]]]
"""By node and form of a strip: what makes it, and the kernels that can."""


@dataclass(frozen=True)
class StripForm:
    """What can be chosen of layers that run by strips."""

    last: int
    """Rows of the last layer's strips."""
    most: int
    """Rows of any layer's."""
    scratch: int | None
    """What kernels may take at most."""


@dataclass(eq=False)
class Fusion:
    """What of a graph can run by strips, with kernels of these sets."""

    graph: Graph
    isas: tuple[Isa, ...]
    prices: Prices
    kept: frozenset[Node] = frozenset()
    """Nodes that run by themselves."""
    room: Mapping[Node, int] = field(default_factory=dict)
    """Flash that the weights of a node may take; where it is not said, any."""
    parts: Parts = field(default_factory=dict)
    """Known already, of this graph and others with the same nodes."""
    _nodes: dict[tuple[int, int, StripForm], Node | None] = field(default_factory=dict)

    @cached_property
    def layers(self) -> tuple[RowLayer | None, ...]:
        """By place in the graph; the axis of rows is that of the output."""
        return tuple(map(self._layer, self.graph.views()))

    def _layer(self, view: NodeView) -> RowLayer | None:
        if view.node in self.kept or not view.node.outputs:
            return None
        if view.node.op in (PULL.name, PUSH.name):
            return called_layer_of(view)
        axis = rows_axis(view.output().shape)
        return sum_layer_of(view) if axis is None else layer_of(view, axis)

    def runs(self) -> list[tuple[int, int]]:
        """The longest stretches of nodes that can run together."""
        runs: list[tuple[int, int]] = []
        start = 0
        for place in range(len(self.layers) + 1):
            layer = self.layers[place] if place < len(self.layers) else None
            begun = self.layers[start] if start < place else None
            if layer is None or (begun is not None and layer.axis != begun.axis):
                if place > start:
                    runs.append((start, place))
                start = place if layer is not None else place + 1
        return runs

    def node(self, start: int, stop: int, form: StripForm) -> Node | None:
        """The node that runs the nodes from `start` to `stop` in that form; None where there is none."""
        key = start, stop, form
        if key not in self._nodes:
            self._nodes[key] = self._node(start, stop, form)
        return self._nodes[key]

    def _node(self, start: int, stop: int, form: StripForm) -> Node | None:
        layers = [layer for layer in self.layers[start:stop] if layer is not None]
        if len(layers) < stop - start or len({layer.axis for layer in layers}) > 1:
            return None
        outside = self._read_outside(start, stop)
        whole = frozenset(outside)
        by_name = {layer.output.name: layer for layer in layers}
        if any(name in by_name for layer in layers for name in layer.read_whole):
            return None
        if any(layer.is_made_last and name not in whole for name, layer in by_name.items()):
            return None
        run = course(layers, heights(layers, form.last, form.most), whole)
        if not run.steps:
            return None
        chosen = self._kernels(layers, run, form.scratch)
        if chosen is None:
            return None
        inputs = tuple(
            dict.fromkeys(
                name
                for layer in layers
                for name in layer.view.node.inputs
                if name is not None and self.graph.tensors[name].in_arena and name not in by_name
            )
        )
        attrs = _Builder(layers, run, chosen, whole).attrs(inputs, tuple(outside), self.prices)
        if len(attrs.strips) > _MOST_STRIPS:
            return None
        name = f"{layers[0].view.node.name} to {layers[-1].view.node.name}"
        return Node(OPERATOR.name, inputs, tuple(outside), attrs, name)

    def smallest(self, start: int, stop: int) -> StripForm:
        """The form that is tried first of these nodes."""
        height = self._least(start, stop)
        return StripForm(height, height, _SCRATCH[1])

    def forms(self, start: int, stop: int) -> list[StripForm]:
        """Those that are worth trying."""
        height = self._least(start, stop)
        tall = ((8, 8), (16, 16)) if height > 1 else ()
        return [
            StripForm(last * height, most * height, scratch)
            for last, most in (*_HEIGHTS, *tall)
            for scratch in _SCRATCH
        ]

    def _least(self, start: int, stop: int) -> int:
        rows = max(layer.rows for layer in self.layers[start:stop] if layer is not None)
        return -(-rows // _MOST_ROWS) if rows > 2 * _MOST_ROWS else 1

    def estimate(self, start: int, stop: int) -> int:
        """About the bytes that these nodes need by the smallest strips."""
        outside = frozenset(self._read_outside(start, stop))
        layers = [layer for layer in self.layers[start:stop] if layer is not None]
        inside = {layer.output.name for layer in layers}
        given = {name for layer in layers for name in layer.by_rows} - inside
        largest = max([self.graph.tensors[name].nbytes for name in (*given, *outside)], default=0)
        spans: dict[str, int] = {}
        for layer in layers:
            for name in layer.by_rows:
                spans[name] = max(spans.get(name, 1), -(-layer.along.span // layer.along.spread))
        rows = 0
        for layer in layers:
            rows += sum(tensor.nbytes for tensor in layer.beside)
            if layer.output.name not in outside:
                rows += spans.get(layer.output.name, 1) * row_bytes(layer.output, layer.axis)
        return largest + rows

    def _read_outside(self, start: int, stop: int) -> list[str]:
        """Outputs of the nodes that others read, or that the graph gives."""
        others = [*self.graph.nodes[:start], *self.graph.nodes[stop:]]
        read = {name for node in others for name in node.inputs} | set(self.graph.outputs)
        return [name for node in self.graph.nodes[start:stop] for name in node.outputs if name in read]

    def _part(self, layer: RowLayer, form: _Form) -> tuple[NodeView, tuple[Option, ...]]:
        key = layer.view.node, form
        if key not in self.parts:
            part = layer.part(*form)
            every = options(part, self.isas, self.prices, tuple(Level))
            room = self.room.get(layer.view.node, max(one.weight_bytes for one in every))
            self.parts[key] = part, tuple(one for one in every if one.weight_bytes <= room)
        return self.parts[key]

    def _kernels(
        self, layers: Sequence[RowLayer], run: Course, most_scratch: int | None
    ) -> dict[tuple[int, _Form], tuple[NodeView, Variant]] | None:
        """The kernel of each form of strip: of each layer the family that is fastest over all of them."""
        counts = Counter((step.layer, step.cut.form) for step in run.steps)
        chosen: dict[tuple[int, _Form], tuple[NodeView, Variant]] = {}
        for place, layer in enumerate(layers):
            forms = {form: count for (one, form), count in counts.items() if one == place}
            rows = {form: self._part(layer, form) for form in forms}
            family = _fastest(rows, forms, most_scratch)
            if family is None:
                return None
            for form, (view, row) in rows.items():
                variant = next(one.variant for one in row if one.family == family)
                chosen[place, form] = view, variant
        return chosen


def _fastest(
    rows: Mapping[_Form, tuple[NodeView, tuple[Option, ...]]],
    counts: Mapping[_Form, int],
    most_scratch: int | None,
) -> str | None:
    """The family that takes the fewest cycles for all strips of a layer; none where only one is left that
    has no price, though others have one: it would count as free.
    """
    prices: dict[str, float] = {}
    first = next(iter(rows.values()))[1] if rows else ()
    for option in first:
        total = 0.0
        for form, (view, row) in rows.items():
            own = next((one for one in row if one.family == option.family), None)
            if own is None or (most_scratch is not None and own.variant.scratch(view) > most_scratch):
                break
            total += own.cycles * counts[form]
        else:
            prices[option.family] = min(total, prices.get(option.family, total))
    best = min(prices, key=lambda family: prices[family], default=None)
    if best is not None and not isfinite(prices[best]) and any(isfinite(one.cycles) for one in first):
        return None
    return best


def _scratch_of(place: int) -> str:
    """Its name among the tensors."""
    return f"scratch of layer {place}"


@dataclass(eq=False)
class _Builder:
    layers: Sequence[RowLayer]
    run: Course
    chosen: Mapping[tuple[int, _Form], tuple[NodeView, Variant]]
    whole: frozenset[str]

    def __post_init__(self) -> None:
        places = range(len(self.layers))
        every = (1 << len(self.run.steps)) - 1
        rows = [Counter(step.cut.rows for step in self.run.steps if step.layer == place) for place in places]
        self._heights = [one.most_common(1)[0][0] for one in rows]
        blocks: dict[str, Levels] = {}
        for place, layer in enumerate(self.layers):
            name, row = layer.output.name, row_bytes(layer.output, layer.axis)
            if name in self.run.held:
                blocks[name] = tuple((rows * row, steps) for rows, steps in self.run.held[name])
            for tensor in layer.beside:
                blocks[tensor.name] = ((tensor.nbytes, every),)
            scratch = max(row.scratch(view) for (one, _), (view, row) in self.chosen.items() if one == place)
            steps = sum(1 << at for at, step in enumerate(self.run.steps) if step.layer == place)
            blocks[_scratch_of(place)] = ((scratch, steps),)
        packing = packed(blocks, self._overlaps())
        self._at, self._nbytes = packing.places, packing.nbytes

    def _overlaps(self) -> dict[tuple[str, str], Over]:
        """By ring that is read and ring that is written where it is read for the last time."""
        over: dict[tuple[str, str], Over] = {}
        for at, step in enumerate(self.run.steps):
            view, variant = self.chosen[step.layer, step.cut.form]
            layer = self.layers[step.layer]
            output = layer.output.name
            if output not in step.starts or layer.is_made_last:
                continue
            ahead = (step.first - step.starts[output]) * row_bytes(layer.output, layer.axis)
            for overlap in variant.overlap(view):
                name = view.node.inputs[overlap.input]
                if name is None or name not in step.spent or overlap.exact or overlap.output:
                    continue
                tensor = layer.view.graph.tensors[name]
                behind = (step.cut.first - step.starts[name]) * row_bytes(tensor, layer.axis)
                known = over.get((name, output), Over(0, 0))
                over[name, output] = known.also(overlap.gap + ahead - behind, 1 << at)
        return over

    def attrs(self, inputs: tuple[str, ...], outputs: tuple[str, ...], prices: Prices) -> StripsAttrs:
        kinds: dict[object, int] = {}
        strips: list[Strip] = []
        order: list[int] = []
        for step in self.run.steps:
            places, shifts = self._places(step), self._shifts(step)
            height = self._heights[step.layer]
            first = step.first - step.number * height
            asked = first if self.layers[step.layer].is_called else 0
            key = step.layer, step.cut.form, tuple(places.items()), shifts, asked
            if key not in kinds:
                kinds[key] = len(strips)
                view, variant = self.chosen[step.layer, step.cut.form]
                scratch = self._at[_scratch_of(step.layer)]
                strips.append(Strip(step.layer, view, variant, places, shifts, scratch, height, asked))
            order.append(kinds[key])
        return StripsAttrs(
            tuple(layer.view for layer in self.layers),
            self.layers[0].axis,
            tuple(strips),
            tuple(order),
            self._nbytes,
            tuple(
                Overlap(inputs.index(source), outputs.index(target), gap)
                for (source, target), gap in self.run.gaps.items()
            ),
            sum(operator(layer.view.node.op).macs(layer.view) for layer in self.layers),
            prices,
        )

    def _places(self, step: StripStep) -> dict[str, Place]:
        layer = self.layers[step.layer]
        places: dict[str, Place] = {}
        for name in dict.fromkeys(layer.view.node.inputs):
            if name is None or not layer.view.graph.tensors[name].in_arena:
                continue
            if name not in layer.by_rows:
                places[name] = Place(name, 0)
            else:
                spreads = layer.along.spread > 1
                is_at_edge = step.cut.first == 0 if spreads else step.cut.before > 0
                places[name] = self._place(step, name, step.cut.first, is_at_edge, is_read=True)
        name = layer.output.name
        if not layer.is_made_last:
            return {**places, name: self._place(step, name, step.first, is_at_edge=False)}
        beside = {tensor.name: Place(None, self._at[tensor.name]) for tensor in layer.beside}
        return {**places, **beside, name: Place(name, 0)}

    def _place(self, step: StripStep, name: str, row: int, is_at_edge: bool, is_read: bool = False) -> Place:
        layer = self.layers[step.layer]
        nbytes = row_bytes(layer.view.graph.tensors[name], layer.axis)
        if name in self._at:
            return Place(None, self._at[name] + (row - step.starts[name]) * nbytes)
        if is_at_edge:  # the image begins there, whichever strip it is
            return Place(name, row * nbytes)
        height = self._heights[step.layer]
        goes_on = height * layer.along.stride // layer.along.spread if is_read else height
        return Place(name, (row - step.number * goes_on) * nbytes, goes_on * nbytes)

    def _shifts(self, step: StripStep) -> tuple[Shift, ...]:
        shifts = []
        for move in step.moves:
            layer = next(one for one in self.layers if one.output.name == move.ring)
            start, nbytes = self._at[move.ring], row_bytes(layer.output, layer.axis)
            shifts.append(Shift(start, start + move.first * nbytes, move.rows * nbytes))
        return tuple(shifts)


def fused(graph: Graph, start: int, stop: int, node: Node) -> Graph:
    """The graph with that node in place of those that it runs."""
    return graph.rebuilt(nodes=(*graph.nodes[:start], node, *graph.nodes[stop:]))
