"""Node functions, and functions of the bodies that control flow runs, as C text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tinyml_compress.codegen.literals import float_literal, int_literal
from tinyml_compress.codegen.state import PlannedGraph, StateLayout
from tinyml_compress.codegen.statements import (
    ARENA,
    ROWS,
    STATE,
    Code,
    Names,
    Statement,
    copy,
    in_node,
    lines_of,
    parameters,
    used,
)
from tinyml_compress.codegen.tables import Constants
from tinyml_compress.errors import GraphError
from tinyml_compress.ir import Buffer, Graph, MemoryPlan, NodeView, ProgramNode, Tensor, needed
from tinyml_compress.ops import all_structs, kernel_source, operator
from tinyml_compress.ops.base import (
    Argument,
    Call,
    CallRows,
    Choice,
    Consts,
    Flow,
    In,
    Kept,
    Loop,
    Once,
    Out,
    ParamValue,
    Ref,
    Run,
    RunStrips,
    Scratch,
    Var,
    Variant,
)
from tinyml_compress.ops.sources import KernelSource
from tinyml_compress.ops.strips.node import OPERATOR as STRIPS
from tinyml_compress.ops.strips.node import Strip, StripsAttrs, strips_attrs
from tinyml_compress.ops.structs import Struct
from tinyml_compress.support.escape import c_comment

STOPPED = 2
"""What invoke returns when a node ended the inference."""
_NO_ROW = 3
"""And when the caller's function for rows did."""
_SHIFT = "tc_x8_shift__c"


@dataclass
class Functions:
    """Collects C while graphs are added; a body comes before what runs it."""

    prefix: str
    layout: StateLayout
    constants: Constants = field(init=False)
    kernels: dict[str, KernelSource] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)
    params: list[str] = field(default_factory=list)
    _constant_index: dict[tuple[int, str], int] = field(default_factory=dict)
    uses: set[str] = field(default_factory=set)
    """What any of the functions uses."""
    _bodies: dict[int, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    """Number and parameters of each body's function, by the `id` of its plan."""
    _next: int = 0

    def __post_init__(self) -> None:
        self.constants = Constants(self.prefix)

    def add(self, planned: PlannedGraph, names: Names) -> list[tuple[ProgramNode, Statement]]:
        """The nodes of a graph that have something to do, each with the C statement that runs it where the
        pointers have these names.
        """
        first = self._next
        self._next += len(planned.graph.nodes)
        steps: list[tuple[ProgramNode, Statement]] = []
        for index, (view, variant) in enumerate(zip(planned.graph.views(), planned.schedule, strict=True)):
            step = NodeEmitter(self, planned, index, first + index, view).add(variant, names)
            if step is not None:
                steps.append(step)
        return steps

    def copies_to_outputs(self, planned: PlannedGraph, names: Names) -> list[Statement]:
        """Outputs that no node puts in their place, constants and variables: copied last."""
        copies: list[Statement] = []
        for name in dict.fromkeys(planned.graph.outputs):
            tensor = planned.graph.tensors[name]
            if not tensor.in_arena:
                place = _in_arena(planned.memory, planned.memory.tensors[name], names=names)
                copies.append(copy(place, self.held(planned.graph, tensor, names), tensor.nbytes))
        return copies

    def constant(self, graph: Graph, tensor: Tensor) -> str:
        """The C array of a constant tensor."""
        assert tensor.data is not None
        slot = self._constant_index.setdefault((id(graph), tensor.name), len(self._constant_index))
        return self.constants.add_constant(slot, tensor.dtype.ctype, tensor.data)

    def held(self, graph: Graph, tensor: Tensor, names: Names) -> Code:
        """Where a constant or a variable starts."""
        if tensor.is_const:
            return Code(self.constant(graph, tensor))
        return _behind(STATE, self.layout.variables[tensor.name], names)

    def define(
        self, comment: str, returns: str, name: str, statements: Sequence[Statement]
    ) -> tuple[str, ...]:
        """Add a function of these statements; the pointers that it takes."""
        taken = parameters(statements)
        rows = {ROWS: f"const {self.prefix}_rows_t *"}
        declared = ", ".join(f"{rows.get(one, 'uint8_t *')}{one}" for one in taken) or "void"
        head = f"static TC_NOINLINE {returns} {name}({declared})"
        self.text.append(f"{c_comment(comment)}\n{head} {{\n{lines_of(statements)}\n}}\n")
        self.uses |= used(statements)
        return taken

    def body(self, planned: PlannedGraph) -> tuple[str, tuple[str, ...]]:
        """Name of the function of a body, and its parameters; added when it is first asked for."""
        known = self._bodies.get(id(planned))
        if known is None:
            statements = [statement for _, statement in self.add(planned, in_node)]
            if any(statement.ends for statement in statements):
                raise GraphError("a body of control flow cannot end the inference", which=planned.graph.name)
            statements += self.copies_to_outputs(planned, in_node)
            number = len(self._bodies)
            taken = self.define(
                f"body: {planned.graph.name}", "void", f"{self.prefix}_body_{number}", statements
            )
            known = self._bodies[id(planned)] = (number, taken)
        number, taken = known
        return f"{self.prefix}_body_{number}", taken


def _behind(base: str, offset: int, names: Names = in_node) -> Code:
    """A place so many bytes behind a pointer."""
    return Code(f"{names(base)} + {offset}", frozenset({base}))


def _in_arena(memory: MemoryPlan, buffer: Buffer, shift: int = 0, names: Names = in_node) -> Code:
    """A place in a buffer."""
    return _behind(ARENA + memory.arenas[buffer.arena].suffix, buffer.offset + shift, names)


@dataclass
class NodeEmitter:
    """One node on its way to a C function."""

    functions: Functions
    planned: PlannedGraph
    index: int
    """Within its graph."""
    number: int
    """Within the program."""
    view: NodeView

    def add(self, variant: Variant, names: Names) -> tuple[ProgramNode, Statement] | None:
        """Emit the function; None when the node has nothing to do."""
        node, prefix = self.view.node, self.functions.prefix
        if variant.flow is not None:
            statements, kernel = self._flow(variant.flow(self.view)), variant.symbol
        else:
            calls = [call for call in variant.emit(self.view) if not self._coincides(call)]
            if not calls:
                return None
            statements = self._calls(calls)
            kernel = calls[0].kernel
        function = f"{prefix}_node_{self.number}"
        ends = max(statement.ends for statement in statements)
        taken = self.functions.define(
            f"{node.op} {node.name}", "int" if ends else "void", function, statements
        )
        call = f"{function}({', '.join(names(parameter) for parameter in taken)})"
        text = f"    if ({call} != 0) {{\n        return {ends};\n    }}" if ends else f"    {call};"
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
            Statement(text, frozenset(taken), ends),
        )

    def _zeros(self) -> float | None:
        """The part of the weights that is zero; None without weights."""
        weights = operator(self.view.node.op).weights
        if weights is None or (values := self.view.input(weights.at).data) is None:
            return None
        return 1.0 - np.count_nonzero(values) / values.size

    def _calls(self, calls: Sequence[Call]) -> list[Statement]:
        op = operator(self.view.node.op)
        statements: list[Statement] = []
        for position, call in enumerate(calls):
            self.functions.kernels[call.kernel] = needed(kernel_source(op, call.kernel), call.kernel)
            suffix = "" if len(calls) == 1 else f"_{position}"
            arguments = [Code(f"&{self._add_params(suffix, call)}")] if call.params else []
            arguments += [self._pointer(argument) for argument in call.arguments]
            text = f"{call.kernel}({', '.join(argument.text for argument in arguments)});"
            last = position == len(calls) - 1
            if call.stops and not last:
                raise GraphError(
                    "only the last call of a node can end the inference", which=self.view.node.name
                )
            line = f"    return {text}" if call.stops else f"    {text}"
            statements.append(Statement(line, used(arguments), STOPPED if call.stops else 0))
        return statements

    def _coincides(self, call: Call) -> bool:
        """Whether a call that only moves bytes would move them onto themselves."""
        if not call.moves:
            return False
        places: list[tuple[object, int]] = []
        for argument in call.arguments:
            if not isinstance(argument, (In, Out)):
                return False
            tensor = self._tensor(argument)
            if not tensor.in_arena:
                return False
            base, offset = self._spot(tensor)
            places.append((base, offset + argument.offset))
        return len(places) == 2 and places[0] == places[1]

    def _spot(self, tensor: Tensor) -> tuple[object, int]:
        """Where a tensor lies: what in, and how many bytes behind its start."""
        buffer = self.planned.memory.tensors[tensor.name]
        return buffer.arena, buffer.offset

    def _tensor(self, argument: In | Out | Var) -> Tensor:
        return (
            self.view.output(argument.index) if isinstance(argument, Out) else self.view.input(argument.index)
        )

    def _pointer(self, argument: Argument) -> Code:
        functions = self.functions
        if isinstance(argument, Scratch):
            place = self._kernel_scratch()
            return Code("NULL") if place is None else Code(f"(void *)({place.text})", place.uses)
        if isinstance(argument, Kept):
            dtype = operator(self.view.node.op).state(self.view)[argument.index].dtype
            offset = functions.layout.blocks[id(self.planned.graph), self.index, argument.index]
            return _cast(_behind(STATE, offset), dtype.ctype, dtype.itemsize, "")
        tensor = self._tensor(argument)
        shift = 0 if isinstance(argument, Var) else argument.offset
        if tensor.data is not None:
            name = functions.constant(self.view.graph, tensor)
            step, rest = divmod(shift, tensor.dtype.itemsize)
            if rest:
                raise GraphError("a byte offset splits an element", which=tensor.name, found=shift)
            return Code(name if step == 0 else f"{name} + {step}")
        if tensor.variable:
            base = _behind(STATE, functions.layout.variables[tensor.name] + shift)
        else:
            base = self._in_arena(tensor, shift)
        return _cast(
            base, tensor.dtype.ctype, tensor.dtype.itemsize, "const " if isinstance(argument, In) else ""
        )

    def _kernel_scratch(self) -> Code | None:
        return self._scratch() if self.index in self.planned.memory.scratch else None

    def _add_params(self, suffix: str, call: Call) -> str:
        names = {table.name: self.functions.constants.add_table(self.number, table) for table in call.tables}
        values = _values(all_structs()[call.params_type], dict(call.params), names)
        name = f"{self.functions.prefix}_p{self.number}{suffix}"
        self.functions.params.append(f"static const {call.params_type} {name} = {{\n{values},\n}};\n")
        return name

    # --- control flow ---

    def _flow(self, flow: Flow) -> list[Statement]:
        match flow:
            case Choice():
                condition = self._pointer(flow.condition)
                return [
                    Statement(f"    if (*{condition.text} != 0) {{", condition.uses),
                    *self._run(flow.then),
                    Statement("    } else {"),
                    *self._run(flow.otherwise),
                    Statement("    }"),
                ]
            case Loop():
                body = self.planned.bodies[flow.condition.body]
                answer = self._inside(flow.condition.body, body.graph.outputs[0])
                return [
                    *(line for port in range(len(self.view.node.inputs)) for line in self._start(port)),
                    Statement("    for (;;) {"),
                    *self._run(flow.condition),
                    Statement(f"        if (*({answer.text}) == 0) {{", answer.uses),
                    Statement("            break;\n        }"),
                    *self._run(flow.body),
                    Statement("    }"),
                ]
            case Once():
                done = self._pointer(flow.done)
                return [
                    Statement(f"    if (*{done.text} == 0) {{", done.uses),
                    *self._run(flow.run),
                    Statement(f"        *{done.text} = 1;\n    }}"),
                ]
            case RunStrips():
                return self._strips(strips_attrs(self.view))
            case CallRows():
                tensor = self._tensor(flow.place)
                called = self._call_rows(flow, "0", tensor.nbytes // flow.row_bytes)
                return [called, Statement("    return 0;")]

    def _call_rows(self, flow: CallRows, first: str, count: int) -> Statement:
        """The caller gives or takes so many rows."""
        place = self._place(flow.place)
        call = f"rows->{flow.function}(rows->context, {flow.port}, {first}, {count}, {place.text})"
        text = f"    if ({call} != 0) {{\n        return 1;\n    }}"
        return Statement(text, place.uses | {ROWS}, _NO_ROW)

    def _run(self, run: Run) -> list[Statement]:
        body = self.planned.bodies[run.body]
        name, taken = self.functions.body(body)
        given = [
            (self._inside(run.body, target), self._place(source), body.graph.tensors[target].nbytes)
            for target, source in zip(body.graph.inputs, run.inputs, strict=True)
        ]
        results = [
            (self._place(target), self._inside(run.body, source), body.graph.tensors[source].nbytes)
            for source, target in zip(body.graph.outputs, run.outputs, strict=bool(run.outputs))
        ]
        arguments = [self._scratch() if base == ARENA else Code(base, frozenset({base})) for base in taken]
        call = f"        {name}({', '.join(argument.text for argument in arguments)});"
        before, after = ([copy(*places, indent=" " * 8) for places in row] for row in (given, results))
        return [*before, Statement(call, used(arguments)), *after]

    def _start(self, port: int) -> list[Statement]:
        """An input of a loop becomes its output."""
        to, source = self._place(Out(port)), self._place(In(port))
        return [] if to == source else [copy(to, source, self.view.output(port).nbytes)]

    def _scratch(self) -> Code:
        scratch = self.planned.memory.scratch.get(self.index)
        return _behind(ARENA, 0) if scratch is None else _in_arena(self.planned.memory, scratch)

    def _inside(self, body: int, name: str) -> Code:
        """A tensor of a body, whose arena is this node's scratch."""
        start = self._scratch()
        return Code(f"{start.text} + {self.planned.bodies[body].memory.tensors[name].offset}", start.uses)

    def _place(self, argument: In | Out) -> Code:
        tensor = self._tensor(argument)
        if tensor.in_arena:
            return self._in_arena(tensor)
        return self.functions.held(self.view.graph, tensor, in_node)

    def _in_arena(self, tensor: Tensor, shift: int = 0) -> Code:
        return _in_arena(self.planned.memory, self.planned.memory.tensors[tensor.name], shift)

    # --- strips ---

    def _strips(self, attrs: StripsAttrs) -> list[Statement]:
        """A loop over the strips: which form each has stands in a table."""
        table = Consts("order", "uint8_t", np.array(attrs.order, np.uint8), align=1)
        order = self.functions.constants.add_table(self.number, table)
        counted = sorted({one.layer for one in attrs.strips if one.is_counted})
        cases: list[Statement] = []
        for form, strip in enumerate(attrs.strips):
            cases.append(Statement(f"        case {form}:"))
            cases += _StripEmitter(
                self.functions, self.planned, self.index, self.number, strip.view, strip, form
            ).lines()
            if strip.layer in counted:
                cases.append(Statement(f"            ++strip_{strip.layer};"))
            cases.append(Statement("            break;"))
        return [
            *(Statement(f"    int32_t strip_{layer} = 0;") for layer in counted),
            Statement(f"    for (int32_t step = 0; step < {len(attrs.order)}; ++step) {{"),
            Statement(f"        switch ({order}[step]) {{"),
            *cases,
            Statement("        default:\n            break;\n        }\n    }"),
            *([Statement("    return 0;")] if any(one.ends for one in cases) else []),
        ]


@dataclass
class _StripEmitter(NodeEmitter):
    """One form of a layer's strips, inside the function of their node."""

    strip: Strip
    form: int

    def lines(self) -> list[Statement]:
        rows = [*self._made(), *self._shifts()]
        if any(row.ends == STOPPED for row in rows):
            raise GraphError("a strip cannot end the inference", which=self.view.node.name)
        return [replace(row, text=_indented(row.text)) for row in rows]

    def _made(self) -> list[Statement]:
        calls = self.strip.calls_rows
        if calls is None:
            emitted = self.strip.variant.emit(self.view)
            return self._calls([call for call in emitted if not self._coincides(call)])
        count = self._tensor(calls.place).nbytes // calls.row_bytes
        first, ahead = f"strip_{self.strip.layer} * {self.strip.height}", self.strip.ahead
        beyond = f" {'-' if ahead < 0 else '+'} {abs(ahead)}" if ahead else ""
        return [self._call_rows(calls, first + beyond, count)]

    def _shifts(self) -> list[Statement]:
        """Rows that are still read go to the start of their ring."""
        rows: list[Statement] = []
        for shift in self.strip.shifts:
            self.functions.kernels[_SHIFT] = needed(kernel_source(STRIPS, _SHIFT), _SHIFT)
            to, source = (self._behind_start(offset) for offset in (shift.target, shift.source))
            rows.append(Statement(f"    {_SHIFT}({to.text}, {source.text}, {shift.nbytes});", to.uses))
        return rows

    def _behind_start(self, offset: int) -> Code:
        start = self._scratch()
        return Code(f"{start.text} + {offset}", start.uses)

    def _spot(self, tensor: Tensor) -> tuple[object, int]:
        place = self.strip.places[tensor.name]
        return (place.whole, place.step), place.offset

    def _in_arena(self, tensor: Tensor, shift: int = 0) -> Code:
        place = self.strip.places[tensor.name]
        if place.whole is None:
            return self._behind_start(place.offset + shift)
        memory = self.planned.memory
        start = _in_arena(memory, memory.tensors[place.whole], place.offset + shift)
        if not place.step:
            return start
        base, offset = start.text.split(" + ")
        return Code(f"{base} + ({offset} + strip_{self.strip.layer} * {place.step})", start.uses)

    def _kernel_scratch(self) -> Code | None:
        return self._behind_start(self.strip.scratch) if self.strip.variant.scratch(self.view) else None

    def _add_params(self, suffix: str, call: Call) -> str:
        tables = tuple(replace(table, name=f"{self.form}_{table.name}") for table in call.tables)
        params = tuple(
            (name, Ref(f"{self.form}_{value.table}") if isinstance(value, Ref) else value)
            for name, value in call.params
        )
        return super()._add_params(f"_{self.form}{suffix}", replace(call, tables=tables, params=params))


def _indented(text: str) -> str:
    return "\n".join(f"        {line}" for line in text.split("\n"))


def _cast(base: Code, ctype: str, itemsize: int, qualifier: str) -> Code:
    through = "" if itemsize == 1 else f"({qualifier}void *)"
    return Code(f"({qualifier}{ctype} *){through}({base.text})", base.uses)


def _values(kind: Struct, given: dict[str, ParamValue], tables: dict[str, str]) -> str:
    """What stands between the braces of an initializer: in the struct's order, whichever they come in."""
    if sorted(kind.names()) != sorted(given):
        raise GraphError("other parameters than the kernel's struct has", which=kind.name, found=list(given))

    def inside(of: Struct, indent: str) -> str:
        return ",\n".join(
            f"{indent}{{\n{inside(field.inner, indent + '    ')},\n{indent}}}"
            if field.inner
            else f"{indent}{_value(given[field.name], tables)} {c_comment(field.name)}"
            for field in of.fields
        )

    return inside(kind, "    ")


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
