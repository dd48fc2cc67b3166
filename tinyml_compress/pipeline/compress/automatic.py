"""`compress --auto`: techniques in the order of what they cost, until the model is small enough, or as small
as what may be lost allows.

Each rung of the ladder is a recipe of its own; what needs no training comes first. Bytes are the constants of
the generated C, so that zeros count where the engine does not store them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from tinyml_compress import models
from tinyml_compress.data import DataSet
from tinyml_compress.data.split import split_data
from tinyml_compress.errors import BudgetError, DataError, TrainingError, UnsupportedLayer, UsageError
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.places import kernels_for
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.compress.inputs import with_answers
from tinyml_compress.pipeline.compress.run import write_report
from tinyml_compress.pipeline.compress.verb import AUTO, compress
from tinyml_compress.pipeline.compress.verdict import ANY_DROP, DEFAULT_DROP
from tinyml_compress.results import Compression, Tried
from tinyml_compress.support import files
from tinyml_compress.support.instruction_sets import Isa
from tinyml_compress.support.progress import stage as shown
from tinyml_compress.support.scratch import scratch
from tinyml_compress.support.trust import trusting
from tinyml_compress.techniques.brain_quantization import BrainQuantOptions
from tinyml_compress.techniques.convert_stage import ConvertOptions
from tinyml_compress.techniques.equalization import EqualOptions
from tinyml_compress.techniques.fine_tuning import TrainOptions
from tinyml_compress.techniques.low_rank import LowRankOptions
from tinyml_compress.techniques.optimal_brain import BrainOptions
from tinyml_compress.techniques.recipe import Guard, Recipe, Stage, TaskOptions, dump
from tinyml_compress.techniques.reconstruction import ReconstructOptions
from tinyml_compress.techniques.technique import StageOptions

_ZEROS = (0.5, 0.6, 0.7, 0.8, 0.9)
_EPOCHS = 40
_LONGER = 4.0
"""A rung that trains takes so many times as long as the longest that did not, until one has been measured."""


@dataclass(frozen=True)
class Attempt:
    """One recipe of the ladder."""

    name: str
    stages: tuple[Stage, ...] = ()
    """Before the conversion, and before what trains."""
    epochs: int = 0
    bits: int = 8
    """Of a weight."""

    @property
    def sparsity(self) -> float:
        """The zeros that are asked for."""
        return max((getattr(stage.options, "sparsity", 0.0) for stage in self.stages), default=0.0)

    @property
    def _training(self) -> TrainOptions:
        # beside the float model, inside too: with few samples its outputs alone say less
        return TrainOptions(epochs=self.epochs, inside=1.0)

    def recipe(self, seed: int) -> Recipe:
        """What a user would write for it."""
        trained = [_stage("win-back", self._training, "train")] if self.epochs else []
        last = _stage("int8", ConvertOptions(weight_bits=self.bits), "convert")
        stages = (*self.stages, *trained, last)
        return Recipe(AUTO, f"chosen by --auto: {self.name}", seed, TaskOptions(), Guard(), stages)


def _stage(name: str, options: StageOptions, use: str) -> Stage:
    return Stage(use, name, options, Guard())


@dataclass(frozen=True)
class AutoLimits:
    """What is asked for."""

    drop: float = DEFAULT_DROP
    """Score that may be lost."""
    weights: int | None = None
    """Bytes of constants that the model may have; None: as few as the drop allows."""
    seconds: float = 600.0


def compress_automatically(
    model: str | Path,
    data: str | Path | DataSet,
    *,
    output: Path,
    limits: AutoLimits,
    eval_data: str | Path | DataSet | None = None,
    device: str | None = None,
    targets_dir: Path | None = None,
    seed: int = 0,
    trust: bool = False,
) -> Compression:
    """The chosen recipe's run in `output`, with what was tried and why. Without labels the float model's
    answers count as right.
    """
    isas = _kernels(device, targets_dir)
    train, tests = split_data(data, eval_data, seed)
    with trusting(trust):
        judged_by = tests if tests.labels is not None else _answered(str(model), tests)

        def run(recipe: Recipe, folder: Path, allowed: float) -> Compression:
            return compress(
                model, recipe, train, eval_data=judged_by, output=folder, device=device,
                targets_dir=targets_dir, accept_drop=100 * allowed, trust=trust,
            )  # fmt: skip

        output.mkdir(parents=True, exist_ok=True)
        with scratch("auto", output) as place, shown("compress by the cheapest means") as line:
            tried = _climbed(run, place, limits, isas, seed, line.note)
        chosen = _chosen(tried, limits)
        recipe = next(rung for rung in _every_rung() if rung.name == chosen.name).recipe(seed)
        done = run(recipe, output, limits.drop)
    agreed = "" if tests.labels is not None else " No labels: the float model's answers count as right."
    done = replace(done, tried=tuple(tried), choice=_reason(tried, chosen, limits) + agreed)
    files.write_text(output / "recipe.toml", dump(recipe))
    write_report(done)
    return done


_INT8 = Attempt("int8")
_FOUR_BITS = Attempt(
    "4-bit weights, no training",
    (
        _stage("even", EqualOptions(), "equalize"),
        _stage("steps", BrainQuantOptions(bits=4), "brain_quantize"),
    ),
    bits=4,
)
_NARROWER = tuple(
    Attempt(
        f"{part:.0%} of the parameters by channels, no training",
        (_stage("channels", ReconstructOptions(keep=part, budget="parameters"), "reconstruct"),),
    )
    for part in (0.75, 0.5)
)
_LOW_RANK = Attempt(
    "50% of the parameters by low rank, no training",
    (_stage("thin", LowRankOptions(by="parameters", value=0.5, epochs=0), "low_rank"),),
)


def _zeros(part: float, epochs: int = 0) -> Attempt:
    how = f"{epochs} epochs with the float model as teacher" if epochs else "no training"
    stage = _stage("zeros", BrainOptions(sparsity=part), "optimal_brain")
    return Attempt(f"{part:.0%} zeros, {how}", (stage,), epochs)


def _climbed(
    run: Any, place: Path, limits: AutoLimits, isas: tuple[Isa, ...], seed: int, tell: Any
) -> list[Tried]:
    """Every rung that was worth a try, in the order of what they cost."""
    began, tried = time.monotonic(), list[Tried]()
    for rung in _ladder(tried, limits):
        one = Tried(name=rung.name, sparsity=rung.sparsity, epochs=rung.epochs)
        left = limits.seconds - (time.monotonic() - began)
        if tried and _expected(tried, rung.epochs) > left:
            tried.append(replace(one, left_out=f"{max(0.0, left):.0f} s left"))
            continue
        tell(rung.name)
        before = time.monotonic()
        try:
            done = run(rung.recipe(seed), place / f"{len(tried)}", ANY_DROP)
        except (TrainingError, UnsupportedLayer) as error:
            if rung is _INT8:
                raise
            tried.append(replace(one, left_out=error.what))
            continue
        verdict, file = done.verdict, done.tflite
        if verdict is None or verdict.drop is None or file is None:
            raise DataError(
                "the model cannot be scored, and --auto chooses by scores",
                which=done.model,
                next_step="give samples with labels by --data or --eval-data",
            )
        size = _constants(file.read_bytes(), isas)
        spent = round(time.monotonic() - before, 1)
        tried.append(replace(one, drop=verdict.drop, interval=verdict.interval, nbytes=size, seconds=spent))
    return tried


def _every_rung() -> Iterator[Attempt]:
    yield from (_INT8, _FOUR_BITS, *_NARROWER, _LOW_RANK)
    yield from (_zeros(part, epochs) for part in _ZEROS for epochs in (0, _EPOCHS))


def _ladder(tried: list[Tried], limits: AutoLimits) -> Iterator[Attempt]:
    """The next rung, in the light of those tried so far."""
    yield _INT8
    reached = 0.0
    for part in _ZEROS:
        if _is_enough(tried, limits):
            return
        yield _zeros(part)
        if not _is_within(tried[-1], limits):
            break
        reached = part
    for rung in (_FOUR_BITS, *_NARROWER, _LOW_RANK):
        if _is_enough(tried, limits):
            return
        yield rung
    for part in (part for part in _ZEROS if part > reached):
        if _is_enough(tried, limits):
            return
        yield _zeros(part, _EPOCHS)
        if not _is_within(tried[-1], limits):
            return


def _is_within(one: Tried, limits: AutoLimits) -> bool:
    return one.drop is not None and one.drop <= limits.drop + 1e-9


def _is_enough(tried: list[Tried], limits: AutoLimits) -> bool:
    """Small enough, where a size is asked for."""
    return limits.weights is not None and any(
        _is_within(one, limits) and one.nbytes is not None and one.nbytes <= limits.weights for one in tried
    )


def _expected(tried: list[Tried], epochs: int) -> float:
    alike = [one.seconds for one in tried if bool(one.epochs) == bool(epochs) and one.seconds]
    others = [one.seconds for one in tried if one.seconds]
    return max(alike) if alike else (_LONGER if epochs else 1.0) * max(others, default=0.0)


def _chosen(tried: list[Tried], limits: AutoLimits) -> Tried:
    within = [one for one in tried if _is_within(one, limits) and one.nbytes is not None]
    scored = [one for one in tried if one.drop is not None]
    if not within:
        least = min(scored, key=lambda one: one.drop or 0.0)
        raise TrainingError(
            "nothing that was tried keeps to what may be lost",
            which=AUTO,
            found=f"{100 * (least.drop or 0.0):+.2f} points by {least.name}, the least of {len(scored)}",
            allowed=f"{100 * limits.drop:g} points",
            next_step="give more samples, or a larger --accept-drop",
        )
    best = min(within, key=lambda one: (one.nbytes or 0, one.epochs))
    if limits.weights is not None and (best.nbytes or 0) > limits.weights:
        raise BudgetError(
            "nothing that was tried is small enough within what may be lost",
            which=AUTO,
            found=f"{best.nbytes:,} B by {best.name}",
            allowed=f"{limits.weights:,} B of weights",
            next_step="a larger --accept-drop or --time-budget; `tinyml-compress fit` also changes the shape",
        )
    if limits.weights is not None:  # the cheapest that is small enough, not the smallest
        return next(one for one in within if (one.nbytes or 0) <= limits.weights)
    return best


def _reason(tried: list[Tried], chosen: Tried, limits: AutoLimits) -> str:
    ran = [one for one in tried if one.drop is not None]
    first = ran[0]
    why = (
        "the cheapest that is small enough" if limits.weights is not None else "the smallest that keeps to it"
    )
    worse = next((one for one in ran if not _is_within(one, limits)), None)
    beyond = "" if worse is None else f"; {worse.name} lost {100 * (worse.drop or 0.0):.2f}"
    cut = [one.name for one in tried if (one.left_out or "").endswith("left")]
    late = f" Not tried for want of time: {'; '.join(cut)}." if cut else ""
    return (
        f"{chosen.name}: {why} ({100 * limits.drop:g} points may be lost, "
        f"{100 * (chosen.drop or 0.0):.2f} are), "
        f"{chosen.nbytes:,} B of weights instead of {first.nbytes:,}{beyond}.{late}"
    )


def _constants(content: bytes, isas: tuple[Isa, ...]) -> int:
    return sum(compile_model(content, "model", isas, Level.SIZE).node_constants.values())


def _kernels(device: str | None, targets_dir: Path | None) -> tuple[Isa, ...]:
    return kernels_for(None, device, targets_dir)


def _answered(model: str, tests: DataSet) -> DataSet:
    """With the float model's answers for labels."""
    loaded = models.load(model)
    answered = with_answers(loaded.model, tests.fitted(loaded.input_shapes[0]))
    if answered is None:
        raise UsageError(
            "samples without labels say which answers change, and this model gives no classes",
            which=model,
            found=f"outputs of shape {tuple(loaded.model.output_shape[1:])}",
            next_step="give --eval-data with labels",
        )
    return answered
