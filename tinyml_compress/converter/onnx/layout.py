"""Which inputs and outputs of an ONNX model are pictures or rows of samples, told from its operators."""

from __future__ import annotations

from collections.abc import Iterable

from tinyml_compress.converter.onnx.model import OnnxGraph, OnnxNode

_SPATIAL = frozenset(
    """Conv ConvTranspose ConvInteger QLinearConv MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool
    BatchNormalization InstanceNormalization GroupNormalization LRN DepthToSpace SpaceToDepth Resize Upsample
    GridSample""".split()
)
"""Their first input has channels second."""
_ALIKE = frozenset(
    """
    Identity Cast Dropout Relu LeakyRelu PRelu Elu Selu Celu Clip Sigmoid Tanh HardSigmoid HardSwish Softplus
    Softsign Mish Swish Gelu Erf Exp Log Sqrt Abs Neg Reciprocal Floor Ceil Round Sign ThresholdedRelu
    Softmax LogSoftmax Add Sub Mul Div Pow Min Max Sum Mean Concat Pad Slice QuantizeLinear DequantizeLinear
    ArgMax""".split()
)
"""Their outputs have the axes of their inputs."""
RANKS = (3, 4, 5)


def spatial_inputs(graph: OnnxGraph) -> frozenset[str]:
    """Names of inputs with channels before space, which a .tflite file takes with the channels last."""
    readers: dict[str, list[OnnxNode]] = {}
    for node in graph.nodes:
        for name in node.inputs:
            readers.setdefault(name, []).append(node)
    ranks = {port.name: len(port.shape) for port in graph.inputs}
    return frozenset(name for name, rank in ranks.items() if rank in RANKS and _reaches(name, readers))


def spatial_outputs(graph: OnnxGraph) -> frozenset[str]:
    """The same of outputs."""
    writers = {name: node for node in graph.nodes for name in node.outputs}
    return frozenset(
        port.name for port in graph.outputs if len(port.shape) in RANKS and _comes(port.name, writers)
    )


def _reaches(name: str, readers: dict[str, list[OnnxNode]]) -> bool:
    waiting, known = [name], {name}
    while waiting:
        current = waiting.pop()
        for node in readers.get(current, ()):
            if node.op in _SPATIAL and node.inputs[0] == current:
                return True
            if node.op in _ALIKE:
                _add(node.outputs, waiting, known)
    return False


def _comes(name: str, writers: dict[str, OnnxNode]) -> bool:
    waiting, known = [name], {name}
    while waiting:
        node = writers.get(waiting.pop())
        if node is None:
            continue
        if node.op in _SPATIAL:
            return True
        if node.op in _ALIKE:
            _add(node.inputs, waiting, known)
    return False


def _add(names: Iterable[str], waiting: list[str], known: set[str]) -> None:
    fresh = [name for name in names if name and name not in known]
    waiting.extend(fresh)
    known.update(fresh)
