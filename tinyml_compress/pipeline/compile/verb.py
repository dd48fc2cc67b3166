"""A .tflite file becomes C: read, simplify, choose kernels, plan memory, emit, write."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tinyml_compress import codegen, frontend, passes, plan
from tinyml_compress.codegen.project import project_files
from tinyml_compress.ir import Graph, NodeView, Program
from tinyml_compress.ops import candidates, choose_all, operator
from tinyml_compress.ops.base import Isa, Level, Variant
from tinyml_compress.pipeline.convert.golden_vectors import golden_vectors
from tinyml_compress.support import files
from tinyml_compress.support.c_names import check_c_name
from tinyml_compress.support.notebook import Displayed
from tinyml_compress.support.table import Block, Cell, facts

__all__ = ["Compiled", "compile_graph", "compile_model", "compile_to_folder", "isas_for"]

Pass = Callable[[Graph], Graph]


def isas_for(isa: Isa) -> tuple[Isa, ...]:
    """The instruction sets a core of kind `isa` can run: its own and plain C."""
    return (Isa.C,) if isa is Isa.C else (Isa.C, isa)


@dataclass(frozen=True)
class Compiled(Displayed):
    """What `compile_to_folder` made."""

    program: Program
    folder: Path
    files: tuple[str, ...]
    seconds: float

    def as_json(self) -> dict[str, object]:
        """The result as `compile --json` prints it."""
        program = self.program
        return {
            "schema": 1,
            "name": program.prefix,
            "model_sha256": program.model_sha256,
            "folder": str(self.folder),
            "files": list(self.files),
            "arena_bytes": program.arena_bytes,
            "arena_lower_bound": program.plan.lower_bound,
            "weight_bytes": program.weight_bytes,
            "table_bytes": program.table_bytes,
            "macs": sum(node.macs for node in program.nodes),
            "nodes": [
                {
                    "index": node.index,
                    "op": node.op,
                    "name": node.name,
                    "kernel": node.kernel,
                    "macs": node.macs,
                    **(
                        {}
                        if node.zeros is None
                        else {"encoding": node.encoding, "zeros": round(node.zeros, 4)}
                    ),
                }
                for node in program.nodes
            ],
            "seconds": round(self.seconds, 3),
        }

    def blocks(self) -> list[Block]:
        """The result in a few lines; every number is exact (counted)."""
        program, bound = self.program, self.program.plan.lower_bound
        ratio = (
            "optimal"
            if program.arena_bytes <= bound
            else f"{program.arena_bytes / max(bound, 1) - 1:.1%} above"
        )
        kernels = sorted({node.kernel for node in program.nodes})
        above = f"{program.arena_bytes:,} B, inputs and outputs included ({ratio}; lower bound {bound:,} B)"
        wrote = f"{', '.join(self.files)} in {self.folder} ({self.seconds:.1f} s)"
        rows: list[tuple[str, Cell]] = [
            ("arena", above),
            ("weights", f"{program.weight_bytes:,} B, other tables {program.table_bytes:,} B"),
            *_encodings(program),
            ("wrote", wrote),
        ]
        title = f"{program.prefix}: {len(program.nodes)} nodes, {len(kernels)} kernels: {', '.join(kernels)}"
        return [facts(rows, title=title, indent=2)]


def _encodings(program: Program) -> list[tuple[str, Cell]]:
    """A fact that names the encodings of the weights, when some are not dense."""
    used = Counter(node.encoding for node in program.nodes if node.encoding)
    if set(used) <= {"dense"}:
        return []
    sparse = [
        f"{node.name} {node.encoding} {node.zeros or 0.0:.0%} zero"
        for node in program.nodes
        if node.encoding not in ("", "dense")
    ]
    counts = ", ".join(f"{count} {name}" for name, count in sorted(used.items()))
    return [("encoded", (f"{counts}:", *sparse))]


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
    return Compiled(program, output, tuple(written), time.perf_counter() - started)
