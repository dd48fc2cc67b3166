"""A student trained beside its teacher: both answer the same batch, and it follows what happens inside, too.

An output is one row of numbers for each sample, the activations are thousands: where samples are few, or have
no labels, these say much more of what each layer was for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tinyml_compress.support.backend import keras2, tensorflow
from tinyml_compress.techniques.graph import copy_model, is_plain_graph, replay

_OWN_LAYERS = ("ReLU", "LeakyReLU", "PReLU", "ELU", "ThresholdedReLU")
_LEAST = 1e-9


def alike(teacher: Any, student: Any) -> tuple[str, ...]:
    """Activations that both have, by the names of their layers, in the order in which they run."""
    if not (is_plain_graph(teacher) and is_plain_graph(student)):
        return ()
    mine, theirs = (
        dict(zip(names, seen.outputs[1:], strict=True)) for seen, names in map(_seen, (student, teacher))
    )
    return tuple(
        name for name, tensor in mine.items() if name in theirs and tensor.shape == theirs[name].shape
    )


def beside_teacher(
    student: Any, teacher: Any, names: Sequence[str], follow: Callable[[Any, Any], Any], inside: float
) -> Any:
    """A model with the student's weights and outputs that loses `follow(teacher's outputs, its own)` too, and
    `inside` times the mean square by which the activations `names` are off, in parts of their variance.
    """
    tf = tensorflow()
    held = copy_model(teacher)
    held.trainable = False
    mine, theirs = _seen(student, names)[0], _seen(held, names)[0]

    class Beside(keras2().Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.mine, self.theirs = mine, theirs

        def call(self, inputs: Any, training: Any = None) -> Any:
            # one output alone comes without a list
            outputs = tf.nest.flatten(self.mine(inputs, training=training))
            wanted = tf.nest.flatten(self.theirs(inputs, training=False))
            self.add_loss(tf.reduce_mean(follow(wanted[0], outputs[0])))
            for right, now in zip(wanted[1:], outputs[1:], strict=True):
                apart = tf.reduce_mean((now - right) ** 2) / (tf.math.reduce_variance(right) + _LEAST)
                self.add_loss(inside * apart)
            return outputs[0]

    return Beside()


def _seen(model: Any, names: Sequence[str] | None = None) -> tuple[Any, tuple[str, ...]]:
    """The model, its layers not copied, with its activations for outputs behind its own, and their names."""
    inputs = [keras2().Input(batch_shape=tuple(one.shape), dtype=one.dtype) for one in model.inputs]
    met: dict[str, Any] = {}

    def call(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        outputs = layer(*args, **kwargs)
        wanted = _is_activation(layer) if names is None else layer.name in names
        if wanted and not isinstance(outputs, (list, tuple)):
            met[layer.name] = outputs
        return outputs

    last = replay(model, inputs, call)
    inner = {name: tensor for name, tensor in met.items() if tensor is not last}
    return keras2().Model(inputs, [last, *inner.values()]), tuple(inner)


def _is_activation(layer: Any) -> bool:
    given = getattr(layer, "activation", None)
    return type(layer).__name__ in _OWN_LAYERS or getattr(given, "__name__", "linear") != "linear"
