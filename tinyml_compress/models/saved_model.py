"""SavedModel folders: as ordinary layers where the folder or its graph tells them, else through the
signature.

Never by Keras's own revival, which runs what the folder's metadata name.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyml_compress.errors import ModelError, UnsupportedLayer
from tinyml_compress.models.graph_rebuild import rebuilt
from tinyml_compress.models.origin import BridgeProof
from tinyml_compress.models.saved_graph import checked_copy
from tinyml_compress.models.saved_layers import METADATA, layers_of
from tinyml_compress.models.stored import short
from tinyml_compress.support import backend
from tinyml_compress.support.scratch import scratch
from tinyml_compress.support.trust import trusted

_SIGNATURE = "serving_default"


@dataclass(frozen=True, eq=False)
class FromFolder:
    """A SavedModel as a tf_keras model: of its own layers, or of layers rebuilt from its graph, with the
    proof.

    Where its graph has what no layer does, it is one opaque layer that runs the signature, and `opaque` says
    why: it can be converted and evaluated, but not pruned or trained.
    """

    model: Any
    proof: BridgeProof | None = None
    opaque: UnsupportedLayer | None = None


def load_saved_model(path: Path) -> FromFolder:
    """The model in the folder; `check_files` went before."""
    if trusted():
        return _as_it_is(path)
    if (path / METADATA).is_file():
        # Then the graph is not even read; else, what its layers do is in the graph as well.
        with contextlib.suppress(ModelError):
            return FromFolder(layers_of(path))
    with scratch() as folder:
        return _from_graph(path, checked_copy(path, folder))


def _as_it_is(path: Path) -> FromFolder:
    """By Keras's own loader: whatever the folder holds may run."""
    if not (path / METADATA).is_file():
        return _from_graph(path, path)
    try:
        with backend.quiet():
            return FromFolder(backend.keras2().models.load_model(path, compile=False))
    except Exception as error:  # TensorFlow raises about every kind of exception on a damaged folder
        raise _not_loaded(path, error) from error


def _from_graph(path: Path, checked: Path) -> FromFolder:
    """The model of the graph in `checked`; `path` names it in errors."""
    keras = backend.keras2()
    try:
        with backend.quiet():
            loaded = backend.tensorflow().saved_model.load(str(checked))
    except Exception as error:  # as above
        raise _not_loaded(path, error) from error
    signature = _signature(path, loaded)
    try:
        return FromFolder(*rebuilt(signature))
    except UnsupportedLayer as error:
        return FromFolder(_wrapped(keras, loaded, signature), opaque=error)


def _not_loaded(path: Path, error: Exception) -> ModelError:
    return ModelError(
        "the SavedModel cannot be loaded", which=path, found=short(error), next_step="save it again"
    )


def _signature(path: Path, loaded: Any) -> Any:
    """What the folder serves, with inputs of known rank."""
    if _SIGNATURE not in loaded.signatures:
        raise ModelError(
            "the SavedModel has no serving signature",
            which=path,
            found=", ".join(sorted(loaded.signatures)) or "no signature at all",
            allowed=_SIGNATURE,
            next_step="export it with model.export(folder), or model.save(folder) of tf_keras",
        )
    signature = loaded.signatures[_SIGNATURE]
    specs = signature.structured_input_signature[1]
    unknown = [name for name, spec in specs.items() if spec.shape.rank is None or spec.shape.rank < 1]
    if unknown or not specs:
        raise ModelError(
            "an input of the SavedModel has no known shape", which=f"{path}, {', '.join(unknown)}"
        )
    return signature


def _wrapped(keras: Any, loaded: Any, signature: Any) -> Any:
    """A model of one layer that runs the signature."""
    specs = signature.structured_input_signature[1]

    class Exported(keras.layers.Layer):  # type: ignore[misc]  # tf_keras has no types
        """Runs the signature of a SavedModel."""

        def __init__(self) -> None:
            super().__init__(name="saved_model", trainable=False)
            # Whoever saves the model again has to track the variables that the signature holds.
            self.exported = loaded

        def call(self, inputs: Any) -> Any:
            results = signature(**dict(zip(sorted(specs), inputs, strict=True)))
            values = [results[name] for name in sorted(results)]
            return values[0] if len(values) == 1 else values

    inputs = [
        keras.layers.Input(tuple(specs[name].shape[1:]), dtype=specs[name].dtype, name=name)
        for name in sorted(specs)
    ]
    with backend.quiet():
        return keras.Model(inputs, Exported()(inputs), name="saved_model")
