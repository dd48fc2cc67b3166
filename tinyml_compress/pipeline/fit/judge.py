"""What a point of the search space costs and scores: its recipe run for real, compiled, and emulated."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tinyml_compress.data import DataSet
from tinyml_compress.data.split import part_of, split_data
from tinyml_compress.errors import MismatchError
from tinyml_compress.evaluation import ScoreKind
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compress.inputs import load_stage, outputs_of_file, samples_of
from tinyml_compress.pipeline.compress.stages import no_student, run_stage
from tinyml_compress.pipeline.compress.verb import compress
from tinyml_compress.pipeline.compress.verdict import ANY_DROP
from tinyml_compress.pipeline.fit.job import FitRequest, most_ram
from tinyml_compress.pipeline.inspect.contents import content_of_model
from tinyml_compress.pipeline.measure.judgement import raise_for
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.pipeline.stream import told
from tinyml_compress.results import Compression
from tinyml_compress.results.fit import Cost
from tinyml_compress.search.loop import Judged
from tinyml_compress.search.space import full_space, recipe_of
from tinyml_compress.support import cache, files
from tinyml_compress.support.backend import switches
from tinyml_compress.support.producers import FIT_SHAPE
from tinyml_compress.support.scratch import scratch
from tinyml_compress.techniques.convert_stage import ConvertOptions
from tinyml_compress.techniques.recipe import Recipe, dump
from tinyml_compress.techniques.technique import Point


def reference_point() -> Point:
    """The model as it is, converted to int8."""
    return {one.name: one.off for one in full_space().dimensions}


def _cost_on(tflite: bytes, job: FitRequest, level: str, targets_dir: Path | None) -> Cost:
    """Of the compiled file on an emulated device, some layers strip by strip where it takes too much RAM; its
    output is compared with TensorFlow Lite Micro on the way.
    """
    target = job.target
    request = BenchmarkRequest(
        targets=(target,),
        vectors=1,
        level=Level(level),
        max_ram=most_ram(job),
        targets_dir=targets_dir,
        beside=False,
    )
    (run,) = measured(tflite, request).runs
    if run.error is not None:
        raise_for(run, detail=run.error.detail, which=target)
    if run.bit_exact is not None and run.bit_exact.mismatches:
        raise MismatchError(
            "generated C and TensorFlow Lite Micro differ", which=target, found=run.bit_exact.detail
        )
    return job.place().cost(run)


def halves(tests: DataSet) -> tuple[DataSet, DataSet]:
    """Two halves of a set, with as many of each class: one to choose by, one that nothing was chosen by."""
    labels = np.zeros(tests.count) if tests.labels is None else tests.labels.reshape(-1)
    order = np.random.default_rng(0).permutation(tests.count)
    order = order[np.argsort(labels[order], kind="stable")]
    first, second = np.sort(order[::2]), np.sort(order[1::2])
    return part_of(tests, first, "chosen by"), part_of(tests, second if len(second) else first, "untouched")


class RecipeJudge:
    """Judges points by running recipes; what it trains is kept in the cache that `compress` uses."""

    def __init__(self, job: FitRequest, sensitive: Sequence[Sequence[str]] = ()) -> None:
        self._job = job
        self.sensitive = tuple(tuple(layers) for layers in sensitive)
        self._train, self._tests = split_data(job.data, job.eval_data, job.seed)
        self._half, self._rest = halves(self._tests)

    def recipe(self, point: Point, part: float = 1.0) -> Recipe:
        """The recipe that `part` of the point's training follows."""
        job = self._job
        return recipe_of(
            point, job.epochs, part=part, seed=job.seed, train=job.train, sensitive=self.sensitive
        )

    def cost(self, point: Point) -> Cost:
        """In the point's shape with the float model's weights, before any training."""
        return self._cost_of(self._shape(point), str(point["level"]))

    def train(self, point: Point, part: float) -> Judged:
        """After `part` of the training."""
        with self._scratch() as folder:
            tflite = self.run(point, part, folder).tflite
            assert tflite is not None
            score = self._score(tflite, self._half)
            cost = self._cost_of(tflite.read_bytes(), str(point["level"]))
        return Judged(score, self.drop(score, self.float_score), cost)

    def product(self, tflite: bytes) -> bytes:
        """What runs on the board: the file, or its form that takes the newest frames."""
        stream = self._job.stream
        return tflite if stream is None else told(tflite, stream, steps=0)[0]

    def _cost_of(self, tflite: bytes, level: str) -> Cost:
        return _cost_on(self.product(tflite), self._job, level, self._targets_dir)

    def run(self, point: Point, part: float, folder: Path) -> Compression:
        """The point's recipe into `folder`."""
        return compress(
            self._job.model,
            self.recipe(point, part),
            self._train,
            eval_data=self._tests,
            output=folder,
            accept_drop=ANY_DROP,  # the search judges by its own limits
        )

    def untouched(self, tflite: Path) -> tuple[float, float]:
        """Score on the samples that nothing was chosen by: of the file, and of the float model."""
        return self._score(tflite, self._rest), self._float_score(self._rest)

    def drop(self, score: float, before: float) -> float:
        """What is lost against the float model, as `compress` counts it."""
        return self.metric.drop(before, score)

    @property
    def metric(self) -> ScoreKind:
        kind: ScoreKind = self._task.metric
        return kind

    @cached_property
    def float_score(self) -> float:
        """Of the float model, on the samples that the search chooses by."""
        return self._float_score(self._half)

    @cached_property
    def float_model(self) -> Any:
        """The model that all points start from: as given, or after its training."""
        from tinyml_compress import models

        loaded = models.load(self._job.model)
        loaded.require_layers()
        given = loaded.model
        if not self._job.train:
            return given
        with self._scratch() as folder:
            self.run(reference_point(), 1.0, folder)
            return load_stage(next(folder.glob("*train*/model.keras")), given)

    def rank(self) -> tuple[tuple[str, ...], ...]:
        """Layers that keep a value in int16, by what its int8 form costs, the worst first."""
        from tinyml_compress.models import LoadedModel, ModelFormat, Origin
        from tinyml_compress.pipeline.convert.mixing import ranking
        from tinyml_compress.pipeline.convert.whole import Wanted

        source = LoadedModel(self.float_model, Origin(self._job.model, ModelFormat.KERAS2, self._weights))
        train, half = self._fitted(self._train), self._fitted(self._half)
        rows = ranking(source, train, half, Wanted(seed=self._job.seed))
        return tuple(row.layers for row in rows)

    def counts(self) -> tuple[int, int]:
        """Samples that the search chooses by, and untouched ones."""
        return self._half.count, self._rest.count

    @property
    def _targets_dir(self) -> Path | None:
        return None if self._job.targets_dir is None else Path(self._job.targets_dir)

    @cached_property
    def _task(self) -> Any:
        from tinyml_compress.techniques.training import task_for

        # the test part: a detector's train part may hold normal samples only
        return task_for(self.float_model, samples_of(self._fitted(self._tests)))

    def _fitted(self, data: DataSet | None) -> DataSet:
        assert data is not None
        return data.fitted(tuple(self.float_model.input_shape)[1:])

    def _float_score(self, data: DataSet) -> float:
        from tinyml_compress.techniques.training import score

        return score(self.float_model, self._task, samples_of(self._fitted(data)))

    def _score(self, tflite: Path, data: DataSet) -> float:
        from tinyml_compress.techniques.training import score_of

        fitted = self._fitted(data)
        return score_of(np.asarray(outputs_of_file(tflite, fitted.inputs)), self._task, samples_of(fitted))

    @cached_property
    def _weights(self) -> str:
        """A digest of the float model's weights: with `scope = global`, they decide which channels stay."""
        return files.sha256(
            b"".join(np.ascontiguousarray(value).tobytes() for value in self.float_model.get_weights())
        )

    def _shape(self, point: Point) -> bytes:
        """The .tflite file of the point's shape; the level changes nothing in it."""
        from tinyml_compress.converter import ConvertSettings, Mode
        from tinyml_compress.models import LoadedModel, ModelFormat, Origin
        from tinyml_compress.pipeline.convert.keras_model import convert_model
        from tinyml_compress.pipeline.convert.whole import Wanted

        recipe = self.recipe(point, 0.0)
        train = self._fitted(self._train)

        def make(folder: Path) -> None:
            *stages, last = recipe.stages
            assert isinstance(last.options, ConvertOptions)
            model = self.float_model
            for stage in stages:
                given = (stage, model, None, self.float_model, no_student, self._job.seed, samples_of(train))
                model = run_stage(*given).model
            source = LoadedModel(model, Origin(self._job.model, ModelFormat.KERAS2, self._weights))
            settings = ConvertSettings(Mode(last.options.mode), wide=last.options.wide)
            wanted = Wanted(settings, last.options.samples, self._job.seed)
            files.write_bytes(folder / "model.tflite", convert_model(source, train, wanted).tflite)

        given = content_of_model(self._job.model)  # its architecture; the weights may be those of a training
        key = cache.key_of(
            "fit shape", FIT_SHAPE.stamp(), switches(), given, self._weights, train.sha256, dump(recipe)
        )
        return (cache.cached_folder("fit", key, make) / "model.tflite").read_bytes()

    def _scratch(self) -> AbstractContextManager[Path]:
        place = Path(self._job.folder)
        place.mkdir(parents=True, exist_ok=True)
        return scratch("trial", place)
