"""Too few samples, one class, noise: told before anything runs; good samples are not complained of."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.lib.schema import validate
from tinyml_compress.data import DataSet
from tinyml_compress.pipeline.compress.samples import sample_warnings
from tinyml_compress.pipeline.compress.verb import compress
from tinyml_compress.results import encoded
from tinyml_compress.support.backend import fix_seeds, keras2
from tinyml_compress.techniques.recipe import parse

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own

PLAIN = parse('[[stage]]\nuse = "optimal_brain"\n[[stage]]\nuse = "convert"\n', "plain")
PTQ = parse('[[stage]]\nuse = "convert"\n', "ptq")
TRAINS = parse('[[stage]]\nuse = "prune"\n[[stage]]\nuse = "convert"\n', "trains")


@pytest.fixture(scope="module")
def net() -> Any:
    fix_seeds(1)
    layers = keras2().layers
    return keras2().Sequential(
        [keras2().Input((24,)), layers.Dense(24, activation="relu"), layers.Dense(4, activation="softmax")]
    )


def _waves(count: int, seed: int, labels: bool = True) -> DataSet:
    """Smooth curves, one frequency per class."""
    generator = np.random.default_rng(seed)
    kinds = np.arange(count) % 4
    phase = generator.uniform(0, 2 * np.pi, (count, 1))
    inputs = np.sin(np.arange(24) * (0.1 + 0.1 * kinds[:, None]) + phase).astype(np.float32)
    return DataSet("waves", inputs, kinds.astype(np.int64) if labels else None)


def test_good_samples_pass_in_silence(net: Any) -> None:
    for labels in (True, False):
        assert sample_warnings(PLAIN, net, _waves(100, 1, labels), _waves(60, 2)) == ()
    assert sample_warnings(TRAINS, net, _waves(100, 1), _waves(60, 2)) == ()
    assert sample_warnings(PLAIN, net, None, None) == ()


def test_few_are_counted_against_the_parameters(net: Any) -> None:
    (found,) = sample_warnings(TRAINS, net, _waves(12, 1), _waves(60, 2))
    assert "12 samples are few to train 700 parameters (01-prune); about 18 would do" in found
    assert "brain60-int8" in found
    (found,) = sample_warnings(PLAIN, net, _waves(12, 1, labels=False), _waves(60, 2))
    assert "12 samples are few to re-solve weights (01-optimal_brain): dense" in found
    assert "has 24 inputs per output, and a sample has 1 place to learn from; about 24 would do" in found
    assert "ptq-int8" in found
    (found,) = sample_warnings(PTQ, net, _waves(12, 1, labels=False), _waves(60, 2))
    assert "12 calibration samples: ranges of activations need 32 or more" in found


def test_a_picture_says_much_of_each_weight() -> None:
    layers = keras2().layers
    model = keras2().Sequential(
        [keras2().Input((12, 12, 1)), layers.Conv2D(40, 5), layers.GlobalAveragePooling2D(), layers.Dense(9)]
    )
    pictures = DataSet("pictures", np.random.default_rng(0).random((40, 12, 12, 1)).astype(np.float32))
    assert sample_warnings(PLAIN, model, pictures, None) == ()
    (found,) = sample_warnings(PLAIN, model, DataSet("few", pictures.inputs[:36]), None)
    assert "dense" in found
    assert "40 inputs per output" in found


def test_a_net_that_repeats_its_input_learns_from_normal_samples_alone() -> None:
    layers = keras2().layers
    repeats = keras2().Sequential([keras2().Input((24,)), layers.Dense(4), layers.Dense(24)])
    normal = _waves(100, 1)
    train = DataSet("normal", normal.inputs, np.zeros(100, np.int64))
    tests = DataSet("both", normal.inputs, np.arange(100) % 2)
    assert sample_warnings(PLAIN, repeats, train, tests) == ()


def test_other_kinds_are_noticed(net: Any) -> None:
    tests = _waves(60, 2)
    noise = DataSet("noise", np.random.default_rng(0).normal(0, 0.7, (100, 24)).astype(np.float32))
    found = sample_warnings(PLAIN, net, noise, tests)
    assert any(
        "of another kind than those that are scored: their step between neighbours" in one for one in found
    )
    loud = DataSet("loud", 40 * _waves(100, 1).inputs)
    assert any("their deviation is" in one for one in sample_warnings(PLAIN, net, loud, tests))
    waves = _waves(400, 1)
    assert waves.labels is not None
    kept = waves.labels == 2
    alone = DataSet("one", waves.inputs[kept], waves.labels[kept])
    found = sample_warnings(PLAIN, net, alone, tests)
    assert any("one class only (2), those that are scored of 4" in one for one in found)
    found = sample_warnings(PLAIN, net, alone, alone)
    assert any("scored of 1: " in one and "the score knows no other" in one for one in found)


def test_they_are_told_at_the_start_and_in_the_report(
    net: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    net.save(tmp_path / "net.keras")
    recipe = parse('[[stage]]\nuse = "threshold"\n', "small")
    with caplog.at_level(logging.WARNING):
        done = compress(
            tmp_path / "net.keras", recipe, _waves(12, 1), eval_data=_waves(60, 2), output=tmp_path / "out"
        )
    assert len(done.warnings) == 1
    assert done.warnings[0] in caplog.text
    assert f"warning: {done.warnings[0]}" in done.summary()
    document = encoded(done)
    assert document["warnings"] == list(done.warnings)
    validate(document)
