"""SignalRfft and SignalIrfft equal TFLM byte for byte, in fixed point and float."""

from __future__ import annotations

import numpy as np
import pytest

from tests.lib.graphs import single
from tests.lib.proof import Rng, many, pick, refused, sample
from tinyml_compress.frontend import write
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops._fft import FftAttrs, FftType
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native

TYPES = ((DType.INT16, FftType.INT16), (DType.INT32, FftType.INT32), (DType.FLOAT32, FftType.FLOAT32))
LENGTHS = (4, 6, 8, 10, 12, 16, 20, 24, 30, 32, 50, 60, 64, 90, 128, 150, 256, 320, 512)


def rfft_of(kind: tuple[DType, FftType], length: int, given: int, frames: tuple[int, ...] = ()) -> Graph:
    x, y = Tensor("x", (*frames, given), kind[0]), Tensor("y", (*frames, length + 2), kind[0])
    return single("SignalRfft", [x], y, FftAttrs(kind[1], length))


def irfft_of(kind: tuple[DType, FftType], length: int, frames: tuple[int, ...] = ()) -> Graph:
    x, y = Tensor("x", (*frames, length + 2), kind[0]), Tensor("y", (*frames, length), kind[0])
    return single("SignalIrfft", [x], y, FftAttrs(kind[1], length))


def rfft(rng: Rng) -> Graph:
    length = pick(rng, LENGTHS)
    given = length if rng.random() < 0.5 else int(rng.integers(1, length + 1))
    return rfft_of(pick(rng, TYPES), length, given, pick(rng, ((), (1,), (2, 3))))


def irfft(rng: Rng) -> Graph:
    return irfft_of(pick(rng, TYPES), pick(rng, LENGTHS), pick(rng, ((), (1,), (2, 3))))


test_rfft = sample(rfft, 30)
test_irfft = sample(irfft, 30)
test_many_rffts = many(rfft, 80)
test_many_irffts = many(irfft, 80)


@pytest.mark.parametrize("length", [64, 60])
def test_there_and_back_is_the_input(length: int) -> None:
    """Independent of the interpreter: numpy's transform, and the input again."""
    kind = TYPES[2]
    programs = [
        compile_model(write(rfft_of(kind, length, length)), "there"),
        compile_model(write(irfft_of(kind, length)), "back"),
    ]
    there, back = native.load(programs)
    given = np.random.default_rng(1).standard_normal(length).astype(np.float32)
    spectrum = there.invoke([given])[0].astype(np.float32)
    wanted = np.fft.rfft(given)
    np.testing.assert_allclose(spectrum, np.stack([wanted.real, wanted.imag], -1).reshape(-1), atol=1e-5)
    np.testing.assert_allclose(back.invoke([spectrum])[0].astype(np.float32), given, atol=1e-6)


def test_refuses() -> None:
    kind = TYPES[0]
    refused(rfft_of(kind, 14, 14), "fft_length", "14")
    refused(rfft_of(kind, 9, 9), "fft_length", "9")
    refused(rfft_of(kind, 16, 17), "values of a frame", "17")
    x, y = Tensor("x", (16,), DType.INT16), Tensor("y", (16,), DType.INT16)
    refused(single("SignalRfft", [x], y, FftAttrs(FftType.INT16, 16)), "values of a spectrum", "18")
    refused(single("SignalRfft", [x], y, FftAttrs(FftType.INT32, 16)), "element type", "i16")
