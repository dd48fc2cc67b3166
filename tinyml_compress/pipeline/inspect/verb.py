"""What is in a .tflite file: operators, tensors, quantization, MACs, sparsity, ledger, memory plan."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from tinyml_compress import frontend
from tinyml_compress.errors import TinymlError
from tinyml_compress.frontend.ledger import ledger
from tinyml_compress.ir import Graph, NodeView, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.pipeline.compile.verb import compile_graph, compiled_node
from tinyml_compress.results import Conversion, Inspection, LayerFacts, Values
from tinyml_compress.support import files
from tinyml_compress.support.c_names import c_name

Reals = npt.NDArray[np.float64]
_BINS = 41


def inspect_model(path: Path) -> Inspection:
    """Read the file and count; operators that the engine lacks leave the plan absent, with the reason."""
    model = files.read_bytes(path)
    bytes_of = ledger(model)
    graph_name = c_name(path.stem)
    graph = frontend.read(model, graph_name)
    layers = tuple(_layer(index, view) for index, view in enumerate(graph.views()))
    macs = sum(layer.macs or 0 for layer in layers)
    program = missing = None
    try:
        program = compile_graph(graph, graph_name, model_sha256=files.sha256(model))
    except TinymlError as error:
        missing = f"no memory plan: {error.what}"
    constants = [tensor for tensor in graph.tensors.values() if tensor.data is not None]
    return Inspection(
        path=str(path),
        sha256=files.sha256(model),
        ledger=bytes_of,
        operators=dict(sorted(Counter(node.op for node in graph.nodes).items())),
        inputs=tuple(describe(graph.tensors[name]) for name in graph.inputs),
        outputs=tuple(describe(graph.tensors[name]) for name in graph.outputs),
        layers=layers,
        macs=macs,
        parameters=sum(tensor.elements for tensor in constants),
        zeros=sum(int(np.count_nonzero(tensor.data == 0)) for tensor in constants if tensor.data is not None),
        arena_bytes=None if program is None else program.arena_bytes,
        arena_lower_bound=None if program is None else program.plan.lower_bound,
        kernels=() if program is None else tuple(map(compiled_node, program.nodes)),
        missing=missing,
        nbytes=bytes_of.file,
        dtypes=_dtypes(constants),
    )


def looked_into(done: Conversion) -> Conversion:
    """The conversion with what is in the new file."""
    try:
        return msgspec.structs.replace(done, inspection=inspect_model(done.path))
    except TinymlError as error:
        why = error.what if error.which is None else f"{error.what}: {error.which}"
        return msgspec.structs.replace(done, inspection_absent=why)


def _dtypes(constants: list[Tensor]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for tensor in constants:
        counts[tensor.dtype.value] += tensor.elements
    return dict(sorted(counts.items()))


def describe(tensor: Tensor) -> str:
    """`name i8[1x49x10x1] 0.58*(q-83)`."""
    return f"{tensor.name} {_form(tensor)}"


def _form(tensor: Tensor) -> str:
    shape = "x".join(str(size) for size in tensor.shape)
    return f"{tensor.dtype.value}[{shape}]{_quant(tensor)}"


def _quant(tensor: Tensor) -> str:
    quant = tensor.quant
    if quant is None:
        return ""
    if quant.per_channel:
        return f" per channel ({len(quant.scales)}, {min(quant.scales):.3g} to {max(quant.scales):.3g})"
    return f" {quant.scale:.6g}*(q{-quant.zero_point:+d})" if quant.zero_point else f" {quant.scale:.6g}*q"


def _layer(index: int, view: NodeView) -> LayerFacts:
    graph: Graph = view.graph
    constants = [
        graph.tensors[name] for name in view.node.inputs if name is not None and graph.tensors[name].is_const
    ]
    weights = max(constants, key=lambda tensor: tensor.elements, default=None)
    op = operator(view.node.op)
    op.check(view)
    return LayerFacts(
        index=index,
        op=view.node.op,
        name=view.node.name,
        inputs=tuple(
            describe(graph.tensors[name])
            for name in view.node.inputs
            if name is not None and not graph.tensors[name].is_const
        ),
        output=_form(view.output()) if view.node.outputs else "",
        quantization="" if weights is None else _quant(weights).strip(),
        macs=op.macs(view),
        parameters=sum(tensor.elements for tensor in constants),
        weights=None
        if weights is None or weights.dtype.value in ("i32", "i64")
        else values_of(real_values(weights)),
        dtype=None if weights is None else weights.dtype.value,
    )


def values_of(data: Reals) -> Values:
    """Of real values in any shape."""
    if data.size == 0:
        return Values(count=0, zeros=0, lowest=0.0, highest=0.0, edges=(-1.0, 1.0), histogram=())
    edges, counts = histogram(data)
    return Values(
        count=int(data.size),
        zeros=int(np.count_nonzero(data == 0)),
        lowest=float(data.min()),
        highest=float(data.max()),
        edges=edges,
        histogram=counts,
    )


def real_values(tensor: Tensor) -> Reals:
    """What the stored numbers of a constant stand for."""
    assert tensor.data is not None
    data = tensor.data.astype(np.float64)
    if tensor.quant is None:
        return data
    scales, zeros, axis = tensor.quant.scales, tensor.quant.zero_points, tensor.quant.axis
    if axis is None or not 0 <= axis < data.ndim or data.shape[axis] != len(scales):
        return (data - zeros[0]) * scales[0]  # what lies behind the first pair is not read
    shape = [1] * data.ndim
    shape[axis] = -1
    real: Reals = (data - np.array(zeros, np.float64).reshape(shape)) * np.array(scales).reshape(shape)
    return real


def histogram(values: Reals) -> tuple[tuple[float, float], tuple[int, ...]]:
    """Edges and counts of the values that are not zero; the middle bin holds the smallest."""
    rest = values[values != 0]
    reach = float(np.abs(rest).max()) if rest.size else 1.0
    counts, _ = np.histogram(rest, bins=_BINS, range=(-reach, reach))
    return (-reach, reach), tuple(int(count) for count in counts)
