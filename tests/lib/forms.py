"""int8 graphs of one product or pool brought to other number formats: int16 activations, float32, int4
weights.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.lib.graphs import quant
from tests.lib.proof import Maker, Rng
from tinyml_compress.ir import DType, Graph, Tensor


def int16(make: Maker, bias: DType | None = DType.INT64) -> Maker:
    """The maker's graphs with int16 activations of zero point 0 and biases of that type; without biases for
    None.
    """

    def made(rng: Rng) -> Graph:
        graph = make(rng)
        sides = {*graph.inputs, *graph.outputs}
        tensors = {
            name: _wide_side(tensor) if name in sides else _wide_bias(rng, tensor, bias)
            for name, tensor in graph.tensors.items()
        }
        nodes = graph.nodes
        if bias is None:
            nodes = tuple(replace(node, inputs=node.inputs[:2]) for node in nodes)
        return graph.rebuilt(nodes=nodes, tensors=tensors)

    made.__module__, made.__qualname__ = make.__module__, f"int16_{make.__qualname__}_{bias}"
    return made


def _wide_side(tensor: Tensor) -> Tensor:
    assert tensor.quant is not None
    return replace(tensor, dtype=DType.INT16, quant=quant(tensor.quant.scale))


def _wide_bias(rng: Rng, tensor: Tensor, dtype: DType | None) -> Tensor:
    if tensor.dtype is not DType.INT32 or dtype is None:
        return tensor
    assert tensor.data is not None
    data = np.asarray(tensor.data, np.int64) * int(rng.choice([1, 256, 256]))
    if dtype is DType.INT64 and rng.random() < 0.2:
        data = data * 1009  # beyond 32 bits
    data = np.clip(data, -(1 << 31), (1 << 31) - 1) if dtype is DType.INT32 else data
    return replace(tensor, dtype=dtype, data=_frozen(data.astype(dtype.numpy)))


def int4(make: Maker, *, one_scale: bool = False) -> Maker:
    """The maker's graphs with int4 weights of larger scales; with `one_scale` never per channel."""

    def made(rng: Rng) -> Graph:
        graph = make(rng)
        names = graph.nodes[0].inputs
        weights = graph.tensors[names[1] or ""]
        assert weights.data is not None
        assert weights.quant is not None
        scales = np.array(weights.quant.scales[:1] if one_scale else weights.quant.scales) * 16
        data = (
            np.clip(np.round(weights.data / 16.0), -8, 7)
            if rng.random() < 0.8
            else rng.choice([-8, 7], weights.shape)
        )
        new = replace(
            weights,
            dtype=DType.INT4,
            quant=quant(scales, 0, weights.quant.axis),
            data=_frozen(data.astype(np.int8)),
        )
        tensors = {**graph.tensors, weights.name: new}
        if one_scale and len(names) > 2:
            bias = graph.tensors[names[2] or ""]
            source = graph.tensors[names[0] or ""].quant
            assert source is not None
            tensors[bias.name] = replace(
                bias, quant=quant(float(np.float32(source.scale) * np.float32(scales[0])))
            )
        return graph.rebuilt(tensors=tensors)

    made.__module__, made.__qualname__ = make.__module__, f"int4_{make.__qualname__}"
    return made


def float32(make: Maker) -> Maker:
    """The maker's graphs in float: constants in their real values, the rest without quantization."""

    def made(rng: Rng) -> Graph:
        graph = make(rng)
        return graph.rebuilt(tensors={name: real(tensor) for name, tensor in graph.tensors.items()})

    made.__module__, made.__qualname__ = make.__module__, f"float32_{make.__qualname__}"
    return made


def real(tensor: Tensor) -> Tensor:
    """In float, with the values that a constant's quantization gives it."""
    if tensor.data is None:
        return replace(tensor, dtype=DType.FLOAT32, quant=None)
    assert tensor.quant is not None
    scales, axis = np.array(tensor.quant.scales), tensor.quant.axis or 0
    shape = [-1 if index == axis and len(scales) > 1 else 1 for index in range(len(tensor.shape))]
    real = (tensor.data.astype(np.float64) * scales.reshape(shape)).astype(np.float32)
    return replace(tensor, dtype=DType.FLOAT32, quant=None, data=_frozen(real))


def _frozen(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    data.setflags(write=False)
    return data
