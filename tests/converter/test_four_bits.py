"""Weights of four bits: steps found again among those of int8, and the same outputs in half the bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.lib import layers
from tests.lib.aot import assert_bit_exact
from tinyml_compress.converter import ConvertSettings, Mode
from tinyml_compress.converter.four_bits import four_bits, steps_of_rows
from tinyml_compress.errors import UsageError
from tinyml_compress.frontend.writer import write
from tinyml_compress.ir import DType, Graph, Quant

MAKERS = {"conv": layers.conv, "depthwise": layers.depthwise, "fully_connected": layers.fully_connected}


def test_steps_are_found_again_whatever_the_largest_is() -> None:
    generator = np.random.default_rng(0)
    for most in range(1, 8):
        whole = generator.integers(-most, most + 1, (20, 30))
        whole[:, 0] = most
        scales = generator.uniform(0.001, 3.0, 20)
        int8 = most * scales / 127
        seen = np.round(whole * scales[:, None] / int8[:, None]) * int8[:, None]
        values, found, was_on_steps = steps_of_rows(seen, int8)
        assert was_on_steps
        np.testing.assert_allclose(values * found[:, None], whole * scales[:, None], atol=1e-9)


def test_weights_on_no_such_steps_are_told() -> None:
    rows = np.random.default_rng(1).normal(size=(4, 64))
    values, scales, was_on_steps = steps_of_rows(rows, np.abs(rows).max(axis=1) / 127)
    assert not was_on_steps
    assert np.abs(values * scales[:, None] - rows).max() <= 0.51 * scales.max()
    assert steps_of_rows(np.zeros((1, 3)), np.full(1, 0.1))[2]


def _on_steps(graph: Graph, seed: int) -> Graph:
    """The graph with weights that are whole steps of fifteen, as the converter would hand them on."""
    node = graph.nodes[0]
    weights = graph.tensors[node.inputs[1] or ""]
    assert weights.quant is not None
    assert weights.data is not None
    coarse = np.random.default_rng(seed).integers(-7, 8, weights.shape)
    axis = 3 if node.op == "DEPTHWISE_CONV_2D" else 0
    rows = np.moveaxis(coarse, axis, 0)
    rows.reshape(rows.shape[0], -1)[:, 0] = 7
    data = np.round(np.moveaxis(rows, 0, axis) * 127 / 7).astype(np.int8)
    scales = weights.quant.scales
    quant = Quant(scales[:1], (0,)) if node.op == "FULLY_CONNECTED" else weights.quant
    return graph.rebuilt(tensors={**graph.tensors, weights.name: replace(weights, data=data, quant=quant)})


@pytest.mark.parametrize("kind", MAKERS)
def test_half_the_bytes_and_the_same_bits_in_every_engine(kind: str) -> None:
    graph = _on_steps(MAKERS[kind](np.random.default_rng(3)), 4)
    done = four_bits(graph)
    assert len(done.narrow) == 1
    assert not done.rounded
    assert not list(done.notes())
    before = graph.tensors[graph.nodes[0].inputs[1] or ""]
    after = done.graph.tensors[done.graph.nodes[0].inputs[1] or ""]
    assert after.dtype is DType.INT4
    assert before.quant is not None
    assert after.quant is not None
    assert before.data is not None
    assert after.data is not None
    np.testing.assert_allclose(after.quant.scales[0] * 7, before.quant.scales[0] * 127, rtol=1e-5)
    np.testing.assert_array_equal(np.round(after.data * (127 / 7)), before.data)
    assert_bit_exact([write(done.graph)])


def test_a_layer_that_was_spared_keeps_eight_bits() -> None:
    """Rounded only where no layer was prepared; most of the weights decide."""
    rng = np.random.default_rng(3)
    steps, dense = _on_steps(MAKERS["depthwise"](rng), 4), MAKERS["fully_connected"](rng)
    weights = dense.tensors[dense.nodes[0].inputs[1] or ""]
    values = np.linspace(-127, 127, weights.elements).reshape(weights.shape).astype(np.int8)
    spared = dense.rebuilt(tensors={**dense.tensors, weights.name: replace(weights, data=values)})
    both = layers.merged([steps, spared])
    done = four_bits(both)
    assert (len(done.narrow), done.rounded) == (1, ())
    assert [why for _, why in done.left] == ["its weights were not put on fifteen steps as the others' were"]
    assert_bit_exact([write(done.graph)])
    alone = four_bits(spared)
    assert alone.rounded == alone.narrow != ()


def test_what_has_no_such_form_keeps_eight_bits() -> None:
    graph = MAKERS["conv"](np.random.default_rng(3))
    wide = {
        name: replace(tensor, dtype=DType.INT16)
        if tensor.dtype is DType.INT8 and not tensor.is_const
        else tensor
        for name, tensor in graph.tensors.items()
    }
    done = four_bits(graph.rebuilt(tensors=wide))
    assert not done.narrow
    assert "INT16" in next(iter(done.notes()))


def test_the_settings_say_what_goes_with_it() -> None:
    made: list[dict[str, Any]] = [
        {"mode": Mode.INT16X8, "weight_bits": 4},
        {"weight_bits": 5},
        {"weight_bits": 4, "wide": ("a",)},
    ]
    for given in made:
        with pytest.raises(UsageError, match="so many bits"):
            ConvertSettings(**given)
