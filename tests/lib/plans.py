"""Graphs for the planner's tests: fake operators with any overlap, alias and scratch, and seeded random
graphs.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

from tinyml_compress.ir import Attrs, DType, Graph, Node, NodeView, Quant, Tensor
from tinyml_compress.ops.base import Alias, Call, Operator, Overlap, Variant

QUANT = Quant((0.5,), (0,))


class _Fake(Operator):
    dtypes = ("int8",)
    variants = ()
    attrs_type = Attrs

    def __init__(self, name: str) -> None:
        self.name = name  # type: ignore[misc]

    def check(self, view: NodeView) -> None: ...

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return tuple(view.output(i).shape for i in range(len(view.node.outputs)))

    def aliases(self, view: NodeView) -> tuple[Alias, ...]:
        node, tensors = view.node, view.graph.tensors
        inputs = [name for name in node.inputs if name is not None]
        if self.name == "JOIN":
            ends = itertools.accumulate((tensors[name].nbytes for name in inputs), initial=0)
            return tuple(Alias(name, node.outputs[0], at) for name, at in zip(inputs, ends, strict=False))
        if self.name == "SPLIT":
            ends = itertools.accumulate((tensors[name].nbytes for name in node.outputs), initial=0)
            return tuple(Alias(name, inputs[0], at) for name, at in zip(node.outputs, ends, strict=False))
        if self.name == "VIEW":
            return (Alias(node.outputs[0], inputs[0], 0),)
        return ()


OPERATORS = {name: _Fake(name) for name in ("ANY", "JOIN", "SPLIT", "VIEW")}


def kernel(*overlaps: Overlap, scratch: int = 0) -> Variant:
    """A kernel that can be planned for, though not called."""

    def emit(view: NodeView) -> tuple[Call, ...]:
        raise NotImplementedError

    return Variant(
        "tc_i8_any__c", lambda view: True, emit, scratch=lambda view: scratch, overlap=lambda view: overlaps
    )


@dataclass
class Builder:
    """Collects nodes and their kernels."""

    def __post_init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.nodes: list[Node] = []
        self.schedule: list[Variant] = []

    def tensor(self, name: str, nbytes: int, dtype: DType = DType.INT8) -> str:
        self.tensors[name] = Tensor(name, (nbytes // dtype.itemsize,), dtype, QUANT)
        return name

    def node(
        self, op: str, inputs: list[str], outputs: dict[str, int], variant: Variant | None = None
    ) -> None:
        for name, nbytes in outputs.items():
            self.tensor(name, nbytes)
        self.nodes.append(Node(op, tuple(inputs), tuple(outputs), Attrs(), f"layer{len(self.nodes)}"))
        self.schedule.append(variant or kernel())

    def graph(self, inputs: list[str], outputs: list[str]) -> Graph:
        return Graph("g", self.tensors, tuple(self.nodes), tuple(inputs), tuple(outputs))


def random_graph(seed: int, length: int, largest: int = 600, step: int = 1) -> tuple[Graph, list[Variant]]:
    """Branches, several inputs and outputs, in place and row by row, joins, splits, views, scratch, dead
    ends.
    """
    dice = random.Random(seed)
    make = Builder()

    def size() -> int:
        return dice.choice([0, 1, 1, 1, 1, 1, 1, 1]) * dice.randrange(step, largest + 1, step)

    names = [make.tensor(f"in{i}", size()) for i in range(dice.choice([1, 1, 2, 3]))]
    inputs = list(names)
    for index in range(length):
        op = dice.choice(["ANY"] * 6 + ["JOIN", "SPLIT", "VIEW"])
        sources = [
            dice.choice(names[-6:]) for _ in range(dice.choice([1, 1, 2, 3]) if op in ("ANY", "JOIN") else 1)
        ]
        outs: dict[str, int]
        variant = kernel()
        if op == "JOIN":
            outs = {f"t{index}": sum(make.tensors[s].nbytes for s in sources)}
        elif op == "SPLIT":
            whole = make.tensors[sources[0]].nbytes
            cut = dice.randrange(0, whole + 1)
            cut -= cut % 4 if dice.random() < 0.7 else 0
            outs = {f"t{index}a": cut, f"t{index}b": whole - cut}
        elif op == "VIEW":
            outs = {f"t{index}": make.tensors[sources[0]].nbytes}
        else:
            outs = {f"t{index}_{i}": size() for i in range(dice.choice([1, 1, 1, 2]))}
            rules = [
                Overlap(slot, out, dice.choice([0, 0, 0, 16, 17, 64, 300]), exact=dice.random() < 0.3)
                for slot in range(len(sources))
                for out in range(len(outs))
                if dice.random() < 0.5
            ]
            variant = kernel(*rules, scratch=dice.choice([0, 0, 0, 40, 333]))
        make.node(op, sources, outs, variant)
        names += outs
    made = names[len(inputs) :]
    outputs = [made[-1], *dice.sample(names, min(len(names), dice.choice([0, 0, 1, 2])))]
    return make.graph(inputs, outputs), make.schedule
