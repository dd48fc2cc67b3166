"""Look at ONNX files node by node: operators, parameters, zeros, and what `convert` would refuse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from tinyml_compress.converter.onnx.build import require_known
from tinyml_compress.converter.onnx.model import OnnxModel, OnnxNode, OnnxPort
from tinyml_compress.errors import TinymlError
from tinyml_compress.ir import DType
from tinyml_compress.models import Origin
from tinyml_compress.pipeline.inspect.verb import values_of
from tinyml_compress.results import Inspection, LayerFacts

Array = npt.NDArray[np.generic]
_SHORT: Mapping[str, str] = {
    dtype.numpy.name: dtype.value for dtype in reversed(DType) if dtype is not DType.RESOURCE
}
_SIZES = ("int64", "bool")
"""Constants of these types are shapes, axes and places: no parameters."""


def inspect_onnx(model: OnnxModel, origin: Origin, nbytes: int) -> Inspection:
    """Count what the file says; nothing is built or run."""
    layers: list[LayerFacts] = []
    kept: dict[str, Array] = {}
    for index, node in enumerate(model.graph.nodes):
        held = {name: array for name, array in _constants(model, node) if name not in kept}
        kept.update(held)
        layers.append(_facts(index, node, model, list(held.values())))
    # What graphs within nodes read is in no node's row.
    kept.update({name: array for name, array in model.graph.constants.items() if _is_parameter(array)})
    kinds: Counter[str] = Counter()
    for array in kept.values():
        kinds[_short(array)] += array.size
    return Inspection(
        path=origin.spec,
        sha256=origin.sha256,
        operators=dict(sorted(Counter(node.op for node in model.graph.nodes).items())),
        inputs=tuple(map(_described, model.graph.inputs)),
        outputs=tuple(map(_described, model.graph.outputs)),
        layers=tuple(layers),
        parameters=sum(array.size for array in kept.values()),
        zeros=sum(int(np.count_nonzero(array == 0)) for array in kept.values()),
        missing=_missing(model),
        form=origin.format.value,
        nbytes=nbytes,
        dtypes=dict(sorted(kinds.items())),
        about=f"opset {model.opset}" + (f", written by {model.producer}" if model.producer else ""),
    )


def _missing(model: OnnxModel) -> str:
    """MACs need the sizes in between, which a file need not hold."""
    try:
        require_known(model.graph)
    except TinymlError as error:
        return f"MACs not counted: {error.what}: {error.found}"
    return "MACs and memory are counted once it is a .tflite file: tinyml-compress convert, then inspect that"


def _constants(model: OnnxModel, node: OnnxNode) -> Iterator[tuple[str, Array]]:
    """Parameters that a node holds or reads."""
    value = node.attributes.get("value")
    named = [(name, model.graph.constants[name]) for name in node.inputs if name in model.graph.constants]
    if node.op == "Constant" and isinstance(value, np.ndarray):
        named.append((node.outputs[0], value))
    yield from ((name, array) for name, array in named if _is_parameter(array))


def _is_parameter(array: Array) -> bool:
    return array.dtype.name not in _SIZES


def _facts(index: int, node: OnnxNode, model: OnnxModel, constants: list[Array]) -> LayerFacts:
    weights = max(constants, key=lambda array: array.size, default=None)
    return LayerFacts(
        index=index,
        op=node.op,
        name=node.name or ", ".join(node.outputs),
        inputs=tuple(name for name in node.inputs if name and name not in model.graph.constants),
        output=", ".join(node.outputs),
        quantization="",
        parameters=sum(array.size for array in constants),
        weights=None if weights is None else values_of(weights.astype(np.float64)),
        dtype=None if weights is None else _short(weights),
    )


def _short(array: Array) -> str:
    return _SHORT.get(array.dtype.name, array.dtype.name)


def _described(port: OnnxPort) -> str:
    sizes = "x".join("?" if size is None else str(size) for size in port.shape)
    return f"{port.name} {_SHORT.get(port.dtype.name, port.dtype.name)}[{sizes}]"
