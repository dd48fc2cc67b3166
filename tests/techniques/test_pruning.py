"""Magnitude pruning, threshold zeroing and clustering: the zeros are counted, nothing is silently
left dense.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.lib import awkward_models as awkward
from tests.lib import keras_models as zoo
from tinyml_compress.errors import ConfigError, TrainingError
from tinyml_compress.support.backend import fix_seeds, keras2
from tinyml_compress.techniques import clustering, pruning, threshold
from tinyml_compress.techniques.patterns import Pattern, magnitude_mask, pattern_of
from tinyml_compress.techniques.pruning import Schedule
from tinyml_compress.techniques.recipe import parse
from tinyml_compress.techniques.sparsity import prunable_weights, total_sparsity
from tinyml_compress.techniques.technique import Context
from tinyml_compress.techniques.training import Samples, Training, task_for

ONE_SHOT = Schedule.ONE_SHOT


def _training(model: Any, count: int = 64) -> Training:
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(count, *model.input_shape[1:])).astype("float32")
    labels = generator.integers(0, model.output_shape[-1], count)
    samples = Samples(inputs, labels)
    return Training(task_for(model, samples, batch_size=16, seed=1), samples)


@pytest.mark.parametrize("make", [*zoo.ALL, *awkward.ALL], ids=lambda make: make.__name__)
@pytest.mark.parametrize("sparsity", [0.8])
def test_one_shot_needs_no_data_and_leaves_nothing_dense(make: Any, sparsity: float) -> None:
    model = make()
    before = [weight.copy() for weight in model.get_weights()]
    done = pruning.prune(model, sparsity=sparsity, schedule=ONE_SHOT)
    for row in done.zeros:
        # an LSTM has two kernels, a separable convolution too: each is rounded on its own
        assert row.part == pytest.approx(sparsity, abs=max(0.01, 1.5 / row.weights))
    assert not done.notes
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    cut = 0
    for old, new in zip(before, done.model.get_weights(), strict=True):
        gone = (new == 0) & (old != 0)
        np.testing.assert_array_equal(new[~gone], old[~gone])
        if gone.any():
            cut += 1
            assert np.abs(old[gone]).max() <= np.abs(new[new != 0]).min()  # the smallest of each kernel
    assert cut >= len(done.zeros)


@pytest.mark.parametrize(
    "schedule",
    [Schedule.POLYNOMIAL, pytest.param(Schedule.CONSTANT, marks=pytest.mark.full), Schedule.ITERATIVE],
)
def test_training_reaches_the_sparsity_on_every_layer(schedule: Schedule) -> None:
    fix_seeds(1)
    model = zoo.depthwise()
    done = pruning.prune(
        model, sparsity=0.75, schedule=schedule, epochs=5, rounds=3, training=_training(model)
    )
    for row in done.zeros:
        assert row.part == pytest.approx(0.75, abs=max(0.011, 1.5 / row.weights)), row.layer
    assert any("depth" in note and "TFMOT does not prune it" in note for note in done.notes)
    assert len(done.history.loss) == 5
    assert [layer.name for layer in done.model.layers if "prune" in layer.name] == []


def test_layers_that_tfmot_refuses_are_pruned_by_the_tool() -> None:
    fix_seeds(1)
    model = awkward.attention()
    done = pruning.prune(model, sparsity=0.6, epochs=3, training=_training(model))
    assert total_sparsity(done.model) == pytest.approx(0.6, abs=0.02)
    assert any("MultiHeadAttention" in note for note in done.notes)


def test_layers_by_name_and_exclusions() -> None:
    done = pruning.prune(
        zoo.residual(), sparsity=0.5, schedule=ONE_SHOT, layers={"a*": 0.9}, exclude=["stem", "scores"]
    )
    parts = {row.layer: row.part for row in done.zeros}
    assert parts["stem"] == parts["scores"] == 0
    assert parts["a1"] == pytest.approx(0.9, abs=0.01)
    assert parts["b1"] == pytest.approx(0.5, abs=0.01)
    assert any("excluded" in note for note in done.notes)


def test_a_name_that_no_layer_bears_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no layer with weights has this name"):
        pruning.prune(zoo.plain(), schedule=ONE_SHOT, exclude=["secnd"])


def test_training_without_data_is_an_error() -> None:
    with pytest.raises(TrainingError, match="needs data"):
        pruning.prune(zoo.plain(), sparsity=0.5)


def test_two_of_four() -> None:
    done = pruning.prune(zoo.residual(), sparsity=0.5, schedule=ONE_SHOT, pattern=pattern_of("2:4"))
    kernel = done.model.get_layer("b2").get_weights()[0]
    zeros = (kernel == 0).reshape(9, 4, 4, 16).sum(axis=2)
    assert (zeros == 2).all()
    assert any(
        note.startswith("stem: left dense, the pattern does not fit its 3x3x3x8") for note in done.notes
    )


def test_blocks() -> None:
    kept = magnitude_mask(np.random.default_rng(0).normal(size=(3, 3, 8, 16)), 0.75, pattern_of("4x2"))
    assert kept is not None
    blocks = kept.reshape(9 * 2, 4, 8, 2).sum(axis=(1, 3))
    assert set(np.unique(blocks)) == {0, 8}
    assert kept.mean() == pytest.approx(0.25, abs=0.01)


def _blocks_of(kernel: Any, outputs: int) -> Any:
    """Weights left in each block of so many outputs and one input; edges filled with zeros."""
    matrix = (kernel != 0).reshape(-1, kernel.shape[-1])
    padded = np.pad(matrix, ((0, 0), (0, -matrix.shape[1] % outputs)))
    return padded.reshape(len(matrix), -1, outputs).sum(axis=2)


def test_blocks_at_an_edge_are_smaller() -> None:
    weight = np.random.default_rng(0).normal(size=(3, 3, 5, 10))
    kept = magnitude_mask(weight, 0.8, pattern_of("1x4"))
    assert kept is not None
    left = _blocks_of(kept, 4)
    assert set(np.unique(left[:, :2])) == {0, 4}
    assert set(np.unique(left[:, 2])) == {0, 2}
    assert (left > 0).mean() == pytest.approx(0.2, abs=0.005)
    # the blocks that stay are those of the largest mean magnitude, the small ones at the edge not at a
    # disadvantage
    means = np.abs(weight[..., :8]).reshape(-1, 2, 4).mean(axis=2)
    assert means[left[:, :2] > 0].min() > means[left[:, :2] == 0].max()
    edge = np.abs(weight[..., 8:]).reshape(-1, 2).mean(axis=1)
    assert edge[left[:, 2] > 0].min() > means[left[:, :2] == 0].max()


@pytest.mark.parametrize(
    "schedule", [Schedule.POLYNOMIAL, pytest.param(Schedule.ITERATIVE, marks=pytest.mark.full)]
)
def test_blocks_come_along_the_schedule(schedule: Schedule) -> None:
    fix_seeds(1)
    model = zoo.depthwise()
    done = pruning.prune(
        model,
        sparsity=0.75,
        schedule=schedule,
        epochs=4,
        pattern=pattern_of("1x4"),
        training=_training(model),
    )
    seen = 0
    for layer in done.model.layers:
        for kernel in prunable_weights(layer):
            value = kernel.numpy()
            if value.shape[-1] < 4:
                assert any(
                    note.startswith(f"{layer.name}: left dense, the pattern does not fit")
                    for note in done.notes
                )
                continue
            seen += 1
            left = _blocks_of(value, 4)
            assert set(np.unique(left)) <= {0, 4, value.shape[-1] % 4}
            assert (left == 0).mean() == pytest.approx(0.75, abs=max(0.01, 1.5 / left.size))
    assert seen > 1


@pytest.mark.parametrize("text", ["", "4:2", "2:2", "1x1", "0:4", "a", "2-4"])
def test_patterns_that_are_none(text: str) -> None:
    with pytest.raises(ConfigError, match="no such sparsity pattern"):
        pattern_of(text)


def test_notes_say_which_kernel_takes_the_blocks() -> None:
    for words, dense, kernels in (("4x2", "1x4", 2), ("4x2", "4x2", 1), ("3x2", "1x4", 1), ("2:4", "2:4", 0)):
        done = pruning.prune(
            zoo.residual(),
            sparsity=0.5,
            schedule=ONE_SHOT,
            pattern=pattern_of(words),
            dense_pattern=pattern_of(dense),
        )
        said = [note for note in done.notes if "engine" in note]
        assert len(said) == 2, done.notes
        assert sum("kernel `blocks` skips them whole" in note for note in said) == kernels, said


def test_patterns() -> None:
    assert pattern_of("2:4") == Pattern(zeros=2, group=4)
    assert pattern_of("1x4") == Pattern(rows=1, columns=4)


def test_patterns_train_at_a_fixed_place() -> None:
    fix_seeds(1)
    model = zoo.plain()
    done = pruning.prune(
        model,
        sparsity=0.5,
        schedule=Schedule.CONSTANT,
        epochs=2,
        pattern=pattern_of("2:4"),
        training=_training(model),
    )
    kernel = done.model.get_layer("hidden").get_weights()[0]
    assert ((kernel == 0).reshape(-1, 4, 16).sum(axis=1) == 2).all()


def test_threshold() -> None:
    model = zoo.plain()
    done = threshold.zero_below(model, 0.05)
    assert done.changed == sum(row.zeros for row in done.zeros) > 0
    for layer in done.model.layers:
        for kernel in prunable_weights(layer):
            value = np.abs(kernel.numpy())
            assert ((value == 0) | (value >= 0.05)).all()
    assert threshold.zero_below(model, 0.0).changed == 0


@pytest.mark.parametrize("make", [zoo.plain, zoo.depthwise, awkward.lstm], ids=lambda make: make.__name__)
def test_clusters_keep_zeros(make: Any) -> None:
    fix_seeds(1)
    model = make()
    pruned = pruning.prune(model, sparsity=0.5, schedule=ONE_SHOT).model
    done = clustering.cluster(pruned, clusters=6, epochs=2, training=_training(pruned))
    for layer in done.model.layers:
        for kernel in prunable_weights(layer):
            assert len(np.unique(kernel.numpy())) <= 6
    assert total_sparsity(done.model) >= total_sparsity(pruned)


def test_one_dimensional_k_means() -> None:
    weights = np.concatenate([np.full(50, -1.0), np.full(30, 0.5), np.zeros(20)]).astype("float32")
    noisy = weights + np.where(weights == 0, 0, np.random.default_rng(0).normal(0, 0.01, 100)).astype(
        "float32"
    )
    found = clustering.k_means(noisy, 3, True)
    assert len(np.unique(found)) == 3
    assert (found[weights == 0] == 0).all()
    np.testing.assert_allclose(found, weights, atol=0.05)


@pytest.mark.parametrize("keep_zeros", [True, False])
def test_the_zeros_are_one_of_the_clusters(keep_zeros: bool) -> None:
    """Weights without gaps use every value there is; zeros that stay are one of these values, not
    one more.
    """
    weights = np.random.default_rng(1).uniform(0.5, 4, 400).astype("float32")
    weights[::5] = 0
    found = clustering.k_means(weights, 6, keep_zeros)
    assert len(np.unique(found)) == 6
    assert (found[::5] == 0).all() or not keep_zeros


def test_seeds_decide() -> None:
    model = awkward.lstm()
    weights = [
        pruning.prune(model, epochs=1, training=_training(model)).model.get_weights() for _ in range(2)
    ]
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_zeros_come_back_where_they_outgrow_others() -> None:
    """A kernel that begins upside down, what is needed smallest: held zeros never find it, moving ones do."""
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(256, 8)).astype(np.float32)
    needed = np.array([1.0, -1.0, 1.0, -1.0, 0, 0, 0, 0], np.float32)
    samples = Samples(inputs, inputs @ needed)
    lost = {}
    for regrow in (False, True):
        fix_seeds(1)
        net = keras2().Sequential([keras2().Input((8,)), keras2().layers.Dense(1, name="sum")])
        start = np.where(needed != 0, 0.01, 0.5).astype(np.float32)
        net.get_layer("sum").set_weights([start[:, None], np.zeros(1, np.float32)])
        done = pruning.prune(
            net, sparsity=0.5, schedule=Schedule.CONSTANT, epochs=40, learning_rate=0.05,
            regrow=regrow, training=Training(task_for(net, samples), samples),
        )  # fmt: skip
        kernel = done.model.get_layer("sum").get_weights()[0][:, 0]
        assert (kernel == 0).sum() == 4
        lost[regrow] = float(np.abs(kernel - needed).max())
    assert lost[False] > 0.9
    assert lost[True] < 0.1


def test_as_many_zeros_as_there_are() -> None:
    model = zoo.plain()
    once = pruning.prune(model, sparsity=0.5, schedule=ONE_SHOT, layers={"*": 0.3}).model
    options = parse('[[stage]]\nuse = "prune"\nschedule = "one_shot"\nshare = "kept"', "x").stages[0].options
    context = Context(None, None, lambda student, inside=0.0: None, lambda spec: None, 0)
    again = pruning.TECHNIQUE.apply(options, once, context).model
    for first, second in zip(once.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(first, second)
    for words in ('schedule = "one_shot"', 'pattern = "2:4"\nschedule = "constant"'):
        with pytest.raises(ConfigError, match="regrow"):
            parse(f'[[stage]]\nuse = "prune"\nregrow = true\n{words}', "x")
