"""What the loader gives: the tf_keras model and where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from tinyml_compress.errors import UnsupportedLayer
from tinyml_compress.results.convert import Given

EXPORT = "export it where its class is at hand: model.export('folder') makes a SavedModel, which can be given"
"""The way out for a model that is a class of its own."""


class ModelFormat(Enum):
    """The forms in which a model can be given."""

    KERAS3 = "Keras 3 file"
    KERAS2 = "Keras 2 file"
    H5 = "Keras HDF5 file"
    SAVED_MODEL = "SavedModel folder"
    FUNCTION = "Python function"
    ZOO = "zoo"
    TORCH = "PyTorch"
    HF = "folder of transformers"
    ONNX = "ONNX file"
    TFLITE = "float .tflite file"
    QUANTIZED = "quantized .tflite file"


@dataclass(frozen=True)
class BridgeProof:
    """A Keras 3 model, or the graph of a SavedModel, and its tf_keras copy were run on the same random
    inputs.
    """

    largest_difference: float
    """Largest absolute difference of any output, relative to the output's magnitude where that exceeds 1."""
    samples: int
    layers: int


@dataclass(frozen=True)
class Origin:
    """Where a model comes from; `sha256` is of the file, of the folder's files, or of configuration and
    weights.
    """

    spec: str
    format: ModelFormat
    sha256: str
    bridge: BridgeProof | None = None
    """Only for models that were rebuilt for Keras 2."""

    @property
    def given(self) -> Given:
        """As manifests name it, a path without its folders: the same input in another place is the same."""
        return Given(
            spec=Path(self.spec).name,
            format=self.format.value,
            sha256=self.sha256,
            bridge_largest_difference=None if self.bridge is None else self.bridge.largest_difference,
        )

    def summary(self) -> str:
        """One line for the terminal."""
        text = f"{self.spec} ({self.format.value}"
        if self.bridge is not None:
            how = "from its graph" if self.format is ModelFormat.SAVED_MODEL else "layer by layer"
            text += (
                f", rebuilt for Keras 2 {how}: largest difference "
                f"{self.bridge.largest_difference:.1e} on {self.bridge.samples} random inputs"
            )
        return text + ")"


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A tf_keras model, ready for compression and conversion."""

    model: Any
    origin: Origin
    opaque: UnsupportedLayer | None = None
    """Why it is one layer that runs a graph: it can be converted and evaluated, nothing else."""
    precision: str | None = None
    """In which the model as given computes, where that is not float32."""

    @property
    def weights(self) -> list[Any]:
        """All variables, those of an opaque graph too."""
        if self.opaque is None:
            return list(self.model.weights)
        held = [layer.exported for layer in self.model.layers if hasattr(layer, "exported")]
        return [weight for one in held for weight in one.signatures["serving_default"].variables]

    def require_layers(self) -> None:
        """Raise unless the model has layers that can be trained and cut."""
        if self.opaque is not None:
            place = "" if self.opaque.which is None else f" at {self.opaque.which}"
            raise UnsupportedLayer(
                "the SavedModel can be converted and evaluated, but has no layers to train or cut",
                which=self.origin.spec,
                found=f"{self.opaque.found}{place}: no layer of Keras does that",
                next_step=self.opaque.next_step,
            )

    @property
    def input_names(self) -> tuple[str, ...]:
        return tuple(tensor.name.split(":")[0] for tensor in self.model.inputs)

    @property
    def input_shapes(self) -> tuple[tuple[int | None, ...], ...]:
        """Without the batch dimension; None where the model takes any size."""
        return tuple(tuple(tensor.shape[1:]) for tensor in self.model.inputs)
