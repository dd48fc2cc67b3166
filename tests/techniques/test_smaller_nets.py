"""Distillation and low rank: smaller nets of the same outputs' shape, and exactness at full rank."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.lib import keras_models as zoo
from tinyml_compress.errors import ConfigError, DataError, ModelError, TrainingError
from tinyml_compress.support.backend import fix_seeds, keras2
from tinyml_compress.techniques import distillation, low_rank
from tinyml_compress.techniques.low_rank import RankBy
from tinyml_compress.techniques.training import Samples, TaskKind, Training, outputs_of, score_of, task_for


def _samples(model: Any, count: int = 64) -> Samples:
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(count, *model.input_shape[1:])).astype("float32")
    return Samples(inputs, generator.integers(0, model.output_shape[-1], count))


def _training(model: Any) -> Training:
    samples = _samples(model)
    return Training(task_for(model, samples, batch_size=16, seed=1), samples)


@pytest.mark.parametrize(
    "make", [zoo.plain, zoo.residual, zoo.depthwise, zoo.nested], ids=lambda make: make.__name__
)
def test_a_narrower_student_has_the_teachers_shape(make: Any) -> None:
    teacher = make()
    student = distillation.narrower(teacher, 0.5)
    assert student.count_params() < teacher.count_params() / 2
    assert student.output_shape == teacher.output_shape
    inputs = _samples(teacher).inputs
    assert np.isfinite(outputs_of(student, inputs)).all()


def test_the_student_follows_the_teacher() -> None:
    fix_seeds(3)
    teacher = zoo.plain()
    training = _training(teacher)
    student = distillation.narrower(teacher, 0.6, seed=1)
    taught = distillation.distil(
        teacher, student, training=training, alpha=1.0, epochs=25, learning_rate=5e-3
    )
    wanted = outputs_of(teacher, training.train.inputs)
    before = np.abs(outputs_of(student, training.train.inputs) - wanted).mean()
    after = np.abs(outputs_of(taught.model, training.train.inputs) - wanted).mean()
    assert after < before / 2
    assert taught.student_parameters < taught.teacher_parameters


def test_regression_and_autoencoders_distil_too() -> None:
    layers = keras2().layers
    teacher = keras2().Sequential([keras2().Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(6)])
    samples = Samples(np.random.default_rng(0).normal(size=(40, 6)).astype("float32"))
    training = Training(task_for(teacher, samples, batch_size=8), samples)
    assert training.task.kind is TaskKind.AUTOENCODER
    done = distillation.distil(teacher, distillation.narrower(teacher, 0.5), training=training, epochs=2)
    assert done.history.loss[-1] < done.history.loss[0]


def test_a_class_per_pixel_is_distilled() -> None:
    fix_seeds(3)
    layers = keras2().layers
    teacher = keras2().Sequential(
        [
            keras2().Input((5, 4, 3)),
            layers.Conv2D(8, 3, padding="same", activation="relu"),
            layers.Conv2D(3, 1, activation="softmax"),
        ]
    )
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(40, 5, 4, 3)).astype("float32")
    samples = Samples(inputs, generator.integers(0, 3, (40, 5, 4)))
    training = Training(task_for(teacher, samples, batch_size=8), samples)
    assert training.task.kind is TaskKind.CLASSIFICATION
    student = distillation.narrower(teacher, 0.5, seed=1)
    taught = distillation.distil(
        teacher, student, training=training, alpha=1.0, epochs=25, learning_rate=2e-2
    )
    wanted = outputs_of(teacher, inputs)
    before, after = (np.abs(outputs_of(model, inputs) - wanted).mean() for model in (student, taught.model))
    assert after < before / 2


def test_students_of_another_shape_are_refused() -> None:
    teacher = zoo.plain()
    with pytest.raises(ModelError, match="differ in their outputs"):
        distillation.distil(teacher, zoo.residual(), training=_training(teacher))


def test_fresh_copies_follow_the_seed() -> None:
    model = zoo.plain()
    one, two, other = (distillation.fresh_copy(model, seed).get_weights()[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def _low_rank_net() -> Any:
    """Kernels that really have a low rank, so that factorisation loses nothing."""
    fix_seeds(4)
    layers = keras2().layers
    model = keras2().Sequential(
        [
            keras2().Input((7, 8, 6)),
            layers.Conv2D(12, 3, strides=2, padding="same", activation="relu", name="square"),
            layers.Conv2D(16, 1, activation="relu", name="point"),
            layers.Conv2D(16, (3, 2), padding="valid", name="oblong"),
            layers.Flatten(),
            layers.Dense(24, activation="relu", name="hidden"),
            layers.Dense(3, activation="softmax", name="scores"),
        ]
    )
    generator = np.random.default_rng(0)
    for name, rank in (("square", 3), ("point", 2), ("oblong", 3), ("hidden", 4)):
        layer = model.get_layer(name)
        kernel, bias = layer.get_weights()
        shape = kernel.shape
        rows, columns = (1, 1) if kernel.ndim == 2 else shape[:2]
        left = generator.normal(size=(rows * shape[-2], rank))
        right = generator.normal(size=(rank, columns * shape[-1]))
        matrix = (left @ right).reshape(rows, shape[-2], columns, shape[-1]) * 0.1
        layer.set_weights([matrix.transpose(0, 2, 1, 3).reshape(shape), bias + 0.1])
    return model


def test_low_rank_layers_are_split_without_loss() -> None:
    model = _low_rank_net()
    done = low_rank.factorise(model, by=RankBy.ENERGY, value=0.999999, epochs=0)
    ranks = {row.layer: row.rank for row in done.splits}
    assert ranks == {"square": 3, "point": 2, "oblong": 3, "hidden": 4, "scores": None}
    assert "full rank" in done.splits[-1].why or "would not save" in done.splits[-1].why
    inputs = _samples(model).inputs
    np.testing.assert_allclose(outputs_of(done.model, inputs), outputs_of(model, inputs), atol=1e-4)
    assert done.after < done.before / 2


def test_a_part_of_the_parameters() -> None:
    model = zoo.plain()
    done = low_rank.factorise(model, by=RankBy.PARAMETERS, value=0.6, epochs=2, training=_training(model))
    assert done.after <= 0.6 * done.before
    assert done.after == done.model.count_params()
    assert len(done.history.loss) == 2


def test_ranks_by_error_keep_the_score() -> None:
    model = _low_rank_net()
    samples = _samples(model)
    best = outputs_of(model, samples.inputs).argmax(axis=1)
    taught = Samples(samples.inputs, best)
    training = Training(task_for(model, taught, batch_size=16), taught)
    done = low_rank.factorise(model, by=RankBy.ERROR, value=0.001, epochs=0, training=training)
    assert done.after < done.before
    assert score_of(outputs_of(done.model, taught.inputs), training.task, taught) >= 0.99


def test_low_rank_keeps_what_the_layer_reads() -> None:
    """Inputs in a plane: two directions are enough for the outputs, and the wrong two for the weights."""
    fix_seeds(5)
    generator = np.random.default_rng(0)
    layers = keras2().layers
    start = keras2().Input((24,))
    model = keras2().Model(start, layers.Dense(16, name="wide")(start))
    samples = (generator.normal(size=(80, 2)) @ generator.normal(size=(2, 24))).astype(np.float32)
    right = outputs_of(model, samples)
    by_outputs = low_rank.factorise(model, by=RankBy.ENERGY, value=0.99, epochs=0, inputs=samples)
    assert by_outputs.splits[0].rank == 2
    assert np.abs(outputs_of(by_outputs.model, samples) - right).max() < 0.05 * np.abs(right).max()
    by_weights = low_rank.factorise(model, by=RankBy.PARAMETERS, value=0.3, epochs=0)
    assert by_weights.splits[0].rank == 2
    assert np.abs(outputs_of(by_weights.model, samples) - right).max() > 0.3 * np.abs(right).max()


def test_low_rank_refuses_the_impossible() -> None:
    with pytest.raises(TrainingError, match="cannot save that many"):
        low_rank.factorise(zoo.plain(), by=RankBy.PARAMETERS, value=0.01)
    with pytest.raises(ConfigError, match="out of range"):
        low_rank.factorise(zoo.plain(), by=RankBy.ENERGY, value=1.5)
    with pytest.raises(TrainingError, match="needs data"):
        low_rank.factorise(zoo.plain(), by=RankBy.ERROR, value=0.1)


def test_tasks_are_told_from_model_and_data() -> None:
    model = zoo.plain()
    samples = _samples(model)
    assert task_for(model, samples).kind is TaskKind.CLASSIFICATION
    with pytest.raises(DataError, match="do not fit"):
        task_for(model, Samples(samples.inputs, samples.labels + 5))
    with pytest.raises(DataError, match="needs labels"):
        task_for(model, Samples(samples.inputs))
    layers = keras2().layers
    single = keras2().Sequential([keras2().Input((4,)), layers.Dense(1, activation="sigmoid")])
    few = np.zeros((8, 4), "float32")
    assert task_for(single, Samples(few, np.arange(8) % 2)).kind is TaskKind.BINARY
    assert task_for(single, Samples(few, np.arange(8) / 3)).kind is TaskKind.REGRESSION
