"""What all models share that are loaded as a tf_keras model."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from tinyml_compress import converter, frontend, models
from tinyml_compress.converter import ConvertSettings, Mode
from tinyml_compress.data import DataSet
from tinyml_compress.ir import Graph
from tinyml_compress.models import LoadedModel, Origin
from tinyml_compress.pipeline.convert.artifacts import Converted
from tinyml_compress.pipeline.convert.keras_model import convert_model, mixed_form
from tinyml_compress.pipeline.convert.mixing import mix
from tinyml_compress.pipeline.convert.whole import Calibration, Wanted
from tinyml_compress.pipeline.evaluate.file_engines import Predict
from tinyml_compress.pipeline.sources.content import Content
from tinyml_compress.pipeline.sources.source import Source
from tinyml_compress.results import Engine, Inspection, Mixed
from tinyml_compress.support import backend
from tinyml_compress.support.progress import stage

Floats = npt.NDArray[np.float32]


class KerasSource(Source):
    """Loaded at the first question."""

    engines = (Engine.KERAS,)

    @classmethod
    def of(cls, loaded: LoadedModel) -> KerasSource:
        """Of a model that is in memory already."""
        source = _InMemory(loaded.origin.spec)
        source.loaded = loaded
        return source

    @cached_property
    def loaded(self) -> LoadedModel:
        """The model, with layers that can be cut and trained where its form has them."""
        with stage("load the model"):
            return models.load(self.spec)

    @property
    def origin(self) -> Origin:
        return self.loaded.origin

    def predictor(self, engine: Engine) -> Predict:
        loaded = self.loaded

        def predict(data: DataSet) -> Floats:
            arrays = data.for_inputs(loaded.input_names, loaded.input_shapes)
            given = arrays[0] if len(arrays) == 1 else arrays
            outputs = loaded.model.predict(given, verbose=0, batch_size=64)
            return np.asarray(outputs[0] if isinstance(outputs, list) else outputs, dtype=np.float32)

        return predict

    def to_tflite(self, calibration: Calibration, wanted: Wanted) -> Converted:
        loaded = self.loaded
        with stage(f"convert to {wanted.settings.mode.value}"):
            return convert_model(loaded, calibration, wanted)

    def to_mixed(
        self, calibration: DataSet, tests: DataSet, wanted: Wanted, max_drop: float
    ) -> tuple[Mixed, Converted]:
        mixed = mix(self.loaded, calibration, tests, wanted, max_drop)
        return mixed.summary, mixed_form(mixed, calibration, wanted)

    def float_graph(self) -> Graph:
        with backend.quiet():
            tflite = converter.to_tflite(
                self.loaded.model,
                [],
                ConvertSettings(Mode.FLOAT32),
                environment=backend.quiet_variables(),
                seed=0,
            )
        return frontend.read(tflite, "reference")

    def content(self) -> Content:
        from tinyml_compress.pipeline.compress.layer_weights import weights_of_keras
        from tinyml_compress.pipeline.compress.stages import sizes_of

        model = self.loaded.model
        sizes = sizes_of(model)
        notes = ["not timed: only .tflite files are"]
        if sizes.macs is None:
            notes.insert(0, "MACs not counted: not every layer's work is known in Keras; convert it first")
        nonzero = sizes.weights - sizes.zeros
        return Content(
            sizes.parameters, sizes.weights, nonzero, sizes.macs, weights_of_keras(model), tuple(notes)
        )

    def inspected(self, data: DataSet | None) -> Inspection:
        from tinyml_compress.pipeline.inspect.keras import inspect_keras

        return inspect_keras(self.loaded, data)


class _InMemory(KerasSource):
    @classmethod
    def accepts(cls, spec: str) -> bool:
        return False

    @property
    def title(self) -> str:
        return str(self.loaded.model.name)
