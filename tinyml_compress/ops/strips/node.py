"""STRIPS: layers that run by strips of rows, each tensor between them a ring of the rows that are still read.

No file holds it: `fusion/` puts it into a graph in place of the layers that it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import fsum, isfinite

from tinyml_compress.ir import Attrs, NodeView, Prices
from tinyml_compress.ops.base import CallRows, Operator, Overlap, RunStrips, Variant

_STRIP = 500.0
"""Cycles of a strip beyond its kernel's price: its choice and its call. With the next two, what forms of five
nets take on a modelled Cortex-M4, 450 to 3,000 a strip, to about a thousand.
"""
_MOVED = 1.5
"""Cycles of a byte of rows that move."""
_UNFOLDED = 1.03
"""Of a kernel whose parameters no compiler folds."""


@dataclass(frozen=True)
class Place:
    """Where a strip of a tensor lies: in a tensor of the graph that is there as a whole, or in the node's own
    memory.
    """

    whole: str | None
    offset: int
    step: int = 0
    """Bytes further for each strip that its layer has made; `offset` is that of the first, had it this form.
    """


@dataclass(frozen=True)
class Shift:
    """Rows of a ring that are still read go to its start."""

    target: int
    source: int
    nbytes: int


@dataclass(frozen=True, eq=False)
class Strip:
    """One form of a layer's strips."""

    layer: int
    view: NodeView
    """The layer on the rows of one strip."""
    variant: Variant
    places: Mapping[str, Place]
    """Of the tensors that are no constants."""
    shifts: tuple[Shift, ...]
    """After it."""
    scratch: int
    """Where the kernel's begins in the node's own memory."""
    height: int
    """Rows of the output that most of its layer's strips make."""
    ahead: int
    """Where the caller asks: rows that were made before it, beyond `height` by each strip before."""

    @property
    def calls_rows(self) -> CallRows | None:
        """How its rows come from or go to the caller, if they do."""
        flow = None if self.variant.flow is None else self.variant.flow(self.view)
        return flow if isinstance(flow, CallRows) else None

    @property
    def cycles_around(self) -> float:
        """Estimated, beside the kernel."""
        return 0.0 if self.calls_rows else _STRIP + _MOVED * sum(shift.nbytes for shift in self.shifts)

    @property
    def is_counted(self) -> bool:
        """Whether it has to know how many strips its layer has made."""
        return self.calls_rows is not None or any(place.step for place in self.places.values())


@dataclass(frozen=True, eq=False)
class StripsAttrs(Attrs):
    """All that is decided of it."""

    layers: tuple[NodeView, ...]
    """As they were."""
    axis: int
    strips: tuple[Strip, ...]
    order: tuple[int, ...]
    """Which of `strips` runs, one after the other."""
    nbytes: int
    """Of the node's own memory: rings and scratch of kernels, over each other at different times."""
    overlaps: tuple[Overlap, ...]
    macs: int
    prices: Prices
    """Of the core for which it was made."""

    @cached_property
    def cycles(self) -> float:
        """Estimated, without layers of which nothing is known."""
        prices = [one.variant.cycles(one.view, self.prices) for one in self.strips]
        each = [one.cycles_around + _UNFOLDED * price for one, price in zip(self.strips, prices, strict=True)]
        return fsum(each[one] for one in self.order if isfinite(prices[one]))


def strips_attrs(view: NodeView) -> StripsAttrs:
    return view.attrs(StripsAttrs)


def layers_of(view: NodeView) -> tuple[NodeView, ...]:
    """Those that the node runs by strips; none where it is another one."""
    return strips_attrs(view).layers if view.node.op == StripsOperator.name else ()


class StripsOperator(Operator):
    name = "STRIPS"
    attrs_type = StripsAttrs
    dtypes = ("those of its layers",)
    variants = (
        Variant(
            "strips",
            lambda view: True,
            lambda view: (),
            scratch=lambda view: strips_attrs(view).nbytes,
            overlap=lambda view: strips_attrs(view).overlaps,
            counts=lambda view: {"cycles": strips_attrs(view).cycles},
            flow=lambda view: RunStrips(),
        ),
    )

    def check(self, view: NodeView) -> None:
        """Nothing: `fusion/` checked each layer on its strips."""

    def macs(self, view: NodeView) -> int:
        return strips_attrs(view).macs

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        return tuple(view.graph.tensors[name].shape for name in view.node.outputs)


OPERATOR = StripsOperator()
