"""What a compiler leaves of the loads in hot loops: pairs and lists of registers, hardly a lone one.

A load by itself costs a Cortex-M4 2.6 cycles, one of a pair 1.1 a word.
"""

from __future__ import annotations

from functools import lru_cache, partial

import numpy as np
import pytest

from tests.emulated.programs import board
from tests.lib import layers
from tinyml_compress.devices import CostClass
from tinyml_compress.frontend import write
from tinyml_compress.ops.base import Level
from tinyml_compress.ops.numerics import Padding
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners.emulated import Firmware, build_firmware
from tinyml_compress.runners.emulated.classes import BlockClasses, classify_block
from tinyml_compress.support.instruction_sets import Family, Isa


@lru_cache(maxsize=1)
def _firmware() -> Firmware:
    """A layer for each of the kernels, and many weights, which make room for Winograd's."""
    rng = np.random.default_rng(3)
    conv, depthwise = (
        partial(layer, rng, stride=(1, 1), dilation=(1, 1), padding=Padding.SAME, plain=True)
        for layer in (layers.conv, layers.depthwise)
    )
    graph = layers.merged(
        [
            conv(image=(8, 28), in_c=16, out_c=8, kernel=(3, 3), groups=1),
            conv(image=(5, 6), in_c=16, out_c=8, kernel=(1, 1), groups=1),
            depthwise(image=(9, 9), in_c=8, multiplier=1, kernel=(3, 3)),
            layers.fully_connected(rng, in_c=100, out_c=60, lead=(1,), plain=True),
        ]
    )
    return build_firmware(compile_model(write(graph), "m", Isa.DSP.sets, Level.SPEED), board("cortex-m4"))


def _whole(function: str) -> BlockClasses:
    image = _firmware().image
    named = [name for name in image.symbols if name.startswith(function)]
    assert named, f"{function} is in none of the kernels"
    start = image.symbols[named[0]] & ~1
    end = min(address & ~1 for address in image.symbols.values() if address & ~1 > start)
    at, code = next((at, code) for at, code in image.segments if at <= start < at + len(code))
    return classify_block(bytes(code[start - at : end - at]), start, Family.THUMB)


@pytest.mark.parametrize(
    ("function", "runs", "pairs"),
    [("tc_conv_two_", 5, 37), ("tc_winograd_sums", 3, 51), ("tc_depthwise_lines_1", 2, 6)],
)
def test_loads_come_in_pairs(function: str, runs: int, pairs: int) -> None:
    classes = _whole(function).classes
    assert classes[CostClass.LOAD_RUN] <= runs
    assert classes[CostClass.LOAD_PAIR] >= pairs


def test_pixels_widen_in_one_run() -> None:
    classes = _whole("tc_conv_widen").classes
    assert (classes[CostClass.LOAD_RUN], classes[CostClass.LOAD]) == (1, 4)
