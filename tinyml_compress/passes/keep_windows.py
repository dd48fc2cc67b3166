"""Windows that a net makes of a variable and new frames, and stores without its oldest, stay in the variable.

READ_VARIABLE, CONCATENATION, a slice and ASSIGN_VARIABLE move every frame twice a step; one SLIDING_WINDOW
moves it once, and the window needs no place in the arena. First values that a variable has anyway go as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from tinyml_compress.ir import Attrs, Graph, Node, NodeView, Tensor, needed
from tinyml_compress.ops import operator
from tinyml_compress.ops.base import Argument, In, Once, Out, ParamValue
from tinyml_compress.ops.sliding_window.node import OPERATOR as SLIDING_WINDOW
from tinyml_compress.passes._uses import Uses, renamed

_READ, _ASSIGN, _FILL = "READ_VARIABLE", "ASSIGN_VARIABLE", "FILL"


def keep_windows(graph: Graph) -> Graph:
    """The whole graph, not a body: variables are known to all of them."""
    graph = _without_first_values(graph)
    if any(operator(view.node.op).stops(view) for view in graph.views()):
        return graph  # where an inference ends early, a variable may keep what it had
    uses, shared = Uses(graph), {name for body in graph.subgraphs for name in _variables(body)}
    windows = [
        window
        for view in graph.views()
        if view.node.op == _ASSIGN and (name := view.input(0).name) not in shared
        if (window := _window(graph, uses, name)) is not None
    ]
    return _rewritten(graph, windows) if windows else graph


# --- first values -------------------------------------------------------------------------------------------


def _without_first_values(graph: Graph) -> Graph:
    """Bodies that run once, and before all else, assign nothing that a variable holds from the start."""
    bodies, gone = list(graph.subgraphs), set[int]()
    runs = [place for view in graph.views() for place in operator(view.node.op).bodies(view)]
    for index, view in enumerate(graph.views()):
        flow = operator(view.node.op).flow(view)
        if not isinstance(flow, Once) or runs.count(flow.run.body) > 1:
            if operator(view.node.op).acts(view):
                break
            continue
        body = bodies[flow.run.body]
        nodes = _read(body.rebuilt(nodes=tuple(one for one in body.nodes if not _is_first_value(body, one))))
        bodies[flow.run.body] = body.rebuilt(nodes=nodes)
        if nodes:
            break
        gone.add(index)
    if bodies == list(graph.subgraphs):
        return graph
    kept = tuple(node for index, node in enumerate(graph.nodes) if index not in gone)
    used = [place for node in kept for place in operator(node.op).bodies(graph.view(node))]
    places = {place: number for number, place in enumerate(dict.fromkeys(used))}
    nodes = tuple(_with_bodies(graph.view(node), places) for node in kept)
    return graph.rebuilt(nodes=nodes, subgraphs=tuple(bodies[place] for place in places))


def _with_bodies(view: NodeView, places: dict[int, int]) -> Node:
    bodies = operator(view.node.op).bodies(view)
    if not bodies:
        return view.node
    return replace(view.node, attrs=type(view.node.attrs)(*(places[body] for body in bodies)))


def _is_first_value(body: Graph, node: Node) -> bool:
    """The only thing that is done to the variable there, with the bytes that it has been filled with."""
    if node.op != _ASSIGN:
        return False
    variable, value = (body.tensors[needed(name)] for name in node.inputs)
    maker = next((one for one in body.nodes if value.name in one.outputs), None)
    if maker is not None and maker.op == _FILL:
        value = body.tensors[needed(maker.inputs[1])]
    if value.data is None or len(body.consumers(variable.name)) > 1:
        return False
    return bool((np.frombuffer(value.data.tobytes(), np.uint8) == variable.first_byte).all())


def _read(body: Graph) -> tuple[Node, ...]:
    """Its nodes but those that made nothing else than what has gone."""
    read = {name for node in body.nodes for name in node.inputs} | set(body.outputs)
    return tuple(
        view.node
        for view in body.views()
        if operator(view.node.op).acts(view) or not read.isdisjoint(view.node.outputs)
    )


def _variables(body: Graph) -> Iterator[str]:
    yield from (name for name, tensor in body.tensors.items() if tensor.variable)
    for inner in body.subgraphs:
        yield from _variables(inner)


# --- windows ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Window:
    """Places of the nodes that make one, in their order."""

    variable: str
    read: int
    joined: int
    sliced: int
    assigned: int
    shaped: int | None
    """A RESHAPE that is its only reader."""


def _window(graph: Graph, uses: Uses, variable: str) -> _Window | None:
    """The window that is kept in the variable, if nothing else happens to it."""
    readers = uses.readers(variable)
    if [graph.nodes[index].op for index in readers] != [_READ, _ASSIGN]:
        return None
    read, assigned = readers
    joined = uses.only_reader(graph.nodes[read].outputs[0])
    sliced = uses.maker(graph.nodes[assigned].inputs[1] or "")
    if joined is None or sliced is None:
        return None
    join, cut = graph.view(graph.nodes[joined]), graph.view(graph.nodes[sliced])
    if uses.only_reader(cut.output().name) != assigned or not _joins(join, graph.nodes[read].outputs[0]):
        return None
    whole, new = join.output(), join.input(1).nbytes
    kept = whole.nbytes - new
    if cut.node.inputs[0] != whole.name or _moved(cut) != [(In(0, new), Out(), kept)] or kept < new:
        return None
    others = [index for index in uses.readers(whole.name) if index != sliced]
    shaped = [index for index in others if _moves_all(graph.view(graph.nodes[index]), whole)]
    if uses.is_output(whole.name) or (shaped and (len(others) > 1 or not _hands_on(graph, uses, shaped[0]))):
        return None
    return _Window(variable, read, joined, sliced, assigned, shaped[0] if shaped else None)


def _joins(view: NodeView, old: str) -> bool:
    """Old frames, new ones behind them, both in one piece."""
    if len(view.node.inputs) != 2 or view.node.inputs[0] != old or view.node.inputs[1] == old:
        return False
    first, second = view.input(0).nbytes, view.input(1).nbytes
    return _moved(view) == [(In(0), Out(), first), (In(1), Out(0, first), second)]


def _moved(view: NodeView) -> list[tuple[Argument, Argument, ParamValue]]:
    """What the node moves in whole pieces; nothing where it does something else too."""
    calls = operator(view.node.op).moves(view)
    if not all(call.moves for call in calls):
        return []
    return [(call.arguments[0], call.arguments[1], call.params[0][1]) for call in calls]


def _moves_all(view: NodeView, whole: Tensor) -> bool:
    """Whether the node would be spared if the window lay in the arena."""
    return any(
        call.moves and call.params[0][1] == whole.nbytes for call in operator(view.node.op).moves(view)
    )


def _hands_on(graph: Graph, uses: Uses, index: int) -> bool:
    """The same bytes under another shape, for nodes of this graph alone."""
    view = graph.view(graph.nodes[index])
    return not uses.is_output(view.output().name) and _moved(view) == [(In(0), Out(), view.input(0).nbytes)]


def _rewritten(graph: Graph, windows: list[_Window]) -> Graph:
    tensors, names = dict(graph.tensors), dict[str, str]()
    slides: dict[int, Node] = {}
    gone: set[int] = set()
    for window in windows:
        last = graph.nodes[window.joined if window.shaped is None else window.shaped]
        whole, join = graph.tensors[last.outputs[0]], graph.nodes[window.joined]
        tensors[window.variable] = replace(whole, name=window.variable, variable=True)
        names[whole.name] = window.variable
        slides[window.joined] = Node(
            SLIDING_WINDOW.name, (join.inputs[1],), (window.variable,), Attrs(), join.name
        )
        gone |= {window.read, window.sliced, window.assigned}
        gone |= set() if window.shaped is None else {window.shaped}
    nodes = tuple(
        slides.get(index, replace(node, inputs=renamed(node.inputs, names)))
        for index, node in enumerate(graph.nodes)
        if index not in gone
    )
    return graph.rebuilt(nodes=nodes, tensors=tensors)
