"""Knowledge distillation: a student learns from a teacher's outputs as well as from the labels.

The teacher's outputs are computed once. They reach the student's loss packed beside the labels, so that any
fine-tuning of any technique can learn from the float model in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tinyml_compress.errors import ModelError, UnsupportedLayer
from tinyml_compress.support.backend import fix_seeds, keras2, tensorflow
from tinyml_compress.techniques._beside import alike, beside_teacher
from tinyml_compress.techniques._slicing import rebuild_without
from tinyml_compress.techniques.channels import ChannelGraph, CutRole, analyse
from tinyml_compress.techniques.graph import Copier, copy_model, rebuild
from tinyml_compress.techniques.structured import ROUND_TO, remove_channels
from tinyml_compress.techniques.technique import (
    Anchor,
    Applied,
    Context,
    Fidelity,
    Point,
    StageOptions,
    Technique,
    count,
    epochs,
    number,
    rate,
    text,
    word,
)
from tinyml_compress.techniques.training import (
    History,
    TaskKind,
    Training,
    TrainingTask,
    ends_in,
    outputs_of,
    targets_of,
)


@dataclass(frozen=True)
class Distilled:
    """The trained student."""

    model: Any
    teacher_parameters: int
    student_parameters: int
    history: History


def distil(
    teacher: Any,
    student: Any,
    *,
    training: Training,
    temperature: float = 4.0,
    alpha: float = 0.5,
    epochs: int = 30,
    learning_rate: float = 2e-3,
) -> Distilled:
    """Train a copy of `student`, from its present weights, on `teacher`; `alpha` is the weight of the soft
    labels.
    """
    if tuple(teacher.output_shape) != tuple(student.output_shape):
        raise ModelError(
            "teacher and student differ in their outputs",
            which=f"{teacher.name}, {student.name}",
            found=f"{tuple(student.output_shape[1:])} for the student",
            allowed=f"{tuple(teacher.output_shape[1:])}",
        )
    pupil = copy_model(student)
    taught = taught_by(teacher, pupil, training, temperature=temperature, alpha=alpha)
    history = taught.fit(pupil, epochs, learning_rate)
    return Distilled(pupil, teacher.count_params(), pupil.count_params(), history)


def taught_by(
    teacher: Any,
    student: Any,
    training: Training,
    *,
    temperature: float = 4.0,
    alpha: float = 0.5,
    inside: float = 0.0,
) -> Training:
    """`training` with a loss that also follows the teacher, whose outputs are computed here, once. Without
    labels the student follows the teacher alone.

    With `inside` it follows the teacher's activations too, where it has layers of the same names and shapes,
    and the teacher answers each batch as the augmentation left it.
    """
    task, train = training.task, training.train
    has_labels = train.labels is not None or task.kind is TaskKind.AUTOENCODER
    alpha = alpha if has_labels else 1.0
    names = alike(teacher, student) if inside else ()
    if names or (inside and task.augment is not None):
        hard = targets_of(task, train, student) if has_labels else np.zeros((len(train), 1), np.float32)
        follow = _followed(task, teacher, temperature)

        def beside(model: Any) -> Any:
            return beside_teacher(model, teacher, names, lambda *both: alpha * follow(*both), inside)

        return replace(training, targets=hard, loss=_part_of(task.loss, 1 - alpha), beside=beside)
    soft = outputs_of(teacher, train.inputs)
    if task.kind is not TaskKind.CLASSIFICATION:
        if task.kind is TaskKind.BINARY and not ends_in(teacher, "sigmoid"):
            soft = 1 / (1 + np.exp(-soft))  # targets are probabilities
        hard = targets_of(task, train, student) if has_labels else soft
        targets = np.concatenate([hard.reshape(len(hard), -1), soft.reshape(len(soft), -1)], axis=1)
        loss = _blended_loss(task.loss, hard[0].size, alpha)
        return replace(training, targets=targets.astype(np.float32), loss=loss)
    logits = np.log(np.maximum(soft, 1e-8)) if ends_in(teacher, "softmax") else soft
    hard = targets_of(task, train, student) if has_labels else np.zeros(logits.shape[:-1])
    targets = np.concatenate([hard[..., None], logits], axis=-1).astype(
        np.float32
    )  # a class per sample, or per pixel
    return replace(training, targets=targets, loss=_soft_loss(student, temperature, alpha))


def _part_of(task_loss: Any, weight: float) -> Any:
    """The task's own loss, in part; without labels nothing is left of it."""
    single = keras2().losses.get(task_loss)

    def loss(targets: Any, outputs: Any) -> Any:
        return weight * single(targets, outputs) if weight else 0.0 * tensorflow().reduce_sum(outputs)

    return loss


def _followed(task: TrainingTask, teacher: Any, temperature: float) -> Callable[[Any, Any], Any]:
    """What the outputs of teacher and student are apart, in the task's terms."""
    tf, single = tensorflow(), keras2().losses.get(task.loss)
    if task.kind is TaskKind.CLASSIFICATION:
        of_logits = _softened(temperature)
        if not ends_in(teacher, "softmax"):
            return of_logits
        return lambda theirs, mine: of_logits(*(tf.math.log(tf.maximum(one, 1e-8)) for one in (theirs, mine)))
    if task.kind is TaskKind.BINARY and not ends_in(teacher, "sigmoid"):
        return lambda theirs, mine: single(tf.sigmoid(theirs), mine)
    return lambda theirs, mine: single(theirs, mine)


def _softened(temperature: float) -> Callable[[Any, Any], Any]:
    nn = tensorflow().nn

    def apart(teacher: Any, logits: Any) -> Any:
        wanted = nn.softmax(teacher / temperature)
        # the square makes gradients of soft and hard labels comparable at any temperature
        return nn.softmax_cross_entropy_with_logits(wanted, logits / temperature) * temperature**2

    return apart


def _soft_loss(student: Any, temperature: float, alpha: float) -> Any:
    tf, losses = tensorflow(), keras2().losses
    is_probability, apart = ends_in(student, "softmax"), _softened(temperature)

    def loss(targets: Any, outputs: Any) -> Any:
        labels, teacher = targets[..., 0], targets[..., 1:]
        logits = tf.math.log(tf.maximum(outputs, 1e-8)) if is_probability else outputs
        hard = losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
        return alpha * apart(teacher, logits) + (1 - alpha) * hard

    return loss


def _blended_loss(task_loss: Any, size: int, alpha: float) -> Any:
    """The task's own loss against labels and against the teacher."""
    tf = tensorflow()
    single = keras2().losses.get(task_loss)

    def loss(targets: Any, outputs: Any) -> Any:
        shape = tf.shape(outputs)
        hard, soft = (tf.reshape(part, shape) for part in (targets[:, :size], targets[:, size:]))
        return alpha * single(soft, outputs) + (1 - alpha) * single(hard, outputs)

    return loss


def narrower(teacher: Any, width: float, *, seed: int = 0, round_to: int = 1) -> Any:
    """The teacher's architecture with `width` times the channels in every layer, freshly initialized."""
    flat = copy_model(teacher)
    graph = analyse(flat)
    removed = frozenset(unit for unit in _surplus(graph, width, round_to))
    if not removed:
        raise UnsupportedLayer(
            "no layer of the teacher can be made narrower",
            which=teacher.name,
            found=f"width {width:g}",
            next_step="give a student of your own: student = 'module:function' or 'zoo:NAME'",
        )
    return fresh_copy(
        rebuild_without(flat, graph, removed, name=f"{teacher.name}_{width:g}".replace(".", "_")), seed
    )


def fresh_copy(model: Any, seed: int) -> Any:
    """The same architecture with newly drawn weights."""
    fix_seeds(seed)
    copier = Copier()

    def substitute(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return copier.build(layer, lambda: copier.fresh(layer), None, args, kwargs)

    return rebuild(model, substitute)


def _surplus(graph: ChannelGraph, width: float, round_to: int) -> list[int]:
    """The units that go: of every group of layers that share channels the same part."""
    makers: dict[int, tuple[str, ...]] = {}
    for cut in graph.cuts:
        if cut.role not in (CutRole.NORM, CutRole.PRELU, CutRole.DEPTHWISE):
            for unit in dict.fromkeys(int(unit) for unit in cut.outputs):
                makers[unit] = (*makers.get(unit, ()), cut.layer.name)
    groups: dict[tuple[str, ...], list[int]] = {}
    for unit, names in makers.items():
        if unit not in graph.pinned:
            groups.setdefault(names, []).append(unit)
    surplus = []
    for units in groups.values():
        kept = min(len(units), max(1, round(width * len(units) / round_to) * round_to))
        surplus += units[kept:]
    return surplus


@dataclass(frozen=True)
class DistilOptions(StageOptions):
    """A smaller student learns from the model so far."""

    student: str = text("file, zoo:NAME or module:function; empty: the teacher's architecture made narrower")
    width: float = number(0.5, 0.05, 1.0, "part of the teacher's channels, for a derived student")
    start: str = word(
        "teacher", ("teacher", "fresh"), "a derived student's first weights: the teacher's, or new ones"
    )
    round_to: int = count(1, 1, 64, "channel counts of a derived student become multiples of this")
    alpha: float = number(0.5, 0.0, 1.0, "weight of the teacher's outputs against the labels")
    soften: float = number(4.0, 0.1, 100.0, "temperature of the teacher's outputs")
    epochs: int = epochs(40)
    learning_rate: float = rate(2e-3)

    def milder(self) -> DistilOptions | None:
        wider = round(min(1.0, self.width * 1.25), 4)
        return replace(self, width=wider) if not self.student and self.width < 1 else None


class Distillation(Technique[DistilOptions]):
    """The stage `distil`."""

    use = "distil"
    options = DistilOptions
    place = 11
    anchors = (Anchor(90, (("keep", 0.5625), ("narrow", "distil"), ("level", "size"), ("qat", True))),)

    def apply(self, options: DistilOptions, model: Any, context: Context) -> Applied:
        assert context.training is not None
        done = distil(
            model,
            _student(options, model, context),
            training=context.training,
            temperature=options.soften,
            alpha=options.alpha,
            epochs=options.epochs,
            learning_rate=options.learning_rate,
        )
        part = done.student_parameters / max(1, done.teacher_parameters)
        note = (
            f"student has {done.student_parameters:,} parameters, "
            f"{part:.1%} of the teacher's {done.teacher_parameters:,}"
        )
        return Applied(done.model, (note,), history=done.history)

    def chosen(self, point: Point, fidelity: Fidelity) -> DistilOptions | None:
        if point["keep"] == 1.0 or point["narrow"] != "distil" or not fidelity.trains:
            return None
        return DistilOptions(
            width=float(point["keep"]),
            start="fresh",
            round_to=ROUND_TO,
            epochs=math.ceil(1.5 * fidelity.main),  # new weights have further to go
            learning_rate=3e-3,
        )


def _student(options: DistilOptions, model: Any, context: Context) -> Any:
    if options.student:
        return fresh_copy(context.load_student(options.student), context.seed)
    if options.start == "teacher":  # its strongest channels, with what they have learned
        return remove_channels(model, keep=options.width, round_to=options.round_to).model
    return narrower(model, options.width, seed=context.seed, round_to=options.round_to)


TECHNIQUE = Distillation()
