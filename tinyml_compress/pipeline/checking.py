"""Before any work is put into a model: what an engine on a target would refuse, layer by layer, and the way
out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tinyml_compress.errors import MissingDependency, ModelError
from tinyml_compress.frontend.survey import Refused, survey
from tinyml_compress.pipeline.measure.contract import Contract
from tinyml_compress.pipeline.measure.model import given
from tinyml_compress.pipeline.measure.target import targets as targets_named
from tinyml_compress.runners import tflm

__all__ = ["check"]

_ENGINES = ("aot", "tflm")
_OTHER_ENGINE = "compile it ahead of time (--engine aot), or convert the model with other layers"


def check(
    model: str | Path | bytes,
    targets: Sequence[str],
    engines: Sequence[str] = _ENGINES,
    *,
    targets_dir: Path | None = None,
    calibration: str | None = None,
    seed: int = 0,
) -> tuple[Contract, ...]:
    """One contract per target and engine; a model that is no .tflite yet is converted first, as `benchmark`
    does.
    """
    chosen = targets_named(targets, targets_dir)
    file = given(model, calibration, seed).content
    refused = survey(file)
    contracts: list[Contract] = []
    for engine in engines:
        layers, arena = _tflm(file) if engine == "tflm" else (refused, None)
        for target in chosen:
            allowed = target.refused_engine(engine)
            barred = () if allowed is None else (_barred(target.title, engine, allowed),)
            if barred or layers:
                contracts.append(Contract(target.name, engine, (*barred, *layers), ()))
            else:
                demands, assumptions = target.demands(file, engine, arena)
                contracts.append(Contract(target.name, engine, (), tuple(demands), tuple(assumptions)))
    return tuple(contracts)


def _barred(title: str, engine: str, allowed: str) -> Refused:
    return Refused(title, f"the device does not take engine {engine}", engine, allowed, f"use {allowed}")


def _tflm(file: bytes) -> tuple[tuple[Refused, ...], int | None]:
    """What TensorFlow Lite Micro itself says, and its arena; nothing where it is not installed."""
    try:
        return (), tflm.arena_bytes(file)
    except ModelError as error:
        return (
            Refused("the whole model", error.what, error.found, None, error.next_step or _OTHER_ENGINE),
        ), None
    except MissingDependency:
        return (), None
