"""Zeros shared out by what they cost in score and buy on a device; blocks that survive int8 training and
conversion.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.lib import keras_models as zoo
from tinyml_compress import frontend
from tinyml_compress.data import DataSet
from tinyml_compress.devices import Host, load_device
from tinyml_compress.errors import ConfigError, TrainingError, UsageError
from tinyml_compress.models import LoadedModel, ModelFormat, Origin
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compress.layer_prices import LayerPrices
from tinyml_compress.pipeline.compress.plan import plan_blocks
from tinyml_compress.pipeline.compress.verb import compress
from tinyml_compress.support.backend import fix_seeds
from tinyml_compress.support.table_text import blocks_text
from tinyml_compress.techniques import pruning
from tinyml_compress.techniques._sharing import LEVELS, choose_levels
from tinyml_compress.techniques.allocation import Currency, Price, allocate
from tinyml_compress.techniques.patterns import Pattern, Patterns
from tinyml_compress.techniques.pruning import Schedule
from tinyml_compress.techniques.recipe import parse
from tinyml_compress.techniques.sparsity import prunable_weights, zeros_of
from tinyml_compress.techniques.training import Samples

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own

_LADDER = (0.0, *LEVELS)
_BOARD = "nucleo-l4r5zi"


def _straight(full: float) -> list[float]:
    """A price that falls in proportion to the zeros."""
    return [full * (1 - level) for level in _LADDER]


def _harm(worst: float) -> list[float]:
    return [worst * level**4 for level in _LADDER]


def test_the_layer_that_buys_most_for_its_harm_goes_first() -> None:
    values = {"cheap": _straight(10.0), "dear": _straight(1000.0), "frail": _straight(1000.0)}
    harms = {"cheap": _harm(10.0), "dear": _harm(10.0), "frail": _harm(90.0)}
    found = choose_levels(values, harms, dict.fromkeys(values, 100), sparsity=0.5)
    assert found["dear"] > found["frail"] > found["cheap"]
    assert sum(found.values()) == pytest.approx(1.5, abs=1e-3)  # exactly the half of all weights


def test_a_little_sparsity_that_costs_more_than_none_is_leapt_over() -> None:
    values = {"a": [100.0, 140.0, 120.0, 110.0, 60.0, 50.0, 40.0, 30.0], "b": _straight(50.0)}
    found = choose_levels(values, {"a": _harm(5.0), "b": _harm(5.0)}, {"a": 100, "b": 100}, sparsity=0.4)
    assert found == {"a": 0.8, "b": 0.5}  # 0.3 would have been enough for a, and slower than dense
    assert (
        choose_levels(values, {"a": _harm(5.0), "b": _harm(50.0)}, {"a": 100, "b": 9}, sparsity=0.8)["a"]
        > 0.8
    )


def test_a_budget_ends_the_choice() -> None:
    values = {"a": _straight(600.0), "b": _straight(300.0)}
    harms = {"a": _harm(20.0), "b": _harm(20.0)}
    found = choose_levels(values, harms, {"a": 10, "b": 1000}, sparsity=0.9, budget=0.7, floor=100.0)
    assert found == {"a": 0.5, "b": 0.0}  # 700 of 1000 are left
    found = choose_levels(values, harms, {"a": 10, "b": 1000}, sparsity=0.9, budget=0.4, floor=100.0)
    assert 100.0 + 600.0 * (1 - found["a"]) + 300.0 * (1 - found["b"]) <= 0.4 * 1000
    # what cannot be reached ends at the highest level instead of for ever
    assert choose_levels(values, harms, {"a": 10, "b": 10}, sparsity=0.0, budget=0.01) == {
        "a": 0.95,
        "b": 0.95,
    }


class _Prices:
    """Cycles are the weights left, times what a layer's weight costs; flash is the weights left."""

    def __init__(self, per_weight: Mapping[str, float]) -> None:
        self._per_weight = per_weight
        self.calls = 0

    def __call__(self, model: Any) -> Mapping[str, Price]:
        self.calls += 1
        left = {row.layer: row.weights - row.zeros for row in zeros_of(model)}
        return {name: Price(left[name] * cost, left[name]) for name, cost in self._per_weight.items()}


def _samples(model: Any) -> Samples:
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(48, *model.input_shape[1:])).astype("float32")
    return Samples(inputs, generator.integers(0, model.output_shape[-1], 48))


def test_sparsities_add_up_and_the_model_stays() -> None:
    fix_seeds(1)
    model = zoo.plain()
    before = [weight.copy() for weight in model.get_weights()]
    prices = _Prices({"first": 100.0, "second": 50.0, "hidden": 1.0})
    samples = _samples(model)
    runs = [
        allocate(
            model,
            samples.inputs,
            prices,
            currency=Currency.CYCLES,
            sparsity=0.6,
            fixed=lambda name: name == "first",
            patterns=Patterns(Pattern(rows=4, columns=2), Pattern(rows=1, columns=4)),
        )
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    found = runs[0]
    assert set(found.sparsities) == {"second", "hidden"}
    assert found.sparsity == pytest.approx(0.6, abs=0.001)
    assert any(note.startswith("scores (Dense): pruned like all others") for note in found.notes)
    assert found.rest == Price(100.0 * 72, 72)  # the layer that was not up for choice
    for row in found.layers:
        assert row.pruned.nbytes == pytest.approx(row.weights * (1 - row.sparsity), abs=8)
    assert prices.calls == 2 * (len(LEVELS) + 2)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    with pytest.raises(TrainingError, match="no layer to share the zeros out to"):
        allocate(model, samples.inputs, _Prices({}), currency=Currency.FLASH, sparsity=0.5)


_STAGE = """
[[stage]]
use = "prune"
"""


def test_words_of_the_recipe() -> None:
    for text, words in (
        ('allocate = "time"', "no such choice"),
        ('allocate = "cycles"\npattern = "2:4"\nschedule = "constant"', "leaves nothing to choose"),
        ("budget = 0.5", "need allocate"),
        ('device = "nucleo-l4r5zi"', "need allocate"),
        ('dense_pattern = "4x"', "no such sparsity pattern"),
    ):
        with pytest.raises(ConfigError, match=words):
            parse(_STAGE + text, "mine")
    for device, words in ((None, "for which board"), ("host", "an emulated board")):
        with pytest.raises(UsageError, match=words):
            plan_blocks("zoo:digits_cnn", parse(_STAGE + 'allocate = "flash"', "mine"), device)
    plan = plan_blocks("zoo:digits_cnn", parse(_STAGE + 'allocate = "flash"', "mine"), _BOARD)
    assert "allocate" in blocks_text(plan)


def test_a_plan_of_training_in_int8_is_whole_on_a_narrow_terminal() -> None:
    plan = plan_blocks("zoo:digits_cnn", parse('[[stage]]\nuse = "qat"\n[[stage]]\nuse = "convert"', "mine"))
    for columns in (40, 80, 120, None):
        text = " ".join(blocks_text(plan, columns).split())
        for word in ("conv1_bn", "folded", "digits_softmax", "an int8 softmax always ranges from 0 to 1"):
            assert word in text, columns


_BLOCKS = """
seed = 1
[[stage]]
use = "prune"
sparsity = 0.75
share = "alike"
pattern = "4x2"
dense_pattern = "1x4"
epochs = 1
{allocate}
[[stage]]
use = "qat"
preserve = "sparsity"
epochs = 1
[[stage]]
use = "convert"
"""


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained-looking net with a normalization, and data for it."""
    folder = tmp_path_factory.mktemp("allocation")
    fix_seeds(2)
    model = zoo.residual()
    model.save(folder / "net.keras")
    samples = _samples(model)
    np.savez(folder / "set.npz", inputs=samples.inputs, labels=samples.labels)
    return folder


def _weights(content: bytes) -> dict[str, Any]:
    """Weights by operator and shape."""
    graph = frontend.read(content, "net")
    found = {}
    for node in graph.nodes:
        if node.op in ("CONV_2D", "FULLY_CONNECTED"):
            tensor = graph.tensors[str(node.inputs[1])]
            found[f"{node.name}"] = np.asarray(tensor.data)
    return found


def _assert_blocks(weights: Mapping[str, Any]) -> None:
    """Zeros of the file, in the blocks of the recipe."""
    for name, value in weights.items():
        rows = value.reshape(-1, value.shape[-1])
        if value.ndim == 2:  # 4 outputs x 1 input
            padded = np.pad(rows, ((0, -len(rows) % 4), (0, 0))).reshape(-1, 4, rows.shape[1])
            whole, axis = padded, 1
        elif value.shape[-1] % 4:
            continue  # three colours: smaller than a block
        else:  # 4 inputs x 2 outputs of one tap
            outputs, taps, inputs = value.shape[0], value.shape[1] * value.shape[2], value.shape[3]
            whole = value.reshape(outputs // 2, 2, taps, inputs // 4, 4).transpose(0, 2, 3, 1, 4)
            whole, axis = whole.reshape(-1, 8), 1
        left = np.any(whole != 0, axis=axis)
        assert left.mean() == pytest.approx(0.25, abs=0.06), name
        # a block that stays keeps nearly all its weights; a few are rounded to zero
        assert (whole != 0).sum() > 0.7 * left.mean() * value.size, name


def test_blocks_survive_int8_training_and_conversion(net: Path, tmp_path: Path) -> None:
    recipe = parse(_BLOCKS.format(allocate=""), "mine")
    done = compress(net / "net.keras", recipe, net / "set.npz", output=tmp_path / "out", use_cache=False)
    assert done.tflite is not None
    weights = _weights(done.tflite.read_bytes())
    assert len(weights) == 7
    _assert_blocks(weights)


@pytest.mark.full
def test_zeros_are_shared_out_by_what_the_engine_makes_of_them(net: Path, tmp_path: Path) -> None:
    recipe = parse(_BLOCKS.format(allocate='allocate = "cycles"'), "mine")
    results = [
        compress(
            net / "net.keras", recipe, net / "set.npz", output=tmp_path / name, device=_BOARD, use_cache=False
        )
        for name in ("one", "two")
    ]
    stages = [json.loads((tmp_path / name / "report.json").read_text())["stages"] for name in ("one", "two")]
    assert stages[0][0]["allocation"] == stages[1][0]["allocation"]
    head, *rows = stages[0][0]["allocation"]
    assert head[:3] == ["layer", "weights", "zeros"]
    assert {row[0] for row in rows} == {"a1", "a2", "b1", "b2", "short", "scores"}
    assert len({row[2] for row in rows}) > 1  # not one number for all
    zeros = sum(float(row[2].rstrip("%")) * int(row[1].replace(",", "")) for row in rows)
    assert zeros / sum(int(row[1].replace(",", "")) for row in rows) == pytest.approx(75, abs=1)
    assert "zeros by cycles on nucleo-l4r5zi at speed" in results[0].summary()
    assert "stem: left dense, the pattern does not fit its 3x3x3x8 kernel" in results[0].summary()
    first, second = (result.tflite for result in results)
    assert first is not None
    assert second is not None
    assert first.read_bytes() == second.read_bytes()


def test_prices_come_from_the_compiled_model() -> None:
    """Layers are found again behind folded normalizations, and zeros make them cheaper."""
    fix_seeds(3)
    model = zoo.depthwise()
    norm = model.get_layer("stem_norm")
    norm.set_weights(
        [np.linspace(-2, 2, value.size).reshape(value.shape) ** 2 + 0.1 for value in norm.get_weights()]
    )
    inputs = np.random.default_rng(0).normal(size=(16, 9, 9, 2)).astype("float32")
    data = DataSet("noise", inputs)
    device = load_device(_BOARD)
    assert not isinstance(device, Host)
    prices = LayerPrices(LoadedModel(model, Origin("net", ModelFormat.KERAS2, "0")), data, device, Level.SIZE)
    dense = prices(model)
    assert {"stem", "depth", "point", "separable", "scores"} <= set(dense)
    assert dense["point"].nbytes == model.get_layer("point").get_weights()[0].size
    thin = pruning.prune(model, sparsity=0.0, layers={"point": 0.9}, schedule=Schedule.ONE_SHOT).model
    kernel = prunable_weights(thin.get_layer("point"))[0].numpy()
    assert (kernel == 0).mean() == pytest.approx(0.9, abs=0.01)
    pruned = prices(thin)
    assert pruned["point"].nbytes < 0.5 * dense["point"].nbytes
    assert pruned["point"].cycles < dense["point"].cycles
    assert pruned["stem"].nbytes == dense["stem"].nbytes
    # what lies behind it in flash moved, and its tables may straddle other words
    assert pruned["stem"].cycles == pytest.approx(dense["stem"].cycles, rel=0.01)
    alike = tuple(replace(node, name="1") for node in prices._graph.nodes)  # as the converter names some
    prices._graph = prices._graph.rebuilt(nodes=alike)
    assert prices(model) == dense
