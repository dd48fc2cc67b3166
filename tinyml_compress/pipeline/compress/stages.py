"""Run one stage of a recipe on a model, and count what a model holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tinyml_compress.errors import TinymlError
from tinyml_compress.results import Sizes
from tinyml_compress.support.backend import fix_seeds
from tinyml_compress.techniques.channels import analyse
from tinyml_compress.techniques.cost import cost_of
from tinyml_compress.techniques.distillation import taught_by
from tinyml_compress.techniques.graph import copy_model, is_plain_graph
from tinyml_compress.techniques.recipe import Stage
from tinyml_compress.techniques.registry import technique
from tinyml_compress.techniques.sparsity import prunable_weights, zeros_of
from tinyml_compress.techniques.technique import Applied, Context
from tinyml_compress.techniques.training import Samples, Training


def run_stage(
    stage: Stage,
    model: Any,
    training: Training | None,
    float_model: Any,
    load_student: Callable[[str], Any],
    seed: int,
    samples: Samples | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> Applied:
    """`model` after `stage`; `training` is there when the stage trains, `float_model` teaches as much as the
    stage says; None while there is none yet.

    `samples` calibrate; those that train do where none are given.
    """
    fix_seeds(seed)

    def taught(student: Any, inside: float = 0.0) -> Training | None:
        if training is None or float_model is None or not stage.follows:
            return training
        return taught_by(
            float_model, student, training,
            temperature=stage.temperature, alpha=stage.follows, inside=inside,
        )  # fmt: skip

    if samples is None and training is not None:
        samples = training.train
    context = Context(training, samples, taught, load_student, seed, tell)
    return technique(stage.use).apply(stage.options, model, context)


def no_student(spec: str) -> Any:
    """For runs that know one architecture only."""
    raise TinymlError("a search has no students of other architectures", which=spec)


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
    weights, zeros = sum(row.weights for row in rows), sum(row.zeros for row in rows)
    return Sizes(parameters=int(model.count_params()), weights=weights, zeros=zeros, macs=macs, ram=ram)
