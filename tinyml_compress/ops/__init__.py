"""Operators by schema name. A folder with an `op.py` is an operator: nothing has to be registered."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from functools import lru_cache
from math import fsum, inf
from pathlib import Path

from tinyml_compress.errors import GraphError, ModelError, UnsupportedOperator
from tinyml_compress.ir import Graph, NodeView
from tinyml_compress.ops.base import Isa, Level, Operator, Variant
from tinyml_compress.ops.replacements import replacement

__all__ = [
    "all_operators",
    "candidates",
    "check_graph",
    "choose",
    "choose_all",
    "folder_of",
    "keeps_state",
    "operator",
]


_TIME_AT_SIZE = 0.15
"""At `size` twice the cycles count as much as a ninth more weights."""
_SLOWER = 0.02
"""By so much a model may become slower to need one kernel less."""


@lru_cache(maxsize=1)
def all_operators() -> dict[str, Operator]:
    """Every operator that has a folder here, by its schema name, in alphabetical order."""
    found: dict[str, Operator] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if not module.ispkg or not (Path(__file__).parent / module.name / "op.py").is_file():
            continue
        loaded = importlib.import_module(f"{__name__}.{module.name}.op")
        instance: Operator = loaded.OPERATOR
        found[instance.name] = instance
    return dict(sorted(found.items()))


def operator(name: str, where: str = "") -> Operator:
    """The operator of that schema name; `where` names layer or tensor in the error."""
    known = all_operators()
    if name not in known:
        raise UnsupportedOperator(
            f"operator {name} is not supported by the ahead-of-time engine",
            which=where or None,
            allowed="tinyml-compress operators lists what is",
            next_step=f"{replacement(name)}; or run the model with TensorFlow Lite Micro (--engine tflm)",
        )
    return known[name]


def check_graph(graph: Graph) -> None:
    """Every node is one that its operator's kernels compute exactly, and its outputs have the shapes it
    computes.

    For graphs that `ir.verify` accepts.
    """
    for view in graph.views():
        op = operator(view.node.op, view.node.name)
        op.check(view)
        _check_variables(op, view)
        computed = op.output_shapes(view)
        for index, (shape, name) in enumerate(zip(computed, view.node.outputs, strict=True)):
            found = graph.tensors[name].shape
            if found != shape:
                raise ModelError(
                    f"{op.name}: output {index} has another shape than the operator computes",
                    which=f"{view.node.name} (tensor {name})",
                    found=list(found),
                    allowed=list(shape),
                    next_step=(
                        "convert the model again with fixed input shapes; the file is damaged or was edited"
                    ),
                )
    for body in graph.subgraphs:
        check_graph(body)


def _check_variables(op: Operator, view: NodeView) -> None:
    """Only operators that are made for it write variables."""
    written = [name for name in view.node.outputs if view.graph.tensors[name].variable]
    if written and not op.writes_variables:
        raise op.refuse(
            view,
            "writes a variable tensor",
            found=f"tensor {written[0]}",
            allowed="an output of its own",
            next_step="run the model with TensorFlow Lite Micro (--engine tflm)",
        )


def keeps_state(graph: Graph) -> bool:
    """Whether a graph remembers anything from one inference to the next."""
    if any(tensor.variable for tensor in graph.tensors.values()):
        return True
    if any(operator(view.node.op, view.node.name).state(view) for view in graph.views()):
        return True
    return any(map(keeps_state, graph.subgraphs))


def folder_of(op: Operator) -> Path:
    """Where the operator's C kernels lie."""
    module = importlib.import_module(type(op).__module__)
    assert module.__file__ is not None
    return Path(module.__file__).parent


def choose(view: NodeView, isas: Iterable[Isa], level: Level) -> Variant:
    """The kernel for a node: the cheapest that accepts it, among those for these instruction sets
    and level.
    """
    return candidates(view, isas, (level,))[0]


def candidates(view: NodeView, isas: Iterable[Isa], levels: Iterable[Level] = Level) -> tuple[Variant, ...]:
    """Every kernel that accepts a node at one of these levels, the cheapest first: what cheap means is the
    level's.
    """
    op = operator(view.node.op, view.node.name)
    allowed, wanted = frozenset(isas), frozenset(levels)
    only = next(iter(wanted)) if len(wanted) == 1 else None
    fitting = [v for v in op.variants if v.isa in allowed and wanted & v.levels and v.accepts(view)]
    if not fitting:
        raise GraphError("no kernel accepts this node", which=f"{view.node.op} {view.node.name}")
    return tuple(sorted(fitting, key=lambda variant: _price(view, variant, only)))


def _price(view: NodeView, variant: Variant, level: Level | None) -> tuple[float, float]:
    """What a kernel costs a node: at `size` its weights in flash before cycles, at `balanced` both, cycles
    more.
    """
    cycles = variant.cycles(view)
    if level not in (Level.SIZE, Level.BALANCED):
        return cycles, 0.0
    flash = _weight_bytes(view, variant) / max(_weight_bytes(view, None), 1)
    return (flash * cycles**_TIME_AT_SIZE if level is Level.SIZE else cycles * flash**0.5), 0.0


def _weight_bytes(view: NodeView, variant: Variant | None) -> int:
    """Flash of a node's weights; dense without a variant."""
    if variant is not None and variant.weight_bytes is not None:
        return variant.weight_bytes(view)
    return view.input(1).nbytes if len(view.node.inputs) > 1 and view.node.inputs[1] is not None else 0


def choose_all(graph: Graph, isas: Iterable[Isa], level: Level) -> tuple[Variant, ...]:
    """A kernel for each node: each node's own choice, but no kernel whose code is larger than
    what it saves.
    """
    views, allowed = tuple(graph.views()), tuple(isas)
    chosen = [choose(view, allowed, level) for view in views]
    if level not in (Level.SIZE, Level.BALANCED):
        return tuple(chosen)
    for symbol in sorted({variant.symbol for variant in chosen if variant.code_bytes}):
        using = [index for index, variant in enumerate(chosen) if variant.symbol == symbol]
        others = {variant.symbol for variant in chosen} - {symbol}
        instead: dict[int, Variant] = {}
        for index in using:
            fitting = [v for v in candidates(views[index], allowed, (level,)) if v.symbol in others]
            if fitting:
                instead[index] = fitting[0]
        if len(instead) < len(using):
            continue
        more = [_weight_bytes(views[i], v) - _weight_bytes(views[i], chosen[i]) for i, v in instead.items()]
        slower = [v.cycles(views[i]) - chosen[i].cycles(views[i]) for i, v in instead.items()]
        every = [variant.cycles(view) for view, variant in zip(views, chosen, strict=True)]
        if fsum(more) < chosen[using[0]].code_bytes and fsum(slower) <= _SLOWER * fsum(
            x for x in every if x < inf
        ):
            for index, variant in instead.items():
                chosen[index] = variant
    return tuple(chosen)
