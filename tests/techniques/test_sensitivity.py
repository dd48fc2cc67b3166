"""What each layer's compression does to the outputs, on nets where the answer is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.lib import keras_models as zoo
from tinyml_compress.errors import DataError
from tinyml_compress.support.backend import fix_seeds, keras2
from tinyml_compress.techniques._sharing import LEVELS
from tinyml_compress.techniques.pruning import TECHNIQUE, PruneOptions
from tinyml_compress.techniques.sensitivity import ALL, Means, measured
from tinyml_compress.techniques.sparsity import zeros_of
from tinyml_compress.techniques.technique import Context
from tinyml_compress.techniques.training import Samples

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own


@pytest.fixture(scope="module")
def net() -> Any:
    """`frail` passes its inputs on by weights of one size, so that every zero is felt; `stout` has 8 weights
    that count among 56 that do nothing.
    """
    fix_seeds(1)
    layers = keras2().layers
    model = keras2().Sequential(
        [
            keras2().Input((8,)),
            layers.Dense(8, use_bias=False, name="frail"),
            layers.Dense(8, use_bias=False, name="stout"),
        ]
    )
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (8, 8))
    model.get_layer("frail").set_weights([signs])
    model.get_layer("stout").set_weights([np.eye(8) + 1e-6])
    return model


@pytest.fixture(scope="module")
def samples() -> Any:
    return np.random.default_rng(1).normal(size=(300, 8)).astype(np.float32)


def test_each_curve_is_the_loss_of_that_layer_alone(net: Any, samples: Any) -> None:
    before = [value.copy() for value in net.get_weights()]
    found = measured(net, samples)
    assert found.samples == 256
    curves = {(curve.layer, curve.means): curve for curve in found.curves}
    frail, stout = curves["frail", Means.ZEROS], curves["stout", Means.ZEROS]
    assert frail.weights == stout.weights == 64
    assert stout.at(0.85) < 0.01 < 40 < frail.at(0.5)
    # half of the inputs of a sum of independent ones: half of the variance, and less at a quarter
    assert frail.at(0.5) == pytest.approx(50, abs=12)
    assert frail.at(0.25) == pytest.approx(frail.at(0.5) / 2, rel=1e-6)
    # a rounding error of at most half a step; weights of +1 and -1 lie on the grid of every bit width
    assert curves["frail", Means.BITS].moved == (0.0,) * 6
    ranks = curves["stout", Means.RANKS]
    assert ranks.at(0.5) == pytest.approx(50, abs=10)  # half of the singular values of an identity
    assert curves["frail", Means.CHANNELS].at(0.5) == pytest.approx(50, abs=20)
    assert ("stout", Means.CHANNELS) not in curves  # outputs of the model
    for curve in found.curves:
        assert list(curve.moved) == sorted(curve.moved)
        assert len(curve.moved) == len(curve.means.steps)
    for old, new in zip(before, net.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_zeros_go_where_they_are_not_felt(net: Any, samples: Any) -> None:
    shares = measured(net, samples, (Means.ZEROS,)).shared(0.4)
    assert shares["stout"] > 0.75
    assert shares["frail"] == 0.0
    context = Context(None, Samples(samples), lambda student: None, lambda spec: None, 0)
    for share, spared in (("measured", True), ("alike", False)):
        done = TECHNIQUE.apply(PruneOptions(0.4, "one_shot", share=share), net, context)
        rows = {row.layer: row.part for row in zeros_of(done.model)}
        assert sum(row.zeros for row in zeros_of(done.model)) == pytest.approx(0.4 * 128, abs=1)
        assert (rows["frail"] == 0.0) is spared
        assert any("spared, the outputs miss them most: frail" in note for note in done.notes) is spared


@pytest.mark.parametrize("make", [zoo.depthwise, zoo.residual, zoo.nested])
def test_any_graph_is_measured_and_left_alone(make: Any) -> None:
    fix_seeds(2)
    model = make()
    before = [value.copy() for value in model.get_weights()]
    inputs = np.random.default_rng(0).normal(size=(24, *model.input_shape[1:])).astype(np.float32)
    found = measured(model, inputs, ALL, seed=3)
    assert found.curves == measured(model, inputs, ALL, seed=3).curves
    assert {curve.means for curve in found.curves} == set(Means)
    assert any(curve.moved[-1] > 0 for curve in found.curves)
    assert set(found.harms()) == {curve.layer for curve in found.of(Means.ZEROS)}
    assert all(len(harm) == len(LEVELS) + 1 for harm in found.harms().values())
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    with pytest.raises(DataError, match="no samples"):
        measured(model, inputs[:0])
