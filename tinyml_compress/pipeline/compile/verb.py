"""A .tflite file becomes C: read, simplify, choose kernels, plan memory, emit, write."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial
from math import isfinite
from pathlib import Path

from tinyml_compress import codegen, frontend, passes, plan
from tinyml_compress.codegen.project import project_files
from tinyml_compress.frontends.preprocessing import Preprocessing
from tinyml_compress.fusion import by_rows
from tinyml_compress.ir import ANYWHERE, ByRows, Graph, Memories, NodeView, Prices, Program
from tinyml_compress.ir.program import KernelPrice, ProgramNode
from tinyml_compress.ops import operator
from tinyml_compress.ops.base import Level, Variant
from tinyml_compress.pipeline.compile.front_end import front_end, manifest_preprocessing
from tinyml_compress.pipeline.compile.fused import GraphForm, form_of, form_within
from tinyml_compress.pipeline.compile.shares import memory_shares
from tinyml_compress.pipeline.compile.trigger import trigger_beside
from tinyml_compress.pipeline.convert.golden_vectors import golden_vectors
from tinyml_compress.results import Compiled, CompiledNode, KernelOption
from tinyml_compress.schedule import AS_ASKED, Asked, Decision, Option, decided, options, usual_prices
from tinyml_compress.support import files
from tinyml_compress.support.c_names import check_c_name
from tinyml_compress.support.instruction_sets import Isa

Pass = Callable[[Graph], Graph]


def compile_graph(
    graph: Graph,
    prefix: str,
    *,
    model_sha256: str,
    isas: Iterable[Isa] = (Isa.C,),
    level: Level = Level.BALANCED,
    using: Sequence[Pass] = passes.PASSES,
    asked: Sequence[Asked] = (),
    memories: Memories = ANYWHERE,
    most_ram: int | None = None,
    prices: Prices | None = None,
    ends: Collection[ByRows] = (),
) -> Program:
    """The C program of a graph as the frontend reads it, with the kernels that are `asked` for, else those
    that a core with these `prices` runs best; spread over `memories`, the fastest first, where they are
    named; with an arena of `most_ram` bytes at most; those of its `ends` by rows that the caller gives and
    takes.
    """
    chosen = tuple(isas)
    planner = _Planner(chosen, level, most_ram, prices or usual_prices(chosen), bool(ends))
    core = f" core={prices.core}" if prices else ""
    single = partial(passes.single_channels, pays=planner.is_dearer)
    rewrites = [single if one is passes.single_channels else one for one in using]
    planned = planner.planned(by_rows(passes.run(graph, rewrites), ends), asked)
    return _generated(planner, planned, prefix, model_sha256, memories, f"{core}{memories}")


def compile_form(
    form: GraphForm, prefix: str, *, model_sha256: str, isas: tuple[Isa, ...], prices: Prices
) -> Program:
    """The C program of one form of a front, as it is."""
    planner = _Planner(isas, Level.SPEED, None, prices, calls_rows=False)
    planned = planner.taken(form)
    return _generated(planner, planned, prefix, model_sha256, ANYWHERE, f" core={prices.core}")


def _generated(
    planner: _Planner, planned: plan.Planned, prefix: str, model_sha256: str, memories: Memories, words: str
) -> Program:
    free = memories.without(
        codegen.lay_out(planned).nbytes
    )  # the state lies in the fastest, before the arena
    if free.ram:
        planned = replace(
            planned,
            memory=plan.in_memories(planned.graph, planned.schedule, planned.memory, free.ram),
        )
    program = codegen.generate(
        planned,
        prefix=prefix,
        model_sha256=model_sha256,
        options=f"isa={'+'.join(isa.value for isa in planner.isas)} optimize={planner.level.value}{words}",
        place=lambda arrays, nodes: plan.homes(arrays, nodes, planned.memory, free),
    )
    nodes = planned.graph.nodes
    return replace(
        program,
        nodes=tuple(_explained(one, planner.decisions[id(nodes[one.index])]) for one in program.nodes),
    )


def compile_model(
    model: bytes,
    name: str,
    isas: Iterable[Isa] = (Isa.C,),
    level: Level = Level.BALANCED,
    asked: Sequence[Asked] = (),
    memories: Memories = ANYWHERE,
    most_ram: int | None = None,
    prices: Prices | None = None,
    ends: Collection[ByRows] = (),
) -> Program:
    """The C program of a .tflite file, in memory; `name` prefixes its symbols."""
    graph = frontend.read(model, name)
    return compile_graph(
        graph,
        check_c_name(name),
        model_sha256=files.sha256(model),
        isas=isas,
        level=level,
        asked=asked,
        memories=memories,
        most_ram=most_ram,
        prices=prices,
        ends=ends,
    )


def _explained(node: ProgramNode, decision: Decision) -> ProgramNode:
    return replace(
        node, family=decision.chosen.family, options=tuple(map(_price, decision.options)), why=decision.why
    )


def _price(option: Option) -> KernelPrice:
    cycles = option.cycles if isfinite(option.cycles) else None
    return KernelPrice(option.family, option.variant.symbol, cycles, option.weight_bytes)


class _Planner:
    """Kernels and places for a graph, its bodies first: a body's arena is the scratch of the node that runs
    it.
    """

    def __init__(
        self, isas: tuple[Isa, ...], level: Level, most_ram: int | None, prices: Prices, calls_rows: bool
    ) -> None:
        self.isas, self.level, self._most_ram, self._prices = isas, level, most_ram, prices
        self._by_strips = calls_rows or most_ram is not None or level is Level.RAM
        self._known: dict[int, plan.Planned] = {}
        self.decisions: dict[int, Decision] = {}
        """By the `id` of the node."""

    def planned(self, graph: Graph, asked: Sequence[Asked] = ()) -> plan.Planned:
        """The graph with all that is decided; what is asked for is meant for the graph, not its bodies."""
        if id(graph) not in self._known:
            bodies = tuple(map(self.planned, graph.subgraphs))
            decisions = decided(graph, self.isas, self.level, self._prices, asked)
            form = self._form(graph, decisions, bodies)
            self.decisions |= zip(map(id, graph.nodes), decisions, strict=True)
            for node, variant in zip(form.graph.nodes, form.schedule, strict=True):
                self.decisions[id(node)] = self._settled(form.graph.view(node), variant)
            ordered = plan.plan_in_best_order(form.graph, form.schedule)
            self._known[id(graph)] = replace(ordered, bodies=bodies)
        return self._known[id(graph)]

    def taken(self, form: GraphForm) -> plan.Planned:
        """What is planned of a form, whose kernels are decided."""
        for view, variant in zip(form.graph.views(), form.schedule, strict=True):
            every = options(view, self.isas, self._prices, tuple(Level))
            chosen = next(option for option in every if option.variant is variant)
            self.decisions[id(view.node)] = Decision((chosen,), chosen, "form of the front")
        return plan.plan_in_best_order(form.graph, form.schedule)

    def is_dearer(self, one: NodeView, other: NodeView) -> bool:
        """Whether the cheapest kernel of a node costs more than that of another form of the node."""
        first, second = (options(view, self.isas, self._prices, (self.level,)) for view in (one, other))
        return first[0].price > second[0].price

    def _form(self, graph: Graph, decisions: Sequence[Decision], bodies: Sequence[plan.Planned]) -> GraphForm:
        """Graph and kernels: as decided, or for the least arena that does not cost too much."""
        if self._by_strips:
            kept = frozenset(
                node for node, one in zip(graph.nodes, decisions, strict=True) if one.why == AS_ASKED
            )
            able = [(one.chosen,) if one.why == AS_ASKED else one.options for one in decisions]
            rows = [
                [_with_room(view, option.variant, bodies) for option in row]
                for view, row in zip(graph.views(), able, strict=True)
            ]
            return form_within(graph, rows, self.isas, self._prices, kept, self._most_ram)
        views = zip(graph.views(), decisions, strict=True)
        schedule = tuple(_with_room(view, one.chosen.variant, bodies) for view, one in views)
        return form_of(graph, schedule, self._prices)

    def _settled(self, view: NodeView, variant: Variant) -> Decision:
        """What was decided of a node, with the kernel that it has in the end."""
        one = self.decisions.get(id(view.node))
        if one is None:  # it runs others by strips
            (only,) = options(view, self.isas, self._prices)
            return Decision((only,), only, "smallest arena")
        if one.chosen.variant is variant:
            return one
        chosen = next((option for option in one.options if option.variant is variant), one.chosen)
        return one if chosen is one.chosen else replace(one, chosen=chosen, why="smallest arena")


def _with_room(view: NodeView, variant: Variant, bodies: Sequence[plan.Planned]) -> Variant:
    run = operator(view.node.op, view.node.name).bodies(view)
    if not run:
        return variant
    room = max(bodies[number].memory.arena_bytes for number in run)
    return replace(variant, scratch=lambda _: room)


def compile_to_folder(
    model: Path,
    output: Path,
    name: str,
    isa: Isa = Isa.C,
    level: Level = Level.BALANCED,
    prices: Prices | None = None,
    most_ram: int | None = None,
) -> Compiled:
    """Compile the file `model` and write sources and a project that tests them into `output`, whole or not at
    all.
    """
    return to_folder(model, output, name, isa.sets, level, (), ANYWHERE, prices, most_ram=most_ram)


def to_folder(
    model: Path,
    output: Path,
    name: str,
    isas: tuple[Isa, ...],
    level: Level,
    asked: Sequence[Asked],
    memories: Memories,
    prices: Prices | None,
    preprocessing: Preprocessing | None = None,
    trigger: str | Path | None = None,
    most_ram: int | None = None,
    ends: Collection[ByRows] = (),
) -> Compiled:
    """The same with all that can be said of kernels, memories and the front end."""
    started = time.perf_counter()
    content = files.read_bytes(model)
    program = compile_model(content, name, isas, level, asked, memories, most_ram, prices, ends)
    front = front_end(name, program.inputs, preprocessing or manifest_preprocessing(model))
    more = {
        **({} if front is None else front.files),
        **trigger_beside(name, content, program.outputs, trigger),
    }
    written = {
        **program.files,
        **more,
        **project_files(program, golden_vectors(content, program), tuple(more)),
    }
    with files.output_folder(output) as staging:
        for file_name, text in written.items():
            files.write_text(staging / file_name, text)
    return Compiled(
        name=program.prefix,
        model_sha256=program.model_sha256,
        folder=output,
        files=tuple(written),
        arena_bytes=program.arena_bytes,
        arena_lower_bound=program.plan.lower_bound,
        weight_bytes=program.weight_bytes,
        table_bytes=program.table_bytes,
        macs=sum(node.macs for node in program.nodes),
        nodes=tuple(map(compiled_node, program.nodes)),
        memories=memory_shares(program, memories) or None,
        seconds=round(time.perf_counter() - started, 3),
    )


def compiled_node(node: ProgramNode) -> CompiledNode:
    """For people and programs."""
    return CompiledNode(
        index=node.index,
        op=node.op,
        name=node.name,
        kernel=node.kernel,
        macs=node.macs,
        encoding=None if node.zeros is None else node.encoding,
        zeros=None if node.zeros is None else round(node.zeros, 4),
        family=node.family or None,
        options=tuple(map(kernel_option, node.options)),
        why=node.why or None,
    )


def kernel_option(price: KernelPrice) -> KernelOption:
    """For people and programs."""
    return KernelOption(
        family=price.family,
        kernel=price.kernel,
        cycles=None if price.cycles is None else round(price.cycles),
        weight_bytes=price.weight_bytes,
    )
