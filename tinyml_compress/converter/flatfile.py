"""What a .tflite file holds, read with the `tflite` package: operators, tensors, ports. No TensorFlow."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import tflite

from tinyml_compress.errors import ModelError
from tinyml_compress.ir import DType, Quant

__all__ = ["FlatFile", "FlatOperator", "FlatTensor", "read"]

_DTYPES = {
    "FLOAT64": DType.FLOAT64,
    "FLOAT32": DType.FLOAT32,
    "FLOAT16": DType.FLOAT16,
    "INT64": DType.INT64,
    "UINT64": DType.UINT64,
    "INT32": DType.INT32,
    "UINT32": DType.UINT32,
    "INT16": DType.INT16,
    "UINT16": DType.UINT16,
    "INT8": DType.INT8,
    "UINT8": DType.UINT8,
    "INT4": DType.INT4,
    "BOOL": DType.BOOL,
}


@dataclass(frozen=True)
class FlatTensor:
    """One tensor; `dtype` is None for kinds without numbers (strings, resources)."""

    name: str
    shape: tuple[int, ...]
    dtype: DType | None
    quant: Quant | None
    const: bool


@dataclass(frozen=True)
class FlatOperator:
    """One operator, by its name in the schema; custom ones carry their own name."""

    name: str
    inputs: tuple[FlatTensor, ...]
    outputs: tuple[FlatTensor, ...]
    subgraph: int = 0
    custom: bool = False


@dataclass(frozen=True)
class FlatFile:
    """The whole file; inputs and outputs are those of the first subgraph."""

    operators: tuple[FlatOperator, ...]
    inputs: tuple[FlatTensor, ...]
    outputs: tuple[FlatTensor, ...]

    @property
    def operator_names(self) -> tuple[str, ...]:
        """Every kind of operator once, in alphabetical order."""
        return tuple(sorted({operator.name for operator in self.operators}))


def read(data: bytes) -> FlatFile:
    """The contents of a .tflite file that the converter wrote."""
    try:
        model = tflite.Model.GetRootAs(data, 0)
        operators: list[FlatOperator] = []
        for index in range(model.SubgraphsLength()):
            operators.extend(_operators(model, index))
        first = model.Subgraphs(0)
        inputs = tuple(_tensor(model, first, int(i)) for i in first.InputsAsNumpy())
        outputs = tuple(_tensor(model, first, int(i)) for i in first.OutputsAsNumpy())
    except (struct.error, IndexError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise ModelError(
            "not a sound .tflite file", found=f"{type(error).__name__}: {error}", next_step="convert the model again"
        ) from error
    return FlatFile(tuple(operators), inputs, outputs)


@lru_cache(maxsize=1)
def _operator_names() -> dict[int, str]:
    found = vars(tflite.BuiltinOperator)
    return {number: name for name, number in found.items() if isinstance(number, int) and name.isupper()}


@lru_cache(maxsize=1)
def _type_names() -> dict[int, str]:
    return {number: name for name, number in vars(tflite.TensorType).items() if isinstance(number, int)}


def _operators(model: tflite.Model, subgraph: int) -> list[FlatOperator]:
    graph = model.Subgraphs(subgraph)
    found = []
    for index in range(graph.OperatorsLength()):
        operator = graph.Operators(index)
        code = model.OperatorCodes(operator.OpcodeIndex())
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        custom = number == tflite.BuiltinOperator.CUSTOM
        name = code.CustomCode().decode(errors="replace") if custom else _operator_names()[number]
        inputs = [int(i) for i in operator.InputsAsNumpy()] if operator.InputsLength() else []
        outputs = [int(i) for i in operator.OutputsAsNumpy()] if operator.OutputsLength() else []
        found.append(
            FlatOperator(
                name,
                tuple(_tensor(model, graph, i) for i in inputs if i >= 0),
                tuple(_tensor(model, graph, i) for i in outputs),
                subgraph,
                custom,
            )
        )
    return found


def _tensor(model: tflite.Model, graph: tflite.SubGraph, index: int) -> FlatTensor:
    tensor = graph.Tensors(index)
    name = tensor.Name()
    buffer = model.Buffers(tensor.Buffer())
    return FlatTensor(
        name=name.decode(errors="replace") if name else f"tensor_{index}",
        shape=tuple(int(size) for size in tensor.ShapeAsNumpy()) if tensor.ShapeLength() else (),
        dtype=_DTYPES.get(_type_names().get(tensor.Type(), "")),
        quant=_quant(tensor.Quantization()),
        const=buffer is not None and buffer.DataLength() > 0,
    )


def _quant(quant: tflite.QuantizationParameters | None) -> Quant | None:
    if quant is None or not quant.ScaleLength():
        return None
    scales = tuple(float(scale) for scale in np.asarray(quant.ScaleAsNumpy()))
    zeros = tuple(int(zero) for zero in np.asarray(quant.ZeroPointAsNumpy())) if quant.ZeroPointLength() else (0,)
    axis = int(quant.QuantizedDimension()) if len(scales) > 1 else None
    return Quant(scales, zeros if len(zeros) == len(scales) else zeros[:1] * len(scales), axis)
