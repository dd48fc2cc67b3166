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

__all__ = ["bind_variables"]

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
    found: list[Graph] = [graph]
    for member in found:
        yield member
        found.extend(body for body in member.subgraphs if all(body is not known for known in found))


def _handles(graph: Graph) -> dict[str, _Key]:
    """Handles that the graph itself makes."""
    return {
        view.node.outputs[0]: (view.attrs(VariableAttrs).container, view.attrs(VariableAttrs).shared_name)
        for view in graph.views()
        if view.node.op == "VAR_HANDLE"
    }


def _variables(graph: Graph) -> dict[_Key, Tensor]:
    """Every variable, shaped as the values that are assigned where its handle is made."""
    taken = {name for member in _members(graph) for name in member.tensors}
    made: dict[_Key, Tensor] = {}
    for member in _members(graph):
        handles = _handles(member)
        for node in member.nodes:
            if node.op != "ASSIGN_VARIABLE" or node.inputs[0] not in handles or node.inputs[1] is None:
                continue
            key, value = handles[node.inputs[0]], member.tensors[node.inputs[1]]
            if key not in made:
                name = "/".join(part for part in key if part) or "variable"
                while name in taken:
                    name += "'"
                taken.add(name)
                made[key] = Tensor(name, value.shape, value.dtype, value.quant, variable=True)
            _check_first_value(node, made[key], value)
    return made


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
            if node.op == "VAR_HANDLE":
                continue
            if node.op in ("READ_VARIABLE", "ASSIGN_VARIABLE"):
                variable = self._variable(node, handles)
                tensors[variable.name] = variable
                nodes.append(replace(node, inputs=(variable.name, *node.inputs[1:])))
                continue
            run = operator(node.op, node.name).bodies(graph.view(node))
            nodes.append(self._with_bodies(graph, node, run, handles, bodies) if run else node)
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
        self, graph: Graph, node: Node, run: tuple[int, ...], handles: dict[str, _Key], bodies: list[Graph]
    ) -> Node:
        """The node without handles, running bodies that are bound to those it gave."""
        values = node.inputs[1:] if node.op == "IF" else node.inputs
        places: list[int] = []
        for number in run:
            body = graph.subgraphs[number]
            pairs = zip(body.inputs, values, strict=False)
            given = {inner: handles[name] for inner, name in pairs if name is not None and name in handles}
            bodies.append(self.bound(body, given))
            places.append(len(bodies) - 1)
            for made, inner in zip(node.outputs, body.outputs, strict=False):
                if node.op == "WHILE" and number == run[-1] and inner in given:
                    handles[made] = given[inner]
        return replace(
            node,
            inputs=tuple(name for name in node.inputs if name is None or not _is_handle(graph.tensors[name])),
            outputs=tuple(name for name in node.outputs if not _is_handle(graph.tensors[name])),
            attrs=type(node.attrs)(*places),
        )
