"""Which operators the installed TensorFlow Lite Micro registers, asked of its interpreter one by one."""

from __future__ import annotations

import re
from pathlib import Path

import flatbuffers
import pytest
import tflite

from tinyml_compress.formats import schema

_CUSTOM = schema.OPERATOR_NUMBERS["CUSTOM"]
_WITNESS = "GELU"
"""An operator that is not registered: when the interpreter complains about it, it knew the one before."""
_NAME = re.compile(rb"(?<=\0)[A-Za-z][A-Za-z0-9_-]{1,50}(?=\0)")


def registered(capfd: pytest.CaptureFixture[str]) -> tuple[str, ...]:
    """Names of all builtin operators of the schema and of all custom ones that the interpreter finds.

    Custom names have no list to go through, so every word in the interpreter's binary is tried.
    """
    from tflite_micro import runtime

    words = {word.decode() for word in _NAME.findall(Path(runtime._runtime.__file__).read_bytes())}
    builtin = [(number, None) for number in sorted(schema.OPERATOR_NAMES) if number != _CUSTOM]
    asked = [*builtin, *((_CUSTOM, word) for word in sorted(words))]
    kind = runtime._runtime.PythonInterpreterConfig.kAllocationRecording
    found: list[str] = []
    for number, custom in asked:
        capfd.readouterr()
        with pytest.raises(RuntimeError):
            runtime._runtime.InterpreterWrapper(_model(number, custom), [], 1 << 14, 1, kind, 0)
        said = capfd.readouterr().err
        name = custom or schema.OPERATOR_NAMES[number]
        assert f"'{_WITNESS}'" in said or f"op code {schema.OPERATOR_NAMES[number]}" in said, (name, said)
        if f"'{_WITNESS}'" in said and name != _WITNESS:
            found.append(name)
    return tuple(sorted(found))


def _model(number: int, custom: str | None) -> bytes:
    """A file of two operators without tensors: the one that is asked for, then the witness."""
    builder = flatbuffers.Builder(256)
    codes = [_code(builder, number, custom), _code(builder, schema.OPERATOR_NUMBERS[_WITNESS], None)]
    operators = [_operator(builder, index) for index in range(2)]
    all_operators = _tables(builder, tflite.SubGraphStartOperatorsVector, operators)
    tensors = _tables(builder, tflite.SubGraphStartTensorsVector, [])
    nothing = _tables(builder, tflite.SubGraphStartInputsVector, [])
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, tensors)
    tflite.SubGraphAddInputs(builder, nothing)
    tflite.SubGraphAddOutputs(builder, nothing)
    tflite.SubGraphAddOperators(builder, all_operators)
    subgraphs = _tables(builder, tflite.ModelStartSubgraphsVector, [tflite.SubGraphEnd(builder)])
    tflite.BufferStart(builder)
    buffers = _tables(builder, tflite.ModelStartBuffersVector, [tflite.BufferEnd(builder)])
    all_codes = _tables(builder, tflite.ModelStartOperatorCodesVector, codes)
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, schema.VERSION)
    tflite.ModelAddOperatorCodes(builder, all_codes)
    tflite.ModelAddSubgraphs(builder, subgraphs)
    tflite.ModelAddBuffers(builder, buffers)
    builder.Finish(tflite.ModelEnd(builder), schema.IDENTIFIER)
    return bytes(builder.Output())


def _code(builder: flatbuffers.Builder, number: int, custom: str | None) -> int:
    name = None if custom is None else builder.CreateString(custom)
    tflite.OperatorCodeStart(builder)
    tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, min(number, 127))
    if name is not None:
        tflite.OperatorCodeAddCustomCode(builder, name)
    tflite.OperatorCodeAddVersion(builder, 1)
    tflite.OperatorCodeAddBuiltinCode(builder, number)
    return int(tflite.OperatorCodeEnd(builder))


def _operator(builder: flatbuffers.Builder, code: int) -> int:
    nothing = _tables(builder, tflite.OperatorStartInputsVector, [])
    tflite.OperatorStart(builder)
    tflite.OperatorAddOpcodeIndex(builder, code)
    tflite.OperatorAddInputs(builder, nothing)
    tflite.OperatorAddOutputs(builder, nothing)
    return int(tflite.OperatorEnd(builder))


def _tables(builder: flatbuffers.Builder, start: object, tables: list[int]) -> int:
    assert callable(start)
    start(builder, len(tables))
    for table in reversed(tables):
        builder.PrependUOffsetTRelative(table)
    return int(builder.EndVector())
