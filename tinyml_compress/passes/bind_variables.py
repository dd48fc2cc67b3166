"""Variables take the place of their handles: what READ_VARIABLE and ASSIGN_VARIABLE name becomes a variable
tensor.

VAR_HANDLE goes, and so do handles among the inputs and outputs of subgraphs: each is known when code is
generated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from tinyml_compress.errors import UnsupportedOperator
from tinyml_compress.ir import DType, Graph, Node, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.ops._variables import VariableAttrs
from tinyml_compress.ops.base import Flow, Loop

_Key = tuple[str, str]
"""Container and name of a variable."""


def bind_variables(graph: Graph) -> Graph:
    """The graph without handles, in its subgraphs as well."""
    if not any(_is_handle(tensor) for member in _members(graph) for tensor in member.tensors.values()):
        return graph
    outer = next((name for name in (*graph.inputs, *graph.outputs) if _is_handle(graph.tensors[name])), None)
    if outer is not None:
        raise UnsupportedOperator(
            "a handle of a variable is an input or output of the model",
            which=outer,
            allowed="values",
            next_step="export the model without its handles",
        )
    return _Binding(_variables(graph)).bound(graph, {})


def _is_handle(tensor: Tensor) -> bool:
    return tensor.dtype is DType.RESOURCE


def _members(graph: Graph) -> Iterator[Graph]:
    """The graph and all that it runs, each once."""
    family: list[Graph] = [graph]
    for member in family:
        yield member
        family.extend(body for body in member.subgraphs if all(body is not known for known in family))


def _handles(graph: Graph) -> dict[str, _Key]:
    """Handles that the graph itself makes."""
    return {
        node.outputs[0]: (node.attrs.container, node.attrs.shared_name)
        for node in graph.nodes
        if isinstance(node.attrs, VariableAttrs)
    }


def _variables(graph: Graph) -> dict[_Key, Tensor]:
    """Every variable, shaped as the values that are assigned where its handle is made."""
    taken = {name for member in _members(graph) for name in member.tensors}
    variables: dict[_Key, Tensor] = {}
    for member in _members(graph):
        handles = _handles(member)
        for node in member.nodes:
            handle, given = (*node.inputs, None, None)[:2]
            if node.outputs or handle not in handles or given is None:
                continue
            key, value = handles[handle], member.tensors[given]
            if key not in variables:
                name = "/".join(part for part in key if part) or "variable"
                while name in taken:
                    name += "'"
                taken.add(name)
                variables[key] = Tensor(name, value.shape, value.dtype, value.quant, variable=True)
            _check_first_value(node, variables[key], value)
    return variables


def _check_first_value(node: Node, variable: Tensor, value: Tensor) -> None:
    """What TFLM fills a variable with, before anything is assigned, is the zero point, taken for a byte."""
    zeros = [0 if t.quant is None else t.quant.zero_points[0] for t in (variable, value)]
    if zeros[0] != zeros[1] or (value.dtype is not DType.INT8 and any(zeros)):
        raise UnsupportedOperator(
            "ASSIGN_VARIABLE: zero points of a variable's values",
            which=f"{node.name}, variable {variable.name}",
            found=", ".join(str(zero) for zero in zeros),
            allowed="one for int8, 0 for other types",
            next_step="convert the model again, or run it with TensorFlow Lite Micro (--engine tflm)",
        )


@dataclass
class _Binding:
    variables: Mapping[_Key, Tensor]
    _known: dict[tuple[int, tuple[tuple[str, _Key], ...]], Graph] = field(default_factory=dict)

    def bound(self, graph: Graph, given: Mapping[str, _Key]) -> Graph:
        """The graph when its inputs in `given` are these handles."""
        known = (id(graph), tuple(sorted(given.items())))
        if known not in self._known:
            self._known[known] = self._rewritten(graph, {**_handles(graph), **given})
        return self._known[known]

    def _rewritten(self, graph: Graph, handles: dict[str, _Key]) -> Graph:
        tensors = dict(graph.tensors)
        nodes: list[Node] = []
        bodies: list[Graph] = []
        for node in graph.nodes:
            if isinstance(node.attrs, VariableAttrs):
                continue
            flow = operator(node.op, node.name).flow(graph.view(node))
            if flow is not None:
                node = self._with_bodies(graph, node, flow, handles, bodies)
            elif node.inputs and node.inputs[0] is not None and _is_handle(graph.tensors[node.inputs[0]]):
                variable = self._variable(node, handles)
                tensors[variable.name] = variable
                node = replace(node, inputs=(variable.name, *node.inputs[1:]))
            nodes.append(node)
        inputs = tuple(name for name in graph.inputs if not _is_handle(graph.tensors[name]))
        outputs = tuple(name for name in graph.outputs if not _is_handle(graph.tensors[name]))
        return graph.rebuilt(
            nodes=tuple(nodes), tensors=tensors, inputs=inputs, outputs=outputs, subgraphs=tuple(bodies)
        )

    def _variable(self, node: Node, handles: Mapping[str, _Key]) -> Tensor:
        key = handles.get(node.inputs[0] or "")
        if key is None or key not in self.variables:
            why = "a handle that is not known in advance" if key is None else "nothing assigns the variable"
            raise UnsupportedOperator(
                f"{node.op}: {why}",
                which=node.name or node.op,
                found=node.inputs[0] if key is None else "/".join(key),
                allowed="variables that are assigned where VAR_HANDLE names them",
                next_step="run the model with TensorFlow Lite Micro (--engine tflm)",
            )
        return self.variables[key]

    def _with_bodies(
        self, graph: Graph, node: Node, flow: Flow, handles: dict[str, _Key], bodies: list[Graph]
    ) -> Node:
        """The node without handles, running bodies that are bound to those it gave."""
        places: list[int] = []
        for run in flow.runs:
            body = graph.subgraphs[run.body]
            outer = [node.inputs[source.index] or "" for source in run.inputs]
            pairs = zip(body.inputs, outer, strict=True)
            given = {inner: handles[name] for inner, name in pairs if name in handles}
            bodies.append(self.bound(body, given))
            places.append(len(bodies) - 1)
            for output, inner in zip(node.outputs, body.outputs, strict=False):
                if isinstance(flow, Loop) and run is flow.body and inner in given:
                    handles[output] = given[inner]
        return replace(
            node,
            inputs=tuple(name for name in node.inputs if name is None or not _is_handle(graph.tensors[name])),
            outputs=tuple(name for name in node.outputs if not _is_handle(graph.tensors[name])),
            attrs=type(node.attrs)(*places),
        )
