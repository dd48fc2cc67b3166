"""What engines on targets say to a .tflite file."""

from __future__ import annotations

from collections.abc import Sequence

from tinyml_compress.errors import DoesNotFit, MissingDependency, ModelError
from tinyml_compress.frontend.survey import survey
from tinyml_compress.pipeline.measure.target import Demands, Target
from tinyml_compress.results import Contract, Refused
from tinyml_compress.runners import tflm

_OTHER_ENGINE = "compile it ahead of time (--engine aot), or convert the model with other layers"


def contracts_of(
    file: bytes, chosen: Sequence[Target], engines: Sequence[str], max_ram: int | None
) -> tuple[Contract, ...]:
    """One per engine and target."""
    refused = survey(file)
    contracts: list[Contract] = []
    for word in engines:
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
    return tuple(contracts)


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
