"""Builds an ONNX graph in TensorFlow, node by node; what depends on constants alone is computed at once."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from tinyml_compress.converter.onnx import operators
from tinyml_compress.converter.onnx.call import Builder, OnnxCall, rounded
from tinyml_compress.converter.onnx.model import OnnxGraph, OnnxModel, OnnxNode
from tinyml_compress.converter.onnx.values import OnnxValue, channels_last, ordered, plain_order
from tinyml_compress.errors import TinymlError, UnsupportedOperator, about

_DOMAINS = ("", "com.microsoft")
_LARGEST = 1 << 24
"""Numbers of a computed constant: more would make a file that is larger than the model."""


@lru_cache(maxsize=1)
def known_operators() -> Mapping[str, Builder]:
    """All, by name."""
    modules = pkgutil.iter_modules(operators.__path__)
    tables = [importlib.import_module(f"{operators.__name__}.{module.name}").OPERATORS for module in modules]
    return {name: builder for table in tables for name, builder in table.items()}


def require_known(graph: OnnxGraph) -> None:
    """Refuse a graph with operators that are not known, all of them in one message."""
    unknown: dict[str, int] = {}
    for node in graph.nodes:
        if node.op not in known_operators() or node.domain not in _DOMAINS:
            kind = f"{node.domain}:{node.op}" if node.domain else node.op
            unknown[kind] = unknown.get(kind, 0) + 1
    if unknown:
        raise UnsupportedOperator(
            "the ONNX model has operators that cannot be converted",
            which=", ".join(unknown),
            found=", ".join(f"{count} of {kind}" for kind, count in unknown.items()),
            allowed="the operators that docs/onnx.md lists",
            next_step="export the model without them, or have another program make a .tflite file of it",
        )


def build(
    tf: Any,
    model: OnnxModel,
    inputs: Mapping[str, OnnxValue],
    last: frozenset[str],
    rounds: bool,
) -> list[Any]:
    """The outputs as tensors; those that `last` names with the channels last."""
    run = _Run(tf, model.opset, rounds)
    values = run.graph(model.graph, inputs)
    tensors = []
    for port, value in zip(model.graph.outputs, values, strict=True):
        value = _materialized(tf, value)
        order = channels_last(value.rank) if port.name in last else plain_order(value.rank)
        tensors.append(ordered(tf, value, order))
    return tensors


def _materialized(tf: Any, value: OnnxValue) -> OnnxValue:
    """Integers where a value only stands for them."""
    if not value.whole or value.grid is None:
        return rounded(tf, value)
    grid = value.grid
    if grid.axis is not None:
        shape = [1] * value.rank
        shape[value.order.index(grid.axis)] = -1
        scale, zero = grid.scale.reshape(shape), grid.zero.reshape(shape)
    else:
        scale, zero = grid.scale.reshape(()), grid.zero.reshape(())
    whole = tf.round(value.tensor / scale.astype(np.float32)) + zero.astype(np.float32)
    dtype = np.uint8 if grid.low == 0 else np.int8
    return replace(
        value, tensor=tf.cast(tf.clip_by_value(whole, grid.low, grid.high), dtype), grid=None, whole=False
    )


class _Run:
    def __init__(self, tf: Any, opset: int, rounds: bool) -> None:
        self.tf, self.opset, self.rounds = tf, opset, rounds
        self.scopes: list[dict[str, OnnxValue]] = []

    def graph(self, graph: OnnxGraph, inputs: Mapping[str, OnnxValue]) -> list[OnnxValue]:
        """Its outputs; names of the graphs around it are known in it."""
        scope = {name: OnnxValue.of(usual(array)) for name, array in graph.constants.items()}
        scope.update(inputs)
        self.scopes.append(scope)
        last_use = {name: index for index, node in enumerate(graph.nodes) for name in node.inputs}
        kept = {port.name for port in graph.outputs}
        for index, node in enumerate(graph.nodes):
            with about(node.title):
                values = self._node(node)
            scope.update({name: value for name, value in zip(node.outputs, values, strict=False) if name})
            for name in node.inputs:  # constants that are not needed any more
                if last_use[name] == index and name not in kept and len(self.scopes) == 1:
                    scope.pop(name, None)
        outputs = [self._named(port.name) for port in graph.outputs]
        self.scopes.pop()
        return outputs

    def _named(self, name: str) -> OnnxValue:
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        raise UnsupportedOperator("a value is read before it is computed", which=name)

    def _node(self, node: OnnxNode) -> list[OnnxValue]:
        builder = known_operators()[node.op]
        values = [self._named(name) if name else None for name in node.inputs]
        call = OnnxCall(self.tf, node, values, self.opset, self.rounds, lambda graph: self.graph(graph, {}))
        known = all(value is None or (value.is_constant and value.grid is None) for value in values)
        try:
            if not known or node.op in ("If", "DequantizeLinear"):
                return _several(builder(call))
            with self.tf.init_scope():
                return [self._kept(value) for value in _several(builder(call))]
        except (TinymlError, MemoryError):
            raise
        except (
            Exception
        ) as error:  # what TensorFlow raises on sizes that do not go together is its own affair
            raise UnsupportedOperator(
                "an operator cannot be built of its inputs",
                which=node.title,
                found=f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}",
                next_step="check the file: python -m onnx.checker, or run it under onnxruntime",
            ) from error

    def _kept(self, value: OnnxValue) -> OnnxValue:
        array = value.tensor if isinstance(value.tensor, np.ndarray) else np.asarray(value.tensor)
        if array.size > _LARGEST * 8:
            raise UnsupportedOperator(
                "a constant is computed that is too large", found=f"{array.size} numbers"
            )
        return value.with_tensor(usual(array))


def usual(array: Any) -> Any:
    """Constants in the types that are computed with."""
    array = np.asarray(array)
    return array.astype(np.float32) if array.dtype in (np.float64, np.float16) else array


def _several(built: OnnxValue | Sequence[OnnxValue]) -> list[OnnxValue]:
    return [built] if isinstance(built, OnnxValue) else list(built)
