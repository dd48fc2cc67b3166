"""The course of layers that run by strips: which strip comes when, and which rows each ring then holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tinyml_compress.fusion.layers import RowCut, RowLayer, row_bytes


@dataclass(frozen=True)
class Move:
    """Rows of a ring that are still read go to its start."""

    ring: str
    first: int
    """Rows behind the start."""
    rows: int


@dataclass(frozen=True)
class StripStep:
    """One strip of a layer."""

    layer: int
    number: int
    """Strips that the layer has made before."""
    cut: RowCut
    first: int
    """Row of the output that it begins with."""
    starts: Mapping[str, int]
    """Row at the start of each ring that it reads or writes."""
    moves: tuple[Move, ...]
    """After it."""
    spent: frozenset[str]
    """Rings of which nothing is read any more after it."""


Levels = tuple[tuple[int, int], ...]
"""Of a ring: so many rows, from its start, are held at those steps: a bit for each, the first one's is 1."""


@dataclass(frozen=True)
class Course:
    """All strips."""

    steps: tuple[StripStep, ...]
    held: Mapping[str, Levels]
    """Of each ring, fewest rows first."""
    gaps: Mapping[tuple[str, str], int]
    """By input and output that are whole: how far writes run ahead of what is still read, in bytes."""


def course(layers: Sequence[RowLayer], heights: Sequence[int], whole: frozenset[str]) -> Course:
    """Every strip as late as its reader wants it, and no more of it; about so many rows of each
    at once. Tensors that are `whole` have no ring.
    """
    done = _Course(layers, heights, whole).run()
    return Course(tuple(done.steps), done.held(), done.gaps)


@dataclass
class _Course:
    layers: Sequence[RowLayer]
    heights: Sequence[int]
    whole: frozenset[str]
    steps: list[StripStep] = field(default_factory=list)
    gaps: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._maker = {layer.output.name: place for place, layer in enumerate(self.layers)}
        self._done = {layer.output.name: 0 for layer in self.layers}
        self._start = dict.fromkeys(self._done, 0)
        self._readers: dict[str, list[int]] = {}
        for place, layer in enumerate(self.layers):
            for name in layer.by_rows:
                self._readers.setdefault(name, []).append(place)
        self._touched: dict[str, list[tuple[int, int, int]]] = {}
        """Of each ring: the steps that write or read it, the rows it then holds, and those that are left."""
        self._strips = [0] * len(self.layers)
        self._read_whole = {name for layer in self.layers for name in layer.read_whole}

    def held(self) -> dict[str, Levels]:
        held: dict[str, Levels] = {}
        for name, touched in self._touched.items():
            steps: dict[int, int] = {}
            ends = [*(step for step, _, _ in touched[1:]), len(self.steps)]
            for (step, rows, left), end in zip(touched, ends, strict=True):
                steps[rows] = steps.get(rows, 0) | 1 << step
                steps[left] = steps.get(left, 0) | ((1 << (end - step - 1)) - 1) << (step + 1)
            every, levels = 0, []
            for rows in sorted((one for one in steps if one), reverse=True):
                every |= steps[rows]
                levels.append((rows, every))
            held[name] = tuple(reversed(levels))
        return held

    def run(self) -> _Course:
        for place, layer in enumerate(self.layers):
            if layer.output.name in self.whole:
                while self._done[layer.output.name] < layer.rows:
                    self._make(place, self.heights[place])
        return self

    def _next(self, place: int, wanted: int) -> tuple[int, RowCut]:
        """The next strip of a layer: its first row, and what it reads."""
        layer = self.layers[place]
        first, spread = self._done[layer.output.name], layer.along.spread
        height = self.heights[place]
        end = first + (wanted if wanted <= height * 3 // 2 else height)
        # to where a row of the input begins, so that all strips but the first have one form
        end = -(-(end + layer.along.before) // spread) * spread - layer.along.before if spread > 1 else end
        return first, layer.cut(first, min(end, layer.rows) - first)

    def _wanted(self, name: str) -> int | None:
        """The first row of a tensor that is still read."""
        rows = [
            self._next(place, 1)[1].first
            for place in self._readers.get(name, ())
            if self._done[self.layers[place].output.name] < self.layers[place].rows
        ]
        return min(rows, default=None)

    def _make(self, place: int, wanted: int) -> None:
        """Up to so many rows more."""
        layer = self.layers[place]
        name = layer.output.name
        first, cut = self._next(place, wanted)
        # the latest first: on its way it asks for all that the branches before it are made of
        for source in sorted(layer.by_rows, key=lambda one: -self._maker.get(one, -1)):
            while source in self._maker and self._done[source] < cut.end:
                self._make(self._maker[source], cut.end - self._done[source])
        if name in self.whole:
            self._note_gaps(layer, layer.written(first, cut))
        rings = [one for one in (*layer.by_rows, name) if one in self._maker and one not in self.whole]
        starts = {one: self._start[one] for one in rings}
        self._done[name] += cut.rows
        moves, spent = [], set()
        for ring in rings:
            rows = self._done[ring] - starts[ring]
            left = self._free(ring)
            self._touched.setdefault(ring, []).append((len(self.steps), rows, left))
            if not left:
                spent.add(ring)
            elif left < rows:
                moves.append(Move(ring, rows - left, left))
        number = self._strips[place]
        self._strips[place] += 1
        self.steps.append(StripStep(place, number, cut, first, starts, tuple(moves), frozenset(spent)))

    def _free(self, ring: str) -> int:
        """What nobody reads any more; the rows that are left, at its start."""
        wanted = self._wanted(ring)
        done = self._done[ring]
        self._start[ring] = done if wanted is None else min(wanted, done)
        return done - self._start[ring]

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
