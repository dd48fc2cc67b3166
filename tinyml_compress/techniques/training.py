"""How a model is trained inside a recipe: the task, the loop, the score, and constraints that hold while
training.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import ConfigError, DataError, TrainingError
from tinyml_compress.evaluation import (
    ScoreKind,
    answers,
    area_under_curve,
    mean_absolute_error,
    mean_squared_error,
    squared_errors,
)
from tinyml_compress.support.backend import fix_seeds, keras2, tensorflow

Array = npt.NDArray[Any]


class TaskKind(Enum):
    """What the model is asked to do."""

    CLASSIFICATION = "classification"
    BINARY = "binary classification"
    REGRESSION = "regression"
    AUTOENCODER = "autoencoder"


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs and labels, as arrays."""

    inputs: Array
    labels: Array | None = None

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True)
class TrainingTask:
    """How to train and how to score; made by `task_for`, changed by the recipe."""

    kind: TaskKind
    loss: Any
    metric: ScoreKind
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    epochs: int = 10
    batch_size: int = 32
    augment: Callable[[Array, Any], Array] | None = None
    """Called with a batch's inputs and a numpy generator, returns inputs of the same shape."""
    seed: int = 0


@dataclass(frozen=True)
class Beat:
    """One sign of life of a training loop, after every epoch."""

    epoch: int
    epochs: int
    loss: float
    score: float | None
    sparsity: float | None
    seconds_left: float


@dataclass(frozen=True)
class History:
    """One value per epoch."""

    loss: tuple[float, ...] = ()
    score: tuple[float, ...] = ()

    def __add__(self, other: History) -> History:
        return History(self.loss + other.loss, self.score + other.score)


@dataclass(frozen=True, eq=False)
class Projection:
    """Puts a weight back to where it is allowed to be, after every step of the optimizer."""

    variable: Any
    project: Callable[[Any], Any]


@dataclass(frozen=True, eq=False)
class Training:
    """Everything that a technique needs to fine-tune: the task, the data, whom to learn from,
    whom to tell.
    """

    task: TrainingTask
    train: Samples
    validation: Samples | None = None
    loss: Any = None
    """Instead of the task's, with `targets` instead of its labels: how distillation enters any technique."""
    targets: Array | None = None
    beat: Callable[[Beat], None] | None = None
    beside: Callable[[Any], Any] | None = None
    """Makes of the model what is trained in its place: one with the same weights and more to lose."""

    def fit(
        self,
        model: Any,
        epochs: int,
        learning_rate: float,
        *,
        projections: Sequence[Projection] = (),
        callbacks: Sequence[Any] = (),
        sparsity: Callable[[], float] | None = None,
        rounds: int = 1,
    ) -> History:
        """Train `model` in place."""
        return fit(
            model,
            self.task,
            self.train,
            epochs=epochs,
            learning_rate=learning_rate,
            loss=self.loss,
            targets=self.targets,
            projections=projections,
            callbacks=callbacks,
            validation=self.validation,
            sparsity=sparsity,
            rounds=rounds,
            beat=self.beat,
            beside=self.beside,
        )

    def part(self, places: Array) -> Training:
        """The same with some of the samples, for a trial that nobody hears of."""
        inputs, labels = self.train.inputs[places], self.train.labels
        samples = Samples(inputs, None if labels is None else labels[places])
        targets = None if self.targets is None else self.targets[places]
        return replace(self, train=samples, targets=targets, validation=None, beat=None)

    def loss_of(self, model: Any) -> float:
        """What `fit` would make smaller, as it is now."""
        samples, targets = _learned_from(self.task, self.train, self.targets)
        trained = model if self.beside is None else self.beside(model)
        trained.compile(loss=self.loss or self.task.loss)
        wanted = targets_of(self.task, samples, model) if targets is None else targets
        loss = trained.evaluate(samples.inputs, wanted, batch_size=self.task.batch_size, verbose=0)
        return float(loss)

    def steps(self, epochs: int) -> int:
        """How many steps of the optimizer `epochs` take."""
        count = len(self.train)
        if self.task.kind is TaskKind.AUTOENCODER and self.train.labels is not None:
            count = int((self.train.labels == 0).sum()) or count
        return math.ceil(count / self.task.batch_size) * epochs


_METRICS = {
    TaskKind.CLASSIFICATION: ScoreKind.ACCURACY,
    TaskKind.BINARY: ScoreKind.ACCURACY,
    TaskKind.REGRESSION: ScoreKind.MAE,
    TaskKind.AUTOENCODER: ScoreKind.AUC,
}


def task_for(model: Any, samples: Samples, *, taught: bool = False, **changes: Any) -> TrainingTask:
    """The task that model and data suggest; `changes` that are not None replace its fields. A model that is
    `taught` by another one needs no labels.
    """
    kind = _kind_of(model, samples, taught)
    if changes.get("kind") is not None:
        kind = TaskKind(changes["kind"])
    loss = getattr(model, "loss", None) or _default_loss(model, kind)
    metric = _METRICS[kind]
    if kind is TaskKind.AUTOENCODER and (samples.labels is None or len(np.unique(samples.labels)) < 2):
        metric = ScoreKind.MSE
    task = TrainingTask(kind=kind, loss=loss, metric=metric)
    wanted = {key: value for key, value in changes.items() if value is not None and key != "kind"}
    return replace(task, **wanted)


def _kind_of(model: Any, samples: Samples, taught: bool) -> TaskKind:
    if len(model.outputs) != 1:
        raise DataError(
            "a model with several outputs cannot be trained here",
            which=model.name,
            found=f"{len(model.outputs)} outputs",
            next_step=(
                "use techniques that need no training (one-shot pruning, threshold, low rank without epochs)"
            ),
        )
    shape_out, shape_in = tuple(model.output_shape), tuple(model.input_shape)
    places = shape_out[1:-1]
    counted = _whole_numbers_per_sample(samples)
    by_place = None not in places and counted == math.prod(places)  # a class per sample, or per pixel
    per_pixel = (
        by_place and counted > 1
    )  # perhaps a colour picture in, three classes per pixel out: of equal shapes
    like_input = shape_out == shape_in or (
        samples.labels is None and _elements(shape_out) == _elements(shape_in)
    )
    if like_input and not per_pixel:
        return TaskKind.AUTOENCODER
    if samples.labels is None and taught:
        return TaskKind.CLASSIFICATION if ends_in(model, "softmax") else TaskKind.REGRESSION
    if samples.labels is None:
        raise DataError(
            "training needs labels",
            which=model.name,
            found="inputs only",
            next_step="give a data set with labels, or a recipe whose steps need no training",
        )
    if by_place and shape_out[-1] > 1:
        classes = int(samples.labels.max()) + 1
        if classes > shape_out[-1] or int(samples.labels.min()) < 0:
            raise DataError(
                "the labels do not fit the model's outputs",
                which=model.name,
                found=f"labels {int(samples.labels.min())} to {classes - 1}",
                allowed=f"0 to {shape_out[-1] - 1}",
            )
        return TaskKind.CLASSIFICATION
    values = np.unique(samples.labels)
    if shape_out[-1] == 1 and len(values) <= 2 and set(values.tolist()) <= {0, 1}:
        return TaskKind.BINARY
    return TaskKind.REGRESSION


def _elements(shape: tuple[int, ...]) -> int:
    return math.prod(shape[1:])


def _whole_numbers_per_sample(samples: Samples) -> int:
    """How many labels of a whole number each sample has; 0 without such labels."""
    if samples.labels is None or not np.issubdtype(samples.labels.dtype, np.integer):
        return 0
    return math.prod(samples.labels.shape[1:])


def _default_loss(model: Any, kind: TaskKind) -> Any:
    losses = keras2().losses
    if kind is TaskKind.CLASSIFICATION:
        return losses.SparseCategoricalCrossentropy(from_logits=not ends_in(model, "softmax"))
    if kind is TaskKind.BINARY:
        return losses.BinaryCrossentropy(from_logits=not ends_in(model, "sigmoid"))
    return losses.MeanSquaredError()


def ends_in(model: Any, activation: str) -> bool:
    """Whether the model's last layer applies `activation`."""
    layer = model.outputs[0]._keras_history.layer
    while hasattr(layer, "outputs") and hasattr(layer, "layers"):
        layer = layer.outputs[0]._keras_history.layer
    layer = getattr(layer, "layer", layer)
    if type(layer).__name__.lower() == activation:
        return True
    return getattr(getattr(layer, "activation", None), "__name__", "") == activation


def outputs_of(model: Any, inputs: Array, batch: int = 256) -> Array:
    """The model's outputs, computed batch by batch in inference mode."""
    return _in_batches(tensorflow().function(lambda x: model(x, training=False)), inputs, batch)


def _in_batches(run: Callable[[Array], Any], inputs: Array, batch: int) -> Array:
    starts = range(0, len(inputs), batch)
    return np.concatenate([np.asarray(run(inputs[start : start + batch])) for start in starts])


def score(model: Any, task: TrainingTask, samples: Samples) -> float:
    """The task's metric; more is better for accuracy and AUC, less for errors."""
    return score_of(outputs_of(model, samples.inputs), task, samples)


def score_of(outputs: Array, task: TrainingTask, samples: Samples) -> float:
    """`score` for outputs that are already computed."""
    if task.metric is ScoreKind.ACCURACY:
        classes = answers(outputs.reshape(-1, outputs.shape[-1]))
        return float((classes == _labels(samples).reshape(-1)).mean())
    if task.metric is ScoreKind.AUC:
        return area_under_curve(squared_errors(samples.inputs, outputs), _labels(samples))
    wanted = samples.inputs if task.kind is TaskKind.AUTOENCODER else _labels(samples)
    error = mean_absolute_error if task.metric is ScoreKind.MAE else mean_squared_error
    return error(wanted, outputs)


def worths_of(outputs: Array, task: TrainingTask, samples: Samples) -> Array:
    """Per sample what the score is the mean of: the share of right answers, an error; for AUC
    what ranks it.
    """
    count = len(samples)
    if task.metric is ScoreKind.ACCURACY:
        classes = answers(outputs.reshape(-1, outputs.shape[-1]))
        return np.asarray((classes == _labels(samples).reshape(-1)).reshape(count, -1).mean(axis=1))
    if task.metric is ScoreKind.AUC:
        return squared_errors(samples.inputs, outputs)
    wanted = samples.inputs if task.kind is TaskKind.AUTOENCODER else _labels(samples)
    apart = np.asarray(outputs, np.float64) - np.asarray(wanted, np.float64).reshape(outputs.shape)
    error = np.abs(apart) if task.metric is ScoreKind.MAE else apart**2
    return np.asarray(error.reshape(count, -1).mean(axis=1))


def _labels(samples: Samples) -> Array:
    if samples.labels is None:
        raise DataError(
            "the data set has no labels", next_step="give an .npz with the arrays `inputs` and `labels`"
        )
    return samples.labels


def targets_of(task: TrainingTask, samples: Samples, model: Any) -> Array:
    """What the loss compares the outputs with."""
    if task.kind is TaskKind.AUTOENCODER:
        return samples.inputs.reshape(-1, *model.output_shape[1:])
    labels = _labels(samples)
    if task.kind is TaskKind.CLASSIFICATION:
        return labels.reshape(-1, *model.output_shape[1:-1])
    return labels.astype(np.float32).reshape(-1, *model.output_shape[1:])


def fit(
    model: Any,
    task: TrainingTask,
    samples: Samples,
    *,
    epochs: int | None = None,
    learning_rate: float | None = None,
    loss: Any = None,
    targets: Array | None = None,
    projections: Sequence[Projection] = (),
    callbacks: Sequence[Any] = (),
    validation: Samples | None = None,
    sparsity: Callable[[], float] | None = None,
    rounds: int = 1,
    beat: Callable[[Beat], None] | None = None,
    beside: Callable[[Any], Any] | None = None,
) -> History:
    """Train `model` in place; the learning rate falls to zero along a cosine, once per round."""
    epochs = task.epochs if epochs is None else epochs
    samples, targets = _learned_from(task, samples, targets)
    if epochs < 1:
        return History()
    fix_seeds(task.seed)
    steps = math.ceil(len(samples) / task.batch_size)
    trained = model if beside is None else beside(model)
    trained.compile(
        optimizer=_optimizer(task, learning_rate or task.learning_rate, steps * epochs, rounds),
        loss=loss or task.loss,
    )
    watch = _watcher(task, epochs, validation, projections, sparsity, beat)
    feed = _feed(task, samples.inputs, targets_of(task, samples, model) if targets is None else targets)
    result = trained.fit(
        feed, epochs=epochs, steps_per_epoch=steps, verbose=0, shuffle=False, callbacks=[*callbacks, watch]
    )
    losses = tuple(float(value) for value in result.history["loss"])
    if not all(math.isfinite(value) for value in losses):
        raise TrainingError(
            "the loss is not a number any more",
            which=model.name,
            found=f"losses {', '.join(f'{value:.3g}' for value in losses)}",
            next_step="lower learning_rate in the recipe's task, and check the data for outliers",
        )
    return History(losses, tuple(watch.scores))


def _learned_from(
    task: TrainingTask, samples: Samples, targets: Array | None
) -> tuple[Samples, Array | None]:
    """All of them, but an anomaly detector learns from normal samples only."""
    labels = samples.labels
    if task.kind is not TaskKind.AUTOENCODER or labels is None or not (labels == 0).any():
        return samples, targets
    chosen = labels.reshape(-1) == 0
    normal = Samples(samples.inputs[chosen], labels[chosen])
    return normal, None if targets is None else targets[chosen]


def _optimizer(task: TrainingTask, rate: float, steps: int, rounds: int) -> Any:
    optimizers = keras2().optimizers
    if rounds > 1:
        falling = optimizers.schedules.CosineDecayRestarts(rate, max(1, steps // rounds), t_mul=1.0)
    else:
        falling = optimizers.schedules.CosineDecay(rate, max(1, steps))
    known = {
        "adam": lambda: optimizers.Adam(falling),
        "sgd": lambda: optimizers.SGD(falling, momentum=0.9),
        "rmsprop": lambda: optimizers.RMSprop(falling),
    }
    if task.optimizer not in known:
        raise ConfigError("no such optimizer", which=task.optimizer, allowed=", ".join(sorted(known)))
    return known[task.optimizer]()


def _feed(task: TrainingTask, inputs: Array, targets: Array) -> Any:
    """Batches for ever, shuffled anew every epoch by numpy: the order depends on the seed and
    nothing else.
    """
    tf = tensorflow()
    generator = np.random.default_rng(task.seed)
    inputs, targets = np.asarray(inputs, np.float32), np.asarray(targets)

    def batches() -> Any:
        while True:
            order = generator.permutation(len(inputs))
            for start in range(0, len(order), task.batch_size):
                chosen = order[start : start + task.batch_size]
                batch = inputs[chosen]
                yield (task.augment(batch, generator) if task.augment else batch), targets[chosen]

    return tf.data.Dataset.from_generator(
        batches,
        output_signature=(
            tf.TensorSpec((None, *inputs.shape[1:]), tf.float32),
            tf.TensorSpec((None, *targets.shape[1:]), tf.as_dtype(targets.dtype)),
        ),
    )


def _watcher(
    task: TrainingTask,
    epochs: int,
    validation: Samples | None,
    projections: Sequence[Projection],
    sparsity: Callable[[], float] | None,
    beat: Callable[[Beat], None] | None,
) -> Any:
    tf = tensorflow()

    @tf.function  # type: ignore[untyped-decorator]
    def put_back() -> None:
        for projection in projections:
            projection.variable.assign(projection.project(projection.variable))

    class Watch(keras2().callbacks.Callback):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.scores: list[float] = []
            self.began = time.monotonic()

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if projections:
                put_back()

        def on_train_begin(self, logs: Any = None) -> None:
            # traced once: an epoch of few samples takes less time than a trace
            self.run = tf.function(lambda x: self.model(x, training=False))

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            value = None
            if validation is not None:
                value = score_of(_in_batches(self.run, validation.inputs, 256), task, validation)
                self.scores.append(value)
            if beat is not None:
                spent = time.monotonic() - self.began
                left = spent / (epoch + 1) * (epochs - epoch - 1)
                dense = None if sparsity is None else sparsity()
                beat(Beat(epoch + 1, epochs, float((logs or {}).get("loss", math.nan)), value, dense, left))

    return Watch()
