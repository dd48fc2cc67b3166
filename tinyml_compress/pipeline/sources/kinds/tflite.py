""".tflite files: run by TensorFlow Lite, TensorFlow Lite Micro or our C; quantized where they are float."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress import converter, frontend
from tinyml_compress.converter import FlatFile, Mode
from tinyml_compress.converter.foreign.calls import requantize
from tinyml_compress.data import DataSet
from tinyml_compress.errors import DataError, ModelError, TinymlError, UsageError
from tinyml_compress.ir import DType, Graph
from tinyml_compress.models import ModelFormat, Origin
from tinyml_compress.ops import operator
from tinyml_compress.pipeline.compress.layer_weights import weights_of_layer
from tinyml_compress.pipeline.convert.artifacts import Converted
from tinyml_compress.pipeline.convert.whole import Calibration, Wanted
from tinyml_compress.pipeline.evaluate.file_engines import Predict, predictor
from tinyml_compress.pipeline.inspect.verb import inspect_model, real_values
from tinyml_compress.pipeline.sources.content import Content, RunCost
from tinyml_compress.pipeline.sources.kinds._foreign import arrays_of, check_settings, finished
from tinyml_compress.pipeline.sources.source import Source
from tinyml_compress.results import Engine, Inspection
from tinyml_compress.runners import host
from tinyml_compress.support import files
from tinyml_compress.support.c_names import c_name
from tinyml_compress.support.progress import stage

Floats = npt.NDArray[np.float32]


class _TfliteFile(Source):
    engines = (Engine.HOST, Engine.TFLM, Engine.AOT)

    @classmethod
    def accepts(cls, spec: str) -> bool:
        return Path(spec).suffix.lower() == ".tflite" and not Path(spec).is_dir()

    @cached_property
    def file(self) -> bytes:
        """Its content."""
        return files.read_bytes(Path(self.spec))

    @property
    def origin(self) -> Origin:
        form = ModelFormat.QUANTIZED if self._is_quantized() else ModelFormat.TFLITE
        return Origin(self.spec, form, files.sha256(self.file))

    def _is_quantized(self) -> bool:
        ports = converter.read(self.file).inputs
        return all(port.dtype is not None and not port.dtype.is_float for port in ports)

    def predictor(self, engine: Engine) -> Predict:
        return predictor(self.file, c_name(self.title), engine)

    def to_tflite(self, calibration: Calibration, wanted: Wanted) -> Converted:
        check_settings(self.spec, wanted.settings)
        file, mode = converter.read(self.file), wanted.settings.mode
        _check_float(file, self.spec)
        arrays = arrays_of(calibration, wanted)
        _check_shapes(file, arrays, mode)
        with stage(f"convert to {mode.value}") as shown:
            tflite = requantize(self.file, arrays, mode, timeout=wanted.settings.timeout, say=shown.note)
        return finished(tflite, self.spec, calibration, arrays, wanted)

    def quantized(self, wanted: Wanted) -> Converted | None:
        if not self._is_quantized():
            return None
        ports = converter.read(self.file).inputs
        check_settings(self.spec, wanted.settings)
        mode = Mode.INT16X8 if any(port.dtype is DType.INT16 for port in ports) else Mode.INT8
        settings = replace(wanted.settings, mode=mode)
        return finished(self.file, self.spec, None, [], replace(wanted, settings=settings))

    def float_graph(self) -> Graph:
        graph = frontend.read(self.file, "reference")
        # Numbers of words and places in tables are whole in a float model too: they have no scale.
        quantized = [name for name in graph.inputs if graph.tensors[name].quant is not None]
        if quantized:
            raise UsageError(
                "the reference is not a float model",
                which=self.spec,
                found=f"input {quantized[0]} of {graph.tensors[quantized[0]].dtype.numpy}",
                allowed="a float .tflite file (convert --mode float32) or a Keras model",
            )
        return graph

    def content(self) -> Content:
        try:
            graph = frontend.read(self.file, "compared")
        except TinymlError as error:
            place = f" ({error.which})" if error.which else ""
            return Content(notes=(f"weights and MACs not counted: {error.what}{place}",))
        constants = [tensor for tensor in graph.tensors.values() if tensor.data is not None]
        kernels = [
            tensor
            for tensor in constants
            if tensor.dtype.value in ("i8", "f32", "i4") and len(tensor.shape) > 1
        ]
        layers = tuple(weights_of_layer(tensor.name, real_values(tensor)) for tensor in kernels)
        weights = sum(layer.count for layer in layers)
        nonzero = weights - sum(layer.zeros for layer in layers)
        parameters = sum(tensor.elements for tensor in constants)
        try:
            macs, notes = _macs(graph), ()
        except TinymlError as error:
            return Content(parameters, weights, nonzero, None, layers, (f"MACs not counted: {error.what}",))
        return Content(parameters, weights, nonzero, macs, layers, notes)

    def cost(self, data: DataSet) -> RunCost:
        return RunCost(host.peak_bytes(self.file))

    def inspected(self, data: DataSet | None) -> Inspection:
        if data is not None:
            raise UsageError(
                "the layers of a .tflite file cannot be tried one by one",
                which=self.spec,
                allowed="the Keras model that it was made from",
                next_step="leave --sensitivity out for this file",
            )
        return inspect_model(Path(self.spec))


def _macs(graph: Graph) -> int:
    macs = 0
    for view in graph.views():
        op = operator(view.node.op)
        op.check(view)
        macs += op.macs(view)
    return macs


def _check_float(file: FlatFile, spec: str) -> None:
    if any(port.dtype is None or not port.dtype.is_float for port in (*file.inputs, *file.outputs)):
        raise ModelError(
            "the .tflite file is quantized already",
            which=spec,
            found=", ".join(f"{port.name} {port.dtype.value if port.dtype else '?'}" for port in file.inputs),
            allowed="a float32 file",
            next_step="compile or benchmark it as it is",
        )


def _check_shapes(file: FlatFile, arrays: list[Floats], mode: Mode) -> None:
    if not arrays and not mode.full_integer:
        return
    wanted = [tuple(port.shape[1:]) for port in file.inputs]
    shapes = [array.shape[1:] for array in arrays]
    if shapes != wanted:
        raise DataError("calibration data is not of the model's input shape", found=shapes, allowed=wanted)


SOURCE = _TfliteFile
