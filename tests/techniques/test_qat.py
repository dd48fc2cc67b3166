"""Training in int8: any model, zeros and clusters kept, the converter finds the trained scales again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.lib import awkward_models as awkward
from tests.lib import keras_models as zoo
from tinyml_compress import converter
from tinyml_compress.converter import ConvertSettings
from tinyml_compress.errors import TrainingError
from tinyml_compress.support import backend
from tinyml_compress.support.backend import fix_seeds, keras2
from tinyml_compress.techniques import clustering, pruning, qat
from tinyml_compress.techniques._prepare import prepare
from tinyml_compress.techniques.sparsity import prunable_weights, total_sparsity
from tinyml_compress.techniques.training import Samples, Training, outputs_of, task_for


def _training(model: Any, count: int = 48) -> Training:
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(count, *model.input_shape[1:])).astype("float32")
    labels = generator.integers(0, model.output_shape[-1], count)
    samples = Samples(inputs, labels)
    return Training(task_for(model, samples, batch_size=16, seed=1), samples)


def _converted(model: Any, training: Training) -> Any:
    settings = ConvertSettings(allow_float=False)
    with backend.quiet():
        data = converter.to_tflite(
            model, [training.train.inputs], settings, environment=backend.quiet_variables(), seed=0
        )
    return converter.read(data)


_LONG = (awkward.conv_1d, awkward.nested, awkward.prelu)
_EACH = [pytest.param(make, marks=[pytest.mark.full] if make in _LONG else []) for make in awkward.ALL]


@pytest.mark.parametrize("make", _EACH, ids=lambda make: make.__name__)
def test_any_model_trains_and_converts_without_float_operators(make: Any) -> None:
    fix_seeds(1)
    model = make()
    training = _training(model)
    done = qat.train_quantized(model, training=training, epochs=1)
    file = _converted(done.model, training)
    converter.check_integer(file, [layer.name for layer in done.model.layers])
    assert any(row.treatment is qat.Treatment.TRAINED for row in done.plan)
    assert all(row.why for row in done.plan)


@pytest.mark.parametrize("make", [*zoo.ALL, *awkward.ALL], ids=lambda make: make.__name__)
def test_preparing_leaves_outputs_as_they_are(make: Any) -> None:
    fix_seeds(2)
    model = make()
    for layer in model.submodules:
        if type(layer).__name__ == "BatchNormalization":
            shapes = [weight.shape for weight in layer.get_weights()]
            generator = np.random.default_rng(3)
            layer.set_weights([generator.uniform(0.5, 1.5, shape).astype("float32") for shape in shapes])
    inputs = _training(model, 8).train.inputs
    prepared = prepare(model)
    np.testing.assert_allclose(
        outputs_of(prepared.model, inputs), outputs_of(model, inputs), rtol=1e-4, atol=1e-5
    )


def test_normalizations_are_folded_and_the_plan_says_so() -> None:
    plan = {row.layer: row for row in qat.plan_qat(zoo.residual())}
    assert plan["stem_norm"].treatment is qat.Treatment.FOLDED
    assert "stem" in plan["stem_norm"].why
    assert plan["stem"].treatment is qat.Treatment.TRAINED
    excluded = {row.layer: row for row in qat.plan_qat(zoo.residual(), exclude=["a*"])}
    assert excluded["a1"].treatment is qat.Treatment.CALIBRATED


@pytest.mark.parametrize("make", [zoo.plain, zoo.depthwise], ids=lambda make: make.__name__)
def test_zeros_survive(make: Any) -> None:
    fix_seeds(1)
    pruned = pruning.prune(make(), sparsity=0.7, schedule=pruning.Schedule.ONE_SHOT).model
    training = _training(pruned)
    kept = qat.train_quantized(pruned, training=training, epochs=2, preserve=qat.Preserve.SPARSITY)
    assert kept.sparsity_before == pytest.approx(0.7, abs=0.01)
    assert kept.sparsity_after >= kept.sparsity_before
    lost = qat.train_quantized(pruned, training=training, epochs=2, learning_rate=3e-3)
    assert lost.sparsity_after < 0.6


def test_clusters_and_zeros_survive_together() -> None:
    fix_seeds(1)
    pruned = pruning.prune(zoo.residual(), sparsity=0.5, schedule=pruning.Schedule.ONE_SHOT).model
    clustered = clustering.cluster(pruned, clusters=8, epochs=0).model
    training = _training(clustered)
    done = qat.train_quantized(
        clustered, training=training, epochs=2, preserve=qat.Preserve.BOTH, per_tensor_dense=True
    )
    assert done.sparsity_after >= done.sparsity_before == pytest.approx(0.5, abs=0.01)
    for layer in done.model.layers:
        for kernel in prunable_weights(layer):
            # per channel at most eight values, also where a normalization scaled the channels apart
            matrix = kernel.numpy().reshape(-1, kernel.shape[-1])
            assert max(len(np.unique(column)) for column in matrix.T) <= 8
    kernel = done.model.get_layer("scores").get_weights()[0]
    assert len(np.unique(kernel)) <= 8


def test_the_converter_finds_the_trained_scales() -> None:
    fix_seeds(1)
    model = zoo.plain()
    training = _training(model)
    done = qat.train_quantized(model, training=training, epochs=1)
    kernel = done.model.get_layer("first").get_weights()[0]
    scales = np.abs(kernel).reshape(-1, kernel.shape[-1]).max(axis=0) / 127
    steps = kernel / scales
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-3)
    operators = _converted(done.model, training).operators
    quant = next(op.inputs[1].quant for op in operators if op.name == "CONV_2D")
    np.testing.assert_allclose(quant.scales, scales, rtol=1e-4)


def test_the_model_given_stays_as_it_is_and_seeds_decide() -> None:
    fix_seeds(1)
    model = zoo.depthwise()
    training = _training(model)
    before = [weight.copy() for weight in model.get_weights()]
    first = qat.train_quantized(model, training=training, epochs=1).model.get_weights()
    second = qat.train_quantized(model, training=training, epochs=1).model.get_weights()
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_model_without_trainable_parts_is_refused() -> None:
    layers = keras2().layers
    model = keras2().Sequential([keras2().Input((4, 3)), layers.LSTM(3)], name="only_memory")
    with pytest.raises(TrainingError, match="no layer of this model"):
        qat.train_quantized(model, training=_training(model), epochs=1)


def test_training_lowers_the_loss_and_keeps_sparsity_known() -> None:
    fix_seeds(1)
    model = zoo.plain()
    done = qat.train_quantized(model, training=_training(model), epochs=6, learning_rate=3e-3)
    assert done.history.loss[-1] < done.history.loss[0]
    assert total_sparsity(done.model) == done.sparsity_after
