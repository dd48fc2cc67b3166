"""PyTorch models, `torch:package.module:function[@weights.safetensors]`, run where torch is installed."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from tinyml_compress.converter import ConvertSettings, Mode
from tinyml_compress.converter.foreign.calls import TORCH_PREFIX, TorchModel, torch_outputs, torch_to_tflite
from tinyml_compress.data import DataSet
from tinyml_compress.errors import FloatOperatorError, UsageError
from tinyml_compress.ir import Graph
from tinyml_compress.models import ModelFormat, Origin
from tinyml_compress.pipeline.convert.artifacts import Converted
from tinyml_compress.pipeline.convert.whole import Calibration, Wanted
from tinyml_compress.pipeline.evaluate.file_engines import Predict
from tinyml_compress.pipeline.inspect.contents import content_of_model
from tinyml_compress.pipeline.sources.content import Content
from tinyml_compress.pipeline.sources.kinds._foreign import arrays_of, check_settings, finished
from tinyml_compress.pipeline.sources.source import Source
from tinyml_compress.results import Engine, Inspection
from tinyml_compress.support import files
from tinyml_compress.support.progress import stage

Floats = npt.NDArray[np.float32]


class _Torch(Source):
    engines = (Engine.TORCH,)
    prefix = TORCH_PREFIX

    @property
    def title(self) -> str:
        return self.model.function

    @cached_property
    def model(self) -> TorchModel:
        """The names of the function and of its weights."""
        return TorchModel.parse(self.spec)

    @property
    def origin(self) -> Origin:
        held = content_of_model(self.spec.partition("@")[0])
        weights = b"" if self.model.weights is None else files.read_bytes(self.model.weights)
        return Origin(self.spec, ModelFormat.TORCH, files.sha256(held.encode() + weights))

    def predictor(self, engine: Engine) -> Predict:
        model = self.model

        def predict(data: DataSet) -> Floats:
            with stage("ask PyTorch") as shown:
                return torch_outputs(model, [data.inputs], say=shown.note)

        return predict

    def to_tflite(self, calibration: Calibration, wanted: Wanted) -> Converted:
        settings = wanted.settings
        check_settings(self.spec, settings)
        model = TorchModel.parse(self.spec, wanted.train)
        arrays = arrays_of(calibration, wanted)
        with stage(f"convert to {settings.mode.value}") as shown:
            tflite = torch_to_tflite(
                model, arrays, settings.mode, seed=wanted.seed, timeout=settings.timeout, say=shown.note
            )
        try:
            return finished(tflite, self.spec, calibration, arrays, wanted)
        except FloatOperatorError as error:
            error.next_step = (
                "PyTorch's quantizer leaves it: convert with --mode float32, then that file to int8, which "
                "knows more operators"
            )
            raise

    def check_training(self, settings: ConvertSettings, train: str) -> None:
        if settings.mode is not Mode.INT8:
            super().check_training(settings, train)

    def float_graph(self) -> Graph:
        raise UsageError(
            "the layers of a PyTorch model have other names than those of its .tflite file",
            which=self.spec,
            next_step="convert it with --mode float32 and give that file",
        )

    def content(self) -> Content:
        return Content(notes=("parameters and MACs of PyTorch models are not counted: convert it first",))

    def inspected(self, data: DataSet | None) -> Inspection:
        raise UsageError(
            "PyTorch models are not looked into",
            which=self.spec,
            next_step="convert it with --mode float32 and inspect that file",
        )


SOURCE = _Torch
