"""Operators by schema name. A folder with an `op.py` is an operator: nothing has to be registered."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Collection, Iterator
from functools import lru_cache, partial
from pathlib import Path

from tinyml_compress.errors import ModelError, UnsupportedOperator
from tinyml_compress.ir import Graph, NodeView
from tinyml_compress.ops.base import Operator, Variant, refuse
from tinyml_compress.ops.replacements import replacement
from tinyml_compress.ops.row_calls.node import PULL, PUSH
from tinyml_compress.ops.running_sum.node import OPERATOR as RUNNING_SUM
from tinyml_compress.ops.sliding_window.node import OPERATOR as SLIDING_WINDOW
from tinyml_compress.ops.sources import KernelSource, sources_in
from tinyml_compress.ops.strips.node import OPERATOR as STRIPS
from tinyml_compress.ops.structs import Struct
from tinyml_compress.support.instruction_sets import Isa

__all__ = [
    "all_operators",
    "all_structs",
    "check_graph",
    "keeps_state",
    "kernel_source",
    "operator",
]

_MADE_HERE = (STRIPS, RUNNING_SUM, SLIDING_WINDOW, PULL, PUSH)
_OF_NO_FILE: dict[str, Operator] = {one.name: one for one in _MADE_HERE}
"""Those that `fusion/` and `passes/` make."""


@lru_cache(maxsize=1)
def all_operators() -> dict[str, Operator]:
    """Every operator that has a folder here, by its schema name, in alphabetical order."""
    operators: dict[str, Operator] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if not module.ispkg or not (Path(__file__).parent / module.name / "op.py").is_file():
            continue
        loaded = importlib.import_module(f"{__name__}.{module.name}.op")
        instance: Operator = loaded.OPERATOR
        type(instance).variants = tuple(_in_richer_sets(instance))
        operators[instance.name] = instance
    return dict(sorted(operators.items()))


def _in_richer_sets(op: Operator) -> Iterator[Variant]:
    """The operator's rows; before each, its kernels in sets that include its own, the richest first: at the
    same price the first is preferred. Of two rows with one stem the richer has them.
    """
    named = {row.symbol for row in op.variants}
    for row in op.variants:
        for isa in sorted(Isa, key=lambda one: -len(one.sets)):
            symbol = partial(_in_set, op, isa, named)
            if row.isa in isa.sets and symbol(row.symbol) != row.symbol:
                rows = (one.isa for one in op.variants if one.stem == row.stem and one.isa in isa.sets)
                if Isa.richest(rows) is row.isa:
                    yield row.renamed(symbol)
        yield row


def _in_set(op: Operator, isa: Isa, named: Collection[str], kernel: str) -> str:
    """The kernel of that set which is called like this one and is no row of its own; else this one."""
    symbol = f"{kernel.partition('__')[0]}__{isa.value}"
    return symbol if symbol not in named and kernel_source(op, symbol) else kernel


@lru_cache(maxsize=1)
def all_structs() -> dict[str, Struct]:
    """Every struct of parameters that a module here declares (`STRUCTS`), by its name in C."""
    modules = pkgutil.walk_packages([str(Path(__file__).parent)], f"{__name__}.")
    declared = (getattr(importlib.import_module(module.name), "STRUCTS", ()) for module in modules)
    return {one.name: one for structs in declared for one in structs}


def operator(name: str, where: str = "") -> Operator:
    """The operator of that schema name; `where` names layer or tensor in the error."""
    if name in _OF_NO_FILE:
        return _OF_NO_FILE[name]
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
        _check_variables(view)
        computed = op.output_shapes(view)
        for index, (shape, name) in enumerate(zip(computed, view.node.outputs, strict=True)):
            stored = graph.tensors[name].shape
            if stored != shape:
                raise ModelError(
                    f"{op.name}: output {index} has another shape than the operator computes",
                    which=f"{view.node.name} (tensor {name})",
                    found=list(stored),
                    allowed=list(shape),
                    next_step=(
                        "convert the model again with fixed input shapes; the file is damaged or was edited"
                    ),
                )
    for body in graph.subgraphs:
        check_graph(body)


def _check_variables(view: NodeView) -> None:
    """Only operators that are made for it write variables."""
    written = [name for name in view.node.outputs if view.graph.tensors[name].variable]
    if written and not operator(view.node.op).writes_variables:
        raise refuse(
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


def kernel_source(op: Operator, symbol: str) -> KernelSource | None:
    """The C of a kernel, which stands beside its operator or where operators share it; None where there is
    no such kernel.
    """
    module = importlib.import_module(type(op).__module__)
    own = Path(module.__file__ or "").parent
    return sources_in(own).get(symbol) or sources_in(Path(__file__).parents[1] / "csrc").get(symbol)
