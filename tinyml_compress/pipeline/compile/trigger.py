"""The trigger stage that a result of `evaluate --recording` describes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tinyml_compress.codegen.trigger import trigger_files, trigger_program
from tinyml_compress.errors import DataError
from tinyml_compress.frontends.trigger import Watch
from tinyml_compress.ir import Port, Program
from tinyml_compress.results import Listening, decoded
from tinyml_compress.support import files
from tinyml_compress.support.json_file import read_json


def trigger_in(path: Path, model: bytes) -> tuple[Watch, ...]:
    """What to listen for, and how, as it was found for this very model."""
    document = read_json(path)
    if not isinstance(document, dict) or document.get("verb") != Listening.verb:
        raise DataError(
            "no trigger stage in this file",
            which=path,
            allowed="what `evaluate --recording ... --json-file` wrote",
        )
    listening = decoded(Listening, document)
    if listening.model_sha256 != files.sha256(model):
        raise DataError(
            "the trigger stage is another model's",
            which=path,
            found=listening.model,
            next_step="run `evaluate --recording` with this model",
        )
    return tuple(
        Watch(one.output, one.name, one.smoothing, one.chosen.threshold, one.refractory)
        for one in listening.watched
    )


def trigger_stage(
    name: str, model: bytes, outputs: Sequence[Port], trigger: Path
) -> tuple[tuple[Watch, ...], Program]:
    """What a file describes, and its C as a program of its own."""
    watched = trigger_in(trigger, model)
    return watched, trigger_program(name, watched, outputs[0])


def trigger_beside(
    name: str, model: bytes, outputs: Sequence[Port], trigger: str | Path | None
) -> dict[str, str]:
    """The C of the trigger stage that a file describes; nothing where none is asked for."""
    return {} if trigger is None else trigger_files(name, trigger_in(Path(trigger), model), outputs[0])
