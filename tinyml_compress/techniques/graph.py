"""Walk a Keras model call by call, and build a changed copy of it.

Every technique that replaces layers goes through `rebuild`: it replays the model's calls on fresh inputs,
nested models opened up, and asks for each call what to put there. The original model is never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tinyml_compress.errors import UnsupportedLayer
from tinyml_compress.support.backend import keras2, tensorflow

Substitute = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]


@dataclass(frozen=True)
class LayerCall:
    """One call of one layer in a model without nested models: which tensors (by number) go in and
    come out.
    """

    layer: Any
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    input_shapes: tuple[tuple[int | None, ...], ...]
    output_shapes: tuple[tuple[int | None, ...], ...]


def is_plain_graph(model: Any) -> bool:
    """Whether the model is a functional or Sequential graph that can be walked."""
    return isinstance(model, keras2().Model) and bool(getattr(model, "_nodes_by_depth", None))


def rebuild(model: Any, substitute: Substitute, *, name: str | None = None) -> Any:
    """A new model in which every call of a layer is made by `substitute(layer, args, kwargs) -> outputs`."""
    _require_graph(model)
    tf = tensorflow()
    fresh = [_fresh_input(tensor) for tensor in model.inputs]
    outputs = replay(model, fresh, substitute)
    # the caller's way of feeding (one tensor, a list, a dict) stays
    inputs = tf.nest.pack_sequence_as(model._nested_inputs, fresh)
    return keras2().Model(inputs, outputs, name=name or model.name)


class Copier:
    """Makes one copy per layer, however often it is called, and carries its weights over."""

    def __init__(self) -> None:
        self._copies: dict[int, Any] = {}
        self._names: set[str] = set()

    def __call__(self, layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the copy of `layer`: what `rebuild` wants."""
        return self.build(layer, lambda: self.fresh(layer), layer.get_weights(), args, kwargs)

    def name(self, wanted: str) -> str:
        """`wanted`, or the next free name after it: layers of different nested models may share one."""
        free, number = wanted, 1
        while free in self._names:
            free, number = f"{wanted}_{number}", number + 1
        self._names.add(free)
        return free

    def fresh(self, layer: Any, **changes: Any) -> Any:
        """A new layer like `layer`, its configuration changed as asked, under a free name, without its
        weights.
        """
        config = {**layer.get_config(), **changes}
        config["name"] = self.name(str(config["name"]))
        if type(layer).__name__ == "Lambda":
            # its configuration holds byte code, which Keras rightly refuses to load
            return type(layer)(layer.function, arguments=layer.arguments, name=config["name"])
        try:
            return type(layer).from_config(config)
        except Exception as error:  # any error of a user's layer class
            raise UnsupportedLayer(
                "this layer cannot be copied from its configuration",
                which=f"{layer.name} ({type(layer).__name__})",
                found=str(error).splitlines()[0] if str(error) else type(error).__name__,
                next_step="give the class a get_config() that names every argument of its constructor",
            ) from error

    def build(
        self,
        layer: Any,
        make: Callable[[], Any],
        weights: list[Any] | None,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Call what `make()` returned for `layer` the first time; `weights` are set once it is built."""
        first = id(layer) not in self._copies
        if first:
            self._copies[id(layer)] = make()
        copy = self._copies[id(layer)]
        outputs = copy(*args, **kwargs)
        if first and weights:
            copy.set_weights(weights)
        return outputs


def copy_model(model: Any, *, name: str | None = None) -> Any:
    """The same model in new layers, nested models opened up, so that nothing done to it reaches
    the original.
    """
    return rebuild(model, Copier(), name=name)


def steps_of(model: Any) -> list[LayerCall]:
    """The calls of a model made by `copy_model`, producers before consumers."""
    numbers: dict[str, int] = {}
    for tensor in model.inputs:
        numbers[str(id(tensor))] = len(numbers)
    steps = []
    for node in _nodes(model):
        ins = list(node.keras_inputs)
        outs = tensorflow().nest.flatten(node.outputs)
        for tensor in outs:
            numbers.setdefault(str(id(tensor)), len(numbers))
        steps.append(
            LayerCall(
                layer=node.layer,
                inputs=tuple(numbers[str(id(tensor))] for tensor in ins),
                outputs=tuple(numbers[str(id(tensor))] for tensor in outs),
                input_shapes=tuple(tuple(tensor.shape) for tensor in ins),
                output_shapes=tuple(tuple(tensor.shape) for tensor in outs),
            )
        )
    return steps


def output_numbers(model: Any) -> tuple[int, ...]:
    """The numbers that `steps_of` gives to the model's outputs."""
    numbers: dict[str, int] = {}
    for tensor in model.inputs:
        numbers[str(id(tensor))] = len(numbers)
    for node in _nodes(model):
        for tensor in tensorflow().nest.flatten(node.outputs):
            numbers.setdefault(str(id(tensor)), len(numbers))
    return tuple(numbers[str(id(tensor))] for tensor in model.outputs)


def _require_graph(model: Any) -> None:
    if not is_plain_graph(model):
        raise UnsupportedLayer(
            "this technique needs a functional or Sequential model with a known input shape",
            which=getattr(model, "name", type(model).__name__),
            found=type(model).__name__,
            next_step="build the model with keras.Input(...) and layers, or give Sequential an input shape",
        )


def _fresh_input(tensor: Any) -> Any:
    layer = tensor._keras_history.layer
    return keras2().Input(batch_shape=tuple(tensor.shape), dtype=tensor.dtype, name=layer.name)


def _nodes(model: Any) -> Iterator[Any]:
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            if not node.is_input:
                yield node


def replay(model: Any, inputs: list[Any], substitute: Substitute) -> Any:
    """The outputs for `inputs`, symbols or numbers, every call being made by `substitute`, in the order of
    `steps_of`.
    """
    tf = tensorflow()
    values: dict[str, Any] = {str(id(ref)): value for ref, value in zip(model.inputs, inputs, strict=True)}
    for node in _nodes(model):
        # map_arguments takes one value off each list, so every node gets lists of its own
        args, kwargs = node.map_arguments(
            {key: [values[key]] * len(node.flat_input_ids) for key in set(node.flat_input_ids)}
        )
        if is_plain_graph(node.layer):
            inner = node.layer._flatten_to_reference_inputs(args[0] if args else kwargs.pop("inputs"))
            results = replay(node.layer, list(inner), substitute)
        else:
            results = substitute(node.layer, args, kwargs)
        for key, value in zip(node.flat_output_ids, tf.nest.flatten(results), strict=True):
            values[key] = value
    return tf.nest.pack_sequence_as(model._nested_outputs, [values[str(id(out))] for out in model.outputs])
