"""RISC-V boards beyond RV32IMC: whole numbers as on an ESP32-C3, and floats where the core has them."""

from __future__ import annotations

import struct

import pytest

from tests.emulated.programs import INPUT, board, counted, one_node, program
from tests.lib.nets import NETS
from tinyml_compress.devices import CostClass
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest

BOARDS = ("esp32-c6", "esp32-p4", "ch32v307", "andes-d25f")
WITH_FLOATS = BOARDS[1:]


@pytest.mark.parametrize("name", BOARDS)
def test_whole_numbers_take_what_they_take_on_an_esp32_c3(name: str) -> None:
    mine, other = counted(program(), name), counted(program(), "esp32-c3")
    assert mine.outputs == other.outputs
    assert mine.counts == other.counts
    assert not board(name).core.calibration.calibrated
    assert board(name).core.calibration.error >= 0.35


@pytest.mark.parametrize("name", WITH_FLOATS)
def test_floats_are_computed_by_the_core_and_counted(name: str) -> None:
    source = one_node(
        """
    float sum = 1.0f;
    for (int i = 1; i < 16; i++) {
        sum = sum * (float)(int8_t)arena[i] + 0.5f;
    }
    *(float *)(void *)(arena + 32) = sum / 3.0f;
"""
    )
    value = 1.0
    for one in INPUT[1:]:
        value = struct.unpack("<f", struct.pack("<f", value * one))[0]
        value = struct.unpack("<f", struct.pack("<f", value + 0.5))[0]
    done = counted(source, name)
    assert done.outputs[0] == struct.pack("<f", value / 3.0)
    classes = done.counts.nodes[0].classes
    assert classes[CostClass.FLOAT_DIVIDE] == 1
    assert classes[CostClass.FLOAT] >= 30


def test_a_net_has_the_bytes_of_tensorflow_lite_micro() -> None:
    for run in measured(NETS["keyword"](), BenchmarkRequest(BOARDS, vectors=2)).runs:
        assert run.bit_exact is not None
        assert run.bit_exact.mismatches == 0
