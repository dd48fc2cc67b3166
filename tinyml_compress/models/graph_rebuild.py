"""A SavedModel without a description of its layers becomes ordinary tf_keras layers again, from its graph.

The graph of the serving signature is walked from inputs to outputs, with its variables as constants. Each
operator makes the layer that it came from (`graph_layers`): convolutions and products take their bias and
activation with them, so that the layers are those that compression knows. Nothing of the folder runs but the
graph itself, at the end, on random inputs: the layers must compute what it computes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyml_compress.errors import UnsupportedLayer
from tinyml_compress.models.graph_layers import LAYERS, GraphNode, Rows
from tinyml_compress.models.graph_values import computed, constant, is_computable
from tinyml_compress.models.origin import BridgeProof
from tinyml_compress.models.proof import SAMPLES, TOLERANCE, Array, difference, random_input, run
from tinyml_compress.support import backend

_PASSED_ON = frozenset({"Identity", "StopGradient", "PreventGradient", "CheckNumerics", "EnsureShape"})
_WAY_OUT = "save the model as a .keras or .h5 file, or give package.module:function that builds it"


def rebuilt(signature: Any) -> tuple[Any, BridgeProof]:
    """The tf_keras model of a SavedModel's signature, inputs and outputs by name, and the proof that it is
    the same.

    UnsupportedLayer names the first operator that has no layer, or how far the outputs lie apart.
    """
    with backend.quiet():
        try:
            frozen = backend.frozen(signature)
            specs = signature.structured_input_signature[1]
            model = _Walk(backend.keras2(), frozen).model(sorted(specs))
        except (ValueError, TypeError, NotImplementedError, AttributeError, KeyError, IndexError) as error:
            # TensorFlow or Keras may find at any operator that the graph uses something we did not foresee.
            lines = str(error).strip().splitlines()
            raise UnsupportedLayer(
                "the SavedModel's graph cannot be rebuilt as layers",
                found=f"{type(error).__name__}: {lines[0][:200] if lines else ''}",
                next_step=_WAY_OUT,
            ) from error
        return model, _prove(signature, model)


class _Walk:
    """From the frozen graph's inputs to its outputs."""

    def __init__(self, keras: Any, frozen: Any) -> None:
        self._keras = keras
        self._frozen = frozen
        self._nodes = {node.name: node for node in frozen.graph.as_graph_def().node}
        self._users: dict[str, list[Any]] = {}
        for node in self._nodes.values():
            for place in _data_inputs(node):
                self._users.setdefault(place, []).append(node)
        self._ends = {_place(tensor.name) for tensor in frozen.outputs}
        self._values: dict[str, Any] = {}
        self._names: set[str] = set()

    def model(self, names: Sequence[str]) -> Any:
        """With these names of inputs, in the order of the graph's."""
        given = self._frozen.inputs
        inputs = [
            self._keras.layers.Input(tuple(tensor.shape[1:]), dtype=tensor.dtype, name=name)
            for name, tensor in zip(names, given, strict=True)
        ]
        self._names.update(names)
        self._values = {_place(tensor.name): value for tensor, value in zip(given, inputs, strict=True)}
        outputs = [self._value(_place(tensor.name)) for tensor in self._frozen.outputs]
        for tensor, value in zip(self._frozen.outputs, outputs, strict=True):
            if isinstance(value, (np.ndarray, Rows)):
                raise _unknown("an output that no input reaches", tensor.name)
        return self._keras.Model(
            inputs[0] if len(inputs) == 1 else inputs,
            outputs[0] if len(outputs) == 1 else outputs,
            name="rebuilt",
        )

    def _value(self, place: str) -> Any:
        """Of one output of a node, with all that it needs before it."""
        waiting = [place]
        while waiting:
            wanted = waiting[-1]
            if wanted in self._values:
                waiting.pop()
                continue
            node = self._nodes[wanted.partition(":")[0]]
            missing = [one for one in _data_inputs(node) if one not in self._values]
            if missing:
                waiting.extend(reversed(missing))
                continue
            self._make(node)
            waiting.pop()
        return self._values[place]

    def _make(self, node: Any) -> None:
        """The node's first output; where a layer took later nodes with it, theirs too."""
        inputs = [self._values[place] for place in _data_inputs(node)]
        if node.op == "Const":
            self._values[node.name] = constant(node)
        elif node.op in _PASSED_ON:
            self._values[node.name] = inputs[0]
        elif node.op == "IdentityN":
            self._values.update(
                {f"{node.name}:{i}" if i else node.name: value for i, value in enumerate(inputs)}
            )
        elif inputs and all(isinstance(value, np.ndarray) for value in inputs) and is_computable(node.op):
            self._values[node.name] = computed(node, inputs)
        elif node.op in LAYERS:
            self._values[node.name] = LAYERS[node.op](_Here(self, node), inputs)
        else:
            raise _unknown(f"operator {node.op}", node.name)

    # --- what the makers of layers ask ---

    def after(self, place: str) -> Any | None:
        """The one node that reads this value, if there is one and the value is no output of the model."""
        users = self._users.get(place, [])
        if place in self._ends or len(users) != 1:
            return None
        (user,) = users
        if user.op in _PASSED_ON:
            return self.after(user.name)
        return user

    def constant_beside(self, user: Any, place: str) -> Array | None:
        """The constant with which `user` joins the value at `place`."""
        others = [one for one in _data_inputs(user) if self._origin(one) != place]
        if len(others) != 1:
            return None
        value = self._value(others[0]) if self._is_constant(others[0]) else None
        return value if isinstance(value, np.ndarray) else None

    def _origin(self, place: str) -> str:
        node = self._nodes[place.partition(":")[0]]
        return self._origin(_data_inputs(node)[0]) if node.op in _PASSED_ON else place

    def _is_constant(self, place: str) -> bool:
        """Whether no input of the model reaches it."""
        waiting, seen = [place], set()
        while waiting:
            node = self._nodes[waiting.pop().partition(":")[0]]
            if node.op == "Placeholder":
                return False
            if node.name not in seen:
                seen.add(node.name)
                waiting += _data_inputs(node)
        return True

    def name(self, wanted: str) -> str:
        name, number = wanted, 1
        while name in self._names:
            number += 1
            name = f"{wanted}_{number}"
        self._names.add(name)
        return name

    def take(self, node: Any, value: Any) -> None:
        """A layer does this node's work too."""
        self._values[node.name] = value

    @property
    def keras(self) -> Any:
        return self._keras


class _Here(GraphNode):
    """One node of the walk, as the makers of layers see it."""

    def __init__(self, walk: _Walk, node: Any) -> None:
        super().__init__(walk.keras, node)
        self._walk = walk
        self._last = node

    def name(self, wanted: str | None = None) -> str:
        return self._walk.name(wanted or _layer_name(self.node.name))

    def following(self, ops: Sequence[str]) -> Any | None:
        user = self._walk.after(self._last.name)
        return user if user is not None and user.op in ops else None

    def constant_of(self, user: Any) -> Array | None:
        return self._walk.constant_beside(user, self._last.name)

    def of_this_layer(self, user: Any) -> bool:
        return _scope(user.name) == _scope(self.node.name)

    def includes(self, user: Any) -> None:
        self._taken.append(user)
        self._last = user

    def gives(self, value: Any) -> Any:
        for node in self._taken:
            self._walk.take(node, value)
        return value

    def refuse(self, what: str) -> UnsupportedLayer:
        return _unknown(f"{self.node.op} with {what}", self.node.name)


def _unknown(what: str, name: str) -> UnsupportedLayer:
    return UnsupportedLayer(
        "the SavedModel's graph cannot be rebuilt as layers",
        which=name.partition(":")[0].removeprefix("StatefulPartitionedCall/"),
        found=what,
        next_step=_WAY_OUT,
    )


def _data_inputs(node: Any) -> list[str]:
    """Places of the values that the node reads: `name`, or `name:1` for a second output."""
    return [_place(name) for name in node.input if not name.startswith("^")]


def _place(name: str) -> str:
    return name.removesuffix(":0")


def _scope(name: str) -> str:
    return name.rpartition("/")[0]


def _layer_name(name: str) -> str:
    """The last but one part of a node's name is its layer's."""
    parts = [part for part in name.split("/") if part != "StatefulPartitionedCall"]
    return (
        re.sub(r"[^A-Za-z0-9_.-]", "_", parts[-2] if len(parts) > 1 else parts[-1]).lstrip("_.-") or "layer"
    )


def _prove(signature: Any, model: Any) -> BridgeProof:
    """The layers beside the signature on the same random inputs."""
    rng = np.random.default_rng(0)
    specs = signature.structured_input_signature[1]
    tf = backend.tensorflow()
    fixed = {spec.shape[0] for spec in specs.values() if spec.shape[0] is not None}
    samples = fixed.pop() if fixed else SAMPLES
    inputs = [random_input(specs[name], rng, samples) for name in sorted(specs)]
    given = {
        name: tf.constant(value, specs[name].dtype) for name, value in zip(sorted(specs), inputs, strict=True)
    }
    wanted = signature(**given)
    largest = difference([np.asarray(wanted[name]) for name in sorted(wanted)], run(model, inputs))
    if not largest <= TOLERANCE:
        raise UnsupportedLayer(
            "the SavedModel computes something else after its graph was rebuilt as layers",
            found=f"largest difference {largest:.3g} on {samples} random inputs",
            allowed=f"{TOLERANCE:g}",
            next_step=_WAY_OUT,
        )
    return BridgeProof(largest, samples, len(model.layers))
