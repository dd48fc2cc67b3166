"""VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE and CALL_ONCE equal TFLM frame by frame, resets included."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.lib.graph_text import to_text
from tests.lib.graphs import const, graph
from tests.lib.proof import Rng, pick, quantized, shape
from tests.lib.streams import many_streams, stream_sample
from tinyml_compress.errors import UnsupportedOperator
from tinyml_compress.frontend import read, write
from tinyml_compress.ir import Attrs, DType, Graph, Node, Quant, Tensor
from tinyml_compress.ops._addsub import FusedAttrs
from tinyml_compress.ops._flow import CallOnceAttrs
from tinyml_compress.ops._variables import VariableAttrs
from tinyml_compress.ops.concatenation.op import ConcatenationAttrs
from tinyml_compress.ops.reshape.op import ReshapeAttrs
from tinyml_compress.ops.strided_slice.op import StridedSliceAttrs
from tinyml_compress.pipeline.compile.verb import compile_model

TYPES = (DType.INT8, DType.INT8, DType.INT16, DType.FLOAT32)


def handle(name: str) -> Tensor:
    return Tensor(name, (1,), DType.RESOURCE)


def _first_values(tensor: Tensor, rng: Rng) -> Graph:
    """A body that gives the variable its first value."""
    if tensor.dtype is DType.FLOAT32:
        values = rng.standard_normal(tensor.shape)
    else:
        values = rng.integers(-100, 100, tensor.shape)
    value = replace(const("first", values, dtype=tensor.dtype), quant=tensor.quant)
    nodes = [
        Node("VAR_HANDLE", (), ("init_handle",), VariableAttrs("", "memory"), "handle"),
        Node("ASSIGN_VARIABLE", ("init_handle", "first"), (), Attrs(), "assign"),
    ]
    return graph([handle("init_handle"), value], nodes, [], [], "init")


def variables(rng: Rng) -> Graph:
    """y = x + memory; memory = x, or y; now and then with a first value."""
    dtype, size = pick(rng, TYPES), shape(rng, 1, 3, 60)
    one = two = None
    if dtype is not DType.FLOAT32:
        one = quantized(rng, dtype)
        two = Quant((one.scale * 1.7,), (0 if dtype is DType.INT16 else int(rng.integers(-128, 128)),))
    x, y = Tensor("x", size, dtype, one), Tensor("y", size, dtype, two)
    assigned = pick(rng, (x, y))
    old = Tensor("old", size, dtype, assigned.quant)
    nodes = [
        Node("VAR_HANDLE", (), ("handle",), VariableAttrs("", "memory"), "handle"),
        Node("READ_VARIABLE", ("handle",), ("old",), Attrs(), "read"),
        Node("ADD", ("x", "old"), ("y",), FusedAttrs(), "add"),
        Node("ASSIGN_VARIABLE", ("handle", assigned.name), (), Attrs(), "assign"),
    ]
    bodies: tuple[Graph, ...] = ()
    if rng.random() < 0.6:
        nodes = [Node("CALL_ONCE", (), (), CallOnceAttrs(0), "start"), *nodes]
        bodies = (_first_values(assigned, rng),)
    made = graph([x, y, old, handle("handle")], nodes, ["x"], ["y"])
    return made.rebuilt(subgraphs=bodies)


def _filled(body: Graph, values: np.ndarray) -> Graph:
    """The first value is made by FILL, as `stream` writes it."""
    first = replace(body.tensors["first"], data=None)
    size, zero = (
        const(word, data, dtype=kind)
        for word, data, kind in (
            ("size", first.shape, DType.INT32),
            ("zero", values.reshape(-1)[0], first.dtype),
        )
    )
    nodes = (Node("FILL", ("size", "zero"), ("first",), Attrs(), "fill"), *body.nodes)
    tensors = {**body.tensors, "first": first, "size": size, "zero": replace(zero, quant=first.quant)}
    return replace(body, tensors=tensors, nodes=nodes)


def windows(rng: Rng) -> Graph:
    """Old frames and new ones under a layer, as they are or in one row; the newest ones are kept."""
    dtype, kept, new, width = pick(rng, TYPES), *(int(rng.integers(1, most)) for most in (9, 4, 24))
    quant = None if dtype is DType.FLOAT32 else quantized(rng, dtype)
    x, old, window, newest = (
        Tensor(name, (1, frames, width), dtype, quant)
        for name, frames in (("x", new), ("old", kept), ("window", kept + new), ("newest", kept))
    )
    flat = replace(window, name="flat", shape=(1, (kept + new) * width))
    corners = [
        const(name, values, dtype=DType.INT32)
        for name, values in (("from", (0, new, 0)), ("to", (1, kept + new, width)), ("by", (1, 1, 1)))
    ]
    nodes = [
        Node("VAR_HANDLE", (), ("handle",), VariableAttrs("", "memory"), "handle"),
        Node("READ_VARIABLE", ("handle",), ("old",), Attrs(), "read"),
        Node("CONCATENATION", ("old", "x"), ("window",), ConcatenationAttrs(axis=1), "join"),
        Node("STRIDED_SLICE", ("window", "from", "to", "by"), ("newest",), StridedSliceAttrs(), "cut"),
        Node("ASSIGN_VARIABLE", ("handle", "newest"), (), Attrs(), "assign"),
    ]
    seen = pick(rng, (window, flat))
    if seen is flat:
        nodes.append(Node("RESHAPE", ("window",), ("flat",), ReshapeAttrs(flat.shape), "flatten"))
    y = replace(seen, name="y")
    place = int(rng.integers(3, 6)) if seen is window else len(nodes)
    nodes.insert(place, Node("ABS", (seen.name,), ("y",), Attrs(), "abs"))
    bodies: tuple[Graph, ...] = ()
    if rng.random() < 0.6:
        nodes = [Node("CALL_ONCE", (), (), CallOnceAttrs(0), "start"), *nodes]
        body = _first_values(old, rng)
        if rng.random() < 0.5:
            fill = np.frombuffer(bytes([old.first_byte]) * old.nbytes, dtype.numpy).reshape(old.shape)
            body = replace(body, tensors={**body.tensors, "first": replace(body.tensors["first"], data=fill)})
            body = _filled(body, fill) if dtype is not DType.INT16 and rng.random() < 0.5 else body
        bodies = (body,)
    tensors = [x, old, window, newest, y, handle("handle"), *corners, *([flat] if seen is flat else [])]
    return graph(tensors, nodes, ["x"], ["y"]).rebuilt(subgraphs=bodies)


test_variables = stream_sample(variables, 16)
test_windows = stream_sample(windows, 24)
test_many = many_streams(variables, 80)
test_many_windows = many_streams(windows, 200)


def test_windows_stay_in_their_variables() -> None:
    """Where no more comes in than stays, and no first value is another one than it has anyway."""
    kept = 0
    for seed in range(40):
        made = windows(np.random.default_rng(seed))
        program = compile_model(write(made), "m")
        given = made.subgraphs[0].tensors if made.subgraphs else {}
        first = given["zero" if "zero" in given else "first"].data if given else None
        plain = first is None or set(first.tobytes()) == {made.tensors["old"].first_byte}
        stays = plain and made.tensors["old"].nbytes >= made.tensors["x"].nbytes
        ops = [node.op for node in program.nodes]
        assert ("SLIDING_WINDOW" in ops) == stays, seed
        assert not (stays and {"READ_VARIABLE", "CALL_ONCE", "RESHAPE"} & set(ops))
        kept += stays
    assert 10 < kept < 35


def test_round_trip() -> None:
    made = next(made for seed in range(20) if (made := variables(np.random.default_rng(seed))).subgraphs)
    file = write(made)
    again = read(file, "model")
    assert write(again) == file
    assert "body 0" in to_text(again)


def test_what_nothing_assigns_is_refused() -> None:
    made = variables(np.random.default_rng(1))
    nodes = tuple(node for node in made.nodes if node.op not in ("ASSIGN_VARIABLE", "CALL_ONCE"))
    with pytest.raises(UnsupportedOperator, match="nothing assigns the variable"):
        compile_model(write(made.rebuilt(nodes=nodes, subgraphs=())), "m")


def test_sizes_must_agree() -> None:
    made = variables(np.random.default_rng(1))
    tensors = {**made.tensors, "old": replace(made.tensors["old"], shape=(1, 99))}
    with pytest.raises(UnsupportedOperator, match="type and size"):
        compile_model(
            write(made.rebuilt(tensors=tensors, outputs=("old",), nodes=(*made.nodes[:-2], made.nodes[-1]))),
            "m",
        )
