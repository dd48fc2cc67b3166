"""The check of model configurations, with everything that somebody hostile could write into one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tinyml_compress.errors import ModelError, UnsupportedLayer
from tinyml_compress.models.checked_config import LARGEST, CheckedConfig, checked_config

DENSE = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 2}, "registered_name": None}


def model(*layers: Any, **more: Any) -> dict[str, Any]:
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "m", "layers": [*layers]},
        **more,
    }


def dense(**options: Any) -> dict[str, Any]:
    return {**DENSE, "config": {**DENSE["config"], **options}}  # type: ignore[dict-item]


def called(function: Any) -> dict[str, Any]:
    return {"class_name": "TFOpLambda", "config": {"name": "f", "function": function}}


def function(module: Any, name: Any, registered: Any = "function") -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": registered}


def wrapped(layer: Any) -> dict[str, Any]:
    """Three levels down, as the second of a Bidirectional's layers."""
    pair = {
        "class_name": "Bidirectional",
        "config": {"layer": {"class_name": "GRU", "config": {}}, "backward_layer": layer},
    }
    return model({"class_name": "TimeDistributed", "config": {"layer": model(pair)}})


def check(config: Any, **options: Any) -> CheckedConfig:
    return checked_config(json.dumps(config), "m.keras", **options)


LAMBDA = {"class_name": "Lambda", "config": {"function": ["4wE=", None, None], "function_type": "lambda"}}
HOSTILE: dict[str, Any] = {
    "lambda": model(LAMBDA),
    "lambda in wrappers": wrapped(LAMBDA),
    "lambda as an activation": model(
        dense(activation={"class_name": "__lambda__", "config": {"value": "4wE="}})
    ),
    "lambda as an initializer": model(dense(kernel_initializer=LAMBDA)),
    "lambda in the arguments of a call": model(
        {**called("add"), "inbound_nodes": [[["x", 0, 0, {"y": LAMBDA}]]]}
    ),
    "lambda in a tuple": model(dense(units={"class_name": "__tuple__", "items": [LAMBDA]})),
    "lambda in a quantizer": model({"class_name": "QuantizeLayer", "config": {"quantizer": LAMBDA}}),
    "lambda as the outermost": LAMBDA,
    "function of another module": model(dense(activation=function("pydoc", "pipepager"))),
    "function of the machine": model(dense(kernel_initializer=function("os", "system"))),
    "builtin function": model(dense(activation=function("builtins", "eval", "eval"))),
    "function under another name": model(dense(activation=function("builtins", "relu", "exec"))),
    "function without a name": model(dense(activation=function("builtins", {"a": 1}))),
    "Keras function that fetches": model(dense(activation=function("keras.utils", "get_file", "get_file"))),
    "Keras function that loads": model(
        dense(activation=function("keras.saving", "load_model", "load_model"))
    ),
    "Keras function that unlocks": model(
        dense(
            activation=function(
                "keras.config", "enable_unsafe_deserialization", "enable_unsafe_deserialization"
            )
        )
    ),
    "class of another module": model({**DENSE, "module": "subprocess", "class_name": "Popen"}),
    "layer's name in another module": model({**DENSE, "module": "evil"}),
    "module that only begins like Keras": model({**DENSE, "module": "keras_evil.layers"}),
    "module with a path": model({**DENSE, "module": "keras.layers/../../evil"}),
    "module that is a list": model({**DENSE, "module": ["keras.layers"]}),
    "class with dots": model({**DENSE, "class_name": "Layer.from_config"}),
    "class that is a list": model({**DENSE, "class_name": ["Dense"]}),
    "class registered by somebody": model({**DENSE, "registered_name": "evil>Dense"}),
    "class of Keras's own inside": model(
        {**DENSE, "module": "keras.src.utils.python_utils", "class_name": "func_load"}
    ),
    "base class": model({**DENSE, "class_name": "Layer"}),
    "optimizer": model({**DENSE, "module": "keras.optimizers", "class_name": "Adam"}),
    "test utility": model({**DENSE, "module": "keras.src.testing.test_case", "class_name": "TestCase"}),
    "vocabulary from a file": model({"class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}}),
    "text from a file": model({"class_name": "TextVectorization", "config": {"vocabulary": "/etc/passwd"}}),
    "integers from a file": model({"class_name": "IntegerLookup", "config": {"vocabulary": "/etc/passwd"}}),
    "SavedModel in a layer": model({"class_name": "TFSMLayer", "config": {"filepath": "/tmp/evil"}}),
    "pickle in a layer": model({"class_name": "TorchModuleWrapper", "config": {"module": "gASV"}}),
    "feature columns": model({"class_name": "DenseFeatures", "config": {"feature_columns": []}}),
    "method of a tensor": model({"class_name": "InstanceMethod", "config": {"attr_name": "__reduce__"}}),
    "method of a class": model({"class_name": "ClassMethod", "config": {"cls_symbol": "io.gfile.GFile"}}),
    "type by name": model(dense(units={"class_name": "TypeSpec", "type_spec": "x", "serialized": []})),
    "typespec": model(
        dense(units={"class_name": "__typespec__", "spec_name": "X", "module": "evil", "config": []})
    ),
    "composite tensor": model(dense(units={"class_name": "CompositeTensor", "spec": {}, "tensors": []})),
    "array of objects": model(
        dense(units={"class_name": "__numpy__", "config": {"value": [1], "dtype": "object"}})
    ),
    "array of long strings": model(
        dense(units={"class_name": "__numpy__", "config": {"value": [1], "dtype": "S999999999"}})
    ),
    "array of names": model(
        dense(units={"class_name": "__tensor__", "config": {"value": ["x"], "dtype": "float32"}})
    ),
    "activation by the name of a function": model(dense(activation="deserialize")),
    "inner activation": model({"class_name": "LSTM", "config": {"recurrent_activation": "get"}}),
    "initializer by the name of a function": model(dense(bias_initializer="deserialize")),
    "regularizer by the name of a function": model(dense(kernel_regularizer="get")),
    "constraint by the name of a function": model(dense(kernel_constraint="serialize")),
    "policy of another module": model(dense(dtype={"module": "evil", "class_name": "Policy", "config": {}})),
    **{
        f"function {name}": model(called(name))
        for name in (
            "io.write_file",
            "io.read_file",
            "py_function",
            "numpy_function",
            "compat.v1.py_func",
            "print",
            "load_op_library",
            "map_fn",
            "function",
            "raw_ops.WriteFile",
            "compat.v1.compat.v1.add",
            "keras.models.load_model",
            "keras.utils.get_file",
            "keras.applications.MobileNet",
            "keras.backend.function",
            "image.decode_image",
            "data.experimental.load",
            "saved_model.load",
            "",
            None,
            ["add"],
        )
    },
    "slicing by another function": model(
        {"class_name": "SlicingOpLambda", "config": {"function": "io.write_file"}}
    ),
    "operation of Keras 3 that maps": model(
        {"module": "keras.src.ops.core", "class_name": "Map", "config": {}}
    ),
    "operation of another module": model({"module": "evil.ops.numpy", "class_name": "Add", "config": {}}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_refused(name: str) -> None:
    with pytest.raises(ModelError) as caught:
        check(HOSTILE[name], operations=("Add",))
    text = str(caught.value)
    assert "m.keras" in text
    assert "--trust-model" in text
    assert "trust=True" in text


def test_an_operator_of_an_old_layer() -> None:
    """TensorFlow 2.0 to 2.3 stored a whole node in such a layer."""
    from tinyml_compress.support import backend

    node = backend.tensorflow().compat.v1.NodeDef(name="n", op="WriteFile")
    for operator in ("WriteFile", "ReadFile", "PyFunc"):
        node.op = operator
        layer = {"class_name": "TensorFlowOpLayer", "config": {"node_def": node.SerializeToString().decode()}}
        with pytest.raises(ModelError, match=operator):
            check(model(layer))
    node.op = "AddV2"
    good = {"class_name": "TensorFlowOpLayer", "config": {"node_def": node.SerializeToString().decode()}}
    assert check(model(good)).classes == {"Sequential", "TensorFlowOpLayer"}
    for text in (None, "\x00\x01junk", 3):
        with pytest.raises(ModelError, match="unknown"):
            check(model({"class_name": "TensorFlowOpLayer", "config": {"node_def": text}}))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "no model"),
        ("{}", "no model"),
        ('{"class_name": 3}', "no model"),
        ("[" * 100_000, "not JSON"),
        ('{"class_name": "Sequential", "config": ' + "[" * 300 + "]" * 300 + "}", "levels deep"),
        (json.dumps(model()) + " " * LARGEST, "bytes"),
        ('{"class_name": "Sequential", "config": {"units": 1' + "0" * 5000 + "}}", "not JSON"),
        (b"\xff\xfe\xfd", "not JSON"),
    ],
)
def test_damaged(text: str | bytes, found: str) -> None:
    with pytest.raises(ModelError, match="damaged") as caught:
        checked_config(text, "m.keras")
    assert found in str(caught.value)


def test_keras_reads_what_was_checked() -> None:
    """Of two entries under one name, an escaped name, a module inside Keras and what compiles: one plain
    text.
    """
    text = json.dumps(model(DENSE, compile_config={"loss": function("os", "system")}))
    text = text.replace('"class_name": "Dense"', '"class_name": "Lambda", "class_name": "\\u0044ense"')
    text = text.replace('"keras.layers"', '"keras.src.layers.core.dense"')
    made = checked_config(text, "m.keras")
    assert json.loads(made.text()) == model(DENSE, registered_name=None) | {"registered_name": None}
    assert made.classes == {"Sequential", "Dense"}
    assert not made.optimized


def test_what_the_caller_registered() -> None:
    layer = {"module": "mine", "class_name": "Mine", "config": {}, "registered_name": "mine>Mine"}
    with pytest.raises(ModelError, match="Mine of module mine"):
        check(model(layer))
    made = check(model(layer, dense(activation="mine>act")), own=("mine>Mine", "mine>act"))
    assert made.config["config"]["layers"][0] == {**layer, "module": None}
    with pytest.raises(UnsupportedLayer, match="Lambda"):
        check(model({**layer, "config": {"inner": LAMBDA}}), own=("mine>Mine",))


def test_names_of_a_file_are_shown_short_and_printable() -> None:
    with pytest.raises(ModelError) as caught:
        check(model({**DENSE, "class_name": "\x1b[2J" + "x" * 5000}))
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 800
