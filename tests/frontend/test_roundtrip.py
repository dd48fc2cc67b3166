"""What the writer writes the reader reads back; TFLM and LiteRT take it too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.lib.graph_text import to_text
from tests.lib.graphs import const, graph, model, single, tensor
from tests.lib.messy import messy
from tests.lib.nets import NETS
from tests.lib.surgery import sites
from tinyml_compress.errors import ModelError
from tinyml_compress.formats.flat import FlatOperator, option_values
from tinyml_compress.frontend import read, write
from tinyml_compress.ir import Attrs, DType, Graph, Node, Tensor
from tinyml_compress.ops import all_operators, operator
from tinyml_compress.ops.conv_2d.op import Conv2DAttrs
from tinyml_compress.ops.numerics import Activation, Padding
from tinyml_compress.runners import tflm


def _same(file: bytes) -> None:
    once = read(file, "m")
    again = write(once)
    assert to_text(read(again, "m")) == to_text(once)
    assert write(read(again, "m")) == again


def _add(activation: Activation = Activation.NONE) -> Graph:
    return single(
        "ADD",
        [tensor("a", [1, 2, 3], 0.5, -3), const("b", [[1, 2, 3]], 0.25, 4)],
        tensor("c", [1, 2, 3], 1.0, 127),
        operator("ADD").attrs_type(activation=activation),
    )


def test_options_survive() -> None:
    before = _add(Activation.RELU6)
    back = read(write(before), "model")
    assert back.nodes[0].attrs == before.nodes[0].attrs
    assert (back.inputs, back.outputs) == (("a",), ("c",))
    assert to_text(back).replace('"c"', "") == to_text(before).replace('"add"', "").replace('"c"', "")


@pytest.mark.parametrize("net", NETS)
def test_networks(net: str) -> None:
    _same(NETS[net]())


def test_random_networks() -> None:
    for seed in range(20):
        _same(write(messy(seed)))


def test_published_models(published: Path) -> None:
    for path in sorted(published.glob("*.tflite")):
        _same(path.read_bytes())


@pytest.mark.parametrize("dtype", DType)
@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (0,), (1, 1, 1, 1, 1, 1, 1, 5)])
def test_constants_of_every_type_and_shape(dtype: DType, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(3)
    high = 2 if dtype is DType.BOOL else 8
    values = rng.integers(0 if dtype is DType.BOOL or dtype.value[0] == "u" else -8, high, shape)
    held = const("c", values, dtype=dtype)
    file = write(
        single("ADD", [tensor("a", (1,), 0.5), held], tensor("y", (1,), 0.5), operator("ADD").attrs_type())
    )
    back = read(file, "m").tensors["c"]
    assert (back.shape, back.dtype) == (held.shape, dtype)
    assert back.data is not None
    assert back.data.dtype == dtype.numpy
    assert np.array_equal(back.data, held.data)
    with pytest.raises(ValueError):
        back.data[...] = 0


def test_absent_inputs_and_several_outputs() -> None:
    nodes = [
        Node("FULLY_CONNECTED", ("x", "w", None), ("y",), operator("FULLY_CONNECTED").attrs_type(), "dense"),
    ]
    tensors = [tensor("x", (1, 2), 0.5), const("w", [[1, 2]], 0.5), tensor("y", (1, 1), 0.5)]
    back = read(write(graph(tensors, nodes, ["x"], ["y", "y"])), "m")
    assert back.nodes[0].inputs == ("x", "w", None)
    assert back.outputs == ("y", "y")


def test_constants_are_aligned() -> None:
    file = write(messy(4))
    places = [site.position for path, site in sites(file).items() if path.endswith(".data[0]")]
    assert len(places) > 3
    assert all(place % 16 == 0 for place in places)


@pytest.mark.parametrize("name", [name for name, op in all_operators().items() if op.options is not None])
def test_an_absent_options_table_counts_as_zeros_or_is_refused(name: str) -> None:
    """Where the schema's defaults are no zeros, TFLM (which takes zeros) and we would differ."""
    op = all_operators()[name]
    assert op.options is not None
    bare = FlatOperator(0, None, (), (), 0, None, extended_options=False)
    if name in ("CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "MAX_POOL_2D", "MIRROR_PAD"):
        with pytest.raises(ModelError, match="options are missing"):
            option_values(bare, op.options, "layer")
    elif name in ("ADD", "RESHAPE", "SQUEEZE", "CONCATENATION", "PAD", "SOFTMAX"):
        op.attrs_type(**option_values(bare, op.options, "layer"))


def test_folded_padding_has_no_place_in_the_file() -> None:
    attrs = Conv2DAttrs(Padding.VALID, pads=(1, 1, 1, 1))
    held = single(
        "CONV_2D",
        [tensor("x", (1, 2, 2, 1), 0.5), const("w", np.ones((1, 3, 3, 1)), 0.5)],
        tensor("y", (1, 2, 2, 1), 0.5),
        attrs,
    )
    with pytest.raises(ModelError, match="pads has no place"):
        write(held)


def test_tflm_runs_what_is_written() -> None:
    file = model(
        "ADD",
        [tensor("a", [1, 4], 0.5), const("b", [[1, 2, 3, 4]], 0.5)],
        tensor("c", [1, 4], 1.0),
        operator("ADD").attrs_type(),
    )
    (found,) = tflm.Interpreter(file).invoke([np.array([[4, 5, 6, 7]], np.int8)])
    assert found.tolist() == [[3, 4, 5, 6]]


def test_writing_an_unknown_operator_is_refused() -> None:
    nothing = Tensor("x", (1,), DType.INT8)
    with pytest.raises(ModelError, match="NOT_AN_OPERATOR"):
        write(single("NOT_AN_OPERATOR", [nothing], Tensor("y", (1,), DType.INT8), Attrs()))
