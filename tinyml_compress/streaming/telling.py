"""A net on windows of time becomes one that is given the newest frames and remembers what its layers need."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from tinyml_compress.errors import UnsupportedOperator, UsageError
from tinyml_compress.ir import Graph, NodeView, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.ops.along import Along
from tinyml_compress.streaming.tracks import Segment, Track, followed, needed, segments
from tinyml_compress.streaming.weaving import Weaver


class Way(Enum):
    """How a layer of the net on windows is told."""

    NEW = "new frames"
    ENDS = "new frames, and those near the window's ends"
    WINDOW = "the whole window"
    AS_IT_WAS = "as it was"
    """Nothing that it reads has more than the new frames."""


@dataclass(frozen=True)
class Layer:
    """A layer of the net on windows."""

    name: str
    op: str
    way: Way
    window: int
    """Multiply-accumulates on a window."""
    step: int
    """Of one step."""
    why: str = ""
    """What stands in the way of new frames alone."""


@dataclass(frozen=True, eq=False)
class Streamed:
    """The net that is told frame by frame."""

    graph: Graph
    frames: int
    """Of input that a step takes."""
    window: int
    """Frames of input in a window: so many the outputs depend on."""
    layers: tuple[Layer, ...]

    @property
    def macs(self) -> tuple[int, int]:
        """Of a window, and of a step."""
        return sum(layer.window for layer in self.layers), sum(layer.step for layer in self.layers)


def streamed(graph: Graph, *, axis: int = 1, frames: int = 1, causal: bool = False) -> Streamed:
    """The graph for `frames` new frames along `axis` of its inputs at each step, or the multiple
    that its strides want. From the frame on that fills the window, its outputs are those of the net on the
    last frames.

    With `causal` borders inside the window are the frames that came before: fewer products, another net.
    UnsupportedOperator where no layer can be told frame by frame.
    """
    windows = {_window(graph.tensors[name], axis) for name in graph.inputs}
    if len(windows) != 1:
        raise UsageError("inputs of several lengths along time", which=graph.name, found=sorted(windows))
    (window,) = windows
    step, demands = _learnt(graph, axis, frames, window, causal)
    telling = _Telling(graph, axis, step, window, causal, demands)
    if not any(layer.way in (Way.NEW, Way.ENDS) and layer.window for layer in telling.layers):
        raise UnsupportedOperator(
            "no layer of the net can be told frame by frame",
            which=graph.name,
            found="; ".join(dict.fromkeys(layer.why for layer in telling.layers if layer.why)),
            allowed="convolutions and pools along time, and what works on each frame by itself",
        )
    return Streamed(telling.graph(), step, window, tuple(telling.layers))


def _window(tensor: Tensor, axis: int) -> int:
    if not 0 < axis < len(tensor.shape) or tensor.shape[0] != 1:
        raise UnsupportedOperator(
            "an input has no axis of time",
            which=tensor.name,
            found=tensor.shape,
            allowed=f"a batch of 1, and time along axis {axis}",
            next_step="name the axis with --axis",
        )
    return tensor.shape[axis]


def _learnt(graph: Graph, axis: int, frames: int, window: int, causal: bool) -> tuple[int, dict[str, int]]:
    """The smallest multiple of `frames` of which every layer's stride takes a whole part, and what each
    tensor has to remember then.
    """
    step = frames
    while step < window:
        demands: dict[str, int] = {}
        telling = _Telling(graph, axis, step, window, causal, demands)
        if not telling.misfit:
            return step, demands
        step = math.lcm(step, telling.misfit)
    raise UnsupportedOperator(
        "a step would be as long as the window",
        which=graph.name,
        found=f"{step} frames at once of a window of {window}",
        allowed="strides whose product is smaller than the window",
    )


class _Telling:
    """One walk over the graph. What each tensor has to remember is learnt by the first (`demands`), and there
    in the second.
    """

    def __init__(
        self, graph: Graph, axis: int, step: int, window: int, causal: bool, demands: dict[str, int]
    ) -> None:
        self._graph, self._causal, self._demands = graph, causal, demands
        self._known = dict(demands)
        self._weaver = Weaver(graph)
        self._tracks: dict[str, Track] = {}
        self._parts: dict[str, dict[str, str]] = {}
        """Of each told tensor its left, new and right frames, where a step makes them."""
        self._windows: dict[str, str] = {}
        """Its new frames behind the remembered ones."""
        self.layers: list[Layer] = []
        self.misfit = 0
        """Frames of which a step has to be a multiple, where it is not."""
        for name in graph.inputs:
            track = Track(axis, window, 1, step)
            self._weaver.like(name, name, axis, step)
            self._begin(name, track, {"new": name})
        for view in graph.views():
            self._layer(view)
        self._outputs = [self._last(name) for name in graph.outputs]

    def graph(self) -> Graph:
        return self._weaver.graph(self._outputs)

    def _begin(self, name: str, track: Track, parts: dict[str, str]) -> None:
        """A tensor's frames are there: what is remembered of it stands before the new ones from now on."""
        self._tracks[name], self._parts[name] = track, parts
        self._windows[name] = self._weaver.remembered(parts["new"], track.axis, self._known.get(name, 0))

    def _last(self, name: str) -> str:
        """The frames of an output that are new, at the window's end."""
        track = self._tracks.get(name)
        return name if track is None else self._frames(name, track.frames - track.new, track.frames)

    # --- layers ---

    def _layer(self, view: NodeView) -> None:
        sources = {name: self._tracks[name] for name in view.node.inputs if name in self._tracks}
        macs = operator(view.node.op).macs(view)
        track, along, why = self._way(view, sources) if sources else (None, None, "")
        if track is None or along is None:
            whole = [
                self._frames(name, 0, sources[name].frames) if name in sources else name
                for name in view.node.inputs
            ]
            self._weaver.nodes.append(replace(view.node, inputs=tuple(whole)))
            is_long = any(one.frames > one.new for one in sources.values())
            self._note(view, Way.WINDOW if is_long else Way.AS_IT_WAS, macs, macs, why if is_long else "")
            return
        parts: dict[str, dict[str, str]] = {name: {} for name in view.node.outputs}
        for part in segments(track):
            for name, tensor in self._segment(view, along, part).items():
                parts[name][part.part] = tensor
        for name in view.node.outputs:
            self._begin(name, track, parts[name])
        frames = sum(part.last - part.first for part in segments(track))
        way = Way.ENDS if track.left or track.right else Way.NEW
        self._note(view, way, macs, round(macs * frames / track.frames))

    def _note(self, view: NodeView, way: Way, window: int, step: int, why: str = "") -> None:
        self.layers.append(Layer(view.node.name, view.node.op, way, window, step, why))

    def _way(self, view: NodeView, sources: Mapping[str, Track]) -> tuple[Track | None, Along | None, str]:
        """How the outputs move on, or why they do not."""
        first = next(iter(sources.values()))
        op, others = operator(view.node.op), [name for name in view.node.inputs if name not in sources]
        beside = [self._graph.tensors[name] for name in others if name is not None]
        if any(tensor.in_arena for tensor in beside):
            return None, None, "reads what is made of the whole window"
        if len({(one.axis, one.frames, one.every) for one in sources.values()}) > 1:
            return None, None, "reads tensors of several lengths"
        along = op.along(view, first.axis)
        if along is None:
            return None, None, f"{view.node.op} takes all frames together"
        if op.elementwise and any(_varies(tensor, view.output(), along.axis) for tensor in beside):
            return None, None, "has a constant of its own for each frame of the window"
        if view.output().shape[along.axis] == 1:
            return None, None, "makes one frame of all"
        if first.new % along.stride:
            self.misfit = first.every * along.stride
            return None, None, "its stride is no part of the step"
        left, right = (max(getattr(one, end) for one in sources.values()) for end in ("left", "right"))
        worst = replace(first, left=left, right=right)
        track = followed(worst, along, view.output().shape[along.axis], causal=self._causal)
        return track, along, "between the ends of its window there is no frame"

    def _segment(self, view: NodeView, along: Along, part: Segment) -> dict[str, str]:
        """The tensors that hold these frames of the outputs."""
        first, last = needed(along, part, causal=self._causal)
        inputs = [
            self._bordered(name, along, first, last) if name in self._tracks else name
            for name in view.node.inputs
        ]
        if along.is_border:
            return {view.node.outputs[0]: str(inputs[0])}
        tensors = {
            name: self._weaver.like(
                name,
                name if part.part == "new" else f"{name}/{part.part}",
                along.axis,
                part.last - part.first,
            )
            for name in view.node.outputs
        }
        names = tuple(tensors.values())
        attrs, constants = operator(view.node.op).of_shape(view, self._weaver.tensors[names[0]].shape)
        for index, values in constants.items():
            inputs[index] = self._weaver.ints(f"{names[0]}/input{index}", values)
        node = replace(view.node, inputs=tuple(inputs), outputs=names, attrs=along.bare or attrs)
        self._weaver.nodes.append(replace(node, name=view.node.name if part.part == "new" else names[0]))
        return tensors

    # --- frames ---

    def _bordered(self, name: str, along: Along, first: int, last: int) -> str:
        track = self._tracks[name]
        if self._causal or not along.has_borders:
            inside, borders = (first, last), (0, 0)
        else:
            inside = max(first, 0), min(last, track.frames)
            borders = inside[0] - first, last - inside[1]
        if inside[0] < inside[1]:
            source = self._frames(name, *inside)
        else:  # nothing but borders
            source = self._weaver.nothing(name, track.axis, last - first, lowest=along.lowest)
            borders = 0, 0
        sides = along.sides or ((0, 0),) * len(self._weaver.tensors[source].shape)
        whole = tuple(borders if axis == track.axis else pair for axis, pair in enumerate(sides))
        return self._weaver.bordered(source, whole, lowest=along.lowest)

    def _frames(self, name: str, first: int, last: int) -> str:
        """Frames of a told tensor, by their places in the window."""
        track, parts = self._tracks[name], self._parts[name]
        newest, end = track.newest
        pieces = []
        if first < track.left:
            pieces.append(self._weaver.cut(parts["left"], track.axis, first, min(last, track.left)))
        low, high = (max(first, track.left) if track.left else first), min(last, end)
        if low < high:
            self._demands[name] = max(self._demands.get(name, 0), newest - low)
            start = newest - self._known.get(name, 0)
            window = self._windows[name]
            is_there = low >= start  # not yet in the walk that learns what is to be remembered
            pieces.append(
                self._weaver.cut(window, track.axis, low - start, high - start) if is_there else window
            )
        if last > end:
            pieces.append(self._weaver.cut(parts["right"], track.axis, max(first, end) - end, last - end))
        return self._weaver.joined(pieces, f"{name}/{first}:{last}/joined", track.axis)


def _varies(constant: Tensor, output: Tensor, axis: int) -> bool:
    """Whether a constant that is spread to the output has other values for other frames."""
    place = axis - len(output.shape) + len(constant.shape)
    return place >= 0 and constant.shape[place] > 1
