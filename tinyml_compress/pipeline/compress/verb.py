"""Run a recipe: stage by stage, each result cached under everything it depends on, guarded, and reported."""

from __future__ import annotations

import gzip
import json
import logging
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace

from tinyml_compress.data import DataSet
from tinyml_compress.errors import DataError, ModelError, TinymlError, TrainingError, UsageError
from tinyml_compress.evaluation import ScoreKind, confusion_of, wilson
from tinyml_compress.pipeline.compress.allocation import allocated, described
from tinyml_compress.pipeline.compress.allocation import steps as allocation_steps
from tinyml_compress.pipeline.compress.inputs import (
    Parts,
    all_parts,
    load_stage,
    outputs_of_file,
    samples_of,
    source_of,
    task_changes,
)
from tinyml_compress.pipeline.compress.layer_weights import weights_of_keras
from tinyml_compress.pipeline.compress.plan import boards_of, find_recipe, loaded_for, refuse_for_device
from tinyml_compress.pipeline.compress.samples import sample_warnings
from tinyml_compress.pipeline.compress.verdict import (
    ANY_DROP,
    DEFAULT_DROP,
    costliest,
    judged,
    require,
    worst_layer,
)
from tinyml_compress.pipeline.inspect.contents import content_of_model
from tinyml_compress.results import Compression, Judgement, StageResult, Word, encoded
from tinyml_compress.results.base import plain
from tinyml_compress.support import cache, files
from tinyml_compress.support.backend import switches
from tinyml_compress.support.producers import COMPRESSION, CONVERSION
from tinyml_compress.support.progress import stage as shown
from tinyml_compress.support.scratch import workplace
from tinyml_compress.support.trust import trusting
from tinyml_compress.techniques.allocation import Allocation
from tinyml_compress.techniques.convert_stage import ConvertOptions
from tinyml_compress.techniques.fine_tuning import TrainOptions
from tinyml_compress.techniques.pruning import PruneOptions
from tinyml_compress.techniques.recipe import Recipe, Stage, read

__all__ = ["compress", "write_report"]

_logger = logging.getLogger(__name__)
_RETRIES = 4
_MODEL = "model.keras"
_OUTCOME = "outcome.json"
_WORTHS = "worths.npy"
"""What each scored sample is worth, beside a stage's outcome: two stages are compared sample by sample."""


def compress(
    model: str | Path,
    recipe: str | Path | Recipe,
    data: str | Path | DataSet | None = None,
    *,
    output: Path,
    eval_data: str | Path | DataSet | None = None,
    device: str | None = None,
    seed: int | None = None,
    train: int = 0,
    use_cache: bool = True,
    log_file: Path | None = None,
    targets_dir: Path | None = None,
    trust: bool = False,
    accept_drop: float | None = None,
    teacher: bool = True,
    folds: int = 1,
) -> Compression:
    """Run `recipe` on `model` and write every stage's model, the artifacts and the report into `output`.

    `data` trains and calibrates; scores come from `eval_data`, else from the set's own test part, else from a
    fifth of it that is kept out of training. `train` > 0 first trains the model from new weights for so many
    epochs. Stages that train follow the float model's outputs too, unless `teacher` is False; without labels
    they follow these alone. `trust` is your word for a model file that holds code. The last stage is judged
    against the float model: it may lose `accept_drop` points, else what the recipe's guard says, else 2; more
    than that, beyond doubt, is a TrainingError. With `folds` the recipe runs as many times, another part
    of `data` kept out each time: the verdict is that of all samples, what is written is the first run's.
    """
    chosen = recipe if isinstance(recipe, Recipe) else read(find_recipe(recipe))
    chosen = chosen if seed is None else changed(chosen, seed=seed)
    chosen = chosen.with_training(train) if train else chosen
    chosen = chosen if teacher else chosen.without_teacher()
    if device is not None:
        refuse_for_device(chosen, device, targets_dir)
    boards = boards_of(chosen, device, targets_dir)
    parts, *others = all_parts(data, eval_data, chosen, folds)
    given = chosen.guard.max_drop if accept_drop is None else accept_drop / 100
    allowed = DEFAULT_DROP if given is None else given
    with trusting(trust):
        return _Run(
            _Request(
                str(model), chosen, *parts, output, use_cache, log_file, boards, targets_dir, allowed, others
            )
        ).go()


@dataclass(frozen=True)
class _Request:
    """What to run, with all words resolved."""

    spec: str
    recipe: Recipe
    train: DataSet | None
    tests: DataSet | None
    output: Path
    use_cache: bool
    log_file: Path | None
    boards: dict[str, str]
    """Of stages that share zeros out."""
    targets_dir: Path | None
    allowed: float
    """Score that may be lost."""
    others: Sequence[Parts] = ()
    """Samples for further runs, which the verdict hears too."""


@dataclass
class _Held:
    """A model that is loaded only when someone needs it."""

    path: Path | None
    model: Any = None
    sha256: str | None = None
    """Of its file, which may be gone when someone asks."""


class _Run:
    """One run; the methods follow its course from top to bottom."""

    def __init__(self, request: _Request) -> None:
        self.asked, self.recipe, self.output = request, request.recipe, request.output
        train, tests, recipe = request.train, request.tests, request.recipe
        with shown("load the model"):
            self.loaded = loaded_for(request.spec, recipe)
        if train is not None and len(self.loaded.model.inputs) != 1:
            raise ModelError(
                "a recipe trains models with one input", which=request.spec, found=self.loaded.input_names
            )
        shape = self.loaded.input_shapes[0]
        self.train = None if train is None else train.fitted(shape)
        self.tests = None if tests is None else tests.fitted(shape)
        self.task = self._task()
        self.learning = self._learning()
        self.float_model: Any = None
        self.baseline: StageResult | None = None
        self.worths: dict[str, Any] = {}
        self._last_worths: Any = None
        self.key = cache.key_of(
            "compress",
            COMPRESSION.stamp(),
            switches(),
            self.loaded.origin.sha256,
            self.train.sha256 if self.train is not None else "",
            self.tests.sha256 if self.tests is not None else "",
            json.dumps(asdict(recipe.task)),
            source_of(recipe.task),
            str(recipe.seed),
            self._metric(),
        )

    def go(self) -> Compression:
        """All stages, the report, and an error if a guard was broken."""
        with workplace(self.output) as self._work:
            return self._all_stages()

    def _all_stages(self) -> Compression:
        began = time.perf_counter()
        results: list[StageResult] = []
        breach: str | None = None
        held = _Held(None, self.loaded.model)
        self._log(f"{self.asked.spec}, recipe {self.recipe.name}, seed {self.recipe.seed}")
        warnings = sample_warnings(self.recipe, self.loaded.model, self.train, self.tests)
        for text in warnings:
            _logger.warning("%s", text)
            self._log(f"warning: {text}")
        for number, stage in enumerate(self.recipe.stages):
            if self.baseline is None and not isinstance(stage.options, TrainOptions):
                self._set_baseline(held, results)
            done, held, breach = self._guarded(stage, held, f"{number + 1}/{len(self.recipe.stages)}")
            results.append(done)
            self._log(f"{done.name}: {json.dumps(plain(done))}")
            if breach is not None:
                break
        if self.baseline is None:
            self._set_baseline(held, results)
        assert self.baseline is not None
        result = Compression(
            model=self.asked.spec,
            model_sha256=self.loaded.origin.sha256,
            recipe=self.recipe.name,
            title=self.recipe.title,
            data=None if self.train is None else self.train.name,
            seed=self.recipe.seed,
            baseline=self.baseline,
            stages=tuple(results),
            folder=self.output,
            seconds=round(time.perf_counter() - began, 2),
            breach=breach,
            warnings=warnings,
            verdict=None if breach is not None else self._verdict(results, held),
        )
        write_report(result)
        if breach is not None:
            raise TrainingError(
                "a stage cost more than its guard allows",
                which=f"{self.recipe.name}: {results[-1].name}",
                found=breach,
                next_step=(
                    f"see {self.output / 'report.html'}; ask for less, train "
                    "longer, or on_breach = 'back_off'"
                ),
            )
        if result.verdict is not None:
            require(result.verdict, self.recipe.name, self.output / "report.html")
        return result

    def _verdict(self, results: list[StageResult], held: _Held) -> Judgement | None:
        """Of the last stage that has a score; of a recipe that only trains there is nothing to say."""
        assert self.baseline is not None
        scored = [stage for stage in results if stage.score is not None]
        if not results:
            return None
        if not scored or self.task is None or self.tests is None:
            return Judgement(word=Word.NOT_JUDGED, allowed=self.asked.allowed)
        kind, name = ScoreKind(self.baseline.metric), scored[-1].name
        runs = [self, *(self._without(*parts) for parts in self.asked.others)]
        before, after = (np.concatenate([run.worths[key] for run in runs]) for key in ("float", name))
        sets = [run.tests.labels for run in runs if run.tests is not None and run.tests.labels is not None]
        verdict = judged(kind, before, after, np.concatenate(sets) if sets else None, self.asked.allowed)
        if verdict.word is Word.LOST:
            assert self.baseline.score is not None
            stage = costliest(kind, self.baseline.score, [(one.name, one.score or 0.0) for one in scored])
            layer = worst_layer(self.float_model, self._open(held), self.tests.inputs)
            return replace(verdict, stage=stage, layer=layer)
        return verdict

    def _without(self, train: DataSet | None, tests: DataSet | None) -> _Run:
        """The recipe once more, for what another part of the samples says of it."""
        fold = self._work / "fold"
        run = _Run(changed(self.asked, train=train, tests=tests, output=fold, allowed=ANY_DROP, others=()))
        run.go()
        return run

    def _task(self) -> Any:
        from tinyml_compress.techniques.training import task_for

        if self.train is None:
            return None
        try:
            task = self._task_of(self.train)
            if self.tests is not None and task.metric is ScoreKind.MSE:
                # a detector's train part may hold normal samples only: what is scored on decides how it is
                # scored
                scored = task_for(self.loaded.model, samples_of(self.tests), kind=task.kind)
                task = changed(task, metric=scored.metric)
            return task
        except DataError:
            if self.recipe.needs_labels or (self.train.labels is not None and self.recipe.trains):
                raise
            # data without labels is enough where nothing is trained, or the float model teaches; scores may
            # have their own
            return None if self.tests is None or self.tests.labels is None else self._task_of(self.tests)

    def _learning(self) -> Any:
        """How stages train: as they are scored, or, without labels, by following the float model."""
        from tinyml_compress.techniques.training import task_for

        if self.train is None or self.train.labels is not None or not self.recipe.trains:
            return self.task
        changes = task_changes(self.recipe)
        return task_for(self.loaded.model, samples_of(self.train), taught=True, **changes)

    def _task_of(self, data: DataSet) -> Any:
        from tinyml_compress.techniques.training import task_for

        return task_for(self.loaded.model, samples_of(data), **task_changes(self.recipe))

    def _set_baseline(self, held: _Held, results: list[StageResult]) -> None:
        """The float model that all guards compare with: what leading `train` stages left."""
        self.float_model = self._open(held)
        if results:
            self.baseline = replace(results[-1], name="float", drop=None)
            self.worths["float"] = self.worths.get(results[-1].name)
            results.clear()
            return
        blank = StageResult(name="float", use="float", metric=self._metric())
        self.baseline = self._described(blank, self.float_model)
        self.worths["float"] = self._last_worths

    def _metric(self) -> str:
        return self.task.metric.value if self.task is not None else "none"

    def _guarded(self, stage: Stage, held: _Held, place: str) -> tuple[StageResult, _Held, str | None]:
        """The stage, repeated with milder options while its guard is broken and it may back off."""
        started, attempt = stage, 1
        while True:
            ready, sharing = self._ready(stage, held, place)
            done, after, key = self._cached(ready, held, place)
            done = replace(done, attempts=attempt)
            if sharing is not None:
                shares, text = described(sharing, self.asked.boards[stage.name], stage.options)
                done = replace(
                    done, shares=shares, allocation_summary=text, notes=(*sharing.notes, *done.notes)
                )
            breach = self._breach(stage, done)
            if breach is None or stage.guard.on_breach != "back_off" or attempt > _RETRIES:
                break
            milder = stage.options.milder()
            if milder is None:
                break
            self._log(f"{stage.name}: {breach}; backing off to {milder}")
            stage, attempt = changed(stage, options=milder), attempt + 1
        if attempt > 1:
            apart = _difference(asdict(started.options), asdict(stage.options))
            done = replace(done, notes=(*done.notes, f"backed off {attempt - 1} times: {apart}"))
        self._publish(stage, done, after)
        self.key = key  # what follows depends on this stage
        return done, after, breach

    def _breach(self, stage: Stage, done: StageResult) -> str | None:
        limit = stage.guard.max_drop
        if limit is None or done.drop is None or self.baseline is None or done.drop <= limit + 1e-9:
            return None
        return (
            f"{done.metric} {done.score:.4f} after {self.baseline.score:.4f} of the float model: "
            f"a drop of {done.drop:.4f}, allowed {limit:.4f}"
        )

    def _ready(self, stage: Stage, held: _Held, place: str) -> tuple[Stage, Allocation | None]:
        """The stage with its zeros shared out to the layers, if it asks for that."""
        if stage.name not in self.asked.boards:
            return stage, None
        assert isinstance(stage.options, PruneOptions)
        assert self.train is not None  # the options say that they need data
        with shown(f"{place} {stage.name}: what zeros cost and buy", total=allocation_steps()) as line:
            loaded = self._loaded_as(held)
            options, found = allocated(
                stage.options,
                loaded,
                self.train,
                self.asked.boards[stage.name],
                self.asked.targets_dir,
                self.key,
                self.recipe.seed,
                line.advance,
            )
        return changed(stage, options=options), found

    def _loaded_as(self, held: _Held) -> Any:
        """The held model as the converter takes it."""
        from tinyml_compress.models import Format, LoadedModel, Origin

        model = self._open(held)
        return LoadedModel(
            model, Origin(self.asked.spec, Format.KERAS2, held.sha256 or self.loaded.origin.sha256)
        )

    def _cached(self, stage: Stage, held: _Held, place: str) -> tuple[StageResult, _Held, str]:
        """The stage's result, what the next stage works on, and the key of that."""
        key = self._key_of(stage)
        fresh = False

        def make(folder: Path) -> bool:
            nonlocal fresh
            fresh = True
            result, is_whole = self._run(stage, held, place, folder)
            files.write_text(folder / _OUTCOME, json.dumps(plain(result)))
            if self._last_worths is not None and result.score is not None:
                np.save(folder / _WORTHS, self._last_worths)
            return is_whole

        folder = self._work / key[:16]
        if self.asked.use_cache:
            folder = cache.cached_folder("compress", key, make, otherwise=folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            make(folder)
        done = msgspec.convert(json.loads((folder / _OUTCOME).read_text()), StageResult)
        drop = self._drop(done.score)
        if done.score is not None:
            self.worths[stage.name] = np.load(folder / _WORTHS, allow_pickle=False)
        self._folder_of_last = folder
        done = replace(done, name=stage.name, drop=drop, cached=not fresh)
        if isinstance(stage.options, ConvertOptions):
            return done, held, self.key
        return done, _Held(folder / _MODEL, sha256=files.sha256((folder / _MODEL).read_bytes())), key

    def _key_of(self, stage: Stage) -> str:
        """Of the stage's result: what came before, the stage's options, and what those name."""
        options = asdict(stage.options)
        parts = [self.key, stage.use, json.dumps(options, sort_keys=True)]
        if stage.options.trains and self.float_model is not None:
            parts += [f"follows {stage.follows} at {stage.temperature}"]
        if options.get("student"):
            parts.append(content_of_model(options["student"]))
        if isinstance(stage.options, ConvertOptions):
            # the manifest names the model and the data, and the artifacts tell firmware how inputs are made
            parts += [CONVERSION.stamp(), Path(self.asked.spec).name]
            if self.train is not None:
                parts += [Path(self.train.name).name, repr(self.train.preprocessing)]
        return cache.key_of(*parts)

    def _drop(self, score: float | None) -> float | None:
        if score is None or self.baseline is None or self.baseline.score is None:
            return None
        return ScoreKind(self.baseline.metric).drop(self.baseline.score, score)

    def _run(self, stage: Stage, held: _Held, place: str, folder: Path) -> tuple[StageResult, bool]:
        """The result, and whether all of it went well: what failed may go well another time."""
        began = time.perf_counter()
        model = self._open(held)
        options = asdict(stage.options)
        blank = StageResult(name=stage.name, use=stage.use, options=options, metric=self._metric())
        if isinstance(stage.options, ConvertOptions):
            with shown(f"{place} {stage.name}"):
                done, is_whole = self._convert(stage.options, blank, held, folder)
        else:
            done, is_whole = self._technique(stage, blank, model, place, folder), True
        return replace(done, seconds=time.perf_counter() - began), is_whole

    def _technique(
        self, stage: Stage, blank: StageResult, model: Any, place: str, folder: Path
    ) -> StageResult:
        from tinyml_compress import models
        from tinyml_compress.pipeline.compress.stages import run_stage
        from tinyml_compress.techniques.training import Beat, Training

        epochs = getattr(stage.options, "epochs", None) or None
        with shown(f"{place} {stage.name}", total=epochs) as line:

            def beat(sign: Beat) -> None:
                line.advance()
                parts = [f"loss {sign.loss:.4f}"]
                if sign.score is not None:
                    parts.append(f"{self._metric()} {sign.score:.4f}")
                if sign.sparsity is not None:
                    parts.append(f"zeros {sign.sparsity:.1%}")
                line.note("  ".join([*parts, f"{sign.seconds_left:.0f} s left"]))
                self._log(f"{stage.name}: epoch {sign.epoch}/{sign.epochs}  " + "  ".join(parts))

            training = None
            if self.train is not None and self.learning is not None:
                can_score = self.tests is not None and self.learning is self.task
                tests = samples_of(self.tests) if self.tests is not None and can_score else None
                training = Training(self.learning, samples_of(self.train), tests, beat=beat)
            outcome = run_stage(
                stage,
                model,
                training,
                self.float_model,
                lambda spec: models.load(spec).model,
                self.recipe.seed,
                None if self.train is None else samples_of(self.train),
                line.note,
            )
        models.save(outcome.model, folder / _MODEL)
        history = {"loss": tuple(outcome.history.loss), "score": tuple(outcome.history.score)}
        described = replace(
            blank,
            notes=outcome.notes,
            changes=outcome.table,
            history={key: values for key, values in history.items() if values} or None,
            files=(_MODEL,),
        )
        return self._described(described, outcome.model)

    def _described(self, result: StageResult, model: Any) -> StageResult:
        """Score, interval and counts of a Keras model."""
        from tinyml_compress.pipeline.compress.stages import sizes_of
        from tinyml_compress.techniques.sparsity import zeros_of
        from tinyml_compress.techniques.training import outputs_of

        if self.tests is not None and self.task is not None:
            result = self._scored(result, outputs_of(model, self.tests.inputs))
        layers = tuple((row.layer, round(row.part, 6), row.weights) for row in zeros_of(model))
        return replace(result, sizes=sizes_of(model), layers=layers, weights=weights_of_keras(model))

    def _scored(self, result: StageResult, outputs: Any) -> StageResult:
        """With what the outputs for the evaluation samples are worth."""
        from tinyml_compress.techniques.training import score_of, worths_of

        assert self.tests is not None
        tests, count = samples_of(self.tests), self.tests.count
        value = score_of(outputs, self.task, tests)
        self._last_worths = worths_of(outputs, self.task, tests)
        if self.task.metric is not ScoreKind.ACCURACY:
            return replace(result, score=value)
        confusion = confusion_of(outputs, self.tests.labels)
        return replace(result, score=value, interval=wilson(round(value * count), count), confusion=confusion)

    def _convert(
        self, options: ConvertOptions, blank: StageResult, held: _Held, folder: Path
    ) -> tuple[StageResult, bool]:
        from tinyml_compress.pipeline.convert.verb import convert

        done = convert(
            self._loaded_as(held),
            self.train,
            output=folder / "artifacts",
            mode=options.mode,
            io=options.io or None,
            per_tensor_dense=options.per_tensor_dense,
            allow_float=options.allow_float,
            samples=options.samples,
            seed=self.recipe.seed,
            wide=options.wide,
            weight_bits=options.weight_bits,
        )
        data = done.path.read_bytes()
        result = replace(
            blank,
            files=tuple(sorted(file.name for file in (folder / "artifacts").iterdir())),
            notes=done.notes or (),
            nbytes=len(data),
            gzip_nbytes=len(gzip.compress(data, 9, mtime=0)),
            arena=done.number("tflm_arena_bytes"),
        )
        is_whole = not done.tflm_failed
        if self.tests is None or self.task is None:
            return result, is_whole
        try:
            outputs = outputs_of_file(done.path, self.tests.inputs)
        except TinymlError as error:
            return replace(result, notes=(*result.notes, f"not scored: {error.what}")), False
        return self._scored(result, np.asarray(outputs)), is_whole

    def _open(self, held: _Held) -> Any:
        if held.model is None:
            assert held.path is not None
            held.model = load_stage(held.path, self.loaded.model)
        return held.model

    def _publish(self, stage: Stage, done: StageResult, after: _Held) -> None:
        """Copy what the stage made from the cache to the output folder."""
        source = (
            self._folder_of_last / "artifacts"
            if isinstance(stage.options, ConvertOptions)
            else self._folder_of_last
        )
        for name in done.files:
            files.write_bytes(self.output / stage.name / name, (source / name).read_bytes())
        if not self.asked.use_cache and not isinstance(stage.options, ConvertOptions):
            self._open(after)
        shutil.rmtree(self._work / self._folder_of_last.name, ignore_errors=True)

    def _log(self, text: str) -> None:
        if self.asked.log_file is None:
            return
        try:
            self.asked.log_file.parent.mkdir(parents=True, exist_ok=True)
            with self.asked.log_file.open("a", encoding="utf-8") as log:
                log.write(text + "\n")
        except OSError as error:
            raise UsageError(
                "cannot write the log", which=self.asked.log_file, found=error.strerror
            ) from error


def write_report(result: Compression) -> None:
    """What was found, in the folder of the run: as JSON, and as a page."""
    report = json.dumps(encoded(result), indent=2)
    files.write_text(result.folder / "report.json", report + "\n")
    files.write_text(result.folder / "report.html", result.html())


def _difference(before: dict[str, Any], after: dict[str, Any]) -> str:
    return ", ".join(f"{key} {before[key]} -> {after[key]}" for key in before if before[key] != after[key])
