"""The operators of audio front ends that keep something: TFLM's bytes, frame after frame and
after a reset.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.lib.graphs import single, tensor
from tests.lib.proof import Rng, refused
from tinyml_compress.frontend import write
from tinyml_compress.ir import DType, Graph, Port, Tensor
from tinyml_compress.ops.signal_delay.op import SignalDelayAttrs
from tinyml_compress.ops.signal_filter_bank_spectral_subtraction.op import SpectralSubtractionAttrs
from tinyml_compress.ops.signal_framer.op import SignalFramerAttrs
from tinyml_compress.ops.signal_overlap_add.op import OverlapType, SignalOverlapAddAttrs
from tinyml_compress.ops.signal_stacker.op import SignalStackerAttrs
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native, tflm
from tinyml_compress.runners.vectors import random


def delay(rng: Rng) -> Graph:
    frame, rows = int(rng.integers(1, 20)), int(rng.integers(1, 4))
    x, y = (tensor(name, (rows, frame), dtype=DType.INT16) for name in "xy")
    return single("SignalDelay", [x], y, SignalDelayAttrs(int(rng.integers(1, 50))))


def overlap_add(rng: Rng) -> Graph:
    rows, frames, size = int(rng.integers(1, 3)), int(rng.integers(1, 4)), int(rng.integers(1, 20))
    step = int(rng.integers(1, size + 1))
    dtype, kind = ((DType.INT16, OverlapType.INT16), (DType.FLOAT32, OverlapType.FLOAT32))[
        int(rng.integers(2))
    ]
    x, y = Tensor("x", (rows, frames, size), dtype), Tensor("y", (rows, frames * step), dtype)
    return single("SignalOverlapAdd", [x], y, SignalOverlapAddAttrs(kind, step))


def framer(rng: Rng) -> Graph:
    size, rows, frames = int(rng.integers(1, 30)), int(rng.integers(1, 3)), int(rng.integers(1, 4))
    prefill = bool(rng.integers(2))
    step = int(rng.integers(1, size + 1 if prefill else size + 5))
    x, y = (
        tensor("x", (rows, frames * step), dtype=DType.INT16),
        tensor("y", (rows, frames, size), dtype=DType.INT16),
    )
    return single(
        "SignalFramer", [x], [y, tensor("v", (), dtype=DType.BOOL)], SignalFramerAttrs(size, step, prefill)
    )


def stacker(rng: Rng) -> Graph:
    channels, left, right = int(rng.integers(1, 12)), int(rng.integers(0, 5)), int(rng.integers(0, 4))
    attrs = SignalStackerAttrs(channels, left, right, int(rng.integers(1, left + right + 2)))
    x, y = (
        tensor("x", (channels,), dtype=DType.INT16),
        tensor("y", (channels * attrs.frames,), dtype=DType.INT16),
    )
    return single("SignalStacker", [x], [y, tensor("v", (), dtype=DType.BOOL)], attrs)


def spectral_subtraction(rng: Rng) -> Graph:
    channels = int(rng.integers(1, 40))
    one, other = int(rng.integers(0, 16385)), int(rng.integers(0, 16385))
    attrs = SpectralSubtractionAttrs(
        alternate_one_minus_smoothing=16384 - other,
        alternate_smoothing=other,
        clamping=bool(rng.integers(2)),
        min_signal_remaining=int(rng.integers(0, 2000)),
        num_channels=channels,
        one_minus_smoothing=16384 - one,
        smoothing=one,
        smoothing_bits=int(rng.choice([0, 4, 10])),
        spectral_subtraction_bits=14,
    )
    x, y, n = (tensor(name, (channels,), dtype=DType.UINT32) for name in "xyn")
    return single("SignalFilterBankSpectralSubtraction", [x], [y, n], attrs)


MAKERS = (delay, overlap_add, framer, stacker, spectral_subtraction)


def _frame(port: Port, rng: Rng) -> np.ndarray:  # type: ignore[type-arg]
    """Over the whole range; energies 12 bits below it, so that the noise can rise."""
    drawn = random(port, rng)
    return (drawn.astype(np.int64) >> 12).astype(np.uint32) if port.dtype is DType.UINT32 else drawn


def prove(make: Callable[[Rng], Graph], seed: int, frames: int) -> None:
    """One model, `frames` frames with a reset in the middle; what is not valid yet is not compared."""
    rng = np.random.default_rng([seed, len(make.__name__)])
    model = write(make(rng))
    program = compile_model(model, "m")
    (ours,) = native.load([program])
    oracle = tflm.Interpreter(model)
    compared = 0
    for frame in range(frames):
        if frame == frames // 2:
            ours.reset()
            oracle.reset()
        given = [_frame(port, rng) for port in program.inputs]
        found, expected = ours.invoke(given), oracle.invoke(given)
        if len(expected) == 2 and expected[1].dtype == np.bool_ and not expected[1]:
            assert not found[1]
            continue
        compared += 1
        for one, other in zip(found, expected, strict=True):
            assert one.tobytes() == other.tobytes(), (frame, one, other)
    assert compared > frames // 10


@pytest.mark.parametrize("make", MAKERS)
def test_frame_by_frame(make: Callable[[Rng], Graph]) -> None:
    for seed in range(3):
        prove(make, seed, 60)


@pytest.mark.full
@pytest.mark.parametrize("make", MAKERS)
def test_a_thousand_frames_of_many_models(make: Callable[[Rng], Graph]) -> None:
    for seed in range(10, 25):
        prove(make, seed, 1000)


def test_refuses() -> None:
    x, y = tensor("x", (10,), dtype=DType.INT16), tensor("y", (2, 4), dtype=DType.INT16)
    valid = tensor("v", (), dtype=DType.BOOL)
    refused(
        single("SignalFramer", [x], [y, valid], SignalFramerAttrs(4, 3, False)),
        "samples given",
        "multiple of 3",
    )
    refused(single("SignalDelay", [x], x, SignalDelayAttrs(0)), "delay_length", "0")
    refused(single("SignalStacker", [x], [x, valid], SignalStackerAttrs(10, 0, 0, 2)), "stacker_step", "2")
    frames = tensor("f", (2, 5), dtype=DType.INT16)
    wrong = single("SignalOverlapAdd", [frames], x, SignalOverlapAddAttrs(OverlapType.INT16, 6))
    refused(wrong, "frame_step", "1 to 5")
