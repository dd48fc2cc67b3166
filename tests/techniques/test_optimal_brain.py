"""Optimal-brain pruning: closed forms on quadratics, exact counts, and far ahead of magnitude without
training.
"""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from tests.lib import keras_models as nets
from tinyml_compress.errors import ConfigError, TrainingError, UnsupportedLayer
from tinyml_compress.support.backend import fix_seeds
from tinyml_compress.techniques import _second_order, pruning
from tinyml_compress.techniques._layerwise import LayerWalk, divergence
from tinyml_compress.techniques._second_order import Pruner, Quadratic, least_squares, removal_order
from tinyml_compress.techniques.optimal_brain import TECHNIQUE, BrainOptions, prune_by_outputs
from tinyml_compress.techniques.patterns import pattern_of
from tinyml_compress.techniques.recipe import parse
from tinyml_compress.techniques.sparsity import total_sparsity, zeros_of
from tinyml_compress.techniques.technique import Context
from tinyml_compress.techniques.training import outputs_of

SAMPLES = 96


def _problem(rows: int = 3, inputs: int = 12, seed: int = 0) -> tuple[Quadratic, Any]:
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(400, inputs)) @ generator.normal(size=(inputs, inputs))
    weights = generator.normal(size=(rows, inputs))
    targets = values @ weights.T
    count = len(values)
    quadratic = Quadratic(values.T @ values / count, targets.T @ values / count, (targets**2).mean(axis=0))
    return quadratic, weights


def test_the_first_weight_to_go_is_that_of_the_closed_form() -> None:
    problem, weights = _problem()
    assert problem.loss(weights) == pytest.approx(0, abs=1e-9)
    price = weights**2 / np.diag(np.linalg.inv(problem.hessian))
    found = removal_order(problem, np.arange(12), np.ones((3, 1)))
    assert found.order[:, 0].tolist() == price.argmin(axis=1).tolist()
    np.testing.assert_allclose(found.costs[:, 0], price.min(axis=1), rtol=1e-9)


def test_costs_add_up_to_the_loss_of_what_is_left() -> None:
    problem, _ = _problem(rows=1)
    found = removal_order(problem, np.arange(12), np.ones((1, 1)))
    kept = np.ones((1, 12), bool)
    for step, gone in enumerate(found.order[0][:-1]):
        kept[0, gone] = False
        loss = problem.loss(least_squares(problem, kept))
        raw = np.cumsum(found.costs[0])[step]  # a cost never falls, so the sum may only be more
        assert loss[0] <= raw * (1 + 1e-9)
        assert step or loss[0] == pytest.approx(raw)


def test_pairs_and_groups_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, _ = _problem()
    even = np.ones(3)
    pairs = Pruner(problem, np.arange(12) // 2, even).weights(0.5).reshape(3, 6, 2)
    zero = (pairs == 0).all(axis=2)
    assert zero.sum() == 9
    assert ((pairs == 0).any(axis=2) == zero).all()
    groups = Pruner(problem, np.arange(12), even, group=4, zeros=2).weights(0.0)
    assert ((groups.reshape(3, 3, 4) == 0).sum(axis=2) == 2).all()


@pytest.mark.parametrize("bound", [None, "_EXACT"])
def test_rows_of_a_bundle_lose_the_same_blocks(bound: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five rows by twos: the last bundle has one."""
    problem, _ = _problem(rows=5)
    if bound:
        monkeypatch.setattr(_second_order, bound, 0.0)
    pruned = Pruner(problem, np.arange(12) // 4, np.ones(5), bundle=2).weights(4 / 9)
    zero = (pruned.reshape(5, 3, 4) == 0).all(axis=2)
    assert ((pruned.reshape(5, 3, 4) == 0).any(axis=2) == zero).all(), "a block goes as a whole"
    assert (zero[0] == zero[1]).all()
    assert (zero[2] == zero[3]).all()
    assert zero[[0, 2, 4]].sum() == 4


def test_the_first_block_to_go_is_the_cheapest_of_all() -> None:
    """By trying every one, the rows of its bundle counting as their scales say."""
    problem, _ = _problem(rows=4, inputs=8)
    scale, units = np.array([1.0, 3.0, 0.5, 2.0]), np.arange(8) // 2
    found = removal_order(problem, units, scale.reshape(2, 2))
    for bundle in range(2):
        rows = slice(2 * bundle, 2 * bundle + 2)
        losses = []
        for unit in range(4):
            kept = np.tile(units != unit, (4, 1))
            losses.append((problem.loss(least_squares(problem, kept)) * scale)[rows].sum())
        assert found.order[bundle, 0] == np.argmin(losses)
        assert found.costs[bundle, 0] == pytest.approx(min(losses))


@pytest.mark.parametrize("bound", ["_EXACT", "_DIRECT"])
def test_the_ways_for_long_rows_solve_the_same_problem(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    problem, weights = _problem(rows=8, inputs=48)
    units, even = np.arange(48), np.ones(8)
    exact = Pruner(problem, units, even).weights(0.5)
    monkeypatch.setattr(_second_order, bound, 0.0)
    other = Pruner(problem, units, even).weights(0.5)
    assert (other == 0).mean() == pytest.approx(0.5)
    if bound == "_DIRECT":
        np.testing.assert_allclose(other, exact, atol=1e-4)
    small = np.where(np.abs(weights) < np.median(np.abs(weights)), 0.0, weights)
    assert problem.loss(other).sum() < 0.5 * problem.loss(small).sum()


@pytest.mark.full
@pytest.mark.parametrize(("rows", "inputs", "most"), [(128, 640, 200), (64, 4608, 3000)])
def test_large_layers_stay_within_memory(rows: int, inputs: int, most: int) -> None:
    """Dense 640 x 128, and a convolution of 3 x 3 x 512: ahead of magnitude, in so many megabytes."""
    generator = np.random.default_rng(0)
    values = generator.normal(size=(1024, 32)) @ generator.normal(size=(32, inputs))
    values += 0.3 * generator.normal(size=values.shape)
    weights = generator.normal(size=(rows, inputs))
    targets = values @ weights.T
    problem = Quadratic(
        values.T @ values / 1024, targets.T @ values / 1024, (targets**2).mean(axis=0)
    ).damped(weights)
    tracemalloc.start()
    try:
        pruned = Pruner(problem, np.arange(inputs), np.ones(rows)).weights(0.8)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
    assert (pruned == 0).mean() == pytest.approx(0.8, abs=0.01)
    small = np.where(np.abs(weights) < np.quantile(np.abs(weights), 0.8), 0.0, weights)
    assert problem.loss(pruned).sum() < 0.2 * problem.loss(small).sum()
    assert peak < most


def _smooth(shape: tuple[int, ...], count: int, seed: int) -> Any:
    """Samples as real ones are: neighbours alike."""
    generator = np.random.default_rng(seed)
    rows, columns, channels = shape
    coarse = generator.normal(size=(count, 3, 3, channels))
    grid = np.kron(coarse, np.ones((1, -(-rows // 3), -(-columns // 3), 1)))[:, :rows, :columns]
    return (grid + 0.05 * generator.normal(size=grid.shape)).astype(np.float32)


@pytest.fixture(scope="module")
def case() -> tuple[Any, Any, Any]:
    fix_seeds(3)
    model = nets.plain()
    shape = tuple(model.input_shape[1:])
    return model, _smooth(shape, SAMPLES, 1), _smooth(shape, 400, 2)


def _agreement(model: Any, other: Any, inputs: Any) -> float:
    return float((outputs_of(model, inputs).argmax(-1) == outputs_of(other, inputs).argmax(-1)).mean())


def test_thirty_points_ahead_of_magnitude_without_training(case: tuple[Any, Any, Any]) -> None:
    model, inputs, tests = case
    by_size = pruning.prune(model, sparsity=0.6, schedule=pruning.Schedule.ONE_SHOT).model
    done = prune_by_outputs(model, inputs, BrainOptions(sparsity=0.6, samples=SAMPLES))
    assert total_sparsity(done.model) == pytest.approx(0.6, abs=0.02)
    assert _agreement(model, done.model, tests) > _agreement(model, by_size, tests) + 0.3
    assert max(done.shares.values()) > min(done.shares.values()), "some layers bear more than others"
    assert set(done.harms) == set(done.shares)


def test_blocks_that_a_kernel_skips(case: tuple[Any, Any, Any]) -> None:
    """Ahead of magnitude in the same blocks; what the engine makes of them is said."""
    model, inputs, tests = case
    options = BrainOptions(sparsity=0.5, pattern="4x2", dense_pattern="1x4", samples=SAMPLES)
    done = prune_by_outputs(model, inputs, options)
    other, dense = pattern_of("4x2"), pattern_of("1x4")
    by_size = pruning.prune(
        model,
        sparsity=total_sparsity(done.model),
        schedule=pruning.Schedule.ONE_SHOT,
        pattern=other,
        dense_pattern=dense,
    ).model
    assert _agreement(model, done.model, tests) > _agreement(model, by_size, tests) + 0.1
    for layer in done.model.layers:
        if done.shares.get(layer.name):
            own = dense if type(layer).__name__ == "Dense" else other
            _assert_whole(layer.get_weights()[0], own.rows, own.columns)
    assert sum("skips them whole" in note for note in done.notes) == 2


def _assert_whole(kernel: Any, rows: int, columns: int) -> None:
    inputs, outputs = kernel.shape[-2:]
    for tap in kernel.reshape(-1, inputs, outputs):
        for first in range(0, inputs, rows):
            for left in range(0, outputs, columns):
                block = tap[first : first + rows, left : left + columns]
                assert (block == 0).all() or (block != 0).mean() > 0.5


def test_blocks_without_a_kernel_are_refused(case: tuple[Any, Any, Any]) -> None:
    model, inputs, _ = case
    for words, match in [
        ('pattern = "4x1"', "no kernel of the engine skips blocks of 4x1 in convolutions, 4x2 has one"),
        ('pattern = "4x2"\ndense_pattern = "4x1"', "blocks of 4x1 in dense layers, 1x4 has one"),
        ('pattern = "1x4"\ndense_pattern = "1x4"', "blocks of 1x4 in convolutions"),
    ]:
        with pytest.raises(ConfigError, match=match):
            parse(f'[[stage]]\nuse = "optimal_brain"\n{words}', "x")
    done = prune_by_outputs(model, inputs, BrainOptions(sparsity=0.3, pattern="4x2", samples=SAMPLES))
    assert any(
        "left dense, no kernel of the engine skips blocks of 4x2 in dense" in one for one in done.notes
    )
    with pytest.raises(UnsupportedLayer, match="suits no layer"):
        prune_by_outputs(model, inputs, BrainOptions(pattern="400x2", dense_pattern="1x400"))


def test_nothing_removed_changes_nothing(case: tuple[Any, Any, Any]) -> None:
    model, inputs, tests = case
    before = [weight.copy() for weight in model.get_weights()]
    done = prune_by_outputs(model, inputs, BrainOptions(sparsity=0.0, samples=SAMPLES))
    np.testing.assert_allclose(outputs_of(model, tests), outputs_of(done.model, tests), atol=1e-4)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    "make", [nets.residual, nets.depthwise, nets.squeeze_excite, nets.nested, nets.sequence]
)
def test_any_graph(make: Any) -> None:
    fix_seeds(1)
    model = make()
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(24, *model.input_shape[1:])).astype(np.float32)
    done = prune_by_outputs(model, inputs, BrainOptions(sparsity=0.5, share="alike"))
    dense = {note.split(" ")[0].rstrip(":") for note in done.notes}
    for row in zeros_of(done.model):
        assert row.part == pytest.approx(0.0 if row.layer in dense else 0.5, abs=max(0.01, 1.5 / row.weights))
    assert np.isfinite(outputs_of(done.model, inputs)).all()


def test_a_trial_of_weights_leaves_no_trace(case: tuple[Any, Any, Any]) -> None:
    model, inputs, _ = case
    walk = LayerWalk(model, inputs)
    before = walk.outputs(walk.working)
    layer = walk.layers()[0]
    with walk.tried(layer, [0.5 * one.weights for one in walk.maps(layer)]):
        assert divergence(before, walk.outputs(walk.working)) > 0
    np.testing.assert_array_equal(before, walk.outputs(walk.working))


def test_words_of_the_recipe(case: tuple[Any, Any, Any]) -> None:
    stage = parse('[[stage]]\nuse = "optimal_brain"\nsparsity = 0.5\nlayers = { "a*" = 0.9 }', "x").stages[0]
    assert not stage.options.trains, "no labels, no training"
    milder = stage.options.milder()
    assert isinstance(milder, BrainOptions)
    assert (milder.sparsity, milder.layers) == (0.45, {"a*": 0.81})
    with pytest.raises(TrainingError, match="no samples"):
        TECHNIQUE.apply(
            BrainOptions(),
            case[0],
            Context(None, None, lambda student, inside=0.0: None, lambda spec: None, 0),
        )
    with pytest.raises(ConfigError, match="no layer with weights"):
        prune_by_outputs(case[0], case[1], BrainOptions(exclude=("cnv*",)))
