"""The linear maps inside recurrent layers: what a step reads, and the sums that its gates bend.

An LSTM's or a plain recurrent layer's gates add what the input gives and what the state gives: one map, whose
inputs are both. A GRU multiplies what the state gives to its candidate by a gate first: two maps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

_JOINT = ("LSTM", "SimpleRNN")


def is_recurrent(layer: Any) -> bool:
    """Whether the layer is of a kind whose maps are known, and begins every sequence at zero."""
    kind = type(layer).__name__
    known = kind in _JOINT or (kind == "GRU" and layer.reset_after)
    alone = all(not isinstance(node.input_tensors, (list, tuple)) for node in layer.inbound_nodes)
    return bool(known and alone and not layer.stateful and not layer.return_state)


def channels(layer: Any) -> list[int]:
    """Per map how many inputs it has."""
    inner, units = layer.get_weights()[0].shape[0], layer.units
    return [inner + units] if type(layer).__name__ in _JOINT else [inner, units]


def windows(layer: Any, values: Any) -> list[Floats]:
    """Per map what it reads at every step, and the one that a bias sees."""
    inputs, states = np.asarray(values, np.float64), _states(layer, values)
    inputs = inputs[:, ::-1] if layer.go_backwards else inputs
    parts = [np.concatenate([inputs, states], axis=2)] if type(layer).__name__ in _JOINT else [inputs, states]
    flat = [part.reshape(-1, part.shape[-1]) for part in parts]
    return [np.concatenate([part, np.ones((len(part), 1))], axis=1) for part in flat]


def _states(layer: Any, values: Any) -> Floats:
    """What the layer remembers at the beginning of every step."""
    config = {**layer.get_config(), "return_sequences": True, "name": f"{layer.name}_states"}
    twin = type(layer).from_config(config)
    twin.build(values.shape)
    twin.set_weights(layer.get_weights())
    states = np.asarray(twin(values), np.float64)
    return np.concatenate([np.zeros_like(states[:, :1]), states[:, :-1]], axis=1)


def matrices(layer: Any, biased: bool) -> list[Floats]:
    """Per map (outputs, inputs), and a column for the bias; it holds nothing where the layer has none."""
    kernel, recurrent, *rest = [weight.astype(np.float64) for weight in layer.get_weights()]
    joint = type(layer).__name__ in _JOINT
    parts = [np.concatenate([kernel, recurrent]).T] if joint else [kernel.T, recurrent.T]
    if not biased:
        return parts
    biases = np.zeros((len(parts), kernel.shape[1])) if not rest else rest[0].reshape(len(parts), -1)
    return [np.concatenate([part, bias[:, None]], axis=1) for part, bias in zip(parts, biases, strict=True)]


def stored(layer: Any, kernels: Sequence[Floats], biases: Sequence[Floats]) -> list[Array]:
    """The layer's weights out of its maps'."""
    weights = layer.get_weights()
    inner = weights[0].shape[0]
    both = kernels[0].T if type(layer).__name__ in _JOINT else np.concatenate([part.T for part in kernels])
    weights[0], weights[1] = both[:inner].astype(np.float32), both[inner:].astype(np.float32)
    if layer.use_bias:
        weights[2] = np.stack(biases).reshape(weights[2].shape).astype(np.float32)
    return list(weights)
