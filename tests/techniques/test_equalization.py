"""Equalization: the same float outputs, even ranges where the weights do not care, less loss in int8."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.lib import keras_models as nets
from tests.lib.int8 import int8_file
from tests.lib.int8 import outputs_of as int8_outputs
from tinyml_compress.errors import ConfigError, TrainingError, UnsupportedLayer
from tinyml_compress.support.backend import fix_seeds, keras2
from tinyml_compress.techniques._layerwise import divergence
from tinyml_compress.techniques._prepare import prepare
from tinyml_compress.techniques._scaling import scalable, scaled
from tinyml_compress.techniques._simulated import Simulation
from tinyml_compress.techniques.equalization import TECHNIQUE, EqualOptions, equalize
from tinyml_compress.techniques.technique import Context
from tinyml_compress.techniques.training import outputs_of


def _inputs(model: Any, count: int = 48, seed: int = 1) -> Any:
    generator = np.random.default_rng(seed)
    return generator.normal(size=(count, *model.input_shape[1:])).astype(np.float32)


def _uneven(activation: str = "relu") -> Any:
    """Channels of very different sizes, as a training without decay may leave them."""
    fix_seeds(4)
    layers = keras2().layers
    model = keras2().Sequential(
        [
            keras2().Input((8, 8, 2)),
            layers.Conv2D(8, 3, activation=activation, name="first"),
            layers.DepthwiseConv2D(3, activation=activation, name="depth"),
            layers.Conv2D(8, 1, activation=activation, name="point"),
            layers.Flatten(),
            layers.Dense(5, name="scores"),
        ],
        name="uneven",
    )
    sizes = np.geomspace(0.01, 1.0, 8).astype(np.float32)
    for before, after in (("first", "depth"), ("depth", "point")):
        one, other = model.get_layer(before), model.get_layer(after)
        kernel, bias = one.get_weights()
        wide = sizes[:, None] if before == "depth" else sizes
        one.set_weights([kernel * wide, (bias + 0.1) * sizes])
        kernel, bias = other.get_weights()
        other.set_weights([kernel / sizes[:, None], bias])
    return model


_LONG = [pytest.param(make, marks=pytest.mark.full) for make in (nets.plain, nets.nested, nets.sequence)]


@pytest.mark.parametrize("make", [nets.residual, nets.depthwise, nets.squeeze_excite, *_LONG])
def test_any_factors_leave_the_outputs_as_they_are(make: Any) -> None:
    fix_seeds(1)
    model = make()
    inputs = _inputs(model, 12)
    folded = prepare(model).model
    graph = scalable(folded)
    units = {int(unit) for cut in graph.cuts for unit in cut.outputs} - set(graph.pinned)
    generator = np.random.default_rng(2)
    factors = {unit: float(generator.uniform(0.25, 4.0)) for unit in units}
    other = scaled(folded, factors)
    right = outputs_of(model, inputs)
    np.testing.assert_allclose(outputs_of(other, inputs), right, atol=1e-5, rtol=1e-4)
    moved = [
        not np.array_equal(one.get_weights()[0], other.get_layer(one.name).get_weights()[0])
        for one in folded.layers
        if one.name in {cut.layer.name for cut in graph.cuts if set(map(int, cut.outputs)) & units}
    ]
    assert all(moved)


def test_before_a_depthwise_layer_all_channels_become_alike() -> None:
    model = _uneven()
    done = equalize(model, _inputs(model), EqualOptions(strength=1.0))
    was, now = done.spreads["first"]
    assert was > 5
    assert now == pytest.approx(1.0, abs=1e-3)
    np.testing.assert_allclose(
        outputs_of(done.model, _inputs(model)), outputs_of(model, _inputs(model)), atol=1e-4, rtol=1e-4
    )


def test_int8_loses_much_less() -> None:
    model = _uneven()
    done = equalize(model, _inputs(model), EqualOptions())
    other = Simulation(done.model, _inputs(model, 32, 2)).loss()
    assert other < 0.5 * Simulation(prepare(model).model, _inputs(model, 32, 2)).loss()
    assert done.losses[done.strength] == min(done.losses.values())


@pytest.mark.full
def test_so_says_tensorflow_lite(tmp_path: Path) -> None:
    model = _uneven()
    inputs, tests = _inputs(model), _inputs(model, 32, 2)
    done = equalize(model, inputs, EqualOptions())
    right = outputs_of(model, tests)
    plain = divergence(right, int8_outputs(int8_file(model, inputs), tests, tmp_path))
    even = divergence(right, int8_outputs(int8_file(done.model, inputs), tests, tmp_path))
    assert even < 0.5 * plain
    assert plain == pytest.approx(Simulation(prepare(model).model, inputs).loss(), rel=0.5), (
        "the simulation foretells what the conversion loses"
    )


def test_what_cannot_be_done_is_said() -> None:
    model = _uneven("relu6")
    model.get_layer("first").activation = keras2().activations.relu
    graph = scalable(prepare(model).model)
    capped = [cut for cut in graph.cuts if cut.layer.name != "first"]
    assert all(int(unit) in graph.pinned for cut in capped for unit in cut.outputs)
    with pytest.raises(UnsupportedLayer, match="no channel"):
        equalize(_uneven("relu6"), _inputs(model), EqualOptions())
    with pytest.raises(ConfigError, match="no layer"):
        equalize(model, _inputs(model), EqualOptions(exclude=("cnv*",)))
    with pytest.raises(TrainingError, match="no samples"):
        TECHNIQUE.apply(EqualOptions(), model, Context(None, None, lambda _: None, lambda _: None, 0))
