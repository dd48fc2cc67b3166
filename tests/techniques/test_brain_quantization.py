"""Optimal-brain quantization: kernels of few values stay, others lose far less than by rounding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.lib import keras_models as nets
from tests.lib.int8 import int8_file
from tests.lib.int8 import outputs_of as int8_outputs
from tinyml_compress import frontend
from tinyml_compress.converter.four_bits import four_bits
from tinyml_compress.errors import ConfigError, TrainingError, UnsupportedLayer
from tinyml_compress.frontend.writer import write
from tinyml_compress.support.backend import fix_seeds, keras2
from tinyml_compress.techniques._grid import rounded
from tinyml_compress.techniques._layerwise import LayerWalk, divergence
from tinyml_compress.techniques.brain_quantization import TECHNIQUE, BrainQuantOptions
from tinyml_compress.techniques.recipe import parse
from tinyml_compress.techniques.technique import Context
from tinyml_compress.techniques.training import outputs_of


def _inputs(model: Any, count: int, seed: int) -> Any:
    coarse = np.random.default_rng(seed).normal(size=(count, 3, 3, model.input_shape[-1]))
    side = -(-model.input_shape[1] // 3)
    grid = np.kron(coarse, np.ones((1, side, side, 1)))[:, : model.input_shape[1], : model.input_shape[2]]
    return (grid + 0.05 * np.random.default_rng(seed).normal(size=grid.shape)).astype(np.float32)


def _plain() -> Any:
    fix_seeds(3)
    return nets.plain()


def _at_nearest(model: Any, bits: int) -> Any:
    """The model as rounding every weight to the nearest step makes it."""
    walk = LayerWalk(model, np.zeros((1, *model.input_shape[1:])))
    for layer in walk.layers():
        kernels = [rounded(one.weights[:, : one.inputs], bits) for one in walk.maps(layer)]
        held = [one.weights[:, one.inputs :] for one in walk.maps(layer)]
        walk.put(layer, [np.concatenate(pair, axis=1) for pair in zip(kernels, held, strict=True)])
    return walk.working


def _values_of_rows(model: Any) -> list[int]:
    """Per row of every kernel how many different magnitudes there are, in units of the finest."""
    counts = []
    for layer in model.layers:
        if type(layer).__name__ in ("Conv2D", "DepthwiseConv2D", "Dense"):
            kernel = layer.get_weights()[0]
            rows = kernel.shape[-1] * (kernel.shape[-2] if "Depthwise" in type(layer).__name__ else 1)
            counts += [len(np.unique(np.round(row, 6))) for row in kernel.reshape(-1, rows).T]
    return counts


@pytest.mark.parametrize("values", ["even", "book"])
def test_far_less_is_lost_than_by_rounding(values: str) -> None:
    model = _plain()
    inputs, tests = _inputs(model, 96, 1), _inputs(model, 400, 2)
    done = TECHNIQUE.choose(BrainQuantOptions(bits=3, values=values), model, inputs)
    assert max(_values_of_rows(done.model)) <= (7 if values == "even" else 8)
    right = outputs_of(model, tests)
    near, far = outputs_of(done.model, tests), outputs_of(_at_nearest(model, 3), tests)
    assert divergence(right, near) < 0.3 * divergence(right, far)
    agreement = [float((other.argmax(-1) == right.argmax(-1)).mean()) for other in (near, far)]
    assert agreement[0] > agreement[1]
    for nearest, chosen in done.losses.values():
        assert chosen <= nearest * 1.001


@pytest.mark.parametrize("values", ["even", "book"])
def test_kernels_of_few_values_stay_as_they_are(values: str) -> None:
    model = _plain()
    generator = np.random.default_rng(0)
    for layer in model.layers:
        if layer.get_weights():
            kernel, bias = layer.get_weights()
            whole = generator.choice(
                [-127, -50, 0, 50, 127] if values == "book" else [-7, -2, 0, 2, 7], kernel.shape
            )
            whole.reshape(-1, kernel.shape[-1])[0] = whole.max()
            layer.set_weights([(whole * 0.002).astype(np.float32), bias])
    done = TECHNIQUE.choose(BrainQuantOptions(values=values), model, _inputs(model, 48, 1))
    assert max(chosen for _, chosen in done.losses.values()) < 1e-5
    for layer in model.layers:
        if layer.get_weights():
            np.testing.assert_allclose(
                done.model.get_layer(layer.name).get_weights()[0], layer.get_weights()[0], atol=1e-5
            )


def test_a_book_holds_whole_int8_steps_that_all_rows_share() -> None:
    model = _plain()
    done = TECHNIQUE.choose(BrainQuantOptions(bits=4, values="book"), model, _inputs(model, 48, 1))
    kernel = done.model.get_layer("second").get_weights()[0]
    rows = kernel.reshape(-1, kernel.shape[-1]).T.astype(np.float64)
    steps = rows * 127 / np.abs(rows).max(axis=1, keepdims=True)
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-3)
    assert len(np.unique(np.round(steps))) <= 16


def test_zeros_stay_zero_and_spared_layers_whole() -> None:
    model = _plain()
    kernel, bias = model.get_layer("second").get_weights()
    model.get_layer("second").set_weights([np.where(np.abs(kernel) < 0.05, 0, kernel), bias])
    done = TECHNIQUE.choose(BrainQuantOptions(exclude=("first",)), model, _inputs(model, 32, 1))
    assert (done.model.get_layer("second").get_weights()[0][np.abs(kernel) < 0.05] == 0).all()
    np.testing.assert_array_equal(
        done.model.get_layer("first").get_weights()[0], model.get_layer("first").get_weights()[0]
    )


@pytest.mark.full
@pytest.mark.parametrize("make", [nets.plain, nets.depthwise, nets.residual])
def test_the_file_has_four_bits_and_the_same_outputs(make: Any, tmp_path: Path) -> None:
    fix_seeds(3)
    model = make()
    inputs, tests = _inputs(model, 64, 1), _inputs(model, 64, 2)
    done = TECHNIQUE.choose(BrainQuantOptions(), model, inputs)
    eight = int8_file(done.model, inputs)
    packed = four_bits(frontend.read(eight, "packed"))
    assert not list(packed.notes()), "every layer has four bits, and none was rounded again"
    four = write(packed.graph)
    assert len(four) < len(eight)
    wide, narrow = (int8_outputs(file, tests, tmp_path) for file in (eight, four))
    assert np.abs(wide - narrow).max() < 0.02 * np.abs(wide).max() + 0.02
    right = outputs_of(model, tests)
    assert divergence(right, narrow) < divergence(right, wide) + 1.0


def test_words_of_the_recipe() -> None:
    recipe = parse(
        '[[stage]]\nuse = "brain_quantize"\nbits = 4\n[[stage]]\nuse = "convert"\nweight_bits = 4', "x"
    )
    assert recipe.stages[0].options == BrainQuantOptions()
    assert not recipe.stages[0].options.trains
    assert BrainQuantOptions(values="book").milder() == BrainQuantOptions(bits=5, values="book")
    with pytest.raises(ConfigError, match="weight_bits"):
        parse('[[stage]]\nuse = "convert"\nmode = "int16x8"\nweight_bits = 4', "x")
    layers = keras2().layers
    model = keras2().Sequential([keras2().Input((4, 3)), layers.LSTM(3)])
    with pytest.raises(UnsupportedLayer, match="quantized together"):
        TECHNIQUE.choose(BrainQuantOptions(), model, np.zeros((8, 4, 3), np.float32))
    with pytest.raises(TrainingError, match="no samples"):
        TECHNIQUE.apply(BrainQuantOptions(), model, Context(None, None, lambda _: None, lambda _: None, 0))
