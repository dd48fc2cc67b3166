"""What each layer of a Keras model costs on a device: converted once, compiled and emulated for any set of
zeros.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress import frontend
from tinyml_compress.data import DataSet
from tinyml_compress.devices import Device, hardware_cycles
from tinyml_compress.errors import ModelError
from tinyml_compress.ir import Graph
from tinyml_compress.models import LoadedModel
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.verb import compile_graph
from tinyml_compress.pipeline.convert.keras_model import convert_model
from tinyml_compress.pipeline.convert.whole import Wanted
from tinyml_compress.pipeline.measure.inputs import make_vectors
from tinyml_compress.pipeline.measure.work import FLAGS
from tinyml_compress.runners.emulated import emulate
from tinyml_compress.streaming import streamed
from tinyml_compress.techniques.allocation import Price
from tinyml_compress.techniques.sparsity import prunable_weights

Array = npt.NDArray[Any]

_NEAR = 0.01
"""Mean difference of two kernels, each channel's largest weight taken as 1; rounding to int8 makes about
0.002.
"""
_OTHERS = "(other nodes)"


class LayerPrices:
    """Callable: a model with the layers of the one it was made from, some weights zero, to the price of each
    layer.

    The zeros go straight into the int8 weights of the one conversion, for the price depends on nothing else.
    With `stream` it is that of a step of so many new frames. Cycles are modelled from the instructions that
    the compiled firmware executes, bytes are counted in its arrays.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        calibration: DataSet | None,
        device: Device,
        level: Level,
        *,
        seed: int = 0,
        stream: int = 0,
    ) -> None:
        self._device, self._level = device, level
        converted = convert_model(loaded, calibration, Wanted(seed=seed))
        window = frontend.read(converted.tflite, "model")
        self._graph = streamed(window, axis=1, frames=stream).graph if stream else window
        self._places = _places(loaded.model, self._graph)
        if not self._places:
            raise ModelError(
                "no layer of the model is found again in its int8 form",
                which=loaded.model.name,
                next_step="leave `allocate` out: every layer then gets the same sparsity",
            )

    def __call__(self, model: Any) -> Mapping[str, Price]:
        tensors = dict(self._graph.tensors)
        for layer in model.layers:
            for weight, (name, layout) in zip(
                prunable_weights(layer), self._places.get(layer.name, ()), strict=False
            ):
                tensor = tensors[name]
                rows = _LAYOUTS[layout](weight.numpy() != 0)
                kept = (rows.T if layout == "depthwise" else rows).reshape(tensor.shape)
                thinned = np.where(kept, tensor.constant, 0).astype(np.int8)
                thinned.setflags(write=False)
                tensors[name] = replace(tensor, data=thinned)
        return self._priced(replace(self._graph, tensors=tensors))

    def _priced(self, graph: Graph) -> dict[str, Price]:
        device = self._device
        owners = {tensor: layer for layer, places in self._places.items() for tensor, _ in places}
        # names of nodes come from the converter, and two may be alike: the layers' own stay through all
        # passes
        named = tuple(
            replace(node, name=next((owners[name] for name in node.inputs if name in owners), _OTHERS))
            for node in graph.nodes
        )
        graph = graph.rebuilt(nodes=named)
        program = compile_graph(
            graph,
            "priced",
            model_sha256="",
            isas=device.core.kernels,
            level=self._level,
            memories=device.memories,
            prices=device.core.prices,
        )
        raw = make_vectors(program.inputs, "pattern", 1, 0).raw
        done = emulate(program, device, raw, optimize=FLAGS[self._level])
        totals: dict[str, list[float]] = {}
        for node, count in zip(program.nodes, done.counts.nodes, strict=True):
            row = totals.setdefault(node.name, [0.0, 0.0])
            row[0] += hardware_cycles(device, node.op, count.instructions, count.classes, done.waited(count))
            row[1] += program.weight_bytes_of(node.index)
        return {name: Price(*row) for name, row in totals.items()}


def _conv(kernel: Array) -> Array:
    return np.moveaxis(kernel, -1, 0)


def _transposed(kernel: Array) -> Array:
    return np.moveaxis(kernel, -2, 0)


def _depthwise(kernel: Array) -> Array:
    return kernel.reshape(-1, kernel.shape[-2] * kernel.shape[-1]).T


_LAYOUTS = {"conv": _conv, "transposed": _transposed, "depthwise": _depthwise}
"""From a Keras kernel to rows of output channels, as they may lie in the file."""


def _places(model: Any, graph: Graph) -> dict[str, tuple[tuple[str, str], ...]]:
    """Per layer its kernels' tensors in the file and their layouts.

    They are known by their values: the converter renames, joins and folds as it likes, but a folded
    normalization only scales whole channels.
    """
    tensors = dict(_weights(graph))
    known: dict[str, tuple[tuple[str, str], ...]] = {}
    for layer in model.layers:
        places = []
        for weight in prunable_weights(layer):
            place = _place(weight.numpy(), tensors)
            if place is None:
                break
            places.append(place)
        else:
            if places:
                known[layer.name] = tuple(places)
    return known


def _place(kernel: Array, tensors: Mapping[str, Array]) -> tuple[str, str] | None:
    best: tuple[float, str, str] | None = None
    for layout, ordered in _LAYOUTS.items():
        rows = _normal(ordered(kernel).reshape(ordered(kernel).shape[0], -1))
        for name, stored in tensors.items():
            if stored.size != rows.size:
                continue
            other = (
                stored.reshape(-1, stored.shape[-1]).T
                if layout == "depthwise"
                else stored.reshape(len(stored), -1)
            )
            if other.shape != rows.shape:
                continue
            distance = float(np.abs(np.abs(rows) - np.abs(_normal(other))).mean())
            if best is None or distance < best[0]:
                best = (distance, name, layout)
    return None if best is None or best[0] > _NEAR else best[1:]


def _normal(rows: Array) -> Array:
    values = rows.astype(np.float64)
    scaled: Array = values / np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-12)
    return scaled


def _weights(graph: Graph) -> Iterator[tuple[str, Array]]:
    for node in graph.nodes:
        for name in node.inputs[1:2]:
            if (
                name is not None
                and graph.tensors[name].data is not None
                and len(graph.tensors[name].shape) > 1
            ):
                yield name, np.asarray(graph.tensors[name].data)
