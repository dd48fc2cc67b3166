"""Node functions, and functions of the bodies that control flow runs, as C text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from tinyml_compress.codegen.kernels import KernelFile
from tinyml_compress.codegen.literals import float_literal, int_literal
from tinyml_compress.codegen.state import StateLayout
from tinyml_compress.codegen.tables import Constants
from tinyml_compress.errors import GraphError
from tinyml_compress.ir import Graph, MemoryPlan, NodeView, ProgramNode, Tensor
from tinyml_compress.ops import folder_of, operator
from tinyml_compress.ops.base import (
    Argument,
    Call,
    Choice,
    Flow,
    In,
    Kept,
    Loop,
    Once,
    Out,
    ParamValue,
    Ref,
    Run,
    Scratch,
    Var,
    Variant,
)
from tinyml_compress.support.escape import c_comment

__all__ = ["Functions", "Planned"]

_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
_STOPPED = 2
"""What invoke returns when a node ended the inference."""


class Planned(Protocol):
    """A graph with kernels and places, as `plan/` makes it."""

    @property
    def graph(self) -> Graph: ...
    @property
    def schedule(self) -> Sequence[Variant]: ...
    @property
    def memory(self) -> MemoryPlan: ...
    @property
    def bodies(self) -> Sequence[Planned]:
        """One per subgraph."""


@dataclass
class Functions:
    """Collects C while graphs are added; a body comes before what runs it."""

    prefix: str
    layout: StateLayout
    constants: Constants = field(init=False)
    kernels: dict[str, KernelFile] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)
    params: list[str] = field(default_factory=list)
    _constant_index: dict[tuple[int, str], int] = field(default_factory=dict)
    _bodies: dict[int, tuple[int, str]] = field(default_factory=dict)
    """Number and arguments of each body's function, by the `id` of its plan."""
    _next: int = 0

    def __post_init__(self) -> None:
        self.constants = Constants(self.prefix)

    def add(self, planned: Planned) -> list[tuple[ProgramNode, str]]:
        """The nodes of a graph that have something to do, each with the C statement that runs it.

        The statement speaks of `arena` and, where the node needs it, of `state`.
        """
        first = self._next
        self._next += len(planned.graph.nodes)
        steps: list[tuple[ProgramNode, str]] = []
        for index, (view, variant) in enumerate(zip(planned.graph.views(), planned.schedule, strict=True)):
            step = _Node(self, planned, index, first + index, view).add(variant)
            if step is not None:
                steps.append(step)
        return steps

    def copies_to_outputs(self, planned: Planned, base: str) -> list[str]:
        """Outputs that no node puts in their place, constants and variables: copied last."""
        copies: list[str] = []
        for name in dict.fromkeys(planned.graph.outputs):
            tensor = planned.graph.tensors[name]
            if not tensor.in_arena:
                place = f"{base} + {planned.memory.tensors[name].offset}"
                source = self.constant(planned.graph, tensor) if tensor.is_const else self.variable(tensor)
                copies.append(f"    TC_MEMCPY({place}, {source}, {tensor.nbytes});")
        return copies

    def constant(self, graph: Graph, tensor: Tensor) -> str:
        """The C array of a constant tensor."""
        assert tensor.data is not None
        slot = self._constant_index.setdefault((id(graph), tensor.name), len(self._constant_index))
        return self.constants.add_constant(slot, tensor.dtype.ctype, tensor.data)

    def variable(self, tensor: Tensor) -> str:
        """Where a variable starts."""
        return f"state + {self.layout.variables[tensor.name]}"

    def body(self, planned: Planned) -> tuple[str, str]:
        """Name of the function of a body, and its arguments; added when it is first asked for."""
        known = self._bodies.get(id(planned))
        if known is None:
            steps = self.add(planned)
            if any("return" in statement for _, statement in steps):
                raise GraphError("a body of control flow cannot end the inference", which=planned.graph.name)
            lines = [statement for _, statement in steps] + self.copies_to_outputs(planned, "arena")
            number = len(self._bodies)
            parameters = _parameters(lines)
            known = self._bodies[id(planned)] = (number, ", ".join(parameters))
            text = "\n".join(lines)
            head = f"static TC_NOINLINE void {self.prefix}_body_{number}({_declared(parameters)})"
            self.text.append(f"{c_comment(f'body: {planned.graph.name}')}\n{head} {{\n{text}\n}}\n")
        number, arguments = known
        return f"{self.prefix}_body_{number}", arguments


def _parameters(lines: Sequence[str]) -> list[str]:
    """Which of arena and state the lines speak of; C allows no function body to leave a parameter unused."""
    text = "\n".join(lines)
    return [name for name in ("arena", "state") if re.search(rf"\b{name}\b", text)]


def _declared(parameters: Sequence[str]) -> str:
    return ", ".join(f"uint8_t *{name}" for name in parameters) or "void"


@dataclass
class _Node:
    """One node on its way to a C function."""

    functions: Functions
    planned: Planned
    index: int
    """Within its graph."""
    number: int
    """Within the program."""
    view: NodeView

    def add(self, variant: Variant) -> tuple[ProgramNode, str] | None:
        """Emit the function; None when the node has nothing to do."""
        node, prefix = self.view.node, self.functions.prefix
        if variant.flow is not None:
            lines, kernel, stops = self._flow(variant.flow(self.view)), variant.symbol, False
        else:
            calls = [call for call in variant.emit(self.view) if not self._coincides(call)]
            if not calls:
                return None
            stops = any(call.stops for call in calls)
            lines = self._calls(calls, variant)
            kernel = calls[0].kernel
        function = f"{prefix}_node_{self.number}"
        parameters = _parameters(lines)
        head = f"static TC_NOINLINE {'int' if stops else 'void'} {function}({_declared(parameters)})"
        body = "\n".join(lines)
        self.functions.text.append(f"{c_comment(f'{node.op} {node.name}')}\n{head} {{\n{body}\n}}\n")
        call = f"{function}({', '.join(parameters)})"
        return (
            ProgramNode(
                index=self.number,
                op=node.op,
                name=node.name,
                function=function,
                kernel=kernel,
                shape=self.view.output(0).shape if node.outputs else (),
                macs=operator(node.op).macs(self.view),
                encoding=variant.encoding if (zeros := self._zeros()) is not None else "",
                zeros=zeros,
            ),
            f"    if ({call} != 0) {{\n        return {_STOPPED};\n    }}" if stops else f"    {call};",
        )

    def _zeros(self) -> float | None:
        """The part of the weights that is zero; None without weights."""
        if self.view.node.op not in _WEIGHTED or self.view.input(1).data is None:
            return None
        values = np.asarray(self.view.input(1).data)
        return 1.0 - np.count_nonzero(values) / values.size

    def _calls(self, calls: Sequence[Call], variant: Variant) -> list[str]:
        folder = folder_of(operator(self.view.node.op))
        lines: list[str] = []
        for position, call in enumerate(calls):
            path = folder / f"{call.kernel}.c"
            if not path.is_file():
                path = folder.parent.parent / "csrc" / f"{call.kernel}.c"
            self.functions.kernels[call.kernel] = KernelFile(call.kernel, path)
            suffix = "" if len(calls) == 1 else f"_{position}"
            arguments = [f"&{self._add_params(suffix, call)}"] if call.params else []
            arguments += [self._pointer(argument) for argument in call.arguments]
            text = f"{call.kernel}({', '.join(arguments)});"
            last = position == len(calls) - 1
            if call.stops and not last:
                raise GraphError(
                    "only the last call of a node can end the inference", which=self.view.node.name
                )
            lines.append(f"    return {text}" if call.stops else f"    {text}")
        return lines

    def _coincides(self, call: Call) -> bool:
        """Whether a call that only moves bytes would move them onto themselves."""
        if not call.moves:
            return False
        places: list[int] = []
        for argument in call.arguments:
            if not isinstance(argument, (In, Out)):
                return False
            tensor = self._tensor(argument)
            if not tensor.in_arena:
                return False
            places.append(self.planned.memory.tensors[tensor.name].offset + argument.offset)
        return len(places) == 2 and places[0] == places[1]

    def _tensor(self, argument: In | Out | Var) -> Tensor:
        return (
            self.view.output(argument.index) if isinstance(argument, Out) else self.view.input(argument.index)
        )

    def _pointer(self, argument: Argument) -> str:
        functions = self.functions
        if isinstance(argument, Scratch):
            scratch = self.planned.memory.scratch.get(self.index)
            return "NULL" if scratch is None else f"(void *)(arena + {scratch.offset})"
        if isinstance(argument, Kept):
            dtype = operator(self.view.node.op).state(self.view)[argument.index].dtype
            offset = functions.layout.blocks[id(self.planned.graph), self.index, argument.index]
            return _cast(f"state + {offset}", dtype.ctype, dtype.itemsize, "")
        tensor = self._tensor(argument)
        shift = 0 if isinstance(argument, Var) else argument.offset
        if tensor.data is not None:
            name = functions.constant(self.view.graph, tensor)
            step, rest = divmod(shift, tensor.dtype.itemsize)
            if rest:
                raise GraphError("a byte offset splits an element", which=tensor.name, found=shift)
            return name if step == 0 else f"{name} + {step}"
        if tensor.variable:
            base = f"state + {functions.layout.variables[tensor.name] + shift}"
        else:
            base = f"arena + {self.planned.memory.tensors[tensor.name].offset + shift}"
        return _cast(
            base, tensor.dtype.ctype, tensor.dtype.itemsize, "const " if isinstance(argument, In) else ""
        )

    def _add_params(self, suffix: str, call: Call) -> str:
        names = {table.name: self.functions.constants.add_table(self.number, table) for table in call.tables}
        values = ",\n".join(
            f"    {_value(value, names)} {c_comment(field_name)}" for field_name, value in call.params
        )
        name = f"{self.functions.prefix}_p{self.number}{suffix}"
        self.functions.params.append(f"static const {call.params_type} {name} = {{\n{values},\n}};\n")
        return name

    # --- control flow ---

    def _flow(self, flow: Flow) -> list[str]:
        match flow:
            case Choice():
                return [
                    f"    if (*{self._pointer(flow.condition)} != 0) {{",
                    *self._run(flow.then),
                    "    } else {",
                    *self._run(flow.otherwise),
                    "    }",
                ]
            case Loop():
                condition = self.planned.bodies[flow.condition.body]
                answer = self._inside(flow.condition.body, condition.graph.outputs[0])
                return [
                    *(line for port in range(len(self.view.node.inputs)) for line in self._start(port)),
                    "    for (;;) {",
                    *self._run(flow.condition),
                    f"        if (*({answer}) == 0) {{",
                    "            break;",
                    "        }",
                    *self._run(flow.body),
                    "    }",
                ]
            case Once():
                done = self._pointer(flow.done)
                return [f"    if (*{done} == 0) {{", *self._run(flow.run), f"        *{done} = 1;", "    }"]

    def _run(self, run: Run) -> list[str]:
        body = self.planned.bodies[run.body]
        name, arguments = self.functions.body(body)
        given = [
            (self._inside(run.body, target), self._place(source), body.graph.tensors[target].nbytes)
            for target, source in zip(body.graph.inputs, run.inputs, strict=True)
        ]
        made = [
            (self._place(target), self._inside(run.body, source), body.graph.tensors[source].nbytes)
            for source, target in zip(body.graph.outputs, run.outputs, strict=bool(run.outputs))
        ]
        base = self._scratch()
        call = f"{name}({arguments.replace('arena', base)});"
        copies = [
            [f"        TC_MEMCPY({to}, {source}, {size});" for to, source, size in row]
            for row in (given, made)
        ]
        return [*copies[0], f"        {call}", *copies[1]]

    def _start(self, port: int) -> list[str]:
        """An input of a loop becomes its output."""
        to, source = self._place(Out(port)), self._place(In(port))
        return [] if to == source else [f"    TC_MEMCPY({to}, {source}, {self.view.output(port).nbytes});"]

    def _scratch(self) -> str:
        scratch = self.planned.memory.scratch.get(self.index)
        return f"arena + {scratch.offset if scratch else 0}"

    def _inside(self, body: int, name: str) -> str:
        """A tensor of a body, whose arena is this node's scratch."""
        return f"{self._scratch()} + {self.planned.bodies[body].memory.tensors[name].offset}"

    def _place(self, argument: In | Out) -> str:
        tensor = self._tensor(argument)
        if tensor.is_const:
            return self.functions.constant(self.view.graph, tensor)
        if tensor.variable:
            return self.functions.variable(tensor)
        return f"arena + {self.planned.memory.tensors[tensor.name].offset}"


def _cast(base: str, ctype: str, itemsize: int, qualifier: str) -> str:
    pointer = f"{qualifier}{ctype} *"
    return f"({pointer})({base})" if itemsize == 1 else f"({pointer})({qualifier}void *)({base})"


def _value(value: ParamValue, tables: dict[str, str]) -> str:
    match value:
        case Ref(table):
            return tables[table]
        case bool():
            return str(int(value))
        case float():
            return float_literal(value)
        case tuple():
            return "{" + ", ".join(int_literal(item) for item in value) + "}"
        case _:
            return int_literal(int(value))
