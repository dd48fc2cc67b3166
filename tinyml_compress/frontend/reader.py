"""A .tflite file becomes a graph: every index, shape, buffer, type and quantization is checked on the way."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import ModelError, UnsupportedOperator
from tinyml_compress.formats import schema
from tinyml_compress.formats.flat import FlatModel, FlatOperator, FlatQuant, FlatTensor, decode, option_values
from tinyml_compress.frontend.flex import custom_values
from tinyml_compress.frontend.names import layer_of, unique_names
from tinyml_compress.ir import Attrs, DType, Graph, Node, Quant, Tensor, verify
from tinyml_compress.ops import all_operators, operator
from tinyml_compress.ops.base import Body, Operator
from tinyml_compress.ops.spans import with_spans

MAX_RANK = 8
_MAX_TENSOR_BYTES = (1 << 31) - 1
_DAMAGED = "convert the model again, or fetch the file anew"
_ABSENT = -1
"""Index of an optional input that is not there."""


def read(model: bytes, name: str) -> Graph:
    """The graph of a .tflite file, named `name`. ModelError or UnsupportedOperator says what is wrong with
    it.
    """
    return with_spans(Reading(decode(bytes(model))).graph(name))


@dataclass(frozen=True)
class _Place:
    """A tensor's index and name, for messages."""

    index: int
    name: str

    def __str__(self) -> str:
        return f"tensor {self.index} ({self.name})"


class _Family:
    """All subgraphs of a file: each is read once, when something runs it."""

    def __init__(self, flat: FlatModel) -> None:
        self._flat = flat
        every = unique_names(tensor.name for graph in flat.graphs for tensor in graph.tensors)
        ends = np.cumsum([len(graph.tensors) for graph in flat.graphs]).tolist()
        self.names = [
            every[end - len(graph.tensors) : end] for graph, end in zip(flat.graphs, ends, strict=True)
        ]
        """By subgraph; no two tensors of the file have the same."""
        self._known: dict[int, Graph] = {}
        self._reading = [0]
        self._asked = 0

    def body(self, number: int, where: str) -> Graph:
        """Subgraph `number`, which the operator `where` runs."""
        if not 0 <= number < len(self._flat.graphs):
            raise ModelError(
                "an operator runs a subgraph that is not there",
                which=where,
                found=number,
                allowed=f"1 to {len(self._flat.graphs) - 1}",
                next_step=_DAMAGED,
            )
        if number in self._reading:
            raise ModelError(
                "a subgraph runs itself", which=where, found=f"subgraph {number}", next_step=_DAMAGED
            )
        if number not in self._known:
            self._reading.append(number)
            body = self._flat.bodies[number - 1]
            flat = replace(
                self._flat,
                tensors=body.tensors,
                operators=body.operators,
                inputs=body.inputs,
                outputs=body.outputs,
            )
            self._asked += 1  # by order, not by number: the same after writing, where unused ones have gone
            self._known[number] = Reading(flat, self, number).graph(f"subgraph {self._asked}")
            self._reading.pop()
        return self._known[number]


class Reading:
    """One subgraph on its way to a graph; every method judges what it is asked for."""

    def __init__(self, flat: FlatModel, family: _Family | None = None, number: int = 0) -> None:
        self._flat = flat
        self._family = family or _Family(flat)
        self._number = number
        self._bodies: dict[int, Graph] = {}
        """By number in the file, in the order of `Graph.subgraphs`."""
        self._names = self._family.names[number]
        self._tensors: dict[int, Tensor] = {}
        self._made = {index for operator in flat.operators for index in operator.outputs}

    def graph(self, name: str) -> Graph:
        flat = self._flat
        inputs = tuple(self._tensor(index, "graph input").name for index in flat.inputs)
        nodes = tuple(self.node(index, operator) for index, operator in enumerate(flat.operators))
        outputs = tuple(self._tensor(index, "graph output").name for index in flat.outputs)
        self._check_order()
        bodies = self.bodies()
        graph = Graph(
            name=name, tensors=self.tensors(), nodes=nodes, inputs=inputs, outputs=outputs, subgraphs=bodies
        )
        verify(graph, body=self._number > 0)
        return graph

    def bodies(self) -> tuple[Graph, ...]:
        """The subgraphs that the nodes asked for so far run."""
        return tuple(self._bodies.values())

    def tensors(self) -> dict[str, Tensor]:
        """All tensors that were asked for so far, in the file's order."""
        return {self._names[index]: self._tensors[index] for index in sorted(self._tensors)}

    # --- operators ---

    def node(self, index: int, flat: FlatOperator) -> Node:
        """The node of one operator, with the tensors that it names."""
        layer = self.layer(index, flat)
        op = self._op_name(flat, layer)
        where = f"{op} {layer}"
        known = operator(op, self._full_layer(flat, layer))
        inputs = tuple(
            None if i == _ABSENT else self._tensor(i, f"input of {where}").name for i in flat.inputs
        )
        outputs = tuple(self._tensor(i, f"output of {where}").name for i in flat.outputs)
        runs = known.options is not None and any(field.kind is Body for field in known.options.fields)
        acts = known.without_outputs and (runs or any(self._is_handle(i) for i in flat.inputs))
        if not outputs and not acts:
            raise ModelError("an operator has no output", which=where, next_step=_DAMAGED)
        attrs: Attrs = known.attrs_type(**self._option_values(flat, known, where))
        hints = tuple(self._hint(i, f"intermediate of {where}") for i in flat.intermediates)
        return Node(op=op, inputs=inputs, outputs=outputs, attrs=attrs, name=layer, intermediates=hints)

    def _is_handle(self, index: int) -> bool:
        return index != _ABSENT and self._tensors[index].dtype is DType.RESOURCE

    def _option_values(self, flat: FlatOperator, known: Operator, where: str) -> dict[str, object]:
        if known.options is None:
            return {}
        if known.custom:
            return custom_values(flat.custom_options, known.options, known.attrs_type, where)
        values = option_values(flat, known.options, where)
        for field in known.options.fields:
            if field.kind is Body:
                number = cast(int, values[field.attr])
                self._bodies.setdefault(number, self._family.body(number, where))
                values[field.attr] = list(self._bodies).index(number)
        return values

    def layer(self, index: int, flat: FlatOperator) -> str:
        """The layer that one operator comes from, for messages."""
        named = [self._names[i] for i in flat.outputs if 0 <= i < len(self._names)]
        return layer_of(named[0]) if named else f"operator {index}"

    def _full_layer(self, flat: FlatOperator, layer: str) -> str:
        """The layer with the tensor that it makes, where that has a name of its own."""
        named = [self._names[i] for i in flat.outputs if 0 <= i < len(self._names)]
        return layer if not named or named[0] == layer else f"{layer} (tensor {named[0]})"

    def _op_name(self, flat: FlatOperator, layer: str) -> str:
        if flat.custom is not None:
            if flat.custom in all_operators() and all_operators()[flat.custom].custom:
                return flat.custom
            raise UnsupportedOperator(
                f"custom operator {flat.custom or '(without a name)'} is not supported",
                which=layer,
                allowed="tinyml-compress operators lists what is",
                next_step="replace the layer that makes it by standard ones",
            )
        if flat.number not in schema.OPERATOR_NAMES:
            raise ModelError(
                "unknown operator number",
                which=layer,
                found=flat.number,
                allowed=f"0 to {max(schema.OPERATOR_NAMES)}",
                next_step=_DAMAGED,
            )
        return schema.OPERATOR_NAMES[flat.number]

    def _check_order(self) -> None:
        """Every value is there before it is used, and made once."""
        flat = self._flat
        self._check_unique_inputs()
        given = set(flat.inputs)
        ready = given | {i for i, tensor in self._tensors.items() if not tensor.in_arena}
        for index, op in enumerate(flat.operators):
            where = f"{schema.OPERATOR_NAMES[op.number]} {self.layer(index, op)}"
            for source in op.inputs:
                if source != _ABSENT and source not in ready:
                    self._refuse_unready(source, where)
            for result in op.outputs:
                if result in ready and not self._tensors[result].variable:
                    why = (
                        "a graph input"
                        if result in given
                        else "a constant"
                        if self._const(result)
                        else "made by another"
                    )
                    raise ModelError(
                        "a tensor is made twice",
                        which=self._place(result),
                        found=f"output of {where}, and {why}",
                        allowed="one maker",
                        next_step=_DAMAGED,
                    )
                ready.add(result)
        if not flat.outputs and not self._number:
            raise ModelError("the graph has no output", allowed="at least one", next_step=_DAMAGED)
        for output in flat.outputs:
            if output not in ready:
                self._refuse_unready(output, "graph output")

    def _check_unique_inputs(self) -> None:
        inputs = self._flat.inputs
        counts = Counter(inputs)
        twice = next((i for i in inputs if counts[i] > 1), None)
        if twice is not None:
            raise ModelError("a graph input is listed twice", which=self._place(twice), next_step=_DAMAGED)
        const = next((i for i in inputs if self._const(i)), None)
        if const is not None:
            raise ModelError("a graph input is a constant", which=self._place(const), next_step=_DAMAGED)

    def _const(self, index: int) -> bool:
        return self._tensors[index].is_const

    def _refuse_unready(self, index: int, where: str) -> None:
        raise ModelError(
            "a tensor is used before it is made",
            which=self._place(index),
            found=f"{where}; made " + ("by it or by a later operator" if index in self._made else "nowhere"),
            allowed="operators in execution order, without cycles",
            next_step=_DAMAGED,
        )

    # --- tensors ---

    def _place(self, index: int) -> _Place:
        return _Place(index, self._names[index])

    def _tensor(self, index: int, role: str) -> Tensor:
        self._check_index(index, role)
        if index not in self._tensors:
            self._tensors[index] = self._new_tensor(index)
        return self._tensors[index]

    def _check_index(self, index: int, role: str) -> None:
        if not 0 <= index < len(self._flat.tensors):
            raise ModelError(
                "a tensor index is out of range",
                which=role,
                found=index,
                allowed=f"0 to {len(self._flat.tensors) - 1}",
                next_step=_DAMAGED,
            )

    def _hint(self, index: int, role: str) -> Tensor:
        """A tensor that has a quantization but no content."""
        self._check_index(index, role)
        flat, place = self._flat.tensors[index], self._place(index)
        dtype = _dtype(flat, place)
        _elements(flat.shape, dtype, place)
        quant = None if dtype.is_float or flat.quant is None else _quant(flat.quant)
        return Tensor(place.name, flat.shape, dtype, quant)

    def _new_tensor(self, index: int) -> Tensor:
        flat, place = self._flat.tensors[index], self._place(index)
        dtype = _dtype(flat, place)
        if flat.sparse:
            raise ModelError(
                "sparse tensors are not supported",
                which=place,
                allowed="dense tensors",
                next_step="convert without the sparsity optimization",
            )
        elements = _elements(flat.shape, dtype, place)
        data = self._data(index, dtype, elements)
        if elements == 0 and data is None:
            raise ModelError(
                "a tensor is empty", which=place, found=_dims(flat.shape), allowed="dimensions from 1 on"
            )
        quant = None if dtype.is_float or flat.quant is None else _quant(flat.quant)
        return Tensor(
            place.name, flat.shape, dtype, quant, data, variable=self._is_variable(index, data is not None)
        )

    def _is_variable(self, index: int, constant: bool) -> bool:
        """Whether the tensor keeps its value between inferences."""
        if not self._flat.tensors[index].variable:
            return False
        if constant or index in self._flat.inputs:
            raise ModelError(
                "a variable tensor has another origin",
                which=self._place(index),
                found="a constant's data" if constant else "an input of the graph",
                allowed="variables that operators write",
                next_step=_DAMAGED,
            )
        return True

    def _data(self, index: int, dtype: DType, elements: int) -> npt.NDArray[np.generic] | None:
        flat, place = self._flat.tensors[index], self._place(index)
        if flat.buffer >= len(self._flat.buffers):
            raise ModelError(
                "a buffer index is out of range",
                which=place,
                found=flat.buffer,
                allowed=f"0 to {len(self._flat.buffers) - 1}",
                next_step=_DAMAGED,
            )
        buffer = self._flat.buffers[flat.buffer]
        if buffer.data.size == 0:
            if elements or index in self._made or index in self._flat.inputs:
                return None
            empty = np.empty(flat.shape, dtype.numpy)
            empty.setflags(write=False)
            return empty
        expected = (elements + 1) // 2 if dtype is DType.INT4 else elements * dtype.itemsize
        if buffer.data.size < expected:
            raise ModelError(
                "a constant's data does not fit its shape",
                which=place,
                found=f"{buffer.data.size} bytes",
                allowed=f"{expected} bytes for {_dims(flat.shape)} of {dtype.name}",
                next_step=_DAMAGED,
            )
        stored = buffer.data[:expected]  # what lies behind, nobody reads
        if dtype is DType.BOOL and bool((stored > 1).any()):
            raise ModelError(
                "a boolean constant holds other values than 0 and 1", which=place, next_step=_DAMAGED
            )
        if dtype is DType.INT4:
            data = _unpack_int4(stored, elements)
        else:
            data = stored.view(dtype.numpy.newbyteorder("<")).astype(dtype.numpy, copy=False)
        if dtype.is_float and not bool(np.isfinite(data).all()):
            raise ModelError(
                "a constant holds infinities or no numbers",
                which=place,
                allowed="finite floats",
                next_step="find the layer whose weights or constants broke, and train or convert again",
            )
        data = data.reshape(flat.shape)
        data.setflags(write=False)
        return data


def _unpack_int4(packed: npt.NDArray[np.uint8], elements: int) -> npt.NDArray[np.generic]:
    """Two per byte, low half first, to one per int8."""
    both = np.stack([packed & 15, packed >> 4], axis=-1).reshape(-1)[:elements]
    signed: npt.NDArray[np.int8] = (both ^ 8).astype(np.int8) - np.int8(8)
    return signed


def _dtype(flat: FlatTensor, place: _Place) -> DType:
    if flat.type not in schema.DTYPE_OF:
        raise ModelError(
            "unsupported element type",
            which=place,
            found=schema.TYPE_NAMES.get(flat.type, f"number {flat.type}"),
            allowed=", ".join(dtype.name for dtype in DType),
        )
    return schema.DTYPE_OF[flat.type]


def _elements(shape: tuple[int, ...], dtype: DType, place: _Place) -> int:
    if len(shape) > MAX_RANK:
        raise ModelError("too many dimensions", which=place, found=len(shape), allowed=f"at most {MAX_RANK}")
    if min(shape, default=1) < 0:
        raise ModelError(
            "negative dimension",
            which=place,
            found=_dims(shape),
            allowed="dimensions from 1 on",
            next_step="convert the model with fixed input shapes (batch 1)",
        )
    elements = math.prod(shape)
    if elements * dtype.itemsize > _MAX_TENSOR_BYTES:
        raise ModelError(
            "a tensor is too large",
            which=place,
            found=f"{_dims(shape)} of {dtype.name}",
            allowed=f"at most {_MAX_TENSOR_BYTES} bytes",
        )
    return elements


def _quant(flat: FlatQuant) -> Quant:
    """As the file has it: operators judge what they read of it, and what nobody reads may be anything.

    Zero points that are not one per scale are the first one for all, as for TensorFlow Lite Micro.
    """
    count = len(flat.scales)
    zero_points = flat.zero_points if len(flat.zero_points) == count else flat.zero_points[:1] * count
    return Quant(flat.scales, zero_points, flat.axis if count > 1 else None)


def _dims(shape: tuple[int, ...]) -> str:
    return "[" + ", ".join(str(size) for size in shape) + "]"
