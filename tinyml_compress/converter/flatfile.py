"""What a .tflite file holds, for people who convert: operators by name, tensors, ports. No TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.errors import ModelError
from tinyml_compress.formats import flat, schema
from tinyml_compress.ir import DType, Quant


@dataclass(frozen=True)
class FileTensor:
    """One tensor; `dtype` is None for kinds without numbers (strings, resources)."""

    name: str
    shape: tuple[int, ...]
    dtype: DType | None
    quant: Quant | None
    const: bool


@dataclass(frozen=True)
class FileOperator:
    """One operator, by its name in the schema; custom ones carry their own name."""

    name: str
    inputs: tuple[FileTensor, ...]
    outputs: tuple[FileTensor, ...]
    subgraph: int = 0
    custom: bool = False


@dataclass(frozen=True)
class FlatFile:
    """The whole file; inputs and outputs are those of the first subgraph."""

    operators: tuple[FileOperator, ...]
    inputs: tuple[FileTensor, ...]
    outputs: tuple[FileTensor, ...]

    @property
    def operator_names(self) -> tuple[str, ...]:
        """Every kind of operator once, in alphabetical order."""
        return tuple(sorted({operator.name for operator in self.operators}))


def read(data: bytes) -> FlatFile:
    """The contents of a .tflite file that the converter wrote; ModelError when it is damaged."""
    model = flat.decode(data)
    tensors = [_tensors(model, graph) for graph in model.graphs]
    operators = tuple(
        _operator(operator, tensors[number], number)
        for number, graph in enumerate(model.graphs)
        for operator in graph.operators
    )
    return FlatFile(operators, _at(tensors[0], model.inputs), _at(tensors[0], model.outputs))


def _operator(operator: flat.FlatOperator, tensors: tuple[FileTensor, ...], subgraph: int) -> FileOperator:
    name = operator.custom if operator.custom is not None else schema.OPERATOR_NAMES.get(operator.number)
    if name is None:
        raise ModelError("an operator is not in the schema", which=f"operator number {operator.number}")
    given = tuple(
        index for index in operator.inputs if index >= 0
    )  # -1 stands for an optional input left out
    return FileOperator(
        name, _at(tensors, given), _at(tensors, operator.outputs), subgraph, operator.custom is not None
    )


def _at(tensors: tuple[FileTensor, ...], places: tuple[int, ...]) -> tuple[FileTensor, ...]:
    for place in places:
        if not 0 <= place < len(tensors):
            raise ModelError(
                "the .tflite file is damaged",
                which=f"it names tensor {place}",
                allowed=f"0 to {len(tensors) - 1}",
                next_step="convert the model again",
            )
    return tuple(tensors[place] for place in places)


def _tensors(model: flat.FlatModel, graph: flat.FlatGraph) -> tuple[FileTensor, ...]:
    return tuple(
        FileTensor(
            name=tensor.name or f"tensor_{index}",
            shape=tensor.shape,
            dtype=schema.DTYPE_OF.get(tensor.type),
            quant=_quant(tensor.quant),
            const=tensor.buffer < len(model.buffers) and model.buffers[tensor.buffer].data.size > 0,
        )
        for index, tensor in enumerate(graph.tensors)
    )


def _quant(quant: flat.FlatQuant | None) -> Quant | None:
    if quant is None or not quant.scales:
        return None
    zeros = quant.zero_points or (0,)
    full = zeros if len(zeros) == len(quant.scales) else zeros[:1] * len(quant.scales)
    return Quant(quant.scales, full, quant.axis if len(quant.scales) > 1 else None)
