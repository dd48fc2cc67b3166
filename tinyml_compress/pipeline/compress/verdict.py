"""How a recipe ends: within what it may lose, beyond it, or with too few samples to tell. Never
in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import TrainingError
from tinyml_compress.evaluation import ScoreKind, paired_drop
from tinyml_compress.results import Judgement, Word
from tinyml_compress.techniques.convert_stage import ConvertOptions
from tinyml_compress.techniques.recipe import Recipe

Array = npt.NDArray[Any]
DEFAULT_DROP = 0.02
"""What a recipe may lose that says nothing about it: two points, or a fiftieth of an error."""
ANY_DROP = 1e9
"""Points that no model can lose: for those who judge by limits of their own. JSON knows no infinity."""
_FEW = 256
_SAME = 1e-9


def require(verdict: Judgement, recipe: Recipe, report: Path, warned: bool) -> None:
    """Raise where more was lost than allowed, beyond doubt."""
    if verdict.word is not Word.LOST:
        return
    assert verdict.drop is not None
    raise TrainingError(
        "the compressed model lost more than is allowed",
        which=recipe.name,
        found=verdict.text.removeprefix("LOST: "),
        next_step=f"{', or '.join(_ways(verdict.drop, recipe, warned))}; see {report}",
    )


def _ways(drop: float, recipe: Recipe, warned: bool) -> Iterator[str]:
    """What may help: other samples where these were warned of, and what the recipe does not do already."""
    if warned:
        yield "other samples (see the warnings)"
    options = [stage.options for stage in recipe.stages]
    if all(isinstance(one, ConvertOptions) for one in options):
        yield "recipe careful-int8 or qat-int8, or `wide` layers in convert"
    else:
        yield "ask for less there (the stage's options, `layers`, `exclude`)"
        if any(stage.guard.on_breach != "back_off" and stage.options.milder() for stage in recipe.stages):
            yield "on_breach = 'back_off' in [guard]"
        if not any(one.solves for one in options):
            yield "optimal_brain, which needs fewer samples"
    yield f"--accept-drop {100 * drop:.1f}"


def judged(kind: ScoreKind, before: Array, after: Array, labels: Array | None, allowed: float) -> Judgement:
    """Both models sample by sample: within is what keeps to `allowed` at the interval's upper end, lost is
    more than `allowed` where its lower end excludes no loss at all.
    """
    change = paired_drop(kind, before, after, labels)
    is_lost = change.drop > allowed + _SAME and change.low > 0
    word = Word.WITHIN if change.high <= allowed + _SAME else Word.LOST if is_lost else Word.CANNOT_TELL
    needed = change.needed(allowed) if word is Word.CANNOT_TELL else None
    return Judgement(
        word=word,
        allowed=allowed,
        drop=change.drop,
        interval=(change.low, change.high),
        samples=change.samples,
        needed=needed,
    )


def costliest(kind: ScoreKind, before: float, stages: Sequence[tuple[str, float]]) -> str:
    """The stage after which most was lost against the one before it; `stages` are names and scores."""
    scores = [before, *(score for _, score in stages)]
    steps = [kind.drop(first, second) for first, second in pairwise(scores)]
    return stages[int(np.argmax(steps))][0]


def worst_layer(float_model: Any, model: Any, inputs: Array) -> str:
    """The layer whose weights, put alone into the float model, move its outputs most; "" where shapes
    changed.
    """
    from tinyml_compress.techniques._layerwise import divergence
    from tinyml_compress.techniques.graph import copy_model, is_plain_graph
    from tinyml_compress.techniques.training import outputs_of

    if not is_plain_graph(float_model):
        return ""
    working, few = copy_model(float_model), inputs[:_FEW]
    right = outputs_of(working, few)
    theirs = {layer.name: layer for layer in model.layers}
    moved: dict[str, float] = {}
    for layer in working.layers:
        mine = layer.get_weights()
        other = theirs[layer.name].get_weights() if layer.name in theirs else []
        if mine and [value.shape for value in mine] == [value.shape for value in other]:
            layer.set_weights(other)
            moved[layer.name] = divergence(right, outputs_of(working, few))
            layer.set_weights(mine)
    return max(moved, key=lambda name: moved[name]) if moved else ""
