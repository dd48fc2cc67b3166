"""A .tflite file becomes C: read, simplify, choose kernels, plan memory, emit, write."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tinyml_compress import codegen, frontend, passes, plan
from tinyml_compress.codegen.project import project_files
from tinyml_compress.ir import Graph, NodeView, Program
from tinyml_compress.ir.program import ProgramNode
from tinyml_compress.ops import candidates, choose_all, operator
from tinyml_compress.ops.base import Isa, Level, Variant
from tinyml_compress.pipeline.convert.golden_vectors import golden_vectors
from tinyml_compress.results import Compiled, CompiledNode
from tinyml_compress.support import files
from tinyml_compress.support.c_names import c_name, check_c_name
from tinyml_compress.support.words import word

__all__ = ["compile_c", "compile_graph", "compile_model", "compile_to_folder", "isas_for"]

Pass = Callable[[Graph], Graph]


def isas_for(isa: Isa) -> tuple[Isa, ...]:
    """The instruction sets a core of kind `isa` can run: its own and plain C."""
    return (Isa.C,) if isa is Isa.C else (Isa.C, isa)


def compile_graph(
    graph: Graph,
    prefix: str,
    *,
    model_sha256: str,
    isas: Iterable[Isa] = (Isa.C,),
    level: Level = Level.BALANCED,
    using: Sequence[Pass] = passes.PASSES,
) -> Program:
    """The C program of a graph as the frontend reads it."""
    chosen = tuple(isas)
    simplified = passes.run(graph, using)
    planned = _planned(simplified, chosen, level, {})
    return codegen.generate(
        planned,
        prefix=prefix,
        model_sha256=model_sha256,
        options=f"isa={'+'.join(isa.value for isa in chosen)} optimize={level.value}",
    )


def compile_model(
    model: bytes, name: str, isas: Iterable[Isa] = (Isa.C,), level: Level = Level.BALANCED
) -> Program:
    """The C program of a .tflite file, in memory; `name` prefixes its symbols."""
    graph = frontend.read(model, name)
    return compile_graph(graph, check_c_name(name), model_sha256=files.sha256(model), isas=isas, level=level)


def _planned(
    graph: Graph, isas: tuple[Isa, ...], level: Level, known: dict[int, plan.Planned]
) -> plan.Planned:
    """Kernels and places for a graph, its bodies first: a body's arena is the scratch of the node that runs
    it.
    """
    if id(graph) not in known:
        bodies = tuple(_planned(body, isas, level, known) for body in graph.subgraphs)
        planned = plan.plan_in_best_order(graph, _schedule(graph, isas, level, bodies))
        known[id(graph)] = replace(planned, bodies=bodies)
    return known[id(graph)]


def _schedule(
    graph: Graph, isas: tuple[Isa, ...], level: Level, bodies: Sequence[plan.Planned]
) -> tuple[Variant, ...]:
    """The kernel of each node."""

    def with_room(view: NodeView, variant: Variant) -> Variant:
        run = operator(view.node.op, view.node.name).bodies(view)
        if not run:
            return variant
        room = max(bodies[number].memory.arena_bytes for number in run)
        return replace(variant, scratch=lambda _: room)

    if level is Level.RAM:
        choices = [[with_room(view, variant) for variant in candidates(view, isas)] for view in graph.views()]
        return plan.smallest_schedule(graph, choices)
    chosen = choose_all(graph, isas, level)
    return tuple(with_room(view, variant) for view, variant in zip(graph.views(), chosen, strict=True))


def compile_c(
    model: str | Path,
    *,
    output: str | Path,
    name: str | None = None,
    isa: str = "c",
    optimize: str = "balanced",
) -> Compiled:
    """An int8 .tflite file to self-contained C in `output`, with a project that tests it."""
    kernels, level = word(Isa, "isa", isa), word(Level, "optimize", optimize)
    return compile_to_folder(Path(model), Path(output), name or c_name(Path(model).stem), kernels, level)


def compile_to_folder(
    model: Path, output: Path, name: str, isa: Isa = Isa.C, level: Level = Level.BALANCED
) -> Compiled:
    """Compile the file `model` and write sources and a project that tests them into `output`, whole or not at
    all.
    """
    started = time.perf_counter()
    content = files.read_bytes(model)
    program = compile_model(content, name, isas_for(isa), level)
    written = {**program.files, **project_files(program, golden_vectors(content, program))}
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
        nodes=tuple(map(_node, program.nodes)),
        seconds=round(time.perf_counter() - started, 3),
    )


def _node(node: ProgramNode) -> CompiledNode:
    return CompiledNode(
        index=node.index,
        op=node.op,
        name=node.name,
        kernel=node.kernel,
        macs=node.macs,
        encoding=None if node.zeros is None else node.encoding,
        zeros=None if node.zeros is None else round(node.zeros, 4),
    )
