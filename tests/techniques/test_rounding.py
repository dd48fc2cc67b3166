"""Second-order rounding: the best grid points of small quadratics, and less loss than rounding to nearest."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.lib import keras_models as nets
from tests.lib.int8 import int8_file
from tests.lib.int8 import outputs_of as int8_outputs
from tinyml_compress import frontend
from tinyml_compress.errors import TrainingError, UnsupportedLayer
from tinyml_compress.support.backend import fix_seeds, keras2
from tinyml_compress.techniques import _grid
from tinyml_compress.techniques._grid import Centred, Grid, on_grid
from tinyml_compress.techniques._layerwise import divergence
from tinyml_compress.techniques._prepare import prepare
from tinyml_compress.techniques._second_order import Quadratic
from tinyml_compress.techniques._simulated import Simulation
from tinyml_compress.techniques.rounding import TECHNIQUE, RoundOptions
from tinyml_compress.techniques.technique import Context
from tinyml_compress.techniques.training import outputs_of

LEVELS = np.arange(-1.0, 2.0)


def _problem(rows: int, inputs: int, seed: int, *, mixed: bool = True) -> tuple[Quadratic, Any, Any]:
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(300, inputs)) + 0.5
    values = values @ generator.normal(size=(inputs, inputs)) if mixed else values - values.mean(axis=0)
    weights = generator.uniform(-1, 1, size=(rows, inputs))
    hessian = values.T @ values / 300
    hessian = hessian if mixed else np.diag(np.diag(hessian))
    return (
        Quadratic(hessian, weights @ hessian, ((weights @ hessian) * weights).sum(axis=1)),
        weights,
        values,
    )


def test_inputs_that_do_not_go_together_round_to_nearest() -> None:
    problem, weights, _ = _problem(4, 6, 0, mixed=False)
    grid = Grid(LEVELS, np.full(4, 0.7))
    np.testing.assert_allclose(on_grid(problem, weights, grid), grid.nearest(weights))
    np.testing.assert_allclose(grid.nearest(np.array([[0.34, 0.36, -9.0]] * 4))[0], [0.0, 0.7, -0.7])


def test_small_problems_end_at_or_near_the_best_of_all_points() -> None:
    """All 3^6 points of every row are tried; rounding to nearest is far from the best of them."""
    problem, weights, _ = _problem(24, 6, 1)
    grid = Grid(LEVELS, np.full(24, 0.6))
    points = 0.6 * np.array(list(product(LEVELS, repeat=6)))
    bent = ((points @ problem.hessian) * points).sum(axis=1)
    best = np.array([(bent - 2 * points @ row).min() for row in problem.cross]) + problem.energy
    found = problem.loss(on_grid(problem, weights, grid))
    nearest = problem.loss(grid.nearest(weights))
    assert (found >= best - 1e-9).all()
    assert np.mean(found <= best + 1e-9) >= 0.5, "the best point itself, mostly"
    assert found.sum() < 1.35 * best.sum()
    assert found.sum() < 0.6 * nearest.sum()


def test_no_single_weight_can_move_to_a_better_level() -> None:
    problem, weights, _ = _problem(3, 10, 2)
    grid = Grid(np.arange(-7.0, 8.0), np.abs(weights).max(axis=1) / 7)
    found = on_grid(problem, weights, grid)
    loss = problem.loss(found)
    for place in range(10):
        for step in (-1, 1):
            moved = found.copy()
            moved[:, place] = np.clip(moved[:, place] / grid.scales + step, -7, 7) * grid.scales
            assert (problem.loss(moved) >= loss - 1e-12).all()


def test_what_is_fixed_stays() -> None:
    problem, weights, _ = _problem(3, 8, 3)
    fixed = np.zeros((3, 8), bool)
    fixed[:, [1, 4]] = True
    found = on_grid(problem, weights, Grid(LEVELS, np.full(3, 0.6), fixed))
    np.testing.assert_array_equal(found[:, [1, 4]], weights[:, [1, 4]])


def test_the_bias_is_the_best_one() -> None:
    _, weights, values = _problem(3, 5, 4)
    ones = np.concatenate([values, np.ones((300, 1))], axis=1)
    targets = values @ weights.T + [1.0, -2.0, 0.5]
    whole = Quadratic(ones.T @ ones / 300, targets.T @ ones / 300, (targets**2).mean(axis=0))
    found = Centred.of(whole).with_bias(weights)
    np.testing.assert_allclose(found[:, -1], [1.0, -2.0, 0.5], atol=1e-8)
    coarse = Grid(LEVELS, np.full(3, 0.6)).nearest(weights)
    with_bias = Centred.of(whole).with_bias(coarse)
    np.testing.assert_allclose(Centred.of(whole).problem.loss(coarse), whole.loss(with_bias), atol=1e-8)


def test_the_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, weights, _ = _problem(3, 8, 5)
    grid = Grid(LEVELS, np.full(3, 0.6))
    monkeypatch.setattr(_grid, "_WORK", 0.0)
    assert (problem.loss(on_grid(problem, weights, grid)) <= problem.loss(grid.nearest(weights))).all()


def _inputs(model: Any, count: int, seed: int) -> Any:
    coarse = np.random.default_rng(seed).uniform(0, 1, (count, 4, 4, model.input_shape[-1]))
    side = -(-model.input_shape[1] // 4)
    return np.kron(coarse, np.ones((1, side, side, 1)))[:, : model.input_shape[1], : model.input_shape[2]]


@pytest.mark.parametrize("make", [nets.plain, nets.depthwise])
def test_outputs_lose_less_than_by_nearest_steps(make: Any) -> None:
    fix_seeds(2)
    model = make()
    inputs = _inputs(model, 96, 1).astype(np.float32)
    done = TECHNIQUE.choose(RoundOptions(), model, inputs)
    assert done.losses
    for nearest, chosen in done.losses.values():
        assert chosen <= nearest * 1.001
    assert sum(chosen for _, chosen in done.losses.values()) < 0.7 * sum(
        nearest for nearest, _ in done.losses.values()
    )
    if make is nets.plain:
        tests = _inputs(model, 200, 2).astype(np.float32)
        before, after = (
            Simulation(prepare(one).model, tests).loss_of_weights() for one in (model, done.model)
        )
        right = outputs_of(model, tests)
        assert divergence(right, outputs_of(done.model, tests)) < 0.7 * before
        assert after < 0.01 * before, "on the steps already: rounding to nearest changes nothing"


def test_zeros_stay_zero() -> None:
    fix_seeds(2)
    model = nets.plain()
    kernel, bias = model.get_layer("second").get_weights()
    model.get_layer("second").set_weights([np.where(np.abs(kernel) < 0.05, 0, kernel), bias])
    done = TECHNIQUE.choose(RoundOptions(exclude=("first",)), model, _inputs(model, 32, 1))
    zero = np.abs(kernel) < 0.05
    assert (done.model.get_layer("second").get_weights()[0][zero] == 0).all()
    assert "first" not in done.losses


@pytest.mark.full
def test_the_converter_takes_the_steps_as_they_are(tmp_path: Path) -> None:
    fix_seeds(2)
    model = nets.depthwise()
    inputs = np.random.default_rng(0).normal(size=(64, *model.input_shape[1:])).astype(np.float32)
    done = TECHNIQUE.choose(RoundOptions(), model, inputs)
    graph = frontend.read(int8_file(done.model, inputs), "rounded")
    folded = prepare(done.model).model
    kernels = [layer.get_weights()[0] for layer in folded.layers if layer.get_weights()]
    seen = 0
    for node in graph.nodes:
        if node.op not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            continue
        tensor = graph.tensors[node.inputs[1]]
        assert tensor.quant is not None
        scales = np.array(tensor.quant.scales)
        values = np.moveaxis(tensor.data.astype(float), tensor.quant.axis or 0, -1) * scales
        nearby = [
            np.abs(np.sort(values.ravel()) - np.sort(kernel.ravel())).max() / scales.max()
            for kernel in kernels
            if kernel.size == values.size
        ]
        assert min(nearby) < 0.02, "in steps"
        seen += 1
    assert seen == len(kernels)
    tests = np.random.default_rng(1).normal(size=(64, *model.input_shape[1:])).astype(np.float32)
    right = outputs_of(model, tests)
    before, after = (
        divergence(right, int8_outputs(int8_file(one, inputs), tests, tmp_path))
        for one in (model, done.model)
    )
    assert after < before


def test_what_cannot_be_done_is_said() -> None:
    layers = keras2().layers
    model = keras2().Sequential([keras2().Input((4, 3)), layers.LSTM(3)])
    with pytest.raises(UnsupportedLayer, match="rounded together"):
        TECHNIQUE.choose(RoundOptions(), model, np.zeros((8, 4, 3), np.float32))
    with pytest.raises(TrainingError, match="no samples"):
        TECHNIQUE.apply(RoundOptions(), model, Context(None, None, lambda _: None, lambda _: None, 0))
