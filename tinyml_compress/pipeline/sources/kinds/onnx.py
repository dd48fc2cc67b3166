"""ONNX files, `model.onnx[@WHAT,...]`: built anew in TensorFlow, and compared with onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress import data as data_room
from tinyml_compress import frontend
from tinyml_compress.converter import ConvertSettings, Mode
from tinyml_compress.converter.onnx.build import require_known
from tinyml_compress.converter.onnx.calls import onnx_outputs, onnx_to_tflite
from tinyml_compress.converter.onnx.fusing import read_fused
from tinyml_compress.converter.onnx.model import OnnxModel, read_onnx
from tinyml_compress.converter.onnx.ports import FixedPort, OnnxFile, fixed_inputs, last_outputs
from tinyml_compress.data import DataSet
from tinyml_compress.errors import DataError, UsageError
from tinyml_compress.ir import Graph
from tinyml_compress.models import ModelFormat, Origin
from tinyml_compress.pipeline.convert.artifacts import Converted
from tinyml_compress.pipeline.convert.whole import SAMPLES, Calibration, Wanted, no_calibration
from tinyml_compress.pipeline.evaluate.file_engines import Predict
from tinyml_compress.pipeline.inspect.onnx import inspect_onnx
from tinyml_compress.pipeline.sources.content import Content
from tinyml_compress.pipeline.sources.kinds._foreign import finished
from tinyml_compress.pipeline.sources.kinds._onnx_agreement import agreement
from tinyml_compress.pipeline.sources.source import Source
from tinyml_compress.results import Engine, Inspection
from tinyml_compress.support import backend, files
from tinyml_compress.support.progress import stage

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]
_COMPARED = 8
"""Samples that onnxruntime answers as well."""


class _Onnx(Source):
    engines = (Engine.ONNX,)

    @classmethod
    def accepts(cls, spec: str) -> bool:
        return OnnxFile.is_named(spec)

    @cached_property
    def named(self) -> OnnxFile:
        return OnnxFile.parse(self.spec)

    @cached_property
    def model(self) -> OnnxModel:
        """Read, and found to be of operators that are known."""
        model = read_fused(self.named.path)
        require_known(model.graph)
        return model

    @cached_property
    def ports(self) -> list[FixedPort]:
        return fixed_inputs(self.model, self.named)

    @property
    def title(self) -> str:
        return self.named.path.stem

    @property
    def origin(self) -> Origin:
        return Origin(self.spec, ModelFormat.ONNX, files.sha256(files.read_bytes(self.named.path)))

    @property
    def stored_bytes(self) -> int:
        return self.named.path.stat().st_size

    def fitting(self, data: DataSet) -> DataSet:
        """Pictures with their channels last, as the .tflite file takes them, whichever way they came."""
        arrays = self._arrays(data)
        if not data.named:
            return replace(data, inputs=np.asarray(arrays[0], np.float32))
        named = tuple(
            (port.title, np.asarray(array, np.float32))
            for port, array in zip(self.ports, arrays, strict=True)
        )
        return replace(data, inputs=named[0][1], named=named)

    def predictor(self, engine: Engine) -> Predict:
        def predict(data: DataSet) -> Floats:
            with stage("ask onnxruntime") as shown:
                reply = onnx_outputs(self.named, self.ports, self._arrays(data), say=shown.note)
            return self._stored(0, reply.arrays["y000"])

        return predict

    def to_tflite(self, calibration: Calibration, wanted: Wanted) -> Converted:
        settings = wanted.settings
        _check_settings(settings, self.spec)
        calibration = data_room.load(calibration) if isinstance(calibration, (str, Path)) else calibration
        if calibration is None and settings.mode.full_integer:
            raise no_calibration(settings.mode)
        samples = self._samples(calibration, wanted)
        checked = [array[:_COMPARED] for array in samples] or self._random(wanted.seed)
        with stage(f"convert to {settings.mode.value}"):
            file = onnx_to_tflite(
                self.named,
                self.ports,
                samples,
                checked,
                settings,
                environment=backend.quiet_variables(),
                seed=wanted.seed,
            )
        done = finished(file.tflite, self.spec, calibration, [np.asarray(a) for a in samples], wanted)
        built = {
            name: array[:, 0] if array.shape[1:2] == (1,) else array for name, array in file.answers.items()
        }
        told = agreement(self, done, checked, built)
        return replace(done, notes=(*done.notes, *told))

    def float_graph(self) -> Graph:
        settings = ConvertSettings(Mode.FLOAT32)
        with stage("convert to float32"):
            file = onnx_to_tflite(
                self.named, self.ports, [], [], settings, environment=backend.quiet_variables()
            )
        return frontend.read(file.tflite, "reference")

    def content(self) -> Content:
        return Content(
            parameters=self.model.parameters,
            notes=("MACs of ONNX models are not counted: convert it first",),
        )

    def inspected(self, data: DataSet | None) -> Inspection:
        if data is not None:
            raise UsageError(
                "only layers of Keras models are compressed one by one to see what it does",
                which=self.spec,
                next_step="leave out --sensitivity and --data",
            )
        return inspect_onnx(read_onnx(self.named.path), self.origin, self.stored_bytes)

    def runtime_answers(self, samples: Sequence[Array], note: object) -> dict[str, Array]:
        """Of onnxruntime, every output as the .tflite file has it."""
        with stage("compare with onnxruntime") as shown:
            reply = onnx_outputs(self.named, self.ports, samples, say=shown.note)
        return {name: self._stored(index, array) for index, (name, array) in enumerate(reply.arrays.items())}

    def _stored(self, index: int, array: Array) -> Floats:
        """An output of (count, *shape) as the .tflite file has it, without a batch of one."""
        if self.model.graph.outputs[index].name in last_outputs(self.model, self.named):
            array = np.moveaxis(array, 2, -1)
        array = array[:, 0] if array.shape[1:2] == (1,) else array
        return np.ascontiguousarray(array, np.float32)

    def _arrays(self, data: DataSet) -> list[Array]:
        """One array per input, as the .tflite file takes it."""
        if len(self.ports) == 1 and not data.named:
            return [self.ports[0].samples(data.inputs)]
        named = dict(data.named)
        arrays = []
        for port in self.ports:
            array = named.get(port.name, named.get(port.title))
            if array is None:
                raise DataError(
                    "the data set has other inputs than the model",
                    which=data.name,
                    found=", ".join(named) or "one input without a name",
                    allowed=", ".join(port.title for port in self.ports),
                    next_step="name the arrays of the .npz input_NAME, one per input of the model",
                )
            arrays.append(port.samples(array))
        return arrays

    def _samples(self, calibration: DataSet | Sequence[Floats] | None, wanted: Wanted) -> list[Array]:
        if calibration is None:
            return []
        if isinstance(calibration, DataSet):
            return self._arrays(wanted.of(calibration))
        if len(calibration) != len(self.ports):
            raise DataError(
                "calibration data and inputs differ in number",
                which=self.spec,
                found=f"{len(calibration)} arrays",
                allowed=f"one per input: {', '.join(port.title for port in self.ports)}",
            )
        pairs = zip(self.ports, calibration, strict=True)
        return [port.samples(array[: wanted.samples or SAMPLES]) for port, array in pairs]

    def _random(self, seed: int) -> list[Array]:
        """Where there is no data to compare with."""
        rng = np.random.default_rng(seed)
        arrays: list[Array] = []
        for port in self.ports:
            shape = (_COMPARED, *port.sample_shape)
            values = rng.standard_normal(shape) if port.dtype.kind == "f" else rng.integers(0, 2, shape)
            arrays.append(values.astype(port.stored_dtype))
        return arrays


def _check_settings(settings: ConvertSettings, spec: str) -> None:
    if settings.weight_bits != 8:
        raise UsageError(
            "weights of 4 bits are for Keras models",
            which=f"weight_bits {settings.weight_bits} with {spec}",
            allowed="8",
        )
    if settings.wide:
        raise UsageError("layers stay wide in Keras models alone", which="wide", found=settings.wide)


SOURCE = _Onnx
