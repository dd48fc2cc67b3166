"""`optimize`: a model of `transformers` made smaller that stays one, step by step."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress import data as data_room
from tinyml_compress._version import __version__
from tinyml_compress.data import DataSet
from tinyml_compress.errors import UsageError
from tinyml_compress.evaluation import (
    IGNORED,
    ScoreKind,
    agreement,
    cosines,
    paired_drop,
    score,
    similarity,
    worth,
)
from tinyml_compress.hugging_face.calls import optimize_model
from tinyml_compress.hugging_face.folder import HfFolder
from tinyml_compress.pipeline.convert.whole import SAMPLES
from tinyml_compress.pipeline.optimize_knobs import Knobs, read_recipe
from tinyml_compress.pipeline.sources.kinds.hf import in_order_of, samples_of, task_of_folder, tokenized, told
from tinyml_compress.results import Optimization, OptimizedStep, Task, encoded
from tinyml_compress.support import files
from tinyml_compress.support.progress import stage
from tinyml_compress.support.trust import CODE, PICKLE

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
MANIFEST, RECIPE = "optimized.json", "recipe.toml"
_COPIED = ("config.json", "generation_config.json")
_WORDS = ("vocab", "merges", "tokenizer", "special_tokens", "added_tokens", "spm", "sentencepiece")


def optimize(
    model: str | Path,
    *,
    data: str | Path | DataSet | None = None,
    output: str | Path | None = None,
    in_place: bool = False,
    pruning: bool = True,
    amount: float = 0.3,
    scope: str = "layer",
    pattern: str | None = None,
    compress: bool = True,
    threshold: float = 1e-3,
    int8: str = "dynamic",
    fp16: bool = False,
    calibration: str | Path | DataSet | None = None,
    recipe: str | Path | None = None,
    samples: int | None = None,
    seed: int = 0,
    trust_pickle: bool = False,
    trust_code: bool = False,
) -> Optimization:
    """Prune, round and store a folder of `transformers` so that its weights take less room, into `output`.

    Weights below `threshold` become zero after `amount` of each layer's smallest did (`scope` global: of all
    layers together; `pattern` N:M: all but the N largest of every M). `int8` keeps linear layers and tables
    in int8 with a scale per row; inputs of linear layers are rounded on the scale of their own largest value
    (dynamic), or on one that `calibration`, a table of texts, showed to be right (static). A `recipe` is a
    file that holds all of these in their place. With `data`, a table of texts, each step is scored. `output`
    is by default a folder beside the model's; the model's own is written only `in_place`.
    """
    knobs = Knobs(pruning, amount, scope, pattern, compress, threshold, int8, fp16)
    if recipe is not None:
        if knobs != Knobs():
            raise UsageError(
                "a recipe holds all knobs", which=recipe, next_step="write them into it, or leave it out"
            )
        knobs, named = read_recipe(Path(recipe))
        calibration = named if calibration is None else calibration
    wanted = knobs.told()
    if knobs.int8 == "static" and calibration is None:
        raise UsageError(
            "static int8 needs texts that show how large the inputs of each layer become",
            which="int8 static",
            next_step="give --calibration TEXTS: a table of texts, or data:intents:train; or --int8 dynamic",
        )
    with ExitStack() as words:
        for word, given in ((PICKLE, trust_pickle), (CODE, trust_code)):
            if given:
                words.enter_context(word.giving())
        folder = HfFolder.parse(str(model))
        place = _place(folder, output, in_place)
        chosen = None if data is None else _asked(folder, _chosen(folder, data, samples, seed))
        shown_texts = None
        if knobs.int8 == "static" and calibration is not None:
            shown_texts = _chosen(folder, calibration, SAMPLES, seed)
        with stage("optimize") as shown:
            reply = optimize_model(
                told(folder, seed),
                None if chosen is None else samples_of(folder, chosen),
                None if shown_texts is None else samples_of(folder, shown_texts),
                wanted,
                timeout=_TIMEOUT,
                say=shown.note,
            )
        outputs = [
            np.asarray(reply.arrays[f"outputs{number}"], np.float32) for number in range(len(reply.arrays))
        ]
        steps = _steps(reply.values["steps"], outputs, chosen, task_of_folder(folder))
        names = (*reply.files, *(path.name for path in _taken_along(folder.path)), MANIFEST, RECIPE)
        done = Optimization(
            model=str(model),
            model_sha256=folder.sha256,
            architecture=reply.values["architecture"],
            parameters=reply.values["parameters"],
            length=folder.length,
            threads=1,
            knobs=knobs.words(),
            data=None if chosen is None else chosen.name,
            samples=None if chosen is None else chosen.count,
            calibration=None if shown_texts is None else shown_texts.name,
            calibration_samples=None if shown_texts is None else shown_texts.count,
            unseen_words=None if chosen is None else chosen.unseen or None,
            steps=steps,
            files=tuple(sorted(names)),
            folder=place,
        )
        text = knobs.recipe(f"optimize {folder.path.resolve().name}", done.calibration)
        _write(folder.path, place, {**reply.files, RECIPE: text.encode()}, done)
    return done


_TIMEOUT = 3600.0


def _place(folder: HfFolder, output: str | Path | None, in_place: bool) -> Path:
    """Where to write: never over the model but where that was asked for."""
    own = folder.path.resolve()
    place = own if in_place else own.with_name(f"{own.name}-optimized") if output is None else Path(output)
    if place.resolve() == own and not in_place:
        raise UsageError(
            "that is the model's own folder", which=place, next_step="name another one, or add --in-place"
        )
    files.require_place(place / MANIFEST)
    return place


def _chosen(folder: HfFolder, data: str | Path | DataSet, samples: int | None, seed: int) -> DataSet:
    loaded = in_order_of(folder, data if isinstance(data, DataSet) else data_room.load(data))
    return loaded if samples is None else loaded.take(samples, seed)


def _asked(folder: HfFolder, data: DataSet) -> DataSet:
    """With the tokens, where each word has an answer: its tag stands at the first of them."""
    return tokenized(folder, data) if folder.answers_words else data


def _steps(
    steps: Sequence[Mapping[str, Any]], outputs: Sequence[Floats], data: DataSet | None, task: Task
) -> tuple[OptimizedStep, ...]:
    scored = (
        [{} for _ in steps]
        if data is None
        else [_scored(place, outputs, data, task) for place in range(len(steps))]
    )
    return tuple(OptimizedStep(**step, **more) for step, more in zip(steps, scored, strict=True))


def _scored(place: int, outputs: Sequence[Floats], data: DataSet, task: Task) -> dict[str, Any]:
    """What a step is worth: right answers, or how near an encoder's vectors are to the original's."""
    now, labels = outputs[place], data.labels
    more: dict[str, Any] = {"agreement": agreement(task, outputs[0], now, _places(data, labels, now))}
    kind = ScoreKind.COSINE if task is Task.EMBEDDING else ScoreKind.ACCURACY
    if kind is ScoreKind.COSINE:
        more["score"] = similarity(outputs[0], now)
    elif labels is None:
        return more
    else:
        more["score"] = score(task, data.inputs, now, labels)
    if place:
        before, after = (
            cosines(outputs[0], one) if labels is None or kind is ScoreKind.COSINE else worth(one, labels)
            for one in (outputs[place - 1], now)
        )
        drop = paired_drop(kind, before, after)
        more.update(lost=drop.drop, lost_interval=(drop.low, drop.high))
    return more


def _places(data: DataSet, labels: Labels | None, outputs: Floats) -> Labels | None:
    """Where two models' answers are compared: all that is no padding, where the set names no places."""
    mask = dict(data.named).get("attention_mask")
    if labels is not None or outputs.ndim < 3 or mask is None:
        return labels
    return np.where(np.asarray(mask) > 0, 0, IGNORED).astype(np.int64)


def _taken_along(folder: Path) -> list[Path]:
    """Configuration and tokenizer."""
    return [
        path
        for path in sorted(folder.iterdir())
        if path.is_file() and (path.name in _COPIED or path.name.startswith(_WORDS))
    ]


def _write(source: Path, place: Path, made_files: Mapping[str, bytes], done: Optimization) -> None:
    """Everything, whole or not at all."""
    with files.output_folder(place) as staging:
        for path in _taken_along(source):
            shutil.copyfile(path, staging / path.name)
        for name, content in made_files.items():
            files.write_bytes(staging / name, content)
        manifest = {**encoded(done), "folder": place.name, "tool": f"tinyml_compress {__version__}"}
        files.write_text(staging / MANIFEST, json.dumps(manifest, indent=2) + "\n")
