"""Channel pruning by reconstruction: closed forms, channels others can stand in for, ahead of magnitude."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.lib import keras_models as nets
from tinyml_compress.errors import ConfigError, TrainingError, UnsupportedLayer
from tinyml_compress.support.backend import fix_seeds, keras2
from tinyml_compress.techniques import reconstruction
from tinyml_compress.techniques._second_order import Quadratic, least_squares
from tinyml_compress.techniques.recipe import parse
from tinyml_compress.techniques.reconstruction import (
    TECHNIQUE,
    ReconstructOptions,
    reconstruct,
    removal_of_groups,
)
from tinyml_compress.techniques.structured import remove_channels
from tinyml_compress.techniques.technique import Context
from tinyml_compress.techniques.training import outputs_of


def _problem(rows: int, inputs: int, seed: int) -> tuple[Quadratic, Any]:
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(400, inputs)) @ generator.normal(size=(inputs, inputs))
    weights = generator.normal(size=(rows, inputs))
    targets = values @ weights.T
    hessian = values.T @ values / 400
    return Quadratic(hessian, targets.T @ values / 400, (targets**2).mean(axis=0)), weights


def _loss_without(problem: Quadratic, groups: Any, gone: list[int]) -> float:
    kept = np.broadcast_to(~np.isin(groups, gone), problem.cross.shape)
    return float(problem.loss(least_squares(problem, kept)).sum())


def test_the_first_group_to_go_is_that_of_least_squares() -> None:
    groups = np.repeat(np.arange(5), 3)
    even = np.ones(4)
    for seed in range(6):
        problem, _ = _problem(4, 15, seed)
        order = removal_of_groups([(problem, groups, even)], 5)
        assert sorted(order) == [0, 1, 2, 3, 4]
        gone: list[int] = []
        for chosen in order[:4]:
            losses = {
                one: _loss_without(problem, groups, [*gone, one]) for one in range(5) if one not in gone
            }
            assert chosen == min(losses, key=lambda one: losses[one]), (
                "every time the one that is missed least"
            )
            gone.append(chosen)


def test_readers_of_one_channel_count_together_and_rows_by_their_scale() -> None:
    first, _ = _problem(2, 6, 1)
    second, _ = _problem(3, 6, 2)
    groups = np.arange(6) // 2
    order = removal_of_groups([(first, groups, np.ones(2)), (second, groups, np.full(3, 4.0))], 3)
    losses = [
        _loss_without(first, groups, [one]) + 4 * _loss_without(second, groups, [one]) for one in range(3)
    ]
    assert order[0] == int(np.argmin(losses))
    alone = removal_of_groups([(first, groups, np.ones(2)), (second, groups, np.zeros(3))], 3)
    assert alone == removal_of_groups([(first, groups, np.ones(2))], 3)


def test_many_go_at_once_where_the_work_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, _ = _problem(2, 12, 3)
    exact = removal_of_groups([(problem, np.arange(12), np.ones(2))], 12)
    monkeypatch.setattr(reconstruction, "_WORK", 12**3 / 3)
    coarse = removal_of_groups([(problem, np.arange(12), np.ones(2))], 12)
    assert sorted(coarse) == sorted(exact)
    assert coarse[0] == exact[0]


def _inputs(model: Any, count: int, seed: int) -> Any:
    coarse = np.random.default_rng(seed).normal(size=(count, 3, 3, model.input_shape[-1]))
    side = -(-model.input_shape[1] // 3)
    grid = np.kron(coarse, np.ones((1, side, side, 1)))[:, : model.input_shape[1], : model.input_shape[2]]
    return (grid + 0.05 * np.random.default_rng(seed).normal(size=grid.shape)).astype(np.float32)


def test_a_channel_that_others_can_stand_in_for_costs_nothing() -> None:
    fix_seeds(3)
    model = nets.plain()
    first, second = model.get_layer("first"), model.get_layer("second")
    kernel, bias = first.get_weights()
    kernel[..., 6], bias[6] = 2.0 * kernel[..., 1], 2.0 * bias[1]  # the same channel, twice as large
    first.set_weights([kernel, bias])
    inputs, tests = _inputs(model, 64, 1), _inputs(model, 64, 2)
    spared = ("second", "hidden")
    done = reconstruct(
        model, inputs, ReconstructOptions(keep=7 / 8, budget="channels", share="alike", exclude=spared)
    )
    assert done.model.get_layer("first").filters == 7
    np.testing.assert_allclose(outputs_of(done.model, tests), outputs_of(model, tests), atol=5e-3)
    by_size = remove_channels(model, keep=7 / 8, budget="channels", exclude=lambda name: name in spared).model
    assert np.abs(outputs_of(by_size, tests) - outputs_of(model, tests)).max() > 5e-3
    assert second.get_weights()[0].shape[2] == 8, "the model itself stays"


def test_far_ahead_of_magnitude_without_training() -> None:
    fix_seeds(3)
    model = nets.plain()
    inputs, tests = _inputs(model, 96, 1), _inputs(model, 400, 2)
    done = reconstruct(model, inputs, ReconstructOptions(keep=0.5))
    assert done.macs[1] <= 0.5 * done.macs[0]
    by_size = remove_channels(model, keep=0.5, budget="macs").model
    right = outputs_of(model, tests).argmax(-1)
    mine, theirs = (
        float((outputs_of(other, tests).argmax(-1) == right).mean()) for other in (done.model, by_size)
    )
    assert mine > theirs + 0.3
    assert mine > 0.75


_LONG = [
    pytest.param(make, marks=pytest.mark.full)
    for make in (nets.residual, nets.squeeze_excite, nets.nested, nets.sequence)
]


@pytest.mark.parametrize("make", [nets.depthwise, *_LONG])
def test_any_graph(make: Any) -> None:
    fix_seeds(1)
    model = make()
    inputs = np.random.default_rng(0).normal(size=(24, *model.input_shape[1:])).astype(np.float32)
    done = reconstruct(model, inputs, ReconstructOptions(keep=0.7, share="measured", round_to=2))
    assert done.macs[1] <= 0.7 * done.macs[0]
    assert all(block.after % 2 == 0 or block.after == block.before for block in done.blocks)
    assert done.model.count_params() == done.parameters[1] < model.count_params()
    assert np.isfinite(outputs_of(done.model, inputs)).all()


def test_what_cannot_be_done_is_said() -> None:
    fix_seeds(3)
    model, layers = nets.plain(), keras2().layers
    inputs = _inputs(model, 24, 1)
    stage = parse('[[stage]]\nuse = "reconstruct"\nkeep = 0.6', "x").stages[0]
    assert not stage.options.trains
    milder = stage.options.milder()
    assert isinstance(milder, ReconstructOptions)
    assert milder.keep == 0.7
    with pytest.raises(ConfigError, match="alike"):
        parse('[[stage]]\nuse = "reconstruct"\nshare = "alike"', "x")
    with pytest.raises(TrainingError, match="cannot be reached"):
        reconstruct(model, inputs, ReconstructOptions(keep=0.05, at_least=8))
    single = keras2().Sequential([keras2().Input((4,)), layers.Dense(3)])
    with pytest.raises(UnsupportedLayer, match="made up for"):
        reconstruct(single, np.zeros((8, 4), np.float32), ReconstructOptions())
    with pytest.raises(TrainingError, match="no samples"):
        TECHNIQUE.apply(ReconstructOptions(), model, Context(None, None, lambda _: None, lambda _: None, 0))
