"""Where rings and scratch lie in the memory of layers that run by strips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tinyml_compress.fusion.course import Levels

_ALIGN = 8


@dataclass(frozen=True)
class Over:
    """What is written may lie over what is read: by how much before it at least, and in which steps."""

    gap: int
    steps: int

    def also(self, gap: int, step: int) -> Over:
        return Over(max(self.gap, gap) if self.steps else gap, self.steps | step)


@dataclass(frozen=True)
class PackedRings:
    """Where each lies, and the bytes of all."""

    places: Mapping[str, int]
    nbytes: int


def packed(blocks: Mapping[str, Levels], overlaps: Mapping[tuple[str, str], Over]) -> PackedRings:
    """Where each lies, the largest first at the lowest place that no other one holds at the same step.

    A block is so many bytes, from its start, at those steps; `overlaps` are of one that is read and one that
    is written.
    """
    packing = _Packing(blocks, overlaps)
    for name in sorted(blocks, key=lambda one: -_largest(blocks[one])):
        packing.add(name)
    ends = (at + _largest(blocks[name]) for name, at in packing.places.items())
    return PackedRings(packing.places, max(ends, default=0))


def _largest(levels: Levels) -> int:
    return levels[-1][0] if levels else 0


def _aligned(nbytes: int) -> int:
    return -(-nbytes // _ALIGN) * _ALIGN


class _Packing:
    def __init__(self, blocks: Mapping[str, Levels], overlaps: Mapping[tuple[str, str], Over]) -> None:
        self.places: dict[str, int] = {}
        self._blocks, self._overlaps = blocks, overlaps

    def add(self, name: str) -> None:
        steps = self._steps(name)
        others = [other for other in self.places if self._steps(other) & steps]
        spots = {0}
        for other in others:
            at = self.places[other]
            spots |= {_aligned(at + nbytes) for nbytes, held in self._blocks[other] if held & steps}
            spots |= {spot for spot in self._over(name, other, at) if spot >= 0}
        self.places[name] = next(
            spot for spot in sorted(spots) if not any(self._collides(name, spot, other) for other in others)
        )

    def _steps(self, name: str) -> int:
        """Those at which some of it is held."""
        levels = self._blocks[name]
        return levels[0][1] if levels else 0

    def _over(self, name: str, other: str, at: int) -> list[int]:
        """The closest places at which one may lie over the other."""
        spots = []
        if (name, other) in self._overlaps:
            spots.append(_aligned(at + self._overlaps[name, other].gap))
        if (other, name) in self._overlaps:
            spots.append((at - self._overlaps[other, name].gap) // _ALIGN * _ALIGN)
        return spots

    def _collides(self, name: str, spot: int, other: str) -> bool:
        at = self.places[other]
        excused = 0
        for read, written, apart in ((name, other, spot - at), (other, name, at - spot)):
            over = self._overlaps.get((read, written))
            if over is not None and apart >= over.gap:
                excused |= over.steps
        return any(
            held & wanted & ~excused and at < spot + own and spot < at + nbytes
            for nbytes, held in self._blocks[other]
            for own, wanted in self._blocks[name]
            if own and nbytes
        )
