"""Run one stage of a recipe on a model: the bridge from a recipe's words to the techniques."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tinyml_compress.pipeline.compression_result import Sizes
from tinyml_compress.support.backend import fix_seeds
from tinyml_compress.techniques import clustering, distillation, low_rank, pruning, qat, structured, threshold
from tinyml_compress.techniques.channels import analyse
from tinyml_compress.techniques.cost import cost_of
from tinyml_compress.techniques.graph import copy_model, is_plain_graph
from tinyml_compress.techniques.recipe import Stage
from tinyml_compress.techniques.sparsity import prunable_weights, zeros_of
from tinyml_compress.techniques.stages import (
    Channels,
    Cluster,
    Distil,
    LowRank,
    Prune,
    Qat,
    Threshold,
    Train,
)
from tinyml_compress.techniques.training import History, Training

__all__ = ["Outcome", "run_stage", "sizes_of"]

Table = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Outcome:
    """The new model and the story of how it came about."""

    model: Any
    notes: tuple[str, ...] = ()
    table: Table = ()
    history: History = field(default_factory=History)


def run_stage(
    stage: Stage, model: Any, training: Training | None, float_model: Any, load_student: Callable[[str], Any], seed: int
) -> Outcome:
    """`model` after `stage`; `training` is there when the stage trains, `float_model` teaches where the stage asks."""
    fix_seeds(seed)

    def taught(student: Any) -> Training | None:
        if training is None or not stage.teach:
            return training
        return distillation.taught_by(float_model, student, training, temperature=stage.temperature, alpha=stage.teach)

    options = stage.options
    if isinstance(options, Train):
        return _train(options, model, taught, seed)
    if isinstance(options, Prune):
        return _prune(options, model, taught(model))
    if isinstance(options, Threshold):
        zeroed = threshold.zero_below(model, options.threshold)
        return Outcome(zeroed.model, (f"{zeroed.changed:,} weights became zero",), _zeros_table(zeroed.zeros))
    if isinstance(options, Channels):
        return _channels(options, model, taught)
    if isinstance(options, Qat):
        return _qat(options, model, taught(model))
    if isinstance(options, Cluster):
        done = clustering.cluster(
            model,
            clusters=options.clusters,
            keep_zeros=options.keep_zeros,
            epochs=options.epochs,
            learning_rate=options.learning_rate,
            exclude=options.exclude,
            training=taught(model),
        )
        table = (("layer", "values"), *((name, str(count)) for name, count in done.values))
        return Outcome(done.model, done.notes, table, done.history)
    if isinstance(options, Distil):
        return _distil(options, model, training, load_student, seed)
    assert isinstance(options, LowRank)
    factored = low_rank.factorise(
        model,
        by=low_rank.RankBy(options.by),
        value=options.value,
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        exclude=options.exclude,
        training=taught(model),
    )
    rows = [(row.layer, f"{row.before:,}", f"{row.after:,}", row.why) for row in factored.splits]
    return Outcome(factored.model, (), (("layer", "before", "after", "why"), *rows), factored.history)


def sizes_of(model: Any) -> Sizes:
    """Counts of a Keras model; MACs only when every kernel's use is understood."""
    rows = zeros_of(model)
    macs = ram = None
    if is_plain_graph(model):
        graph = analyse(copy_model(model))
        counted = {id(cut.layer) for cut in graph.cuts}
        if all(id(step.layer) in counted or not prunable_weights(step.layer) for step in graph.steps):
            cost = cost_of(graph, frozenset())
            macs, ram = cost.macs, cost.ram
    return Sizes(int(model.count_params()), sum(row.weights for row in rows), sum(row.zeros for row in rows), macs, ram)


def _train(options: Train, model: Any, taught: Callable[[Any], Training | None], seed: int) -> Outcome:
    working = distillation.fresh_copy(model, seed) if options.fresh else copy_model(model)
    training = taught(working)
    assert training is not None
    history = training.fit(working, options.epochs, options.learning_rate)
    return Outcome(working, history=history)


def _prune(options: Prune, model: Any, training: Training | None) -> Outcome:
    done = pruning.prune(
        model,
        sparsity=options.sparsity,
        schedule=pruning.Schedule(options.schedule),
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        rounds=options.rounds,
        layers=options.layers,
        exclude=options.exclude,
        pattern=pruning.pattern_of(options.pattern) if options.pattern else None,
        dense_pattern=pruning.pattern_of(options.dense_pattern) if options.dense_pattern else None,
        training=training,
    )
    return Outcome(done.model, done.notes, _zeros_table(done.zeros), done.history)


def _zeros_table(rows: tuple[Any, ...]) -> Table:
    return (
        ("layer", "zeros", "weights", "part"),
        *((row.layer, f"{row.zeros:,}", f"{row.weights:,}", f"{row.part:.1%}") for row in rows),
    )


def _channels(options: Channels, model: Any, taught: Callable[[Any], Training | None]) -> Outcome:
    if options.keep == 1.0:
        dead = structured.remove_dead_channels(model)
        return Outcome(dead.model, _pinned(dead), _blocks(dead))
    history, current = History(), model
    first: structured.Removal | None = None
    removal: structured.Removal | None = None
    for number in range(1, options.rounds + 1):
        # every round keeps the same part of what the one before it left
        keep = options.keep ** (1 / options.rounds)
        training = taught(current)
        removal = structured.remove_channels(
            current,
            keep=keep,
            budget=options.budget,
            scope=options.scope,
            importance=options.importance,
            round_to=options.round_to,
            at_least=options.at_least,
            exclude=_matcher(options.exclude),
            gradients=_slopes(training) if options.importance == "taylor" and training is not None else None,
        )
        first = first or removal
        current = removal.model
        if training is not None and options.epochs > 0:
            epochs = max(
                1,
                round(options.epochs * number / options.rounds) - round(options.epochs * (number - 1) / options.rounds),
            )
            student = taught(current) or training
            history += student.fit(current, epochs, options.learning_rate)
    assert first is not None
    assert removal is not None
    return Outcome(current, _pinned(first), _blocks(replace(removal, blocks=_joined(first, removal))), history)


def _matcher(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    from fnmatch import fnmatch

    return lambda name: any(fnmatch(name, pattern) for pattern in patterns)


def _slopes(training: Training) -> Callable[[Any], dict[str, Any]]:
    from tinyml_compress.support.backend import keras2
    from tinyml_compress.techniques.training import targets_of

    def gradients(model: Any) -> dict[str, Any]:
        targets = targets_of(training.task, training.train, model)
        loss = keras2().losses.get(training.task.loss)
        batches = [
            (training.train.inputs[start : start + 64], targets[start : start + 64])
            for start in range(0, min(len(targets), 512), 64)
        ]
        return structured.taylor_slopes(model, loss, batches)

    return gradients


def _joined(first: structured.Removal, last: structured.Removal) -> tuple[structured.Block, ...]:
    left = {block.layers: block.after for block in last.blocks}
    return tuple(replace(block, after=left.get(block.layers, block.after)) for block in first.blocks)


def _blocks(removal: structured.Removal) -> Table:
    rows = [(", ".join(block.layers), str(block.before), str(block.after)) for block in removal.blocks]
    return (("layers that share channels", "before", "after"), *rows)


def _pinned(removal: structured.Removal) -> tuple[str, ...]:
    return tuple(f"{layer}: channels stay, {why}" for layer, why in removal.pinned)


def _qat(options: Qat, model: Any, training: Training | None) -> Outcome:
    assert training is not None
    done = qat.train_quantized(
        model,
        training=training,
        epochs=options.epochs,
        learning_rate=options.learning_rate,
        preserve=qat.Preserve(options.preserve),
        exclude=options.exclude,
        per_tensor_dense=options.per_tensor_dense,
    )
    table = (
        ("layer", "kind", "treatment", "why"),
        *((row.layer, row.kind, row.treatment.value, row.why) for row in done.plan),
    )
    notes = done.notes
    if options.preserve != "none" and done.sparsity_after + 1e-9 < done.sparsity_before:
        notes += (f"sparsity fell from {done.sparsity_before:.2%} to {done.sparsity_after:.2%}",)
    return Outcome(done.model, notes, table, done.history)


def _distil(
    options: Distil, model: Any, training: Training | None, load_student: Callable[[str], Any], seed: int
) -> Outcome:
    assert training is not None
    if options.student:
        student = distillation.fresh_copy(load_student(options.student), seed)
    elif options.start == "teacher":  # its strongest channels, with what they have learned
        student = structured.remove_channels(model, keep=options.width, round_to=options.round_to).model
    else:
        student = distillation.narrower(model, options.width, seed=seed, round_to=options.round_to)
    done = distillation.distil(
        model,
        student,
        training=training,
        temperature=options.soften,
        alpha=options.alpha,
        epochs=options.epochs,
        learning_rate=options.learning_rate,
    )
    part = done.student_parameters / max(1, done.teacher_parameters)
    note = (
        f"student has {done.student_parameters:,} parameters, {part:.1%} of the teacher's {done.teacher_parameters:,}"
    )
    return Outcome(done.model, (note,), (), done.history)
