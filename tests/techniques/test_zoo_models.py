"""Each technique on every zoo model it applies to, and on the published ResNet-8."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinyml_compress import converter, data
from tinyml_compress.models import ZOO, LoadedModel, ModelFormat, Origin, load
from tinyml_compress.pipeline.convert.keras_model import convert_model
from tinyml_compress.techniques import clustering, distillation, low_rank, pruning, qat, structured, threshold
from tinyml_compress.techniques.sparsity import total_sparsity
from tinyml_compress.techniques.training import Samples, Training, task_for

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own

HALVED = ("resnet8", "mobilenet_v1_025")


def _becomes_integer(model: Any, samples: Any) -> None:
    made = convert_model(LoadedModel(model, Origin("here", ModelFormat.FUNCTION, "0" * 64)), [samples])
    assert converter.float_operators(made.file) == ()


def _training(model: Any, name: str) -> Training:
    found = data.load(f"{ZOO[name].data}:train").fitted(ZOO[name].input_shape).take(32)
    samples = Samples(found.inputs, found.labels)
    return Training(task_for(model, samples, batch_size=16), samples)


@pytest.mark.parametrize("name", HALVED)
def test_half_the_channels_still_convert_to_integers(name: str) -> None:
    model = load(f"zoo:{name}").model
    removal = structured.remove_channels(model, keep=0.5, round_to=4)
    assert removal.after.macs < 0.35 * removal.before.macs
    assert removal.after.parameters == removal.model.count_params()
    found = data.load(f"{ZOO[name].data}:test").fitted(ZOO[name].input_shape).take(4)
    _becomes_integer(removal.model, found.inputs)


def test_the_published_resnet(published: Path) -> None:
    model = load(published / "pretrainedResnet.h5").model
    generator = np.random.default_rng(0)
    samples = Samples(
        generator.uniform(0, 255, (32, 32, 32, 3)).astype("float32"), generator.integers(0, 10, 32)
    )
    training = Training(task_for(model, samples, batch_size=16), samples)
    removal = structured.remove_channels(model, keep=0.5)
    assert removal.after.macs < 0.35 * removal.before.macs
    pruned = pruning.prune(removal.model, sparsity=0.8, schedule=pruning.Schedule.ONE_SHOT).model
    assert total_sparsity(pruned) == pytest.approx(0.8, abs=0.01)
    done = qat.train_quantized(pruned, training=training, epochs=1, preserve=qat.Preserve.SPARSITY)
    assert done.sparsity_after >= done.sparsity_before
    _becomes_integer(done.model, samples.inputs[:8])


def _ways(model: Any, training: Training) -> dict[str, Any]:
    one_shot = pruning.Schedule.ONE_SHOT
    return {
        "pruning": lambda: pruning.prune(model, sparsity=0.5, schedule=one_shot).model,
        "trained pruning": lambda: pruning.prune(model, sparsity=0.5, epochs=1, training=training).model,
        "threshold": lambda: threshold.zero_below(model, 0.01).model,
        "structured": lambda: structured.remove_channels(model, keep=0.6).model,
        "dead channels": lambda: structured.remove_dead_channels(model).model,
        "qat": lambda: qat.train_quantized(model, training=training, epochs=1).model,
        "clustering": lambda: clustering.cluster(model, clusters=16, epochs=0).model,
        "distillation": lambda: (
            distillation.distil(model, distillation.narrower(model, 0.5), training=training, epochs=1).model
        ),
        "low rank": lambda: low_rank.factorise(model, value=0.8, epochs=0).model,
    }


WAYS = tuple(_ways(None, None))  # type: ignore[arg-type]


@pytest.mark.full
@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("way", WAYS)
def test_technique_on_zoo_model(name: str, way: str) -> None:
    model = load(f"zoo:{name}").model
    training = _training(model, name)
    made = _ways(model, training)[way]()
    outputs = np.asarray(made(training.train.inputs[:4], training=False))
    assert outputs.shape == (4, *model.output_shape[1:])
    assert np.isfinite(outputs).all()
    _becomes_integer(made, training.train.inputs[:4])
