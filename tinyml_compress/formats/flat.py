"""The file's tables as plain values, decoded within bounds but not yet judged.

Everything that a damaged file can make the flatbuffers library raise is turned into a ModelError here, in
`decoding`. A file may point to the same bytes many times over, so the total of what is decoded is bounded
by the file's size (`_Budget`), and the number of tables by `MAX_TABLES`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt
import tflite
from flatbuffers.number_types import Int32Flags
from flatbuffers.table import Table

from tinyml_compress.errors import ModelError
from tinyml_compress.formats import schema
from tinyml_compress.ops.base import Options

MAX_TABLES = 16384
"""More tensors, operators or buffers than any model for a microcontroller has."""
MAX_SUBGRAPHS = 64
_TABLE_BYTES = 4
"""No table is smaller."""
_NAME_LETTERS = 512
"""Converters join the names of fused layers; longer ones are no names."""
_LETTER_BYTES = 4
_BUILTIN_CODE_SLOT = 10
"""Place of OperatorCode.builtin_code in its vtable."""
_LIBRARY_ERRORS = (struct.error, IndexError, ValueError, TypeError, OverflowError)
_NEXT = "convert the model again, or fetch the file anew; it is damaged or was not written by a converter"


@dataclass(frozen=True)
class FlatQuant:
    """Quantization as the file has it."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int


@dataclass(frozen=True)
class FlatTensor:
    """One tensor as the file has it; `name` is printable text, maybe empty."""

    name: str
    shape: tuple[int, ...]
    type: int
    buffer: int
    quant: FlatQuant | None
    variable: bool
    sparse: bool


@dataclass(frozen=True, eq=False)
class FlatBuffer:
    """Bytes of one buffer; `external` when they lie behind the flatbuffer's tables instead of in them."""

    data: npt.NDArray[np.uint8]
    external: bool


@dataclass(frozen=True, eq=False)
class FlatOperator:
    """One operator as the file has it. `custom` names an operator that is not of the schema."""

    number: int
    custom: str | None
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options_type: int
    options: Table | None
    extended_options: bool
    intermediates: tuple[int, ...] = ()
    custom_options: bytes = b""
    """Of an operator that is not of the schema: what `flex` reads."""


@dataclass(frozen=True, eq=False)
class FlatGraph:
    """One subgraph."""

    tensors: tuple[FlatTensor, ...]
    operators: tuple[FlatOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class FlatModel(FlatGraph):
    """The first subgraph, what belongs to it, and the others, which its control flow runs."""

    buffers: tuple[FlatBuffer, ...]
    bodies: tuple[FlatGraph, ...] = ()

    @property
    def graphs(self) -> tuple[FlatGraph, ...]:
        """All subgraphs, by their numbers in the file."""
        return (self, *self.bodies)


@contextmanager
def decoding(what: str) -> Iterator[None]:
    """The one place where an error of the flatbuffers library becomes ours."""
    try:
        yield
    except _LIBRARY_ERRORS as error:
        raise ModelError(
            "the .tflite file is damaged",
            which=what,
            found=f"{type(error).__name__}: {error}",
            next_step=_NEXT,
        ) from error


class _Budget:
    """How much may still be decoded; a sound file names each of its bytes about once."""

    def __init__(self, file_bytes: int) -> None:
        self._left = 16 * file_bytes + 65536

    def spend(self, amount: int) -> None:
        self._left -= amount
        if self._left < 0:
            raise ModelError(
                "the .tflite file is damaged",
                which="its tables refer to the same bytes over and over",
                allowed="every byte of the file decoded a few times",
                next_step=_NEXT,
            )


def decode(file: bytes) -> FlatModel:
    """Decode the whole file but for the options of its operators (see `option_values`)."""
    if file[4:8] != schema.IDENTIFIER:
        raise ModelError(
            "this is not a .tflite file",
            found=f"{len(file)} bytes, identifier {bytes(file[4:8])!r}",
            allowed=f"identifier {schema.IDENTIFIER!r} at byte 4",
            next_step="give a .tflite file; `convert` makes one of Keras, PyTorch and ONNX models",
        )
    budget = _Budget(len(file))
    with decoding("header"):
        model = tflite.Model.GetRootAs(file, 0)
        version = model.Version()
        subgraphs = model.SubgraphsLength()
    if version != schema.VERSION:
        raise ModelError(
            "unknown schema version of the .tflite file",
            found=version,
            allowed=schema.VERSION,
            next_step=_NEXT,
        )
    if subgraphs == 0:
        raise ModelError(
            "the .tflite file holds no graph", found="0 subgraphs", allowed="1 subgraph", next_step=_NEXT
        )
    if subgraphs > MAX_SUBGRAPHS:
        raise ModelError(
            "too many subgraphs", found=subgraphs, allowed=f"at most {MAX_SUBGRAPHS}", next_step=_NEXT
        )
    codes = _each(
        "operator code", model.OperatorCodesLength, model.OperatorCodes, lambda code: _code(code, budget)
    )
    first, *bodies = (_graph(model, number, codes, budget) for number in range(subgraphs))
    return FlatModel(
        tensors=first.tensors,
        operators=first.operators,
        inputs=first.inputs,
        outputs=first.outputs,
        buffers=_each("buffer", model.BuffersLength, model.Buffers, lambda one: _buffer(one, file)),
        bodies=tuple(bodies),
    )


def metadata(file: bytes, name: str) -> bytes | None:
    """What a sound file holds beside its graphs under that name."""
    with decoding("metadata"):
        model = tflite.Model.GetRootAs(file, 0)
        for index in range(model.MetadataLength()):
            entry = model.Metadata(index)
            if entry.Name() == name.encode():
                return _buffer(model.Buffers(entry.Buffer()), file).data.tobytes()
    return None


def _graph(model: Any, number: int, codes: Sequence[tuple[int, str | None]], budget: _Budget) -> FlatGraph:
    with decoding(f"subgraph {number}"):
        graph = model.Subgraphs(number)
        inputs, outputs = _ints(graph.InputsAsNumpy(), budget), _ints(graph.OutputsAsNumpy(), budget)
    return FlatGraph(
        tensors=_each("tensor", graph.TensorsLength, graph.Tensors, lambda tensor: _tensor(tensor, budget)),
        operators=_each(
            "operator",
            graph.OperatorsLength,
            graph.Operators,
            lambda operator: _operator(operator, codes, budget),
        ),
        inputs=inputs,
        outputs=outputs,
    )


def _each(what: str, length: Callable[[], int], get: Callable[[int], Any], make: Callable[[Any], Any]) -> Any:
    with decoding(f"list of {what}s"):
        count = length()
    if count > MAX_TABLES:
        raise ModelError(f"too many {what}s", found=count, allowed=f"at most {MAX_TABLES}", next_step=_NEXT)
    parts = []
    for index in range(count):
        with decoding(f"{what} {index}"):
            parts.append(make(get(index)))
    return tuple(parts)


def _ints(vector: npt.NDArray[Any] | int, budget: _Budget) -> tuple[int, ...]:
    """A vector of integers; the generated accessors give 0 for an absent one."""
    if isinstance(vector, int):
        return ()
    budget.spend(4 * vector.size)
    return tuple(int(value) for value in vector)


def _text(raw: bytes | None, budget: _Budget) -> str:
    if raw is None:
        return ""
    budget.spend(len(raw))
    text = raw[: _NAME_LETTERS * _LETTER_BYTES].decode("utf-8", "replace")[:_NAME_LETTERS]
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _code(code: Any, budget: _Budget) -> tuple[int, str | None]:
    # Numbers up to 127 stand in the deprecated field too; files older than the new field have only that one.
    # The package's own BuiltinCode() looks at the deprecated field alone for those numbers, runtimes take the
    # larger.
    offset = code._tab.Offset(_BUILTIN_CODE_SLOT)
    newer = code._tab.Get(Int32Flags, code._tab.Pos + offset) if offset else 0
    number = max(newer, code.DeprecatedBuiltinCode())
    custom = _text(code.CustomCode(), budget) if number == schema.OPERATOR_NUMBERS["CUSTOM"] else None
    return number, custom


def _tensor(tensor: Any, budget: _Budget) -> FlatTensor:
    budget.spend(_TABLE_BYTES)
    shape = _ints(tensor.ShapeAsNumpy(), budget)
    quant = tensor.Quantization()
    flat = None
    # Without scales or zero points a tensor counts as not quantized, whatever else its table holds.
    if quant is not None and quant.ScaleLength() and quant.ZeroPointLength():
        scales = quant.ScaleAsNumpy()
        budget.spend(4 * scales.size)
        flat = FlatQuant(
            scales=tuple(float(scale) for scale in scales),
            zero_points=_ints(quant.ZeroPointAsNumpy(), budget),
            axis=quant.QuantizedDimension(),
        )
    return FlatTensor(
        name=_text(tensor.Name(), budget),
        shape=shape,
        type=tensor.Type(),
        buffer=tensor.Buffer(),
        quant=flat,
        variable=bool(tensor.IsVariable()),
        sparse=tensor.Sparsity() is not None,
    )


def _buffer(buffer: Any, file: bytes) -> FlatBuffer:
    begin, count = buffer.Offset(), buffer.Size()
    if begin > 1:  # 0 and 1 mean that it has no place of its own
        if begin + count > len(file):
            raise ModelError(
                "the data of a buffer ends behind the file",
                found=f"bytes {begin:,} to {begin + count:,}",
                allowed=f"at most {len(file):,}",
                next_step=_NEXT,
            )
        return FlatBuffer(np.frombuffer(file, np.uint8, count, begin), external=True)
    data = buffer.DataAsNumpy()
    return FlatBuffer(np.empty(0, np.uint8) if isinstance(data, int) else data, external=False)


def _operator(operator: Any, codes: Sequence[tuple[int, str | None]], budget: _Budget) -> FlatOperator:
    budget.spend(_TABLE_BYTES)
    index = operator.OpcodeIndex()
    if index >= len(codes):
        raise ModelError(
            "an operator refers to an operator code that is not there",
            found=index,
            allowed=f"0 to {len(codes) - 1}",
            next_step=_NEXT,
        )
    number, custom = codes[index]
    own = operator.CustomOptionsAsNumpy() if custom is not None else 0
    given = b"" if isinstance(own, int) else own.tobytes()
    budget.spend(len(given))
    return FlatOperator(
        number=number,
        custom=custom,
        inputs=_ints(operator.InputsAsNumpy(), budget),
        outputs=_ints(operator.OutputsAsNumpy(), budget),
        intermediates=_ints(operator.IntermediatesAsNumpy(), budget),
        options_type=operator.BuiltinOptionsType(),
        options=operator.BuiltinOptions(),
        extended_options=operator.BuiltinOptions2Type() != 0,
        custom_options=given,
    )


def _no_options() -> Table:
    """A table without fields, which reads as the schema's defaults."""
    return Table(struct.pack("<HHi", 4, 4, 4), 4)


_MAX_OPTION_VECTOR = 64


def option_values(flat: FlatOperator, options: Options, which: str) -> dict[str, object]:
    """Values of an operator's attributes, by attribute name, read from its options table.

    Runtimes look for the operator's own table: another one is as good as none.
    """
    own = flat.options_type == schema.options_number(options.table) and flat.options is not None
    values: dict[str, object] = {}
    with decoding(f"options of {which}"):
        table = getattr(schema.options_module(options.table), options.table)()
        source = flat.options if own and flat.options is not None else _no_options()
        table.Init(source.Bytes, source.Pos)
        for field in options.fields:
            name = schema.accessor(field.schema)
            if field.kind is tuple:
                values[field.attr] = _vector(getattr(table, f"{name}AsNumpy")(), which, field.schema)
            else:
                values[field.attr] = _scalar(getattr(table, name)(), field.kind, which, field.schema)
    if not own and not all(_is_zero(value) for value in values.values()):
        # Runtimes then take zeros, which are not the schema's defaults and differ from one runtime to the
        # other.
        raise ModelError(
            "an operator's options are missing",
            which=which,
            found=_instead(flat),
            allowed=options.table,
            next_step=_NEXT,
        )
    return values


def _instead(flat: FlatOperator) -> str | None:
    """What an operator has in place of its own options."""
    if flat.extended_options:
        return "options of the extended union"
    return (
        f"another operator's options, {schema.options_type_name(flat.options_type)}"
        if flat.options_type
        else None
    )


def _is_zero(value: object) -> bool:
    return value.name == "NONE" if isinstance(value, Enum) else not value


def _vector(raw: npt.NDArray[Any] | int, which: str, field: str) -> tuple[int, ...]:
    if isinstance(raw, int):
        return ()
    if raw.size > _MAX_OPTION_VECTOR:
        raise ModelError(
            f"option {field} is too long",
            which=which,
            found=raw.size,
            allowed=f"at most {_MAX_OPTION_VECTOR}",
        )
    return tuple(int(value) for value in raw)


def _scalar(raw: Any, kind: type, which: str, field: str) -> object:
    if issubclass(kind, Enum):
        known = {member.value: member for member in kind}
        if raw not in known:
            raise ModelError(
                f"option {field} has an unknown value",
                which=which,
                found=raw,
                allowed=", ".join(f"{member.value} ({member.name})" for member in known.values()),
            )
        return known[raw]
    if kind is float and not math.isfinite(raw):
        raise ModelError(f"option {field} is not a finite number", which=which, found=raw)
    if kind is bool:
        return bool(raw)
    if kind is str:
        return _text(raw, _Budget(0)) if isinstance(raw, bytes) else ""
    return float(raw) + 0.0 if kind is float else int(raw)  # no negative zero: the file cannot hold one
