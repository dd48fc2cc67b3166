"""SignalEnergy equals TFLM byte for byte, within the part of the spectrum that it computes."""

from __future__ import annotations

import numpy as np

from tests.lib.graphs import single, tensor
from tests.lib.proof import Rng, many, refused, sample
from tinyml_compress.frontend import write
from tinyml_compress.ir import DType, Graph
from tinyml_compress.ops.signal_energy.op import SignalEnergyAttrs
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native, tflm


def energies(bins: int, start: int, end: int) -> Graph:
    spectrum, energy = tensor("x", (2 * bins,), dtype=DType.INT16), tensor("y", (bins,), dtype=DType.UINT32)
    return single("SignalEnergy", [spectrum], energy, SignalEnergyAttrs(end, start))


def make(rng: Rng) -> Graph:
    bins = int(rng.choice([1, 2, 9, 33, 129]))
    return energies(bins, 0, bins)


test_sample = sample(make, 8)
test_many = many(make, 40)


def test_a_part_of_the_spectrum() -> None:
    model = write(energies(33, 5, 20))
    spectrum = np.random.default_rng(1).integers(-32768, 32768, 66).astype(np.int16)
    (ours,) = native.load([compile_model(model, "m")])
    found, expected = ours.invoke([spectrum])[0], tflm.Interpreter(model).invoke([spectrum])[0]
    assert np.array_equal(found[5:20], expected[5:20])
    assert not found[:5].any()
    assert not found[20:].any()


def test_refuses() -> None:
    refused(energies(4, 0, 5), "end_index", "0 to 4")
    refused(energies(4, 4, 3), "start_index", "0 to 3")
