"""Kernels of Helium but those of convolutions and dense layers: TFLM's bytes, with their intrinsics in C."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.lib import layers
from tests.lib.aot import assert_bit_exact
from tests.lib.proof import models_of
from tests.ops import (
    test_add,
    test_logistic,
    test_mean,
    test_minimum,
    test_mul,
    test_pad,
    test_products,
    test_products_wide,
    test_reduce_max,
    test_relu,
    test_resize_bilinear,
    test_resize_nearest_neighbor,
    test_sub,
    test_svdf,
    test_tanh,
    test_transpose,
    test_transpose_conv,
)
from tests.ops import test_unidirectional_sequence_lstm as test_lstm
from tinyml_compress.ir import Graph
from tinyml_compress.ops.base import Isa, Level
from tinyml_compress.ops.numerics import Padding
from tinyml_compress.pipeline.compile.verb import compile_model

Rng = np.random.Generator
Maker = Callable[[Rng], Graph]


def depthwise_any(rng: Rng) -> Graph:
    """Kernels and steps of all kinds."""
    return layers.depthwise(
        rng,
        image=(int(rng.integers(1, 14)), int(rng.integers(1, 14))),
        in_c=layers.pick(rng, (1, 2, 3, 8)),
        multiplier=layers.pick(rng, (1, 1, 2)),
        kernel=(layers.pick(rng, (1, 2, 3, 5)), layers.pick(rng, (1, 3, 4, 5))),
        stride=(layers.pick(rng, (1, 2, 3)), layers.pick(rng, (1, 2))),
        padding=Padding.SAME,
        batch=layers.pick(rng, (1, 1, 2)),
        plain=True,
    )


def difference(rng: Rng) -> Graph:
    """What DSP kernels take of ADD, subtracted."""
    graph = test_add.flat(rng)
    return graph.rebuilt(nodes=(replace(graph.nodes[0], op="SUB"),))


DEPTHWISE = "tc_s8_depthwise_conv_2d_"
TAKEN: dict[Maker, tuple[str, ...]] = {
    test_products.depthwise_3x3: (f"{DEPTHWISE}fours", f"{DEPTHWISE}fours_relu"),
    test_products.depthwise_3x3_stride_2: (f"{DEPTHWISE}twos", f"{DEPTHWISE}twos_relu"),
    depthwise_any: (f"{DEPTHWISE}ones", f"{DEPTHWISE}parts"),
    layers.MAKERS["AVERAGE_POOL_2D"]: ("tc_s8_average_pool_2d",),
    layers.MAKERS["MAX_POOL_2D"]: ("tc_s8_max_pool_2d",),
    layers.MAKERS["SOFTMAX"]: ("tc_s8_softmax",),
    test_mean.make: ("tc_s8_sum_rescale",),
    test_reduce_max.reduce: ("tc_s8_reduce_extreme",),
    test_add.flat: ("tc_s8_add_weighted",),
    difference: ("tc_s8_sub_weighted",),
    test_sub.make: ("tc_s8_sub_weighted",),
    test_mul.make: ("tc_s8_mul", "tc_s16_mul"),
    test_relu.make: ("tc_x8_lookup", "tc_s16_rescale"),
    test_logistic.int16: ("tc_s16_logistic",),
    test_tanh.int16: ("tc_s16_tanh",),
    test_products_wide.MAKERS["conv"]: ("tc_s16_conv_2d_strips",),
    test_products_wide.MAKERS["depthwise"]: ("tc_s16_depthwise_conv_2d_lanes",),
    test_transpose_conv.make: ("tc_s8_transpose_conv", "tc_s16_transpose_conv"),
    test_svdf.svdf: ("tc_s8_svdf", "tc_s16_svdf"),
    test_lstm.lstm_s8: ("tc_s8_unidirectional_sequence_lstm",),
    test_lstm.lstm_s16: ("tc_s16_unidirectional_sequence_lstm",),
    test_minimum.make: ("tc_s8_minmax", "tc_s16_minmax"),
    test_transpose.make: ("tc_x8_move", "tc_x8_move_rows"),
    test_pad.make: ("tc_x8_fill",),
    test_resize_bilinear.make: ("tc_s8_resize_bilinear",),
    test_resize_bilinear.in_sixteenths: ("tc_s8_resize_bilinear_words",),
    test_resize_nearest_neighbor.make: ("tc_x8_resize_nearest",),
}
"""What is for these operators."""


def taken(models: list[bytes], level: Level) -> set[str]:
    programs = (compile_model(model, "m", Isa.MVE.sets, level) for model in models)
    return {node.kernel for program in programs for node in program.nodes}


@pytest.mark.parametrize("make", list(TAKEN), ids=lambda make: make.__name__)
def test_helium_takes_its_operators(make: Maker) -> None:
    models = models_of(make, 10, 3)
    assert {f"{stem}__mve" for stem in TAKEN[make]} <= taken(models, Level.SPEED)
    assert_bit_exact(models, isas=Isa.MVE.sets, level=Level.SPEED, count=1)


@pytest.mark.parametrize("make", [test_add.flat, difference], ids=lambda make: make.__name__)
def test_sums_step_by_step(make: Maker) -> None:
    """Where no weighted sum gives the same, which is rare."""
    asked = (("*", "lanes"),)
    assert_bit_exact(models_of(make, 6, 5), isas=Isa.MVE.sets, level=Level.SPEED, count=2, asked=asked)


@pytest.mark.full
@pytest.mark.parametrize("make", list(TAKEN), ids=lambda make: make.__name__)
@pytest.mark.parametrize("level", list(Level), ids=[level.value for level in Level])
def test_helium_on_many(make: Maker, level: Level) -> None:
    assert_bit_exact(models_of(make, 150, 4), isas=Isa.MVE.sets, level=level, count=3)
