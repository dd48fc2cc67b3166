"""`check` names every layer that would be refused, what is allowed, and the fix; so do the errors
of `read`.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.lib.graphs import const, graph, tensor
from tests.lib.nets import NETS
from tests.lib.surgery import edited, sites
from tinyml_compress.cli.check import command
from tinyml_compress.errors import ModelError, UnsupportedOperator, UsageError
from tinyml_compress.formats import schema
from tinyml_compress.frontend import read, write
from tinyml_compress.frontend.survey import survey
from tinyml_compress.ir import DType, Node
from tinyml_compress.ops import all_operators, operator
from tinyml_compress.ops.replacements import ADVICE, replacement
from tinyml_compress.pipeline.checking import check
from tinyml_compress.results import Check, decoded, encoded


def _three_layers() -> bytes:
    """RELU -> RELU6 of too small a scale -> TANH."""
    tensors = [
        tensor("x", (1, 4), 0.5),
        tensor("net/first/Relu", (1, 4), 0.25),
        tensor("net/second/Relu6", (1, 4), 0.125),
        tensor("net/third/Tanh", (1, 4), 1 / 128),
    ]
    names = [held.name for held in tensors]
    nodes = [
        Node(op, (source,), (made,), operator(op).attrs_type())
        for op, source, made in zip(("RELU", "RELU6", "TANH"), names, names[1:], strict=False)
    ]
    return write(graph(tensors, nodes, ["x"], [names[-1]]))


def _with_two_faults() -> bytes:
    """The first layer is another operator, the second has an input in whose scale 6 is no number."""
    file = _three_layers()
    relu = next(
        path for path, site in sites(file).items() if path.endswith("number") and site.read(file) == 19
    )
    gelu = schema.OPERATOR_NUMBERS["GELU"]
    changes = {
        relu: gelu,
        relu.replace("number", "deprecated"): 127,
        "graph[0].tensor[1].quant.scale[0]": 1e-20,
    }
    return edited(file, changes)


def test_survey_names_all_of_them() -> None:
    assert survey(_three_layers()) == ()
    first, second = survey(_with_two_faults())
    assert first.layer == "net/first"
    assert "GELU" in first.what
    assert "relu6" in first.next_step
    assert second.layer == "net/second"
    assert "RELU6" in second.what
    assert second.next_step


def test_read_names_operator_layer_tensor_and_replacement() -> None:
    with pytest.raises(UnsupportedOperator) as caught:
        read(_with_two_faults(), "m")
    for word in ("GELU", "net/first", "net/first/Relu", "relu6", "tflm"):
        assert word in str(caught.value)


def test_an_unsound_file_is_an_error_not_a_verdict() -> None:
    with pytest.raises(ModelError, match="before it is made"):
        survey(edited(_three_layers(), {"graph[0].inputs.length": 0}))
    with pytest.raises(ModelError, match="not a .tflite file"):
        survey(b"nothing at all")


def test_a_sound_model_on_devices_and_engines() -> None:
    contracts = check(NETS["keyword"](), ["nucleo-l4r5zi", "host"]).contracts
    assert [(c.device, c.engine, c.holds) for c in contracts] == [
        ("nucleo-l4r5zi", "aot", True),
        ("host", "aot", True),
        ("nucleo-l4r5zi", "tflm", True),
        ("host", "tflm", True),
    ]
    flash, ram = contracts[0].memory
    assert 0 < flash.needed < flash.available
    assert 0 < ram.needed < ram.available


def test_what_does_not_fit() -> None:
    weights = const("w", np.ones((300, 300), np.int8), 0.1)
    attrs = operator("FULLY_CONNECTED").attrs_type()
    node = Node("FULLY_CONNECTED", ("x", "w"), ("y",), attrs)
    file = write(
        graph([tensor("x", (1, 300), 0.1), weights, tensor("y", (1, 300), 0.1)], [node], ["x"], ["y"])
    )
    found = check(file, "bluepill-f103c8", engine="aot")
    assert not found.holds
    assert "DOES NOT FIT" in found.summary()
    assert "fix  " in found.summary()
    document = json.loads(json.dumps(encoded(found)))
    assert decoded(Check, document) == found
    assert [demand["fits"] for demand in document["contracts"][0]["memory"]] == [False, True]


def test_verb(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(_with_two_faults())
    done = CliRunner().invoke(command, [str(path), "--target", "nucleo-l4r5zi", "--engine", "aot", "--json"])
    assert done.exit_code == 1
    (contract,) = json.loads(done.output)["contracts"]
    assert contract["holds"] is False
    assert [refused["layer"] for refused in contract["refused"]] == ["net/first", "net/second"]
    path.write_bytes(_three_layers())
    done = CliRunner().invoke(command, [str(path), "--target", "nucleo-l4r5zi", "--engine", "aot"])
    assert done.exit_code == 0
    assert "takes the model" in done.output
    done = CliRunner().invoke(command, [str(path), "--target", "no-such-board"])
    assert isinstance(done.exception, UsageError)


def test_advice_for_every_operator_that_is_not_there() -> None:
    known = all_operators()
    assert set(ADVICE) <= set(schema.OPERATOR_NUMBERS)
    for name in schema.OPERATOR_NUMBERS:
        advice = replacement(name)
        assert advice
        assert advice == advice.strip()
        if name in known:
            assert name not in ADVICE, f"{name} is there: its row of advice is never read"
            continue
        with pytest.raises(UnsupportedOperator) as caught:
            operator(name, "layer")
        assert advice in str(caught.value)


def test_int16_weights_are_named() -> None:
    tensors = [
        tensor("x", (1, 2), 0.5),
        const("w", [[1, 2]], 0.5, dtype=DType.INT32),
        tensor("y", (1, 1), 0.5),
    ]
    node = Node("FULLY_CONNECTED", ("x", "w"), ("y",), operator("FULLY_CONNECTED").attrs_type())
    (refused,) = survey(write(graph(tensors, [node], ["x"], ["y"])))
    assert "weights" in refused.what
    assert refused.found == "i32"
