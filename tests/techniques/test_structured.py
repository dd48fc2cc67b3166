"""Structured pruning: removing zero channels is exact, budgets hold, what cannot be cut stays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.lib import keras_models as models
from tinyml_compress.errors import TrainingError
from tinyml_compress.support.backend import fix_seeds
from tinyml_compress.techniques.channels import CutRole, analyse
from tinyml_compress.techniques.cost import cost_of
from tinyml_compress.techniques.graph import copy_model
from tinyml_compress.techniques.structured import remove_channels, remove_dead_channels


def _built(make: Any) -> Any:
    fix_seeds(3)
    model = make()
    generator = np.random.default_rng(5)
    for layer in model.submodules:  # normalizations and biases away from their neutral start
        if type(layer).__name__ == "BatchNormalization":
            shapes = [weight.shape for weight in layer.get_weights()]
            layer.set_weights([generator.uniform(0.5, 1.5, shape).astype("float32") for shape in shapes])
        elif getattr(layer, "bias", None) is not None and hasattr(layer.bias, "assign"):
            layer.bias.assign(generator.normal(0, 0.3, layer.bias.shape))
    return model


def _outputs(model: Any, inputs: Any) -> Any:
    return model(inputs, training=False).numpy()


def _inputs(model: Any) -> Any:
    shape = (6, *model.input_shape[1:])
    return np.random.default_rng(1).normal(size=shape).astype("float32")


def _silence(model: Any, part: float) -> tuple[Any, int]:
    """A copy in which part of the free channels give exactly zero; and how many those are."""
    flat = copy_model(model)
    graph = analyse(flat)
    born = [int(u) for cut in graph.cuts if cut.role in _BORN for u in cut.outputs]
    free = [root for root in dict.fromkeys(born) if root not in graph.pinned]
    chosen = set(np.random.default_rng(2).choice(free, int(len(free) * part), replace=False).tolist())
    for cut in graph.cuts:
        dead = np.array([int(unit) in chosen for unit in cut.outputs])
        weights = cut.layer.get_weights()
        if cut.role in (CutRole.NORM,):
            for weight in weights[:-1]:
                weight[dead] = 0
        elif cut.role is CutRole.LSTM:
            gates = np.tile(dead, 4)
            weights = [weight * ~gates for weight in weights]
        elif cut.role is CutRole.CONV_TRANSPOSE:
            weights[0][..., dead, :] = 0
            weights[1][dead] = 0
        elif cut.role is CutRole.DEPTHWISE:
            flatten = weights[0].reshape(*weights[0].shape[:-2], -1)
            flatten[..., dead] = 0
            weights = [flatten.reshape(weights[0].shape), *weights[1:]]
        elif cut.role in _BORN:
            kernel = 1 if cut.role is CutRole.SEPARABLE else 0
            for weight in weights[kernel:]:
                weight[..., dead] = 0
        cut.layer.set_weights(weights)
    return flat, len(chosen)


_BORN = (CutRole.CONV, CutRole.CONV_TRANSPOSE, CutRole.DENSE, CutRole.SEPARABLE, CutRole.LSTM)


@pytest.mark.parametrize("make", models.ALL, ids=lambda make: make.__name__)
def test_removing_zero_channels_leaves_outputs_identical(make: Any) -> None:
    silenced, count = _silence(_built(make), 0.4)
    removal = remove_dead_channels(silenced)
    inputs = _inputs(silenced)
    np.testing.assert_allclose(_outputs(removal.model, inputs), _outputs(silenced, inputs), rtol=0, atol=2e-6)
    removed = sum(block.before - block.after for block in removal.blocks)
    if (
        make is models.squeeze_excite
    ):  # a sigmoid of zero is not zero: its channel must stay with the one it gates
        assert removed > 0
    else:
        assert removed == count
    assert removal.after.parameters == removal.model.count_params() < silenced.count_params()


@pytest.mark.parametrize("make", models.ALL, ids=lambda make: make.__name__)
def test_nothing_is_removed_from_a_model_without_zeros(make: Any) -> None:
    model = _built(make)
    removal = remove_dead_channels(model)
    assert all(block.before == block.after for block in removal.blocks)
    inputs = _inputs(model)
    np.testing.assert_array_equal(_outputs(removal.model, inputs), _outputs(model, inputs))


@pytest.mark.parametrize("make", models.ALL, ids=lambda make: make.__name__)
@pytest.mark.parametrize("scope", ["layer", "global"])
def test_half_the_channels_builds_and_runs(make: Any, scope: str) -> None:
    model = _built(make)
    before = [weight.copy() for weight in model.get_weights()]
    removal = remove_channels(model, keep=0.5, scope=scope)
    assert _outputs(removal.model, _inputs(model)).shape == (6, *model.output_shape[1:])
    assert (
        removal.model.count_params()
        == removal.after.parameters
        < removal.before.parameters
        == model.count_params()
    )
    again = analyse(removal.model)
    assert cost_of(again, frozenset()) == removal.after
    for old, new in zip(before, model.get_weights(), strict=True):  # the model given is untouched
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("budget", ["channels", "parameters", "macs", "ram"])
@pytest.mark.parametrize("scope", ["layer", "global"])
def test_budgets_hold(budget: str, scope: str) -> None:
    removal = remove_channels(_built(models.residual), keep=0.6, budget=budget, scope=scope)
    free = sum(block.before for block in removal.blocks)
    spent = {
        "channels": sum(block.after for block in removal.blocks) / free,
        "parameters": removal.after.parameters / removal.before.parameters,
        "macs": removal.after.macs / removal.before.macs,
        "ram": removal.after.ram / removal.before.ram,
    }[budget]
    assert 0.3 < spent <= 0.6 + 1e-9 + (0.05 if (budget, scope) == ("channels", "layer") else 0)


def test_counts_are_rounded() -> None:
    removal = remove_channels(_built(models.residual), keep=0.6, round_to=4)
    assert all(block.after % 4 == 0 and block.after > 0 for block in removal.blocks)
    assert {block.after for block in removal.blocks} == {4, 8}  # 0.6 x 8 = 4.8 -> 4, 0.6 x 16 = 9.6 -> 8


def test_residual_branches_share_their_mask() -> None:
    removal = remove_channels(_built(models.residual), keep=0.5)
    shared = {frozenset(block.layers) for block in removal.blocks}
    assert {frozenset({"stem", "a2"}), frozenset({"short", "b2"})} <= shared


@pytest.mark.parametrize("importance", ["l1", "l2", "batch_norm"])
def test_the_weakest_channels_go(importance: str) -> None:
    model = _built(models.residual)
    kernel = model.get_layer("a1").get_weights()[0]
    kernel[..., [1, 5]] *= 1e-3
    model.get_layer("a1").set_weights([kernel])
    norm = model.get_layer("a1_norm").get_weights()
    norm[0][[1, 5]] = 1e-3
    model.get_layer("a1_norm").set_weights(norm)
    kept = remove_channels(model, keep=0.75, importance=importance).model.get_layer("a1").get_weights()[0]
    expected = np.delete(kernel, [1, 5], axis=-1)
    assert kept.shape[-1] == 6
    assert np.abs(kept).sum() == pytest.approx(np.abs(expected[..., : kernel.shape[-2], :]).sum(), rel=0.4)


def test_excluded_layers_keep_their_channels() -> None:
    removal = remove_channels(_built(models.plain), keep=0.5, exclude=lambda name: name == "second")
    assert removal.model.get_layer("second").filters == 12
    assert dict(removal.pinned)["second"] == "second is excluded by the recipe"
    assert "softmax" in dict(removal.pinned)["scores"]


def test_a_budget_out_of_reach_names_what_is_possible() -> None:
    with pytest.raises(TrainingError, match="cannot be reached"):
        remove_channels(_built(models.plain), keep=0.001, budget="parameters", at_least=4)


def test_taylor_without_data_says_what_is_missing() -> None:
    with pytest.raises(TrainingError, match="needs data"):
        remove_channels(_built(models.plain), keep=0.5, importance="taylor")
