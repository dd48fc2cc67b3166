"""Convolutions, fully-connected layers, pools and softmax: TFLM's bytes on seeded random single-operator
models.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
import pytest

from tests.lib import layers
from tests.lib.aot import assert_bit_exact, every_isa
from tests.lib.forms import int16
from tests.lib.layers import MAKERS, pick
from tinyml_compress.frontend import write
from tinyml_compress.ir import Graph
from tinyml_compress.ops.base import Level
from tinyml_compress.ops.numerics import Padding
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.support.instruction_sets import Isa

Rng = np.random.Generator
Maker = Callable[[Rng], Graph]

SAMPLE = 14
MANY = 240
BOTH = Isa.DSP.sets


def seeded(make: Maker, salt: int, index: int) -> Graph:
    return make(np.random.default_rng([zlib.crc32(make.__name__.encode()), salt, index]))


@pytest.mark.parametrize("op", list(MAKERS))
@every_isa
def test_sample_equals_tflm(op: str, isas: tuple[Isa, ...]) -> None:
    models = [write(seeded(MAKERS[op], 1, index)) for index in range(SAMPLE)]
    assert_bit_exact(models, isas=isas, level=Level.SPEED, count=2)


@pytest.mark.full
@pytest.mark.parametrize("op", list(MAKERS))
@every_isa
@pytest.mark.parametrize("level", list(Level), ids=[level.value for level in Level])
def test_many_equal_tflm(op: str, isas: tuple[Isa, ...], level: Level) -> None:
    salt = 2 + list(Level).index(level)
    assert_bit_exact(
        [write(seeded(MAKERS[op], salt, i)) for i in range(MANY)], isas=isas, level=level, count=3
    )


# --- every kernel on the shapes it is for -------------------------------------------------------------------


def image(rng: Rng, least: int, most: int) -> tuple[int, int]:
    return int(rng.integers(least, most + 1)), int(rng.integers(least, most + 1))


def words(rng: Rng) -> Graph:
    kernel = (pick(rng, (1, 1, 2, 3, 3, 5)), pick(rng, (1, 1, 2, 3, 3, 4)))
    return layers.conv(
        rng,
        image=image(rng, 5, 9),
        in_c=pick(rng, (4, 8, 12, 16, 36)),
        out_c=pick(rng, (1, 2, 3, 5, 8, 13)),
        kernel=kernel,
        dilation=(1, 1) if rng.random() < 0.7 else (1, 2),
        groups=1,
        batch=pick(rng, (1, 1, 2)),
        plain=True,
    )


def pointwise(rng: Rng) -> Graph:
    return layers.conv(
        rng,
        image=image(rng, 1, 7),
        in_c=pick(rng, (4, 8, 16, 64, 68, 128)),
        out_c=pick(rng, (2, 3, 16, 24)),
        kernel=(1, 1),
        stride=(1, 1),
        groups=1,
        plain=True,
    )


def many_channels(rng: Rng) -> Graph:
    """More than are unpacked into scratch."""
    return layers.conv(
        rng, image=(2, 3), in_c=4, out_c=514, kernel=(1, 2), stride=(1, 1), groups=1, plain=True
    )


def single_bytes(rng: Rng) -> Graph:
    return layers.conv(
        rng,
        image=image(rng, 6, 11),
        in_c=pick(rng, (1, 1, 2, 3, 3, 5, 7)),
        out_c=pick(rng, (1, 2, 3, 8, 9)),
        kernel=(pick(rng, (1, 3, 4, 6)), pick(rng, (1, 3, 4, 5))),
        groups=1,
        plain=True,
    )


def scaled(rng: Rng) -> Graph:
    """Channels in fours whose outputs come from a ReLU, and whose sums can be scaled."""
    while True:
        graph = layers.conv(
            rng,
            image=image(rng, 1, 7),
            in_c=pick(rng, (4, 8, 12, 16, 36)),
            out_c=pick(rng, (4, 8, 12, 16)),
            kernel=((1, 1), (3, 3), (1, 3))[rng.integers(3)],
            groups=1,
            plain=True,
        )
        if graph.views()[0].output_quant().zero_point == -128 and any(
            name.endswith("_scaled__dsp") for name in kernels(write(graph))
        ):
            return graph


def winograd(rng: Rng) -> Graph:
    """Beside a layer of many weights, which make room in flash."""
    rows, columns = int(rng.integers(6, 12)), int(rng.integers(26, 33))
    valid = bool(rng.random() < 0.4)
    conv = layers.conv(
        rng,
        image=(rows + 2, columns + 2) if valid else (rows, columns),
        in_c=pick(rng, (8, 16, 24)),
        out_c=pick(rng, (2, 6)),
        kernel=(3, 3),
        stride=(1, 1),
        dilation=(1, 1),
        padding=Padding.VALID if valid else Padding.SAME,
        groups=1,
        plain=True,
    )
    return layers.merged([conv, layers.fully_connected(rng, in_c=100, out_c=60, lead=(1,), plain=True)])


def sparse(rng: Rng) -> Graph:
    """Few weights that are not zero, some far apart, some channels without any."""
    return layers.conv(
        rng,
        image=image(rng, 5, 11),
        in_c=pick(rng, (3, 9, 16, 32, 64, 128)),
        out_c=pick(rng, (5, 8, 11, 16)),
        kernel=((1, 1), (3, 3), (3, 2), (1, 3))[rng.integers(4)],
        dilation=(1, 1) if rng.random() < 0.7 else (2, 2),
        groups=1,
        batch=pick(rng, (1, 1, 2)),
        plain=True,
        density=float(rng.choice([0.004, 0.1, 0.2])),
    )


def depthwise_3x3(rng: Rng) -> Graph:
    return layers.depthwise(
        rng,
        image=image(rng, 1, 12),
        in_c=pick(rng, (1, 2, 3, 4, 8, 9, 16)),
        multiplier=1,
        kernel=(3, 3),
        stride=(1, 1),
        dilation=(1, 1),
        padding=Padding.SAME,
        batch=pick(rng, (1, 1, 2)),
        plain=True,
    )


def depthwise_3x3_wide(rng: Rng) -> Graph:
    """Planes too large for four whole ones at once: a band of lines after the other, or one plane."""
    sizes, strides = ((40, 35), (35, 41), (26, 48)), ((1, 1), (2, 2), (1, 2), (2, 1))
    return layers.depthwise(
        rng,
        image=sizes[pick(rng, (0, 1, 2))],
        in_c=pick(rng, (4, 8)),
        multiplier=1,
        kernel=(3, 3),
        stride=strides[pick(rng, (0, 0, 0, 1, 1, 1, 2, 3))],
        dilation=(1, 1),
        plain=True,
    )


def depthwise_3x3_stride_2(rng: Rng) -> Graph:
    return layers.depthwise(
        rng,
        image=image(rng, 3, 13),
        in_c=pick(rng, (1, 3, 4, 8)),
        multiplier=1,
        kernel=(3, 3),
        stride=(2, 2),
        dilation=(1, 1),
        batch=pick(rng, (1, 1, 2)),
        plain=True,
    )


def depthwise_plane(rng: Rng) -> Graph:
    kernel = ((5, 5), (7, 1), (1, 9), (2, 4), (3, 3))[rng.integers(5)]
    return layers.depthwise(
        rng,
        image=image(rng, 9, 13),
        in_c=pick(rng, (1, 3, 4, 8)),
        multiplier=pick(rng, (2, 3)) if kernel == (3, 3) else pick(rng, (1, 1, 2, 3)),
        kernel=kernel,
        dilation=(1, 1),
        plain=True,
    )


def depthwise_column(rng: Rng) -> Graph:
    """Taps one behind the other, an output one pixel wide."""
    width = pick(rng, (1, 1, 1, 3))
    taps = pick(rng, (1, 2, 5, 15))
    dilation = pick(rng, (1, 1, 2)) if width == 1 else 1
    return layers.depthwise(
        rng,
        image=((taps - 1) * dilation + pick(rng, (1, 1, 4, 9)), width),
        in_c=pick(rng, (4, 8, 12)),
        multiplier=1,
        kernel=(taps, width),
        stride=(pick(rng, (1, 1, 2)), 1),
        dilation=(dilation, 1),
        padding=Padding.VALID,
        batch=pick(rng, (1, 1, 2)),
        plain=True,
    )


def depthwise_frames(rng: Rng) -> Graph:
    """The same frame by frame, any number of outputs: blocks of four and what is left."""
    taps = pick(rng, (2, 3, 4, 5, 6, 10, 15))
    return layers.depthwise(
        rng,
        image=(taps + int(rng.integers(1, 14)), 1),
        in_c=pick(rng, (4, 8, 12)),
        multiplier=1,
        kernel=(taps, 1),
        stride=(1, 1),
        dilation=(1, 1),
        padding=Padding.VALID,
        batch=pick(rng, (1, 1, 2)),
        plain=True,
    )


def single_taps(rng: Rng) -> Graph:
    """Pixels in place, some behind the end of the last vector."""
    return layers.conv(
        rng,
        image=image(rng, 2, 7),
        in_c=pick(rng, (1, 3, 8, 16, 20, 64)),
        out_c=pick(rng, (1, 2, 3, 4, 7, 16)),
        kernel=(1, 1),
        stride=((1, 1), (1, 1), (2, 2), (1, 3))[rng.integers(4)],
        padding=Padding.VALID,
        groups=1,
        batch=pick(rng, (1, 1, 2)),
        plain=True,
    )


def columns(rng: Rng) -> Graph:
    """Images one pixel wide, which lie in memory as rows do; long ones are cut into strips."""
    groups = pick(rng, (1, 1, 1, 2))
    return layers.conv(
        rng,
        image=(pick(rng, (2, 7, 32, 129)), 1),
        in_c=groups * pick(rng, (1, 4, 8, 24)),
        out_c=groups * pick(rng, (1, 4, 7, 8)),
        kernel=(pick(rng, (1, 3, 7, 8)), 1),
        stride=(pick(rng, (1, 1, 2, 4)), pick(rng, (1, 3))),
        groups=groups,
        batch=pick(rng, (1, 1, 2)),
        plain=True,
    )


def windows(rng: Rng) -> Graph:
    """Any window, groups too; wide ones are cut into strips."""
    if rng.random() < 0.25:
        return columns(rng)
    groups = pick(rng, (1, 1, 1, 2, 3))
    return layers.conv(
        rng,
        image=image(rng, 6, 12) if rng.random() < 0.7 else (3, 40),
        in_c=groups * pick(rng, (1, 2, 3, 8, 16, 18, 33)),
        out_c=groups * pick(rng, (1, 3, 4, 6, 8)),
        kernel=(pick(rng, (1, 2, 3, 3, 5)), pick(rng, (2, 3, 3, 4))),
        groups=groups,
        batch=pick(rng, (1, 1, 2)),
        plain=True,
    )


def one_pixel(rng: Rng) -> Graph:
    return layers.conv(rng, image=(1, 1), kernel=(1, 1), groups=1, out_c=pick(rng, (2, 4, 7)))


def fully_connected(rng: Rng) -> Graph:
    return layers.fully_connected(rng, plain=True)


def octets(rng: Rng) -> Graph:
    """A multiple of eight outputs; rows of inputs whose sums may pass 2^23, and such that may not."""
    return layers.fully_connected(
        rng, in_c=pick(rng, (1, 3, 9, 40, 128, 300, 640)), out_c=pick(rng, (8, 16, 40)), plain=True
    )


def eights(rng: Rng) -> Graph:
    """A multiple of eight channels; windows of any number of values."""
    return layers.conv(
        rng, image=image(rng, 1, 8), in_c=pick(rng, (1, 3, 4, 16)), out_c=pick(rng, (8, 16, 24)), groups=1
    )


def sparse_fully_connected(rng: Rng) -> Graph:
    """Few weights that are not zero, singly or in blocks of four outputs, some far apart."""
    return layers.fully_connected(
        rng,
        in_c=pick(rng, (40, 128, 300, 700)),
        out_c=pick(rng, (4, 8, 12, 16, 7)),
        plain=True,
        density=float(rng.choice([0.002, 0.1, 0.2])),
    )


KERNELS: dict[Maker, str] = {
    words: "tc_s8_conv_2d_words",
    pointwise: "tc_s8_conv_2d_words",
    many_channels: "tc_s8_conv_2d_bytes",
    scaled: "tc_s8_conv_2d_",
    single_bytes: "tc_s8_conv_2d_bytes",
    winograd: "tc_s8_conv_2d_winograd",
    sparse: "tc_s8_conv_2d_sparse__dsp",
    depthwise_3x3: "tc_s8_depthwise_conv_2d_3x3_",
    depthwise_3x3_wide: "tc_s8_depthwise_conv_2d_3x3",
    depthwise_3x3_stride_2: "tc_s8_depthwise_conv_2d_3x3s2_",
    depthwise_plane: "tc_s8_depthwise_conv_2d_plane__dsp",
    depthwise_column: "tc_s8_depthwise_conv_2d_column",
    depthwise_frames: "tc_s8_depthwise_conv_2d_column_pairs__dsp",
    one_pixel: "tc_s8_fully_connected",
    fully_connected: "tc_s8_fully_connected_",
    octets: "tc_s8_fully_connected_octets__dsp",
    eights: "tc_s8_conv_2d_",
    sparse_fully_connected: "tc_s8_fully_connected_",
}


def fully_connected_wide(rng: Rng) -> Graph:
    return int16(layers.fully_connected)(rng)


ON_HELIUM: dict[Maker, str] = {
    fully_connected: "eights",
    fully_connected_wide: "fours",
    single_taps: "pixels",
    windows: "strips",
}
"""What the kernels of Helium take at any size, and their families."""


def kernels(model: bytes, isas: tuple[Isa, ...] = BOTH) -> set[str]:
    return {node.kernel for node in compile_model(model, "m", isas, Level.SPEED).nodes}


@pytest.mark.parametrize("make", list(KERNELS), ids=lambda make: make.__name__)
def test_kernels_are_for_these_shapes(make: Maker) -> None:
    models = [write(seeded(make, 5, index)) for index in range(6)]
    taken = [any(name.startswith(KERNELS[make]) for name in kernels(model)) for model in models]
    assert sum(taken) >= 4
    assert_bit_exact(models, isas=BOTH, level=Level.SPEED, count=1)


@pytest.mark.parametrize("make", list(ON_HELIUM), ids=lambda make: make.__name__)
def test_helium_at_any_size(make: Maker) -> None:
    models = [write(seeded(make, 7, index)) for index in range(12)]
    asked = (("*", ON_HELIUM[make]),)
    assert_bit_exact(models, isas=Isa.MVE.sets, level=Level.SPEED, count=2, asked=asked)


def test_helium_is_taken_where_it_is_there() -> None:
    rng = np.random.default_rng(8)
    dense = layers.fully_connected(rng, in_c=100, out_c=24, plain=True)
    wide = layers.conv(rng, image=(6, 6), in_c=16, out_c=8, kernel=(3, 3), groups=1, plain=True)
    single = layers.conv(
        rng, image=(6, 6), in_c=16, out_c=8, kernel=(1, 1), stride=(1, 1), groups=1, plain=True
    )
    assert [kernels(write(graph), Isa.MVE.sets) for graph in (dense, wide, single)] == [
        {"tc_s8_fully_connected_eights__mve"},
        {"tc_s8_conv_2d_strips__mve"},
        {"tc_s8_conv_2d_pixels__mve"},
    ]


@pytest.mark.parametrize("make", [octets, eights], ids=lambda make: make.__name__)
def test_eight_channels_in_plain_c(make: Maker) -> None:
    models = [write(seeded(make, 7, index)) for index in range(8)]
    taken = [name for model in models for name in kernels(model, (Isa.C,)) if name.endswith("_halves__c")]
    assert len(taken) >= 4
    assert_bit_exact(models, level=Level.SPEED, count=1)


@pytest.mark.full
@pytest.mark.parametrize("make", list(KERNELS), ids=lambda make: make.__name__)
@every_isa
def test_kernels_on_many_shapes(make: Maker, isas: tuple[Isa, ...]) -> None:
    models = [write(seeded(make, 6, index)) for index in range(80)]
    assert_bit_exact(models, isas=isas, level=Level.SPEED, count=3)
