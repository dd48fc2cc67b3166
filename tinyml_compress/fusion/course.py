"""The course of layers that run by strips: which strip comes when, and which rows each ring then holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tinyml_compress.fusion.layers import RowCut, RowLayer, row_bytes


@dataclass(frozen=True)
class StripStep:
    """One strip of a layer."""

    layer: int
    cut: RowCut
    first: int
    """Row of the output that it begins with."""
    starts: Mapping[str, int]
    """Row at the start of each ring that it reads or writes."""
    kept: tuple[int, int]
    """Rows of the ring of its output, from and how many, that go to its start before it."""


@dataclass(frozen=True)
class Course:
    """All strips."""

    steps: tuple[StripStep, ...]
    capacity: Mapping[str, int]
    """Rows of each ring."""
    held: Mapping[str, int]
    """Steps at which a ring holds rows that are still read: a bit for each, the first one's is 1."""
    gaps: Mapping[tuple[str, str], int]
    """By input and output that are whole: how far writes run ahead of what is still read, in bytes."""


def course(layers: Sequence[RowLayer], heights: Sequence[int], whole: frozenset[str]) -> Course:
    """Every strip as late as its reader wants it. Tensors that are `whole` have no ring."""
    capacity = _Course(layers, heights, whole).run().capacity
    done = _Course(layers, heights, whole, limits=capacity).run()
    return Course(tuple(done.steps), capacity, done.held(), done.gaps)


@dataclass
class _Course:
    layers: Sequence[RowLayer]
    heights: Sequence[int]
    whole: frozenset[str]
    limits: Mapping[str, int] | None = None
    """Of rings; without them rows that nobody reads any more go as soon as they can."""
    steps: list[StripStep] = field(default_factory=list)
    capacity: dict[str, int] = field(default_factory=dict)
    gaps: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._maker = {layer.output.name: place for place, layer in enumerate(self.layers)}
        self._done = {layer.output.name: 0 for layer in self.layers}
        self._start = dict.fromkeys(self._done, 0)
        self._readers: dict[str, list[int]] = {}
        for place, layer in enumerate(self.layers):
            for name in layer.by_rows:
                self._readers.setdefault(name, []).append(place)
        self._touched: dict[str, list[tuple[int, bool]]] = {}
        """Of each ring: the steps that write or read it, and whether rows are left that are still read."""
        self._read_whole = {name for layer in self.layers for name in layer.read_whole}

    def held(self) -> dict[str, int]:
        """Of each ring: from a strip that makes or reads rows of it to the next one, if some are left."""
        held: dict[str, int] = {}
        for name, touched in self._touched.items():
            ends = [*(step for step, _ in touched[1:]), len(self.steps)]
            for (step, is_left), end in zip(touched, ends, strict=True):
                held[name] = held.get(name, 0) | ((1 << (end - step if is_left else 1)) - 1) << step
        return held

    def run(self) -> _Course:
        for place, layer in enumerate(self.layers):
            if layer.output.name in self.whole:
                while self._done[layer.output.name] < layer.rows:
                    self._make(place)
        return self

    def _next(self, place: int) -> tuple[int, RowCut]:
        """The next strip of a layer: its first row, and what it reads."""
        layer = self.layers[place]
        first = self._done[layer.output.name]
        return first, layer.cut(first, min(self.heights[place], layer.rows - first))

    def _wanted(self, name: str) -> int | None:
        """The first row of a tensor that is still read."""
        rows = [
            self._next(place)[1].first
            for place in self._readers.get(name, ())
            if self._done[self.layers[place].output.name] < self.layers[place].rows
        ]
        return min(rows, default=None)

    def _make(self, place: int) -> None:
        layer = self.layers[place]
        name = layer.output.name
        first, cut = self._next(place)
        for source in layer.by_rows:
            while source in self._maker and self._done[source] < cut.end:
                self._make(self._maker[source])
        kept = (0, 0)
        if name not in self.whole:
            kept = self._make_room(name, cut.rows)
        else:
            self._note_gaps(layer, layer.written(first, cut))
        rings = [one for one in (*layer.by_rows, name) if one in self._maker and one not in self.whole]
        self.steps.append(StripStep(place, cut, first, {one: self._start[one] for one in rings}, kept))
        self._done[name] += cut.rows
        for ring in rings:
            wanted = self._wanted(ring)
            is_left = wanted is not None and wanted < self._done[ring]
            self._touched.setdefault(ring, []).append((len(self.steps) - 1, is_left))

    def _make_room(self, name: str, rows: int) -> tuple[int, int]:
        """For so many more rows; the rows that have to move for it."""
        done = self._done[name]
        wanted = self._wanted(name)
        oldest = done if wanted is None else min(wanted, done)
        self.capacity[name] = max(self.capacity.get(name, 0), done + rows - oldest)
        room = self.capacity[name] if self.limits is None else self.limits[name]
        if done + rows - self._start[name] <= room or oldest == self._start[name]:
            return 0, 0
        source = oldest - self._start[name]
        self._start[name] = oldest
        return source, done - oldest

    def _note_gaps(self, layer: RowLayer, written: int) -> None:
        """Before a strip of a whole output: what is still read of whole inputs."""
        for source in self._readers:
            if source in self._maker or source in self._read_whole:
                continue
            pair = source, layer.output.name
            self.gaps.setdefault(pair, 0)
            wanted = self._wanted(source)
            if wanted is not None:
                tensor = self.layers[self._readers[source][0]].view.graph.tensors[source]
                gap = written - wanted * row_bytes(tensor, layer.axis)
                self.gaps[pair] = max(self.gaps[pair], gap)
