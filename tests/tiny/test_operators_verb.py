"""`operators` lists every operator from its table, and the tables read all of the schema that matters."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tinyml_compress.cli.operators import command
from tinyml_compress.errors import UsageError
from tinyml_compress.formats import schema
from tinyml_compress.ops import all_operators
from tinyml_compress.ops.base import FLEXBUFFER, Operator

OPERATORS = all_operators()
# Option fields without influence on what these kernels compute.
WITHOUT_INFLUENCE = {
    "PotScaleInt16",  # TensorFlow Lite Micro rescales int16 sums the general way
    "QuantizedBiasType",  # says again what the bias tensor's type says
    "AsymmetricQuantizeInputs",  # of hybrid operators: float activations, quantized weights
}


def test_every_operator_is_listed() -> None:
    done = CliRunner().invoke(command, [])
    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert [line.split()[0] for line in lines[2:-1]] == list(OPERATORS)
    assert lines[-1] == f"{len(OPERATORS)} operators"
    assert len(OPERATORS) >= 23


def test_json_names_types_limits_and_kernels() -> None:
    done = CliRunner().invoke(command, ["--json"])
    listed = {entry["name"]: entry for entry in json.loads(done.output)["operators"]}
    assert list(listed) == list(OPERATORS)
    for name, op in OPERATORS.items():
        assert listed[name]["dtypes"] == list(op.dtypes)
        assert listed[name]["limits"] == op.limits
        assert [kernel["symbol"] for kernel in listed[name]["kernels"]] == [v.symbol for v in op.variants]


def test_names_choose_in_any_case() -> None:
    done = CliRunner().invoke(command, ["conv_2d", "ADD"])
    assert [line.split()[0] for line in done.output.splitlines()[2:-1]] == ["ADD", "CONV_2D"]


def test_unknown_name_is_a_usage_error() -> None:
    done = CliRunner().invoke(command, ["CONV_3D"])
    assert isinstance(done.exception, UsageError)
    assert "CONV_3D" in str(done.exception)
    assert "CONV_2D" in str(done.exception)


@pytest.mark.parametrize("op", OPERATORS.values(), ids=OPERATORS)
def test_options_read_every_field_of_influence(op: Operator) -> None:
    assert (op.name in schema.OPERATOR_NUMBERS) is not op.custom
    if op.options is None:
        return
    if op.custom:
        assert op.options.table == FLEXBUFFER
        return
    table = getattr(schema.options_module(op.options.table), op.options.table)
    helpers = ("AsNumpy", "Length", "IsNone", "BufferHasIdentifier")
    fields = {
        name
        for name in vars(table)
        if name[0].isupper()
        and name != "Init"
        and not name.startswith("GetRootAs")
        and not name.endswith(helpers)
    }
    read = {schema.accessor(field.schema) for field in op.options.fields}
    assert fields - read <= WITHOUT_INFLUENCE
    assert read <= fields
    assert op.options.table in vars(schema.tflite.BuiltinOptions)
