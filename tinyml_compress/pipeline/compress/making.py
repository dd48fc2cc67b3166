"""One stage of a recipe, made: a technique on a Keras model, or the conversion of it."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from tinyml_compress.data import DataSet
from tinyml_compress.errors import TinymlError
from tinyml_compress.pipeline.compress.inputs import load_stage, outputs_of_file, samples_of
from tinyml_compress.pipeline.compress.scoring import Scoring
from tinyml_compress.pipeline.stream import told
from tinyml_compress.results import StageResult
from tinyml_compress.support import files
from tinyml_compress.support.progress import stage as shown
from tinyml_compress.techniques.convert_stage import ConvertOptions
from tinyml_compress.techniques.recipe import Recipe, Stage

MODEL = "model.keras"
ARTIFACTS = "artifacts"


@dataclass
class Held:
    """A model that is loaded only when someone needs it."""

    path: Path | None
    model: Any = None
    sha256: str | None = None
    """Of its file, which may be gone when someone asks."""


@dataclass(frozen=True)
class Made:
    """What a stage came to."""

    result: StageResult
    worths: npt.NDArray[Any] | None = None
    """What each scored sample is worth: two stages are compared sample by sample."""
    is_whole: bool = True
    """False where something failed that may go well another time."""


class Maker:
    """Makes the stages of one run."""

    def __init__(
        self,
        spec: str,
        recipe: Recipe,
        loaded: Any,
        train: DataSet | None,
        scoring: Scoring,
        log: Callable[[str], None],
    ) -> None:
        self._spec, self._recipe, self._loaded = spec, recipe, loaded
        self._train, self._scoring, self._log = train, scoring, log

    def open(self, held: Held) -> Any:
        """The model, read where it is not in memory yet."""
        if held.model is None:
            assert held.path is not None
            held.model = load_stage(held.path, self._loaded.model)
        return held.model

    def loaded_as(self, held: Held) -> Any:
        """The held model as the converter takes it."""
        from tinyml_compress.models import LoadedModel, ModelFormat, Origin

        sha256 = held.sha256 or self._loaded.origin.sha256
        return LoadedModel(self.open(held), Origin(self._spec, ModelFormat.KERAS2, sha256))

    def make(self, stage: Stage, held: Held, float_model: Any, place: str, folder: Path) -> Made:
        """The stage's files in `folder`; `float_model` teaches, once there is one."""
        began = time.perf_counter()
        model = self.open(held)
        options = asdict(stage.options)
        blank = StageResult(name=stage.name, use=stage.use, options=options, metric=self._scoring.metric)
        if isinstance(stage.options, ConvertOptions):
            with shown(f"{place} {stage.name}"):
                done = self._convert(stage.options, blank, held, folder)
        else:
            done = self._technique(stage, blank, model, float_model, place, folder)
        return changed(done, result=replace(done.result, seconds=time.perf_counter() - began))

    def _technique(
        self, stage: Stage, blank: StageResult, model: Any, float_model: Any, place: str, folder: Path
    ) -> Made:
        from tinyml_compress import models
        from tinyml_compress.pipeline.compress.stages import run_stage
        from tinyml_compress.techniques.training import Beat, Training

        scoring = self._scoring
        epochs = getattr(stage.options, "epochs", None) or None
        with shown(f"{place} {stage.name}", total=epochs) as line:

            def beat(sign: Beat) -> None:
                line.advance()
                parts = [f"loss {sign.loss:.4f}"]
                if sign.score is not None:
                    parts.append(f"{self._scoring.metric} {sign.score:.4f}")
                if sign.sparsity is not None:
                    parts.append(f"zeros {sign.sparsity:.1%}")
                line.note("  ".join([*parts, f"{sign.seconds_left:.0f} s left"]))
                self._log(f"{stage.name}: epoch {sign.epoch}/{sign.epochs}  " + "  ".join(parts))

            training = None
            if self._train is not None and scoring.learning is not None:
                can_score = scoring.tests is not None and scoring.learning is scoring.task
                tests = samples_of(scoring.tests) if scoring.tests is not None and can_score else None
                training = Training(scoring.learning, samples_of(self._train), tests, beat=beat)
            outcome = run_stage(
                stage,
                model,
                training,
                float_model,
                lambda spec: models.load(spec).model,
                self._recipe.seed,
                None if self._train is None else samples_of(self._train),
                line.note,
            )
        models.save(outcome.model, folder / MODEL)
        history = {"loss": tuple(outcome.history.loss), "score": tuple(outcome.history.score)}
        described = replace(
            blank,
            notes=outcome.notes,
            changes=outcome.table,
            history={key: values for key, values in history.items() if values} or None,
            files=(MODEL,),
        )
        return Made(*scoring.of_model(described, outcome.model))

    def _convert(self, options: ConvertOptions, blank: StageResult, held: Held, folder: Path) -> Made:
        from tinyml_compress.pipeline.convert.verb import convert

        done = convert(
            self.loaded_as(held),
            self._train,
            output=folder / ARTIFACTS,
            mode=options.mode,
            io=options.io or None,
            per_tensor_dense=options.per_tensor_dense,
            allow_float=options.allow_float,
            samples=options.samples,
            seed=self._recipe.seed,
            wide=options.wide,
            weight_bits=options.weight_bits,
        )
        product, notes = done.path, done.notes or ()
        if options.stream:
            product, note = _told(done.path, options.stream)
            notes = (*notes, note)
        data = product.read_bytes()
        written = sorted(file.name for file in (folder / ARTIFACTS).iterdir() if file != product)
        result = replace(
            blank,
            files=(*written, product.name),
            notes=notes,
            nbytes=len(data),
            gzip_nbytes=len(gzip.compress(data, 9, mtime=0)),
            arena=done.number("tflm_arena_bytes"),
        )
        is_whole, tests = not done.tflm_failed, self._scoring.tests
        if tests is None or self._scoring.task is None:
            return Made(result, None, is_whole)
        try:
            outputs = outputs_of_file(done.path, tests.inputs)
        except TinymlError as error:
            notes = (*result.notes, f"not scored: {error.what}")
            return Made(replace(result, notes=notes), None, is_whole=False)
        return Made(*self._scoring.of_outputs(result, np.asarray(outputs)), is_whole)


def _told(window: Path, frames: int) -> tuple[Path, str]:
    """The form of the file that takes so many new frames, beside it, and what is to be said of it."""
    content, net = told(window.read_bytes(), frames)
    product = window.with_name(f"{window.stem}_stream.tflite")
    files.write_bytes(product, content)
    equal = (
        f"outputs equal to the window's at {net.compared} steps"
        if net.compared
        else "outputs not compared: TensorFlow Lite Micro is not installed"
    )
    return product, (
        f"{product.name} takes {net.frames} of {net.window_frames} frames at a step: "
        f"{net.step.macs:,} of {net.window.macs:,} multiply-accumulates; {equal}"
    )
