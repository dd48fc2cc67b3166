"""Optimal-brain quantization: weights of few bits, or of a code book, without training and without labels.

As with second-order rounding the steps of a layer are chosen together for its outputs, each layer reading
what the layers before it give. With few steps their size matters as much: of several scales per row the one
whose best choice loses least is taken. A code book has its own sixteen values (or fewer) for a kernel, which
move to where the layer's outputs want them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.techniques._chosen import Chooser, ChosenOptions, Maps, of_kernel
from tinyml_compress.techniques._grid import Grid, on_grid
from tinyml_compress.techniques._layerwise import LinearMap
from tinyml_compress.techniques._second_order import Quadratic
from tinyml_compress.techniques.sensitivity import Means, measured
from tinyml_compress.techniques.technique import (
    Applied,
    Context,
    Dimension,
    Fidelity,
    Point,
    count,
    word,
)

Floats = npt.NDArray[np.float64]
Problems = list[tuple[Quadratic, Floats]]

WEIGHT_BITS = "weight_bits"
"""The dimension of the search, which the conversion reads too."""
_SCALES = (1.0, 0.92, 0.84, 0.76, 0.68, 0.6, 0.52)
"""Parts of the largest weight that the outermost step is tried at."""
_MOST = 127
_TURNS = 3
_LLOYD = 40


@dataclass(frozen=True)
class BrainQuantOptions(ChosenOptions):
    """Weights of few bits, chosen together for the outputs: no training, no labels."""

    bits: int = count(4, 2, 8, "of a weight")
    values: str = word(
        "even",
        ("even", "book"),
        "even steps, for weight_bits = 4 in convert; or a code book per kernel, for the engine's tables",
    )
    share: str = word(
        "alike",
        ("alike", "measured"),
        "every layer, or only those whose outputs bear it: the dear keep eight",
    )

    def milder(self) -> BrainQuantOptions | None:
        return replace(self, bits=self.bits + 1) if self.bits < 8 and self.values == "book" else None


def _even(one: LinearMap, bits: int, one_scale: bool) -> Floats:
    problem, weights = of_kernel(one)
    most = 2 ** (bits - 1) - 1
    levels = np.arange(-most, most + 1, dtype=np.float64)
    tops = np.abs(weights).max(axis=1, initial=0.0)
    tops = np.full_like(tops, tops.max(initial=0.0)) if one_scale else tops
    zeros = weights == 0
    best: Floats | None = None
    losses = np.full(len(weights), np.inf)
    for part in _SCALES:
        rounded = on_grid(problem, weights, Grid(levels, part * tops / most, zeros))
        loss = problem.loss(rounded)
        if one_scale:
            loss = np.full_like(loss, (loss * one.scale).sum())
        better = loss < losses
        best = rounded if best is None else np.where(better[:, None], rounded, best)
        losses = np.minimum(loss, losses)
    assert best is not None
    return best


def _booked(maps: Maps, bits: int) -> list[Floats] | None:
    """One book of whole numbers for all rows of a kernel, each row with its own scale; None where the kernel
    has no more weights than the book has values.

    A row's largest weight stays at the end of the book: the conversion makes the row's scale from it.
    """
    problems = [of_kernel(one) for one in maps]
    if sum(weights.size for _, weights in problems) <= 2**bits:
        return None
    scales = [np.abs(weights).max(axis=1, initial=0.0) / _MOST for _, weights in problems]
    fixed = [_pinned(weights) for _, weights in problems]
    book = _first_book(problems, scales, 2**bits)
    best: list[Floats] = []
    least = np.inf
    for _ in range(_TURNS):
        chosen = [
            on_grid(problem, weights, Grid(book, scale, stay))
            for (problem, weights), scale, stay in zip(problems, scales, fixed, strict=True)
        ]
        loss = sum(
            float((problem.loss(new) * one.scale).sum())
            for (problem, _), new, one in zip(problems, chosen, maps, strict=True)
        )
        if loss < least:
            best, least = chosen, loss
        book = _moved_book(problems, maps, scales, chosen, book)
    return best


def _pinned(weights: Floats) -> npt.NDArray[np.bool_]:
    fixed: npt.NDArray[np.bool_] = weights == 0
    fixed[np.arange(len(weights)), np.abs(weights).argmax(axis=1)] = True
    return fixed


def _first_book(problems: Problems, scales: list[Floats], size: int) -> Floats:
    """Means of groups of weights, those weighing most that the outputs feel most (Lloyd's way)."""
    units = [
        np.divide(weights, scale[:, None], out=np.zeros_like(weights), where=scale[:, None] > 0)
        for (_, weights), scale in zip(problems, scales, strict=True)
    ]
    felt = [
        scale[:, None] ** 2 * np.maximum(np.diag(problem.hessian), 1e-12)
        for (problem, _), scale in zip(problems, scales, strict=True)
    ]
    values, weigh = (np.concatenate([part.ravel() for part in parts]) for parts in (units, felt))
    free = np.unique(np.quantile(values, np.linspace(0, 1, size)[1:-1]))
    book = _tidy(free)
    for _ in range(_LLOYD):
        places = np.searchsorted((book[1:] + book[:-1]) / 2, values)
        sums = np.bincount(places, weigh * values, len(book))
        counts = np.bincount(places, weigh, len(book))
        moved = np.where(counts > 0, sums / np.maximum(counts, 1e-30), book)
        book = _tidy(moved[np.abs(book) < _MOST], whole=False)
    return _tidy(book[np.abs(book) < _MOST])


def _tidy(free: Floats, *, whole: bool = True) -> Floats:
    """A book with its ends and zero in it, and at most as many values as there is room for."""
    free = np.round(free) if whole else free
    free = np.clip(free, -_MOST + 1, _MOST - 1)
    if len(free):
        free = free.copy()
        free[np.abs(free).argmin()] = 0.0
    return np.asarray(np.unique(np.concatenate([free, [-_MOST, 0.0, _MOST]])))


def _moved_book(
    problems: Problems, maps: Maps, scales: list[Floats], chosen: list[Floats], book: Floats
) -> Floats:
    """The values that are best for which weight has which: least squares, the ends and zero staying."""
    size = len(book)
    bent, pull = np.zeros((size, size)), np.zeros(size)
    for (problem, _), one, scale, new in zip(problems, maps, scales, chosen, strict=True):
        for row in range(len(new)):
            if scale[row] == 0:
                continue
            places = np.abs(new[row][:, None] / scale[row] - book).argmin(axis=1)
            members = np.zeros((len(places), size))
            members[np.arange(len(places)), places] = scale[row]
            bent += one.scale[row] * members.T @ problem.hessian @ members
            pull += one.scale[row] * members.T @ problem.cross[row]
    stays = (book == 0) | (np.abs(book) >= _MOST)
    free = np.flatnonzero(~stays & (np.diag(bent) > 0))
    moved = book.copy()
    if len(free):
        known = pull[free] - bent[np.ix_(free, np.flatnonzero(stays))] @ book[stays]
        ridge = 1e-6 * np.diag(bent)[free].mean() * np.eye(len(free))
        moved[free] = np.linalg.solve(bent[np.ix_(free, free)] + ridge, known)
    return _tidy(moved[~stays])


class BrainQuantization(Chooser[BrainQuantOptions]):
    """The stage `brain_quantize`."""

    use = "brain_quantize"
    options = BrainQuantOptions
    place = 61
    verb = "quantized"
    dimensions = (
        Dimension(
            WEIGHT_BITS,
            (8, 4),
            8,
            "bits of a weight",
            ((WEIGHT_BITS, 4),),
            matters=lambda point: not point["qat"] and point["mode"] == "int8" and not point["wide"],
            trains=True,
        ),
    )

    def kernels(self, options: BrainQuantOptions, layer: Any, maps: Maps) -> list[Floats]:
        # packed weights of a dense layer have one scale, those of a convolution one per output
        one_scale = type(layer).__name__ == "Dense" and options.values == "even"
        booked = _booked(maps, options.bits) if options.values == "book" else None
        return booked or [_even(one, options.bits, one_scale) for one in maps]

    def apply(self, options: BrainQuantOptions, model: Any, context: Context) -> Applied:
        if options.share == "alike":
            return super().apply(options, model, context)
        sensitivity = measured(
            model, self.calibration(context), (Means.BITS,), seed=context.seed, tell=context.tell
        )
        dear = sensitivity.dear(Means.BITS)
        done = super().apply(replace(options, exclude=(*options.exclude, *dear)), model, context)
        spared = (f"{name}: eight bits, the outputs miss more than its bytes are worth" for name in dear)
        return replace(done, notes=(*done.notes, *spared))

    def bits(self, options: BrainQuantOptions) -> int:
        return options.bits

    def chosen(self, point: Point, fidelity: Fidelity) -> BrainQuantOptions | None:
        return BrainQuantOptions() if point[WEIGHT_BITS] == 4 and fidelity.trains else None


TECHNIQUE = BrainQuantization()
