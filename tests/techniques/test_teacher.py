"""The float model teaches by default: with labels, without them, in any task; zeros hold while it does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinyml_compress.errors import DataError
from tinyml_compress.pipeline.compress.verb import compress
from tinyml_compress.support.backend import fix_seeds, keras2
from tinyml_compress.techniques._beside import alike
from tinyml_compress.techniques.distillation import fresh_copy, taught_by
from tinyml_compress.techniques.fine_tuning import TECHNIQUE, TrainOptions
from tinyml_compress.techniques.graph import copy_model
from tinyml_compress.techniques.recipe import TEACH, dump, parse
from tinyml_compress.techniques.technique import Context
from tinyml_compress.techniques.training import Samples, Training, outputs_of, task_for

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own

_TRAIN = '[[stage]]\nuse = "threshold"\nthreshold = 0.0\n[[stage]]\nuse = "train"\nepochs = {}\n'


@pytest.fixture(scope="module")
def inputs() -> Any:
    return np.random.default_rng(0).normal(size=(200, 6)).astype(np.float32)


def _net(last: int, activation: str, seed: int = 1) -> Any:
    fix_seeds(seed)
    layers = keras2().layers
    return keras2().Sequential(
        [keras2().Input((6,)), layers.Dense(12, activation="relu"), layers.Dense(last, activation=activation)]
    )


@pytest.mark.parametrize(("last", "activation"), [(4, "softmax"), (4, "linear"), (1, "sigmoid")])
def test_a_student_without_labels_becomes_the_teacher(inputs: Any, last: int, activation: str) -> None:
    teacher = _net(last, activation)
    teacher.set_weights([2 * value for value in teacher.get_weights()])
    student = fresh_copy(teacher, 5)
    samples = Samples(inputs)
    with pytest.raises(DataError, match="training needs labels"):
        task_for(teacher, samples)
    training = Training(task_for(teacher, samples, taught=True), samples)
    wanted = outputs_of(teacher, inputs)
    before = float(np.abs(outputs_of(student, inputs) - wanted).mean())
    taught_by(teacher, student, training).fit(student, 60, 0.02)
    assert float(np.abs(outputs_of(student, inputs) - wanted).mean()) < 0.25 * before


def test_the_blend_is_that_of_the_tasks_own_loss(inputs: Any) -> None:
    teacher, student = _net(1, "sigmoid", 1), _net(1, "sigmoid", 2)
    samples = Samples(inputs, (inputs[:, 0] > 0).astype(np.int64))
    training = Training(task_for(student, samples), samples)
    taught = taught_by(teacher, student, training, alpha=0.25)
    outputs, soft, hard = outputs_of(student, inputs), outputs_of(teacher, inputs), samples.labels
    assert hard is not None

    def crossed(wanted: Any) -> float:
        return float(-(wanted * np.log(outputs) + (1 - wanted) * np.log(1 - outputs)).mean())

    found = float(np.mean(taught.loss(taught.targets, keras2().backend.constant(outputs))))
    assert found == pytest.approx(0.25 * crossed(soft) + 0.75 * crossed(hard[:, None]), rel=1e-3)


def test_a_student_follows_what_happens_inside(inputs: Any) -> None:
    """Outputs of two classes leave a hidden layer of twelve open; its own activations do not."""
    teacher = _net(2, "softmax", 1)
    student = fresh_copy(teacher, 5)
    samples, fresh = Samples(inputs), np.random.default_rng(9).normal(size=(100, 6)).astype(np.float32)
    training = Training(task_for(teacher, samples, taught=True), samples)
    apart = {}
    for inside in (0.0, 1.0):
        pupil = copy_model(student)
        history = taught_by(teacher, pupil, training, inside=inside).fit(pupil, 60, 0.02)
        assert history.loss[-1] < history.loss[0]
        hidden, wanted = (
            outputs_of(keras2().Model(n.input, n.layers[-2].output), fresh) for n in (pupil, teacher)
        )
        apart[inside] = float(np.abs(hidden - wanted).mean())
    assert apart[1.0] < 0.3 * apart[0.0]


@pytest.mark.parametrize("labels", [None, "classes"])
@pytest.mark.parametrize(
    ("last", "activation"), [(3, "softmax"), (3, "linear"), (1, "sigmoid"), (1, "linear")]
)
def test_the_inside_of_every_kind_of_task(inputs: Any, labels: Any, last: int, activation: str) -> None:
    teacher, student = _net(last, activation, 1), _net(last, activation, 2)
    named = (inputs[:, 0] > 0).astype(np.int64)
    samples = Samples(inputs, named if labels else None)
    training = Training(task_for(teacher, samples, taught=True), samples)
    wanted = outputs_of(teacher, inputs)
    before = float(np.abs(outputs_of(student, inputs) - wanted).mean())
    taught_by(teacher, student, training, alpha=0.9, inside=1.0).fit(student, 40, 0.02)
    assert float(np.abs(outputs_of(student, inputs) - wanted).mean()) < 0.6 * before


def test_layers_of_other_shapes_are_not_followed() -> None:
    teacher, layers = _net(4, "softmax"), keras2().layers
    narrow = keras2().Sequential(
        [
            keras2().Input((6,)),
            layers.Dense(5, activation="relu", name=teacher.layers[0].name),
            layers.Dense(4, activation="softmax"),
        ]
    )
    assert alike(teacher, copy_model(teacher)) == (teacher.layers[0].name,)
    assert alike(teacher, narrow) == ()
    # what the augmentation leaves of every batch, and the teacher sees
    nothing = np.zeros((64, 6), np.float32)
    samples = Samples(np.random.default_rng(3).normal(size=(64, 6)).astype(np.float32))
    task = replace(task_for(teacher, samples, taught=True), augment=lambda batch, generator: 0 * batch)
    teacher.set_weights([value + 0.3 * (value.ndim == 1) for value in teacher.get_weights()])
    taught_by(teacher, narrow, Training(task, samples), inside=1.0).fit(narrow, 30, 0.1)
    assert outputs_of(narrow, nothing)[0] == pytest.approx(outputs_of(teacher, nothing)[0], abs=0.02)


def test_words_of_the_recipe() -> None:
    plain = parse(_TRAIN.format(3), "x").stages[1]
    assert (plain.teach, plain.follows) == (None, TEACH)
    off = parse(_TRAIN.format(3) + "teach = 0\n", "x")
    assert off.stages[1].follows == 0.0
    assert off.needs_labels
    assert not parse(_TRAIN.format(3), "x").needs_labels
    assert parse('[[stage]]\nuse = "train"', "x").needs_labels  # it makes the float model
    assert all(stage.follows == 0 for stage in parse(_TRAIN.format(3), "x").without_teacher().stages)
    assert "teach" not in dump(parse(_TRAIN.format(3), "x"))
    assert parse(dump(off), "x").stages[1].follows == 0.0


def test_a_recipe_trains_without_labels(inputs: Any, tmp_path: Path) -> None:
    teacher = _net(4, "softmax")
    teacher.set_weights([2 * value for value in teacher.get_weights()])
    teacher.save(tmp_path / "net.keras")
    labels = outputs_of(teacher, inputs).argmax(axis=1).astype(np.int64)
    np.savez(tmp_path / "plain.npz", inputs=inputs[:150])
    np.savez(tmp_path / "test.npz", inputs=inputs[150:], labels=labels[150:])
    text = (
        '[[stage]]\nuse = "prune"\nschedule = "one_shot"\nsparsity = 0.5\n'
        '[[stage]]\nuse = "train"\nepochs = {}\nlearning_rate = 0.02\n'
    )
    scores = {}
    for epochs in (0, 40):
        done = compress(
            tmp_path / "net.keras", parse(text.format(epochs), "x"), tmp_path / "plain.npz",
            eval_data=tmp_path / "test.npz", output=tmp_path / f"out{epochs}", accept_drop=100,
            use_cache=False,
        )  # fmt: skip
        scores[epochs] = done.stages[-1].score
        assert done.stages[-1].sizes is not None
        assert done.stages[-1].sizes.sparsity == pytest.approx(0.5, abs=0.01)  # zeros hold while it trains
    assert scores[40] is not None
    assert scores[0] is not None
    assert scores[40] > scores[0]
    with pytest.raises(DataError, match="training needs labels"):
        compress(
            tmp_path / "net.keras", parse(text.format(1), "x"), tmp_path / "plain.npz",
            output=tmp_path / "out", teacher=False,
        )  # fmt: skip


def test_few_samples_leave_normalizations_as_they_are(inputs: Any) -> None:
    fix_seeds(3)
    layers = keras2().layers
    net = keras2().Sequential(
        [keras2().Input((6,)), layers.Dense(8), layers.BatchNormalization(name="norm"), layers.Dense(3)]
    )
    samples = Samples(inputs, np.arange(200) % 3)
    training = Training(task_for(net, samples), samples)
    context = Context(training, samples, lambda student, inside: training, lambda spec: None, 0)
    for norms, is_same in (("auto", True), ("frozen", True), ("live", False)):
        done = TECHNIQUE.apply(replace(TrainOptions(epochs=1), norms=norms), net, context).model
        mean = done.get_layer("norm").moving_mean.numpy()
        assert bool((mean == net.get_layer("norm").moving_mean.numpy()).all()) is is_same
        assert done.get_layer("norm").trainable


@pytest.mark.parametrize("inside", [0.0, pytest.param(1.0, marks=pytest.mark.full)])
def test_the_learning_rate_is_looked_for(inputs: Any, inside: float) -> None:
    """From a rate that is far too high the search finds its way down, on samples that were kept out."""
    teacher = _net(3, "softmax", 1)
    teacher.set_weights([2 * value for value in teacher.get_weights()])
    samples = Samples(inputs, outputs_of(teacher, inputs).argmax(axis=1).astype(np.int64))
    training = Training(task_for(teacher, samples), samples)

    def taught(student: Any, inside: float) -> Training:
        return taught_by(teacher, student, training, inside=inside)

    context, losses = Context(training, samples, taught, lambda spec: None, 0), {}
    for rates in (1, 7):
        options = TrainOptions(epochs=20, learning_rate=5.0, rates=rates, inside=inside)
        done = TECHNIQUE.apply(options, fresh_copy(teacher, 5), context)
        losses[rates] = taught(done.model, inside).loss_of(done.model)
        assert bool(done.notes) is (rates > 1)
    assert losses[7] < losses[1]
    assert done.table is not None
    tried = dict(done.table.rows)
    assert len(tried) == 7
    best = min(tried, key=lambda rate: tried[rate])
    assert best < 1.0
    assert f"learning rate {best:.3g}" in done.notes[0]
