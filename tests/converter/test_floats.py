"""The check for float operators, on files made without TensorFlow."""

from __future__ import annotations

import numpy as np
import pytest

from tests.lib.graphs import const, model, tensor
from tests.lib.surgery import edited
from tinyml_compress import converter, frontend
from tinyml_compress.converter.flatfile import FileOperator, FileTensor, FlatFile
from tinyml_compress.errors import FloatOperatorError, ModelError
from tinyml_compress.ir import Attrs, DType
from tinyml_compress.ops.fully_connected.op import FullyConnectedAttrs

NO_OPTIONS = Attrs()


def _op(name: str, tensor_name: str, dtype: DType) -> FileOperator:
    port = FileTensor(tensor_name, (1, 4), dtype, None, False)
    return FileOperator(name, (port,), (port,))


def _file(*operators: FileOperator) -> FlatFile:
    return FlatFile(operators, (), ())


def test_integer_file_passes() -> None:
    file = _file(_op("CONV_2D", "net/conv/Conv2D", DType.INT8), _op("DEQUANTIZE", "out", DType.FLOAT32))
    assert converter.float_operators(file) == ()
    converter.check_integer(file)


def test_operator_tensor_layer_and_remedy_are_named() -> None:
    file = _file(
        _op("CONV_2D", "net/conv/Conv2D", DType.INT8),
        _op("ELU", "net/front/Elu;net/front/BiasAdd", DType.FLOAT32),
        _op("GELU", "net/back/Gelu", DType.FLOAT16),
    )
    with pytest.raises(FloatOperatorError) as caught:
        converter.check_integer(file, ["conv", "front", "back"])
    text = str(caught.value)
    for part in ("ELU in layer front", "net/front/Elu", "1 more: GELU", "replace ELU", "--allow-float"):
        assert part in text


def test_one_float_side_is_enough() -> None:
    whole, real = (
        FileTensor(f"net/{dtype.value}", (1, 4), dtype, None, False) for dtype in (DType.INT8, DType.FLOAT32)
    )
    for sources, targets in (((real,), (whole,)), ((whole, real), (whole,)), ((whole,), (real,))):
        (use,) = converter.float_operators(_file(FileOperator("ADD", sources, targets)))
        assert use.tensor == real.name


def test_layer_without_a_list_of_layers() -> None:
    (use,) = converter.float_operators(_file(_op("EXP", "net/odd_3/Exp", DType.FLOAT32)))
    assert use.layer == "odd"


def test_flat_file() -> None:
    data = model(
        "FULLY_CONNECTED",
        [
            tensor("x", (1, 4), 0.5, 3),
            const("w", np.ones((2, 4), np.int8), 0.02, 0),
            const("b", [1, 1], 0.01, 0, dtype=DType.INT32),
        ],
        tensor("y", (1, 2), 0.1, 5),
        FullyConnectedAttrs(),
    )
    file = converter.read(data)
    assert file.operator_names == ("FULLY_CONNECTED",)
    (port,) = file.inputs
    assert (port.name, port.shape, port.dtype, port.const) == ("x", (1, 4), DType.INT8, False)
    assert port.quant is not None
    assert port.quant.zero_point == 3
    assert [item.const for item in file.operators[0].inputs] == [False, True, True]


@pytest.mark.parametrize("keep", [0, 7, 40, 200])
def test_damaged_file(keep: int) -> None:
    data = model("RELU", [tensor("x", (1, 4), 0.5, 3)], tensor("y", (1, 4), 0.5, 3), NO_OPTIONS)
    with pytest.raises(ModelError):
        converter.read(data[:keep])


def test_operator_numbers_are_read_as_the_compiler_reads_them() -> None:
    """A file may carry an operator's number in the newer field alone; the deprecated one is 0 there, ADD's
    number.
    """
    data = model("RELU", [tensor("x", (1, 4), 0.5, 3)], tensor("y", (1, 4), 0.5, 3), NO_OPTIONS)
    newer_only = edited(data, {"code[0].deprecated": 0})
    assert frontend.read(newer_only, "m").nodes[0].op == "RELU"
    assert converter.read(newer_only).operator_names == ("RELU",)
