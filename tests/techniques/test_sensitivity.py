"""What each layer's compression does to the outputs, on nets where the answer is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.lib import keras_models as zoo
from tinyml_compress.errors import DataError, TrainingError
from tinyml_compress.support.backend import fix_seeds, keras2
from tinyml_compress.techniques import brain_quantization, low_rank, structured
from tinyml_compress.techniques._sharing import LEVELS
from tinyml_compress.techniques.brain_quantization import BrainQuantOptions
from tinyml_compress.techniques.low_rank import LowRankOptions
from tinyml_compress.techniques.pruning import TECHNIQUE, PruneOptions
from tinyml_compress.techniques.sensitivity import ALL, Means, measured
from tinyml_compress.techniques.sparsity import zeros_of
from tinyml_compress.techniques.structured import ChannelsOptions
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
    context = Context(None, Samples(samples), lambda student, inside=0.0: None, lambda spec: None, 0)
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


# --- what is shared out by it -------------------------------------------------------------------------------


def _dense(*names: str, size: int = 16) -> Any:
    fix_seeds(1)
    layers = keras2().layers
    rows = [layers.Dense(size, use_bias=False, name=name) for name in names]
    return keras2().Sequential([keras2().Input((size,)), *rows])


def _context(model: Any) -> Context:
    inputs = np.random.default_rng(1).normal(size=(200, model.input_shape[1])).astype(np.float32)
    return Context(None, Samples(inputs, None), lambda student, inside=0.0: None, lambda spec: None, 0)


def test_ranks_go_where_the_outputs_miss_them_least() -> None:
    """One layer has a rank of 3 of its 16, the other all of them; half of the parameters may stay."""
    model, rng = _dense("full", "thin"), np.random.default_rng(2)
    thin = rng.normal(size=(16, 3)) @ rng.normal(size=(3, 16))
    model.set_weights([np.linalg.qr(rng.normal(size=(16, 16)))[0], thin])
    options = LowRankOptions(by="outputs", value=0.8, norm="outputs", epochs=0)
    done = low_rank.TECHNIQUE.apply(options, model, _context(model))
    kept = {row[0]: row[3] for row in done.table.rows}
    assert kept["full"] == "needs its full rank"
    assert kept["thin"].startswith("rank 4 of")
    samples = _context(model).samples.inputs
    np.testing.assert_allclose(done.model(samples), model(samples), atol=1e-3)
    with pytest.raises(TrainingError, match="cannot save that many"):
        low_rank.TECHNIQUE.apply(replace(options, value=0.01), model, _context(model))


def test_channels_go_where_the_outputs_miss_them_least() -> None:
    """What reads `weak` hears two of its eight channels; each of those of `even` is heard in both."""
    model, rng = _dense("even", "weak", "last", size=8), np.random.default_rng(2)
    mixed = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    model.set_weights([np.eye(8), mixed * [3, 3, 1, 1, 1, 1, 1, 1], np.diag([1, 1, *[0.01] * 6])])
    kept = {}
    for scope in ("layer", "measured"):
        options = ChannelsOptions(keep=0.7, budget="channels", scope=scope, epochs=0)
        done = structured.TECHNIQUE.apply(options, model, _context(model))
        kept[scope] = {row[0]: row[2] for row in done.table.rows}
    assert kept["layer"]["even"] == kept["layer"]["weak"] == 6
    assert kept["measured"]["even"] == 8 > kept["measured"]["weak"]


def test_the_layer_that_bears_no_few_bits_keeps_eight() -> None:
    """`dear` has weights of many sizes before one that passes on the small ones alone."""
    model, rng = _dense("plain", "other", "third"), np.random.default_rng(2)
    signs = [rng.choice([-1.0, 1.0], (16, 16)) for _ in range(2)]
    dear = rng.choice([-1.0, 1.0], (16, 16)) * rng.uniform(0.02, 0.2, (16, 16))
    dear[0] = 10.0
    model.set_weights([signs[0], signs[1], dear])
    inputs = _context(model)
    done = brain_quantization.TECHNIQUE.apply(BrainQuantOptions(share="measured"), model, inputs)
    np.testing.assert_array_equal(done.model.get_layer("third").get_weights()[0], dear.astype(np.float32))
    assert any("third: eight bits" in note for note in done.notes)
    assert done.table.rows[0][0] == "plain"
