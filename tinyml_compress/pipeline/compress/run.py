"""The course of a recipe: stage by stage, each result cached under everything it depends on, and guarded."""

from __future__ import annotations

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
from tinyml_compress.errors import ModelError, TrainingError, UsageError
from tinyml_compress.evaluation import ScoreKind
from tinyml_compress.pipeline.compress.allocation import allocated, described
from tinyml_compress.pipeline.compress.allocation import steps as allocation_steps
from tinyml_compress.pipeline.compress.inputs import Parts, source_of, with_answers
from tinyml_compress.pipeline.compress.making import ARTIFACTS, MODEL, Held, Maker
from tinyml_compress.pipeline.compress.plan import loaded_for
from tinyml_compress.pipeline.compress.samples import sample_warnings
from tinyml_compress.pipeline.compress.scoring import Scoring
from tinyml_compress.pipeline.compress.verdict import ANY_DROP, costliest, judged, require, worst_layer
from tinyml_compress.pipeline.inspect.contents import content_of_model
from tinyml_compress.results import Compression, Judgement, StageResult, Word, encoded
from tinyml_compress.results.base import plain
from tinyml_compress.support import cache, files
from tinyml_compress.support.backend import switches
from tinyml_compress.support.producers import COMPRESSION, CONVERSION
from tinyml_compress.support.progress import stage as shown
from tinyml_compress.support.scratch import workplace
from tinyml_compress.techniques.allocation import Allocation
from tinyml_compress.techniques.convert_stage import ConvertOptions
from tinyml_compress.techniques.fine_tuning import TrainOptions
from tinyml_compress.techniques.pruning import PruneOptions
from tinyml_compress.techniques.recipe import Recipe, Stage

_logger = logging.getLogger(__name__)
_RETRIES = 4
_OUTCOME = "outcome.json"
_WORTHS = "worths.npy"
"""What each scored sample is worth, beside a stage's outcome."""
_BY_ANSWERS = (
    "the samples that are scored have no labels: the float model's answers count as right, and what changes "
    "is lost; give --eval-data with labels for true scores"
)


@dataclass(frozen=True)
class CompressRequest:
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


class RecipeRun:
    """One run; the methods follow its course from top to bottom."""

    def __init__(self, request: CompressRequest) -> None:
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
        answered = self._answered()
        self._told = () if answered is None else (_BY_ANSWERS,)
        self.tests = answered or self.tests
        self._scoring = Scoring(self.loaded.model, self.train, self.tests, recipe)
        self._maker = Maker(request.spec, recipe, self.loaded, self.train, self._scoring, self._log)
        self.float_model: Any = None
        self.baseline: StageResult | None = None
        self.worths: dict[str, Any] = {}
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
            self._scoring.metric,
        )

    def _answered(self) -> DataSet | None:
        """What is scored, with the model's own answers for labels where there are none: what changes is
        lost. Not of a model that the recipe trains first.
        """
        from tinyml_compress.techniques.training import ends_in

        model, first = self.loaded.model, self.recipe.stages[0].options
        if self.tests is None or self.tests.labels is not None or isinstance(first, TrainOptions):
            return None
        return with_answers(model, self.tests) if ends_in(model, "softmax") else None

    def go(self) -> Compression:
        """All stages, the report, and an error if a guard was broken."""
        with workplace(self.output) as self._work:
            return self._all_stages()

    def _all_stages(self) -> Compression:
        began = time.perf_counter()
        results: list[StageResult] = []
        breach: str | None = None
        held = Held(None, self.loaded.model)
        self._log(f"{self.asked.spec}, recipe {self.recipe.name}, seed {self.recipe.seed}")
        doubts = sample_warnings(self.recipe, self.loaded.model, self.train, self.tests)
        warnings = (*doubts, *self._told)
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
            require(result.verdict, self.recipe, self.output / "report.html", bool(doubts))
        return result

    def _verdict(self, results: list[StageResult], held: Held) -> Judgement | None:
        """Of the last stage that has a score; of a recipe that only trains there is nothing to say."""
        assert self.baseline is not None
        scored = [stage for stage in results if stage.score is not None]
        if not results:
            return None
        if not scored or self._scoring.task is None or self.tests is None:
            return Judgement(word=Word.NOT_JUDGED, allowed=self.asked.allowed)
        kind, name = ScoreKind(self.baseline.metric), scored[-1].name
        runs = [self, *(self._without(*parts) for parts in self.asked.others)]
        before, after = (np.concatenate([run.worths[key] for run in runs]) for key in ("float", name))
        sets = [run.tests.labels for run in runs if run.tests is not None and run.tests.labels is not None]
        verdict = judged(kind, before, after, np.concatenate(sets) if sets else None, self.asked.allowed)
        if verdict.word is Word.LOST:
            assert self.baseline.score is not None
            stage = costliest(kind, self.baseline.score, [(one.name, one.score or 0.0) for one in scored])
            layer = worst_layer(self.float_model, self._maker.open(held), self.tests.inputs)
            return replace(verdict, stage=stage, layer=layer)
        return verdict

    def _without(self, train: DataSet | None, tests: DataSet | None) -> RecipeRun:
        """The recipe once more, for what another part of the samples says of it."""
        fold = self._work / "fold"
        run = RecipeRun(
            changed(self.asked, train=train, tests=tests, output=fold, allowed=ANY_DROP, others=())
        )
        run.go()
        return run

    def _set_baseline(self, held: Held, results: list[StageResult]) -> None:
        """The float model that all guards compare with: what leading `train` stages left."""
        self.float_model = self._maker.open(held)
        if results:
            self.baseline = replace(results[-1], name="float", drop=None)
            self.worths["float"] = self.worths.get(results[-1].name)
            results.clear()
            return
        blank = StageResult(name="float", use="float", metric=self._scoring.metric)
        self.baseline, self.worths["float"] = self._scoring.of_model(blank, self.float_model)

    def _guarded(self, stage: Stage, held: Held, place: str) -> tuple[StageResult, Held, str | None]:
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

    def _ready(self, stage: Stage, held: Held, place: str) -> tuple[Stage, Allocation | None]:
        """The stage with its zeros shared out to the layers, if it asks for that."""
        if stage.name not in self.asked.boards:
            return stage, None
        assert isinstance(stage.options, PruneOptions)
        assert self.train is not None  # the options say that they need data
        with shown(f"{place} {stage.name}: what zeros cost and buy", total=allocation_steps()) as line:
            loaded = self._maker.loaded_as(held)
            options, allocation = allocated(
                stage.options,
                loaded,
                self.train,
                self.asked.boards[stage.name],
                self.asked.targets_dir,
                self.key,
                self.recipe.seed,
                self._stream,
                line.advance,
            )
        return changed(stage, options=options), allocation

    @property
    def _stream(self) -> int:
        """New frames per step of the product; 0: it takes windows."""
        options = [stage.options for stage in self.recipe.stages]
        return next((one.stream for one in reversed(options) if isinstance(one, ConvertOptions)), 0)

    def _cached(self, stage: Stage, held: Held, place: str) -> tuple[StageResult, Held, str]:
        """The stage's result, what the next stage works on, and the key of that."""
        key = self._key_of(stage)
        fresh = False

        def make(folder: Path) -> bool:
            nonlocal fresh
            fresh = True
            done = self._maker.make(stage, held, self.float_model, place, folder)
            files.write_text(folder / _OUTCOME, json.dumps(plain(done.result)))
            if done.worths is not None:
                np.save(folder / _WORTHS, done.worths)
            return done.is_whole

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
        return done, Held(folder / MODEL, sha256=files.sha256((folder / MODEL).read_bytes())), key

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

    def _publish(self, stage: Stage, done: StageResult, after: Held) -> None:
        """Copy what the stage made from the cache to the output folder."""
        source = (
            self._folder_of_last / ARTIFACTS
            if isinstance(stage.options, ConvertOptions)
            else self._folder_of_last
        )
        for name in done.files:
            files.write_bytes(self.output / stage.name / name, (source / name).read_bytes())
        if not self.asked.use_cache and not isinstance(stage.options, ConvertOptions):
            self._maker.open(after)
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
