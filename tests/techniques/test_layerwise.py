"""The walk through a model's linear maps: what is asked of a layer is what the layer does, of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinyml_compress.support.backend import fix_seeds, keras2, tensorflow
from tinyml_compress.techniques import pruning
from tinyml_compress.techniques._layerwise import LayerWalk, divergence
from tinyml_compress.techniques._second_order import least_squares
from tinyml_compress.techniques.optimal_brain import BrainOptions, prune_by_outputs
from tinyml_compress.techniques.sparsity import total_sparsity
from tinyml_compress.techniques.training import outputs_of


def _recurrent(kind: str, **more: Any) -> Any:
    layers = keras2().layers
    memory = getattr(layers, kind)(5, name="memory", **more)
    model = keras2().Sequential([keras2().Input((7, 4)), memory, layers.Dense(3, name="scores")])
    if memory.use_bias:
        *kernels, bias = memory.get_weights()
        memory.set_weights([*kernels, bias + 0.1 * np.arange(bias.size).reshape(bias.shape)])
    return model


def _grouped() -> Any:
    layers = keras2().layers
    return keras2().Sequential(
        [
            keras2().Input((6, 6, 4)),
            layers.Conv2D(6, 3, groups=2, padding="same", strides=2, activation="relu", name="grouped"),
            layers.Flatten(),
            layers.Dense(3, name="scores"),
        ]
    )


def _shared() -> Any:
    layers = keras2().layers
    inputs = keras2().Input((6, 4))
    both = layers.Dense(4, activation="tanh", name="shared")
    return keras2().Model(inputs, layers.Dense(3, name="scores")(layers.Flatten()(both(both(inputs)))))


CASES: dict[str, tuple[str, Callable[[], Any]]] = {
    "LSTM": ("memory", lambda: _recurrent("LSTM")),
    "LSTM backwards": ("memory", lambda: _recurrent("LSTM", go_backwards=True)),
    "LSTM without bias": ("memory", lambda: _recurrent("LSTM", use_bias=False)),
    "GRU": ("memory", lambda: _recurrent("GRU")),
    "SimpleRNN": ("memory", lambda: _recurrent("SimpleRNN")),
    "grouped": ("grouped", _grouped),
    "shared": ("shared", _shared),
}


def _inputs(model: Any, count: int, seed: int) -> Any:
    return np.random.default_rng(seed).normal(size=(count, *model.input_shape[1:])).astype(np.float32)


_LONG = ("LSTM backwards", "LSTM without bias", "SimpleRNN")


@pytest.mark.parametrize(
    ("name", "make"),
    [
        pytest.param(*case, id=kind, marks=[pytest.mark.full] if kind in _LONG else [])
        for kind, case in CASES.items()
    ],
)
def test_the_weights_as_they_are_lose_nothing_and_are_found_again(name: str, make: Callable[[], Any]) -> None:
    fix_seeds(1)
    model = make()
    inputs = _inputs(model, 40, 1)
    walk = LayerWalk(model, inputs, recurrent=True)
    layer = walk.working.get_layer(name)
    assert name in [one.name for one in walk.layers()]
    maps = walk.maps(layer)
    for one in maps:
        assert one.problem.loss(one.weights) == pytest.approx(0, abs=1e-8)
        solved = least_squares(one.problem, np.ones(one.weights.shape, bool))
        np.testing.assert_allclose(solved, one.weights, atol=1e-3)
        moved = one.weights.copy()
        moved[:, 0] += 0.5
        reads = one.problem.hessian[0, 0]
        assert one.problem.loss(moved) == pytest.approx(0.25 * reads, rel=1e-6), "the mean squared error"
    walk.put(layer, [one.weights for one in maps])
    np.testing.assert_allclose(outputs_of(walk.working, inputs), outputs_of(model, inputs), atol=1e-5)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_a_step_reads_the_state_before_it(kind: str) -> None:
    fix_seeds(1)
    model = _recurrent(kind)
    inputs = _inputs(model, 9, 2)
    walk = LayerWalk(model, inputs, recurrent=True)
    maps = walk.maps(walk.working.get_layer("memory"))
    layer = model.get_layer("memory")
    states, before = layer.cell.get_initial_state(batch_size=9, dtype="float32"), []
    output: Any = np.zeros((9, 5))
    for step in range(7):
        before.append(np.asarray(output))
        output, states = layer.cell(tensorflow().constant(inputs[:, step]), states)
    seen = np.concatenate(before)
    found = maps[0].problem.hessian[4:9, 4:9] if kind == "LSTM" else maps[1].problem.hessian[:5, :5]
    np.testing.assert_allclose(found, seen.T @ seen / len(seen), atol=1e-5)


def test_recurrent_layers_are_told_apart_only_where_asked_for() -> None:
    model = _recurrent("LSTM")
    assert [one.name for one in LayerWalk(model, _inputs(model, 4, 1)).layers()] == ["scores"]
    returned = keras2().layers.LSTM(5, stateful=True, name="memory")
    inputs = keras2().Input(batch_shape=(1, 7, 4))
    stateful = keras2().Model(inputs, returned(inputs))
    assert not LayerWalk(stateful, np.zeros((1, 7, 4)), recurrent=True).layers()


@pytest.mark.parametrize("kind", ["GRU", pytest.param("LSTM", marks=pytest.mark.full)])
def test_zeros_in_recurrent_matrices_go_where_the_outputs_bear_them(kind: str) -> None:
    fix_seeds(5)
    model = _recurrent(kind)
    generator = np.random.default_rng(3)
    make = lambda count: np.cumsum(0.4 * generator.normal(size=(count, 7, 4)), axis=1).astype(np.float32)  # noqa: E731
    inputs, tests = make(96), make(300)
    done = prune_by_outputs(model, inputs, BrainOptions(sparsity=0.5, share="alike"))
    assert total_sparsity(done.model) == pytest.approx(0.5, abs=0.02)
    assert not done.notes
    by_size = pruning.prune(model, sparsity=0.5, schedule=pruning.Schedule.ONE_SHOT).model
    right = outputs_of(model, tests)
    assert divergence(right, outputs_of(done.model, tests)) < 0.7 * divergence(
        right, outputs_of(by_size, tests)
    )
