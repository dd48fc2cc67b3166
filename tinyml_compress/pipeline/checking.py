"""Before any work is put into a model: what an engine on a target would refuse, layer by layer, and the way
out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tinyml_compress.errors import DoesNotFit, MissingDependency, ModelError
from tinyml_compress.frontend.survey import survey
from tinyml_compress.pipeline.measure.model import given
from tinyml_compress.pipeline.measure.target import Demands, targets
from tinyml_compress.results import Check, Contract, Refused
from tinyml_compress.runners import tflm
from tinyml_compress.support.trust import trusting
from tinyml_compress.support.words import several

_ENGINES = ("aot", "tflm")
_OTHER_ENGINE = "compile it ahead of time (--engine aot), or convert the model with other layers"


def check(
    model: str | Path | bytes,
    target: str | Sequence[str] = "all",
    *,
    engine: str | Sequence[str] = _ENGINES,
    data: str | None = None,
    max_ram: int | None = None,
    targets_dir: Path | None = None,
    seed: int = 0,
    trust: bool = False,
) -> Check:
    """What each engine on each target would refuse, layer by layer, and the way out.

    A model that is no .tflite yet is converted first, as `benchmark` does, with `data`. `max_ram` is what
    generated C may take of a board's RAM. `trust` is your word for a model file that holds code.
    """
    chosen = targets(several(target), targets_dir)
    with trusting(trust):
        file = given(model, data, seed).content
    refused = survey(file)
    contracts: list[Contract] = []
    for word in several(engine):
        layers, arena = _tflm(file) if word == "tflm" else (refused, None)
        for place in chosen:
            allowed = place.refused_engine(word)
            barred = () if allowed is None else (_barred(place.title, word, allowed),)
            demands: Demands = ((), ())
            left: Sequence[Refused] = ()
            if not barred and not layers:
                try:
                    demands, left = place.demands(file, word, arena, max_ram), place.left(file)
                except DoesNotFit as error:
                    barred = (_homeless(error),)
            contracts.append(
                Contract(
                    device=place.name,
                    engine=word,
                    refused=(*barred, *layers),
                    memory=tuple(demands[0]),
                    left=tuple(left) or None,
                    assumptions=tuple(demands[1]) or None,
                )
            )
    return Check(contracts=tuple(contracts))


def _barred(title: str, engine: str, allowed: str) -> Refused:
    what = f"the device does not take engine {engine}"
    return Refused(layer=title, what=what, found=engine, allowed=allowed, next_step=f"use {allowed}")


def _homeless(error: DoesNotFit) -> Refused:
    """A tensor for which a board with several memories has no room."""
    return Refused(
        layer=str(error.which),
        what=error.what,
        found=error.found,
        allowed=None if error.allowed is None else str(error.allowed),
        next_step=str(error.next_step),
    )


def _tflm(file: bytes) -> tuple[tuple[Refused, ...], int | None]:
    """What TensorFlow Lite Micro itself says, and its arena; nothing where it is not installed."""
    try:
        return (), tflm.arena_bytes(file)
    except ModelError as error:
        way_out = error.next_step or _OTHER_ENGINE
        return (
            Refused(layer="the whole model", what=error.what, found=error.found, next_step=way_out),
        ), None
    except MissingDependency:
        return (), None
