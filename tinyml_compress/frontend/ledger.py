"""Where the bytes of a .tflite file go: counted from its tables, for any file, known operators or not."""

from __future__ import annotations

import gzip
from collections.abc import Iterable

import numpy as np
import tflite

from tinyml_compress.formats.flat import decode, decoding
from tinyml_compress.results import Ledger


def ledger(file: bytes) -> Ledger:
    """The ledger of a .tflite file; ModelError when it is damaged."""
    flat = decode(file)
    held = {tensor.buffer for graph in flat.graphs for tensor in graph.tensors}
    weights = sum(flat.buffers[index].data.nbytes for index in held if index < len(flat.buffers))
    metadata = sum(buffer.data.nbytes for index, buffer in enumerate(flat.buffers) if index not in held)
    with decoding("names and quantization"):
        model = tflite.Model.GetRootAs(file, 0)
        tensors = [
            graph.Tensors(index)
            for graph in (model.Subgraphs(number) for number in range(model.SubgraphsLength()))
            for index in range(graph.TensorsLength())
        ]
        quantization = _quantization_bytes([tensor.Quantization() for tensor in tensors])
        names = _unique_bytes(
            [model.Description(), *(tensor.Name() for tensor in tensors), *_signature_names(model)]
        )
    structure = len(file) - weights - quantization - names - metadata
    return Ledger(
        file=len(file),
        weights=weights,
        quantization=quantization,
        names=names,
        metadata=metadata,
        structure=structure,
        gzip=len(gzip.compress(file, 9, mtime=0)),
    )


def _quantization_bytes(quants: Iterable[tflite.QuantizationParameters | None]) -> int:
    """Bytes of the vectors; one that several tensors share counts once."""
    sizes: dict[int, int] = {}
    for quant in quants:
        if quant is not None:
            for vector in (
                quant.ScaleAsNumpy(),
                quant.ZeroPointAsNumpy(),
                quant.MinAsNumpy(),
                quant.MaxAsNumpy(),
            ):
                if isinstance(vector, np.ndarray):
                    sizes[vector.__array_interface__["data"][0]] = vector.nbytes
    return sum(sizes.values())


def _signature_names(model: tflite.Model) -> Iterable[bytes | None]:
    for index in range(model.SignatureDefsLength()):
        signature = model.SignatureDefs(index)
        yield signature.SignatureKey()
        for number in range(signature.InputsLength()):
            yield signature.Inputs(number).Name()
        for number in range(signature.OutputsLength()):
            yield signature.Outputs(number).Name()


def _unique_bytes(names: Iterable[bytes | None]) -> int:
    """Bytes of the strings, with their length word and final zero."""
    return sum(len(name) + 5 for name in names if name is not None)
