"""Clipped ranges: the least error of known distributions, caps only where they pay, and a ReLU6 that costs
nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.lib import keras_models as nets
from tests.lib.int8 import int8_file
from tinyml_compress import converter
from tinyml_compress.errors import TrainingError, UnsupportedLayer
from tinyml_compress.support.backend import fix_seeds, keras2
from tinyml_compress.techniques._prepare import prepare
from tinyml_compress.techniques._simulated import Simulation
from tinyml_compress.techniques.clipping import TECHNIQUE, ClipOptions, clip_ranges, least_error_cap
from tinyml_compress.techniques.technique import Context
from tinyml_compress.techniques.training import outputs_of


def test_the_cap_of_known_distributions() -> None:
    even = np.linspace(0, 1, 50_001)
    assert least_error_cap(even) == pytest.approx(1.0), "there is nothing rare to cut off"
    generator = np.random.default_rng(0)
    tailed = generator.exponential(size=200_000)
    cap = least_error_cap(tailed)
    steps = np.linspace(0.2, 1.0, 400) * tailed.max()
    errors = [
        np.mean((tailed - np.minimum(np.round(tailed / (top / 255)), 255) * top / 255) ** 2) for top in steps
    ]
    assert cap == pytest.approx(steps[int(np.argmin(errors))], rel=0.03)
    assert cap < 0.95 * tailed.max()
    assert least_error_cap(np.zeros(0)) == 0.0


def _inputs(count: int, seed: int) -> Any:
    coarse = np.random.default_rng(seed).uniform(0, 1, (count, 2, 2, 1)).astype(np.float32)
    return np.kron(coarse, np.ones((1, 4, 4, 1), np.float32))


@pytest.fixture(scope="module")
def net() -> Any:
    """One channel is loud, and what reads it hardly listens."""
    fix_seeds(3)
    layers = keras2().layers
    model = keras2().Sequential(
        [
            keras2().Input((8, 8, 1)),
            layers.Conv2D(8, 3, use_bias=False, name="first"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(name="first_relu"),
            layers.DepthwiseConv2D(3, activation="relu", name="depth"),
            layers.Conv2D(8, 1, activation="relu", name="point"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5, name="scores"),
        ],
        name="loud",
    )
    loud = np.ones(8, np.float32)
    loud[2] = 30.0
    first, point = model.get_layer("first"), model.get_layer("point")
    first.set_weights([np.abs(first.get_weights()[0]) * loud])
    kernel, bias = point.get_weights()
    point.set_weights([kernel / loud[:, None] ** 2, bias + 0.1])
    return model


def test_idle_steps_are_cut_off_where_that_pays(net: Any) -> None:
    inputs, tests = _inputs(64, 1), _inputs(64, 2)
    done = clip_ranges(net, inputs, ClipOptions())
    assert done.after < 0.7 * done.before
    assert Simulation(done.model, tests).loss() < 0.8 * Simulation(prepare(net).model, tests).loss()
    capped = [clip for clip in done.clips if clip.cap is not None]
    assert capped
    assert all(clip.cap < clip.most for clip in capped if clip.cap is not None)
    assert done.after == pytest.approx(Simulation(done.model, inputs).loss(), rel=0.3), (
        "what was foretold is what the changed model does"
    )


def test_below_the_caps_nothing_changes(net: Any) -> None:
    done = clip_ranges(net, _inputs(64, 1), ClipOptions())
    dim = 0.02 * np.random.default_rng(4).uniform(0, 1, (8, 8, 8, 1)).astype(np.float32)
    np.testing.assert_allclose(outputs_of(done.model, dim), outputs_of(net, dim), atol=1e-5, rtol=1e-4)
    bright = np.full((1, 8, 8, 1), 100.0, np.float32)
    assert np.abs(outputs_of(done.model, bright) / outputs_of(net, bright) - 1).max() > 0.1, (
        "above them it does"
    )


def test_no_cap_without_a_gain(net: Any) -> None:
    inputs = _inputs(64, 1)
    done = clip_ranges(net, inputs, ClipOptions(gain=1.0))
    assert not [clip for clip in done.clips if clip.cap is not None]
    np.testing.assert_allclose(outputs_of(done.model, inputs), outputs_of(net, inputs), atol=1e-5)
    spared = clip_ranges(net, inputs, ClipOptions(exclude=("depth*",)))
    assert "depth" not in {clip.layer for clip in spared.clips}


@pytest.mark.full
def test_the_converter_makes_one_operator_of_it(net: Any) -> None:
    done = clip_ranges(net, _inputs(64, 1), ClipOptions())
    kinds = [
        [operator.name for operator in converter.read(int8_file(model, _inputs(64, 1))).operators]
        for model in (net, done.model)
    ]
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize("make", [nets.squeeze_excite, pytest.param(nets.residual, marks=pytest.mark.full)])
def test_other_graphs(make: Any) -> None:
    fix_seeds(1)
    model = make()
    inputs = np.random.default_rng(0).normal(size=(24, *model.input_shape[1:])).astype(np.float32)
    done = clip_ranges(model, inputs, ClipOptions(by="percentile", percentile=90.0, gain=0.0))
    assert np.isfinite(outputs_of(done.model, inputs)).all()
    assert done.after <= done.before


def test_what_cannot_be_done_is_said() -> None:
    layers = keras2().layers
    model = keras2().Sequential([keras2().Input((4,)), layers.Dense(3, activation="tanh")])
    with pytest.raises(UnsupportedLayer, match="can be capped"):
        clip_ranges(model, np.zeros((8, 4), np.float32), ClipOptions())
    with pytest.raises(TrainingError, match="no samples"):
        TECHNIQUE.apply(ClipOptions(), model, Context(None, None, lambda _: None, lambda _: None, 0))
