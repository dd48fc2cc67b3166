"""Small graphs for tests: tensors, constants, nodes, and the .tflite file of one operator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from tinyml_compress.frontend import write
from tinyml_compress.ir import Attrs, DType, Graph, Node, Quant, Tensor


def quant(
    scale: float | Sequence[float], zero_point: int | Sequence[int] = 0, axis: int | None = None
) -> Quant:
    """Quantization with scales as float32 holds them; several scales go along `axis` (0 unless given)."""
    scales = tuple(float(np.float32(s)) for s in np.atleast_1d(scale))
    zeros = tuple(int(z) for z in np.atleast_1d(zero_point))
    if len(zeros) != len(scales):
        zeros = zeros * len(scales)
    return Quant(scales, zeros, (axis or 0) if len(scales) > 1 else None)


def tensor(
    name: str,
    shape: Sequence[int],
    scale: float | None = None,
    zero_point: int = 0,
    *,
    dtype: DType = DType.INT8,
) -> Tensor:
    """A tensor that is given or computed at run time."""
    return Tensor(name, tuple(shape), dtype, None if scale is None else quant(scale, zero_point))


def const(
    name: str,
    values: npt.ArrayLike,
    scale: float | Sequence[float] | None = None,
    zero_point: int | Sequence[int] = 0,
    *,
    axis: int | None = None,
    dtype: DType = DType.INT8,
) -> Tensor:
    """A constant tensor."""
    data = np.array(values).astype(dtype.numpy)
    data.setflags(write=False)
    return Tensor(name, data.shape, dtype, None if scale is None else quant(scale, zero_point, axis), data)


def graph(
    tensors: Iterable[Tensor],
    nodes: Sequence[Node],
    inputs: Sequence[str],
    outputs: Sequence[str],
    name: str = "model",
) -> Graph:
    """A graph of several nodes."""
    return Graph(name, {t.name: t for t in tensors}, tuple(nodes), tuple(inputs), tuple(outputs))


def single(
    op: str,
    inputs: Sequence[Tensor | None],
    outputs: Sequence[Tensor] | Tensor,
    attrs: Attrs,
    name: str = "model",
) -> Graph:
    """A graph of one operator: its inputs that are no constants are the graph's, its outputs too."""
    made = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    given = [t for t in inputs if t is not None]
    node = Node(
        op,
        tuple(None if t is None else t.name for t in inputs),
        tuple(t.name for t in made),
        attrs,
        op.lower(),
    )
    free = list(dict.fromkeys(t.name for t in given if t.in_arena))
    return graph([*given, *made], [node], free, [t.name for t in made], name)


def model(
    op: str, inputs: Sequence[Tensor | None], outputs: Sequence[Tensor] | Tensor, attrs: Attrs
) -> bytes:
    """The .tflite file of one operator."""
    return write(single(op, inputs, outputs, attrs))
