"""Keras 3 models: rebuilt in tf_keras layer by layer, then proven on random inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tinyml_compress.errors import ModelError, UnsupportedLayer
from tinyml_compress.models.keras3_layers import Translated, translate
from tinyml_compress.models.keras3_ops import apply_operation
from tinyml_compress.models.origin import EXPORT, BridgeProof
from tinyml_compress.models.proof import SAMPLES, TOLERANCE, Array, difference, random_input, run
from tinyml_compress.support import backend

_IGNORED_ARGUMENTS = ("training", "mask")
_NAMED_ARGUMENTS = {
    "MultiHeadAttention": ("query", "value", "key", "attention_mask", "use_causal_mask"),
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN", "Bidirectional"), ("initial_state",)),
}
Key = tuple[str, int, int]
"""Layer, which of its calls, which of its outputs: how Keras names a tensor in a model's description."""


def rebuild(model: Any) -> tuple[Any, BridgeProof]:
    """The same model in tf_keras, and the proof that it computes the same; ModelError when it does not."""
    keras = backend.keras2()
    bridge = _Bridge(keras)
    with backend.quiet():
        try:
            _use_float32(model)
            rebuilt = bridge.model(model)
            return rebuilt, _prove(model, rebuilt, bridge)
        except (ValueError, TypeError, NotImplementedError, AttributeError) as error:
            # Either Keras may find at any layer that the model uses something we did not foresee.
            lines = str(error).strip().splitlines()
            raise ModelError(
                "the Keras 3 model cannot be carried over to Keras 2",
                which=model.name,
                found=f"{type(error).__name__}: {lines[0][:300] if lines else ''}",
                next_step=(
                    "build it with tf_keras (TF_USE_LEGACY_KERAS=1), or export() it to a SavedModel folder"
                ),
            ) from error


def _use_float32(model: Any) -> None:
    """A mixed-precision model computes in float32 from here on: that is what it is compared and converted
    with.
    """
    for layer in model._flatten_layers():
        policy = getattr(layer, "dtype_policy", None)
        if policy is not None and policy.compute_dtype != "float32" and type(layer).__name__ != "InputLayer":
            layer.dtype_policy = backend.keras3().DTypePolicy("float32")


class _Bridge:
    """Rebuilds one model; layers of nested models go into the same flat graph, shared layers are
    made once.
    """

    def __init__(self, keras: Any) -> None:
        self._keras = keras
        self._made: dict[int, Translated] = {}
        self._names: set[str] = set()
        self.outputs: list[tuple[str, Any, Any]] = []
        """Per call of a layer of the outermost model: its name, Keras 3 tensor and tf_keras tensor."""

    def model(self, source: Any) -> Any:
        if not getattr(source, "inputs", None):
            raise ModelError(
                "the Keras 3 model has no known input shape",
                which=source.name,
                next_step="build or call it once before it is saved",
            )
        inputs = [
            self._keras.layers.Input(
                tuple(tensor.shape[1:]), name=self._name(_plain(tensor.name)), dtype=tensor.dtype
            )
            for tensor in source.inputs
        ]
        outputs = self.apply(source, inputs, outermost=True)
        return self._keras.Model(
            inputs[0] if len(inputs) == 1 else inputs,
            outputs[0] if len(outputs) == 1 else outputs,
            name=source.name,
        )

    def apply(self, source: Any, inputs: Sequence[Any], outermost: bool = False) -> list[Any]:
        """The outputs of the Keras 3 model `source` on the tf_keras tensors `inputs`."""
        kinds = {base.__name__ for base in type(source).__mro__}
        if "Sequential" in kinds:
            return self._apply_sequential(source, inputs, outermost)
        if "Functional" in kinds:
            return self._apply_functional(source, inputs, outermost)
        raise UnsupportedLayer(
            "a subclassed Keras 3 model cannot be carried over",
            which=f"{type(source).__name__} {source.name}",
            allowed="Sequential and functional models",
            next_step=EXPORT,
        )

    def _apply_sequential(self, source: Any, inputs: Sequence[Any], outermost: bool) -> list[Any]:
        value = inputs[0]
        for layer in source.layers:
            if type(layer).__name__ == "InputLayer":
                continue
            value = self._call(layer, type(layer).__name__, layer.get_config(), [value], {})
            if outermost and not isinstance(value, list):
                self.outputs.append((layer.name, layer.output, value))
        return [value]

    def _apply_functional(self, source: Any, inputs: Sequence[Any], outermost: bool) -> list[Any]:
        config = source.get_config()
        layers = {operation.name: operation for operation in source.operations}
        ready: dict[Key, Any] = dict(zip(_keys(config["input_layers"]), inputs, strict=True))
        waiting = [
            (entry, index, node)
            for entry in config["layers"]
            for index, node in enumerate(entry["inbound_nodes"])
            if entry["class_name"] != "InputLayer"
        ]
        # The list is in order of creation; a shared layer's later calls may depend on layers behind it.
        while waiting:
            later = []
            for entry, index, node in waiting:
                needs = list(_tensors(node["args"])) + list(_tensors(node["kwargs"]))
                if any(key not in ready for key in needs):
                    later.append((entry, index, node))
                    continue
                layer = layers[entry["name"]]
                args = [_filled(value, ready) for value in node["args"]]
                named = _named_arguments(entry, node, ready)
                if ".ops." in entry["module"]:
                    name = self._name(entry["name"])
                    result = apply_operation(self._keras, entry["class_name"], entry["config"], args, name)
                else:
                    result = self._call(layer, entry["class_name"], entry["config"], args, named)
                for position, value in enumerate(result if isinstance(result, list) else [result]):
                    ready[(entry["name"], index, position)] = value
                if outermost and index == 0 and not isinstance(result, list):
                    self.outputs.append((entry["name"], _first_output(layer), result))
            if len(later) == len(waiting):
                raise ModelError("the Keras 3 model's graph has a cycle", which=source.name)
            waiting = later
        return [ready[key] for key in _keys(config["output_layers"])]

    def _call(
        self, layer: Any, class_name: str, config: Mapping[str, Any], args: list[Any], named: dict[str, Any]
    ) -> Any:
        if "Model" in {base.__name__ for base in type(layer).__mro__}:
            outputs = self.apply(layer, _flat(args))
            return outputs[0] if len(outputs) == 1 else outputs
        if id(layer) not in self._made:
            options = {**config, **_state(layer, class_name)}
            self._made[id(layer)] = translate(self._keras, class_name, options, self._name(layer.name))
        translated = self._made[id(layer)]
        result = translated(*args, **named)
        weights = [] if class_name == "Normalization" else layer.get_weights()
        if weights:
            _set_weights(translated.layers[0], weights, class_name)
        return list(result) if isinstance(result, (list, tuple)) else result

    def _name(self, wanted: str) -> str:
        """Nested models may repeat names."""
        name, number = wanted, 1
        while name in self._names:
            number += 1
            name = f"{wanted}_{number}"
        self._names.add(name)
        return name


def _named_arguments(
    entry: Mapping[str, Any], node: Mapping[str, Any], ready: Mapping[Key, Any]
) -> dict[str, Any]:
    """Arguments by name that both versions take."""
    given = {
        key: value
        for key, value in node["kwargs"].items()
        if value not in (None, False) and key not in _IGNORED_ARGUMENTS
    }
    allowed = _NAMED_ARGUMENTS.get(entry["class_name"], ())
    if ".ops." not in entry["module"] and not set(given) <= set(allowed):
        raise UnsupportedLayer(
            "a Keras 3 layer is called with arguments that cannot be carried over",
            which=f"{entry['class_name']} {entry['name']}",
            found=", ".join(sorted(set(given) - set(allowed))),
            allowed=", ".join(allowed) or "none by name",
        )
    return {key: _filled(value, ready) for key, value in given.items()}


def _state(layer: Any, class_name: str) -> dict[str, Any]:
    """What a layer learned outside its weights, as options of the new layer."""
    if class_name != "Normalization":
        return {}
    return {
        key: np.asarray(getattr(layer, key), dtype=np.float32).reshape(-1) for key in ("mean", "variance")
    }


def _set_weights(layer: Any, weights: list[Array], class_name: str) -> None:
    wanted = [tuple(weight.shape) for weight in layer.weights]
    given = [tuple(weight.shape) for weight in weights]
    if wanted != given:
        raise UnsupportedLayer(
            "the weights of a Keras 3 layer do not fit its Keras 2 form",
            which=f"{class_name} {layer.name}",
            found=given,
            allowed=wanted,
        )
    layer.set_weights([np.asarray(weight, dtype=np.float32) for weight in weights])


def _prove(source: Any, rebuilt: Any, bridge: _Bridge) -> BridgeProof:
    rng = np.random.default_rng(0)
    inputs = [random_input(tensor, rng) for tensor in source.inputs]
    # A model of lists, whatever structure the user gave inputs and outputs.
    flat = backend.keras3().Model(list(source.inputs), list(source.outputs))
    largest = difference(run(flat, inputs), run(rebuilt, inputs))
    if not largest <= TOLERANCE:
        raise ModelError(
            "the Keras 3 model computes something else after its layers were carried over",
            which=f"{source.name}, first at layer {_first_differing(source, rebuilt, bridge, inputs)}",
            found=f"largest difference {largest:.3g} on {SAMPLES} random inputs",
            allowed=f"{TOLERANCE:g}",
            next_step="replace that layer, or build the model with tf_keras (TF_USE_LEGACY_KERAS=1)",
        )
    return BridgeProof(largest, SAMPLES, len(rebuilt.layers))


def _first_differing(source: Any, rebuilt: Any, bridge: _Bridge, inputs: list[Array]) -> str:
    theirs = backend.keras3().Model(list(source.inputs), [tensor for _, tensor, _ in bridge.outputs])
    ours = backend.keras2().Model(rebuilt.inputs, [tensor for _, _, tensor in bridge.outputs])
    for (name, _, _), left, right in zip(bridge.outputs, run(theirs, inputs), run(ours, inputs), strict=True):
        if not difference([left], [right]) <= TOLERANCE:
            return name
    return "(only the outputs differ)"


def _keys(value: Any) -> list[Key]:
    """All tensors named in a model's list of inputs or outputs, in Keras' order."""
    if isinstance(value, dict):
        return [key for name in sorted(value) for key in _keys(value[name])]
    if isinstance(value, (list, tuple)) and len(value) == 3 and isinstance(value[0], str):
        return [(value[0], int(value[1]), int(value[2]))]
    return [key for item in value for key in _keys(item)]


def _tensors(value: Any) -> Iterator[Key]:
    """All tensors in the arguments of a call."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            layer, call, output = value["config"]["keras_history"]
            yield (str(layer), int(call), int(output))
            return
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)


def _filled(value: Any, ready: Mapping[Key, Any]) -> Any:
    """An argument of a call as it was: tensors in place of their names, slices in place of their
    descriptions.
    """
    if isinstance(value, dict):
        kind, config = value.get("class_name"), value.get("config")
        if kind == "__keras_tensor__":
            return ready[next(_tensors(value))]
        if kind == "__slice__" and isinstance(config, dict):
            return slice(config["start"], config["stop"], config["step"])
        if kind == "__ellipsis__":
            return Ellipsis
        return {key: _filled(item, ready) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_filled(item, ready) for item in value)
    return value


def _flat(value: Any) -> list[Any]:
    """The tensors of nested lists and dictionaries, in Keras' order."""
    if isinstance(value, dict):
        return [tensor for key in sorted(value) for tensor in _flat(value[key])]
    if isinstance(value, (list, tuple)):
        return [tensor for item in value for tensor in _flat(item)]
    return [value]


def _first_output(layer: Any) -> Any:
    """Of its first call in the model; `layer.output` is another tensor for a model inside the model."""
    return layer._inbound_nodes[0].output_tensors[0]


def _plain(name: str) -> str:
    return name.split(":")[0]
