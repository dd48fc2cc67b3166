"""Quantization-aware training for any graph: what can be trained in int8 is, the rest is calibrated later.

Normalizations are folded into the layers before them first, so that a convolution, its normalization and its
activation train as the one operator that they become. Zeros (and clusters) of the float model are kept by
putting the weights back after every step, which, unlike TFMOT's preserving wrappers, works for every layer
here and for both at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fnmatch import fnmatch
from typing import Any

import numpy as np

from tinyml_compress.errors import TrainingError
from tinyml_compress.results import Listing
from tinyml_compress.support.backend import keras2, tensorflow
from tinyml_compress.support.table import Block, Column, Table
from tinyml_compress.techniques._prepare import Prepared, prepare
from tinyml_compress.techniques._quantizers import bake, output_quantizer, wrap_weights
from tinyml_compress.techniques.channels import is_softmax
from tinyml_compress.techniques.clustering import cluster_projection
from tinyml_compress.techniques.graph import Copier, LayerCall, rebuild, steps_of
from tinyml_compress.techniques.pruning import mask_projection
from tinyml_compress.techniques.sparsity import prunable_weights, total_sparsity
from tinyml_compress.techniques.technique import (
    Applied,
    Context,
    Dimension,
    Fidelity,
    Point,
    StageOptions,
    Technique,
    epochs,
    excluded,
    flag,
    rate,
    word,
)
from tinyml_compress.techniques.training import History, Projection, Training


class Preserve(Enum):
    """What of the float model's structure must survive."""

    NOTHING = "none"
    SPARSITY = "sparsity"
    CLUSTERS = "clusters"
    BOTH = "sparsity_and_clusters"


class Treatment(Enum):
    """What happens to a layer."""

    TRAINED = "trained in int8"
    FOLDED = "folded"
    RANGE = "output trained in int8"
    CALIBRATED = "calibrated after training"
    PASSES = "passes values on"


@dataclass(frozen=True)
class LayerPlan:
    """The plan for one layer, and why."""

    layer: str
    kind: str
    treatment: Treatment
    why: str


@dataclass(frozen=True)
class Quantized:
    """A model whose kernels lie on int8 steps and whose ranges are fixed: to be evaluated and converted as it
    is.
    """

    model: Any
    plan: tuple[LayerPlan, ...]
    notes: tuple[str, ...]
    history: History
    sparsity_before: float
    sparsity_after: float


_WEIGHTED = {"Conv2D", "DepthwiseConv2D", "Dense"}
_PASSING = {
    "MaxPooling2D", "MaxPooling1D", "AveragePooling2D", "AveragePooling1D", "Flatten", "Reshape", "Dropout",
    "Permute", "ZeroPadding2D", "ZeroPadding1D", "Cropping2D", "Cropping1D", "UpSampling2D", "UpSampling1D",
    "SpatialDropout2D", "SpatialDropout1D", "GlobalMaxPooling2D", "GlobalMaxPooling1D", "RepeatVector",
    "InputLayer",
}  # fmt: skip


def plan_qat(model: Any, *, exclude: Sequence[str] = ()) -> tuple[LayerPlan, ...]:
    """Which layer is treated how, without training anything."""
    return _plan(prepare(model), exclude)


def train_quantized(
    model: Any,
    *,
    training: Training,
    epochs: int = 6,
    learning_rate: float = 3e-4,
    preserve: Preserve = Preserve.NOTHING,
    exclude: Sequence[str] = (),
    per_tensor_dense: bool = False,
) -> Quantized:
    """Fine-tune a copy of `model` with int8 arithmetic simulated in the forward pass.

    `per_tensor_dense` trains dense layers with one scale for all outputs, which the conversion must then use
    too: clusters stay few as int8 codes, and files compress better.
    """
    prepared = prepare(model)
    plan = _plan(prepared, exclude)
    trained = {row.layer for row in plan if row.treatment is Treatment.TRAINED}
    if not trained:
        raise TrainingError(
            "no layer of this model can be trained in int8",
            which=model.name,
            found=", ".join(sorted({row.kind for row in plan})),
            next_step="leave the qat stage out: convert calibrates every layer after training",
        )
    notes = tuple(
        f"{row.layer} ({row.kind}): {row.why}" for row in plan if row.treatment is Treatment.CALIBRATED
    )
    wrapped = _annotate(prepared, trained, one_scale=per_tensor_dense)
    _calibrate(wrapped, prepared.model, training)
    projections = _projections(wrapped.model, prepared, preserve)
    before = total_sparsity(prepared.model)
    history = training.fit(
        wrapped.model,
        epochs,
        learning_rate,
        projections=projections,
        sparsity=lambda: total_sparsity(wrapped.model),
    )
    finished = bake(wrapped.model, model.name)
    return Quantized(finished, plan, notes, history, before, total_sparsity(finished))


def _plan(prepared: Prepared, exclude: Sequence[str]) -> tuple[LayerPlan, ...]:
    steps = steps_of(prepared.model)
    calls: dict[int, int] = {}
    for step in steps:
        calls[id(step.layer)] = calls.get(id(step.layer), 0) + 1
    rows = [
        LayerPlan(name, "BatchNormalization", Treatment.FOLDED, f"its scale and shift go into {into}")
        for name, into in prepared.folded.items()
    ]
    seen: set[int] = set()
    for step in steps:
        if id(step.layer) in seen:
            continue
        seen.add(id(step.layer))
        treatment, why = _treat(step, calls[id(step.layer)], exclude)
        rows.append(LayerPlan(step.layer.name, type(step.layer).__name__, treatment, why))
    return tuple(rows)


def _treat(step: LayerCall, calls: int, exclude: Sequence[str]) -> tuple[Treatment, str]:
    layer, kind = step.layer, type(step.layer).__name__
    if kind in _PASSING:
        return Treatment.PASSES, "its output has the range of its input"
    if is_softmax(layer) and kind == "Activation":
        return Treatment.PASSES, "an int8 softmax always ranges from 0 to 1"
    if kind in _WEIGHTED:
        if any(fnmatch(layer.name, name) for name in exclude):
            return Treatment.CALIBRATED, "excluded by the recipe"
        if calls > 1:
            return Treatment.CALIBRATED, "its weights serve several places, whose ranges differ"
        if getattr(layer, "groups", 1) != 1:
            return Treatment.CALIBRATED, "grouped convolution"
        if not layer.trainable_weights:
            return Treatment.CALIBRATED, "its weights are frozen"
        return Treatment.TRAINED, "kernel per channel, with what follows it as one operator"
    if (_fuses(layer) or kind == "Add") and calls == 1:
        return Treatment.RANGE, "as one with what it follows" if _fuses(layer) else "sum of trained parts"
    return Treatment.CALIBRATED, "no int8 training for this kind of layer"


def _fuses(layer: Any) -> bool:
    """Activations that become part of the operator before them."""
    kind = type(layer).__name__
    if kind == "Activation":
        return getattr(layer.activation, "__name__", "") in ("relu", "relu6")
    if kind == "ReLU":
        slope, edge = float(layer.negative_slope or 0), float(layer.threshold or 0)
        return slope == 0 and edge == 0 and (layer.max_value is None or float(layer.max_value) == 6.0)
    return False


@dataclass(frozen=True)
class _Annotated:
    model: Any
    ranged: dict[str, str]  # layer of the prepared model -> quantizer of its output


def _annotate(prepared: Prepared, trained: set[str], *, one_scale: bool) -> _Annotated:
    """Wrap the kernels, and put a range after every tensor that an operator will really write."""
    steps = steps_of(prepared.model)
    readers: dict[int, list[LayerCall]] = {}
    for step in steps:
        for number in step.inputs:
            readers.setdefault(number, []).append(step)
    covered: set[int] = set()  # tensors that a trained operator writes
    ranged: set[str] = set()
    calls: dict[int, int] = {}
    for step in steps:
        calls[id(step.layer)] = calls.get(id(step.layer), 0) + 1
    for step in steps:
        layer = step.layer
        follows = (_fuses(layer) or type(layer).__name__ == "Add") and calls[id(layer)] == 1
        if layer.name not in trained and not (follows and any(number in covered for number in step.inputs)):
            continue
        covered.add(step.outputs[0])
        following = readers.get(step.outputs[0], [])
        fused = len(following) == 1 and _fuses(following[0].layer) and calls[id(following[0].layer)] == 1
        if not (fused and not _activated(layer)):
            ranged.add(layer.name)
    copier = Copier()
    names: dict[str, str] = {}
    quantizers: dict[Any, Any] = {}

    def quantized(key: Any, name: str, tensor: Any) -> Any:
        if key not in quantizers:
            names[name] = copier.name(f"{name}_range")
            quantizers[key] = output_quantizer(names[name])(tensor)
        return quantizers[key]

    def from_input(tensor: Any) -> Any:
        source = tensor._keras_history.layer
        is_input = type(source).__name__ == "InputLayer" and tensor.dtype.is_floating
        return quantized(id(tensor), source.name, tensor) if is_input else tensor

    def substitute(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if layer.name in trained:
            tensor = from_input(args[0])
            inner = copier.fresh(layer)
            inner.build(tensor.shape)
            inner.set_weights(layer.get_weights())
            shared = one_scale and type(layer).__name__ == "Dense"
            output = wrap_weights(inner, copier.name(f"{layer.name}_int8"), one_scale=shared)(tensor)
        else:
            output = copier(layer, args, kwargs)
        return quantized(id(layer), layer.name, output) if layer.name in ranged else output

    return _Annotated(rebuild(prepared.model, substitute), names)


def _activated(layer: Any) -> bool:
    return getattr(getattr(layer, "activation", None), "__name__", "linear") != "linear"


def _calibrate(annotated: _Annotated, float_model: Any, training: Training) -> None:
    """Start every range at what the float model produces: from TFMOT's -6 to 6 it would take thousands of
    steps.
    """
    watched = list(annotated.ranged)
    tensors = [float_model.get_layer(name).output for name in watched]
    probe = keras2().Model(float_model.inputs, tensors)
    chosen = training.train.inputs[np.random.default_rng(0).permutation(len(training.train))[:256]]
    values = tensorflow().nest.flatten(probe(np.asarray(chosen, np.float32), training=False))
    for name, value in zip(watched, values, strict=True):
        layer = annotated.model.get_layer(annotated.ranged[name])
        low, high = min(0.0, float(np.min(value))), max(0.0, float(np.max(value)))
        layer.quantizer_vars["min_var"].assign(low)
        layer.quantizer_vars["max_var"].assign(max(high, low + 1e-3))


def _projections(model: Any, prepared: Prepared, preserve: Preserve) -> list[Projection]:
    """What puts zeros and clusters back after every step."""
    if preserve is Preserve.NOTHING:
        return []
    keep_zeros = preserve in (Preserve.SPARSITY, Preserve.BOTH)
    projections = []
    for layer in model.layers:
        name = getattr(layer, "layer", layer).name
        for place, weight in enumerate(prunable_weights(layer)):
            value = weight.numpy()
            if preserve in (Preserve.CLUSTERS, Preserve.BOTH):
                factor = prepared.factors.get(name, np.ones(())) if place == 0 else np.ones(())
                base = prepared.bases.get(name, value) if place == 0 else value
                depth = "Depthwise" in type(getattr(layer, "layer", layer)).__name__ and factor.ndim
                factor = factor.reshape(value.shape[-2:]) if depth else factor
                projection = cluster_projection(weight, base, factor, keep_zeros)
                if projection is not None:
                    projections.append(projection)
                    continue
            if keep_zeros and (value == 0).any():
                mask = (value != 0).astype(np.float32)
                projections.append(mask_projection(weight, mask))
    return projections


@dataclass(frozen=True)
class QatOptions(StageOptions):
    """Fine-tuning with int8 arithmetic."""

    preserve: str = word(
        "none",
        tuple(preserve.value for preserve in Preserve),
        "what must survive: PQAT is sparsity, CQAT clusters, PCQAT both",
    )
    epochs: int = epochs(8)
    learning_rate: float = rate(3e-4)
    per_tensor_dense: bool = flag(False, "one scale per dense kernel; say the same in convert")
    exclude: tuple[str, ...] = excluded()

    def milder(self) -> QatOptions | None:
        return replace(self, epochs=self.epochs * 2) if self.epochs < 200 else None


class QuantizationAwareTraining(Technique[QatOptions]):
    """The stage `qat`."""

    use = "qat"
    options = QatOptions
    place = 50
    fixes_weights = True
    dimensions = (Dimension("qat", (False, True), False, "fine-tuning in int8 arithmetic", trains=True),)

    def apply(self, options: QatOptions, model: Any, context: Context) -> Applied:
        training = context.taught(model)
        assert training is not None
        done = train_quantized(
            model,
            training=training,
            epochs=options.epochs,
            learning_rate=options.learning_rate,
            preserve=Preserve(options.preserve),
            exclude=options.exclude,
            per_tensor_dense=options.per_tensor_dense,
        )
        head = (("layer", ""), ("kind", ""), ("treatment", ""), ("why", ""))
        table = Listing.of(head, [(row.layer, row.kind, row.treatment.value, row.why) for row in done.plan])
        notes = done.notes
        if options.preserve != "none" and done.sparsity_after + 1e-9 < done.sparsity_before:
            notes += (f"sparsity fell from {done.sparsity_before:.2%} to {done.sparsity_after:.2%}",)
        return Applied(done.model, notes, table, done.history)

    def plan(self, options: QatOptions, model: Any) -> Sequence[Block]:
        columns = (
            Column("layer"),
            Column("kind", priority=1),
            Column("treatment"),
            Column("why", prose=True),
        )
        plan = plan_qat(model, exclude=options.exclude)
        rows = tuple((row.layer, row.kind, row.treatment.value, row.why) for row in plan)
        return [Table(columns, rows, indent=5)]

    def chosen(self, point: Point, fidelity: Fidelity) -> QatOptions | None:
        if not point["qat"] or not fidelity.trains:
            return None
        sparse, clustered = point["sparsity"] != 0.0, bool(point["clusters"])
        kept = {
            (False, False): Preserve.NOTHING,
            (True, False): Preserve.SPARSITY,
            (False, True): Preserve.CLUSTERS,
            (True, True): Preserve.BOTH,
        }
        return QatOptions(preserve=kept[sparse, clustered].value, epochs=fidelity.after)


TECHNIQUE = QuantizationAwareTraining()
