"""`fit --estimate`: whether an architecture can fit a board at all, in seconds and without training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from tinyml_compress import data as data_room
from tinyml_compress.data import DataSet
from tinyml_compress.errors import DoesNotFit, TinymlError, UsageError
from tinyml_compress.ir import Program
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.compress.inputs import samples_of
from tinyml_compress.pipeline.fit.job import FitRequest, resolved
from tinyml_compress.pipeline.measure.judgement import raise_for
from tinyml_compress.pipeline.measure.target import Target, searched_target
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.results import Measurement
from tinyml_compress.results.fit import Budget, Cost, Estimate, Form, LayerNeed
from tinyml_compress.search.budget import overdraft
from tinyml_compress.search.space import Epochs, full_space, recipe_of
from tinyml_compress.support.progress import stage
from tinyml_compress.techniques.recipe import dump
from tinyml_compress.techniques.technique import Point

_SAMPLES = 8
_NARROWEST = 0.2


def estimate(
    model: str,
    target: str,
    *,
    data: str | None = None,
    max_flash: str | None = None,
    max_ram: str | None = None,
    max_ms: str | None = None,
    targets_dir: Path | None = None,
    seed: int = 0,
) -> Estimate:
    """What `model` needs on `target` as int8, as it is and made as small as the search would; weights as they
    are.
    """
    from tinyml_compress import models

    device = searched_target(target, targets_dir)
    job = FitRequest(
        model,
        data or "",
        target,
        "",
        "",
        max_flash=max_flash,
        max_ram=max_ram,
        max_ms=max_ms,
        epochs=Epochs(),
    )
    samples = None if data is None else data_room.load(data).take(_SAMPLES, seed)
    with stage("load the model"):
        loaded = models.load(model)
    loaded.require_layers()
    if len(loaded.input_shapes) != 1:
        raise UsageError("an estimate takes models with one input", which=model, found=loaded.input_names)
    given = samples if samples is not None else _noise(loaded.input_shapes[0], seed)
    work = _Forms(loaded, given, device, targets_dir, seed)
    off: dict[str, Any] = {one.name: one.off for one in full_space().dimensions}
    wanted: list[tuple[str, Point]] = [
        ("as it is, balanced kernels", off),
        ("as it is, small kernels", {**off, "level": "size"}),
        ("as it is, kernels for little RAM", {**off, "level": "ram"}),
        ("half of the channels, small kernels", {**off, "keep": 0.5, "level": "size"}),
        ("a fifth of the channels, small kernels", {**off, "keep": _NARROWEST, "level": "size"}),
        ("a fifth of the channels, kernels for little RAM", {**off, "keep": _NARROWEST, "level": "ram"}),
    ]
    compiled: list[Form] = []
    budget: Budget | None = None
    with stage("compile and emulate", total=len(wanted)) as line:
        for name, point in wanted:
            compiled.append(work.form(name, point))
            line.advance()
    budget = (
        resolved(job, compiled[0].cost) if compiled[0].cost is not None or not _is_part(job) else Budget()
    )
    forms = tuple(
        form if form.cost is None else replace(form, over=_too_much(budget, form.cost)) for form in compiled
    )
    return Estimate(
        model=model,
        target=target,
        target_title=device.title,
        budget=budget,
        forms=forms,
        layers=work.layers(off),
        samples="random numbers" if samples is None else samples.name,
    )


def _is_part(job: FitRequest) -> bool:
    return any(text is not None and "%" in text for text in (job.max_flash, job.max_ram, job.max_ms))


def _too_much(budget: Budget, cost: Cost) -> dict[str, float]:
    return {name: over for name, over in overdraft(budget, cost).items() if over > 0}


def _noise(shape: tuple[int | None, ...], seed: int) -> DataSet:
    sizes = tuple(size or 1 for size in shape)
    values = np.random.default_rng(seed).standard_normal((_SAMPLES, *sizes)).astype(np.float32)
    return DataSet("random numbers", values)


class _Forms:
    """The model's forms on one board; each .tflite file is made once."""

    def __init__(
        self, loaded: Any, samples: DataSet, device: Target, targets_dir: Path | None, seed: int
    ) -> None:
        self._loaded, self._samples, self._device, self._seed = loaded, samples, device, seed
        self._targets_dir = targets_dir
        self._files: dict[str, bytes] = {}
        self._runs: dict[str, Measurement] = {}

    def form(self, name: str, point: Point) -> Form:
        try:
            run = self._run(point)
        except DoesNotFit as error:
            why = f"{error.what}: {error.found}" if error.found else error.what
            return Form(name, why=why)
        except TinymlError as error:
            return Form(name, why=str(error).splitlines()[0])
        return Form(name, self._device.cost(run))

    def _run(self, point: Point) -> Measurement:
        key = str(sorted(point.items()))
        if key not in self._runs:
            level = Level(str(point["level"]))
            request = BenchmarkRequest(
                targets=(self._device.name,),
                vectors=1,
                level=level,
                targets_dir=self._targets_dir,
                beside=False,
            )
            (run,) = measured(self._file(point), request).runs
            if run.error is not None:
                raise_for(run, detail=run.error.detail, which=self._device.name)
            self._runs[key] = run
        return self._runs[key]

    def _file(self, point: Point) -> bytes:
        from tinyml_compress.models import LoadedModel
        from tinyml_compress.pipeline.compress.stages import no_student, run_stage
        from tinyml_compress.pipeline.convert.keras_model import convert_model
        from tinyml_compress.pipeline.convert.whole import Wanted

        recipe = recipe_of(point, Epochs(), part=0.0, seed=self._seed)
        text = dump(recipe)
        if text not in self._files:
            model = self._loaded.model
            for step in recipe.stages[:-1]:
                model = run_stage(
                    step, model, None, model, no_student, self._seed, samples_of(self._samples)
                ).model
            source = LoadedModel(model, self._loaded.origin)
            self._files[text] = convert_model(source, self._samples, Wanted(samples=_SAMPLES)).tflite
        return self._files[text]

    def layers(self, point: Point) -> tuple[LayerNeed, ...]:
        """Of the model as it is; without cycles where the board is too small to run it."""
        level, device = Level(str(point["level"])), self._device
        run = self._runs.get(str(sorted(point.items())))
        told = None if run is None else device.needs_of_layers(run)
        if told is not None:
            return tuple(told)
        try:
            program = compile_model(self._file(point), "model", device.kernels, level, prices=device.prices)
        except TinymlError:
            return ()
        cycles = {} if run is None else {row.index: row.cycles for row in run.nodes or ()}
        flash = program.node_constants
        return tuple(
            LayerNeed(
                layer=node.name or node.op,
                op=node.op,
                flash=flash.get(node.index, 0),
                ram=_live(program, node.index),
                cycles=cycles.get(node.index, 0),
            )
            for node in program.nodes
        )


def _live(program: Program, index: int) -> int:
    """Bytes of the arena that hold something while the node runs; buffers that share bytes count once."""
    plan = program.plan
    buffers = [buffer for name, buffer in plan.tensors.items() if name not in plan.inside]
    buffers += list(plan.scratch.values())
    spans = sorted((one.offset, one.offset + one.nbytes) for one in buffers if one.first <= index <= one.last)
    total = reached = 0
    for begin, end in spans:
        total += max(0, end - max(begin, reached))
        reached = max(reached, end)
    return total
