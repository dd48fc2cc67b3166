"""A model that computes in another float format becomes one of float32: converter and techniques know that
alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyml_compress.errors import ModelError
from tinyml_compress.models.stored import short
from tinyml_compress.support import backend

_OTHERS = frozenset({"float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16"})


def in_float32(model: Any) -> tuple[Any, str | None]:
    """The tf_keras model with the same layers and weights in float32, and the format that it had, where it
    differs.
    """
    other = next((name for name in map(_format, model._flatten_layers()) if name in _OTHERS), None)
    if other is None:
        return model, None
    own = {type(layer).__name__: type(layer) for layer in model.submodules if hasattr(layer, "get_config")}
    try:
        with backend.quiet(), backend.keras2().utils.custom_object_scope(own):
            copy = type(model).from_config(_plain(model.get_config()))
            copy.set_weights([np.asarray(value, np.float32) for value in model.get_weights()])
    except Exception as error:  # whatever Keras, or a layer class of the user's, raises
        raise ModelError(
            f"the model computes in {other}, and cannot be rebuilt in float32",
            found=short(error),
            allowed="float32: it is the converter that makes the numbers small",
            next_step='build the model with dtype="float32", and load the weights into it',
        ) from error
    return copy, other


def _format(layer: Any) -> str:
    """What the layer computes in, or keeps its weights in, if that is not float32."""
    return next((kind for kind in (layer.compute_dtype, layer.dtype) if kind in _OTHERS), "float32")


def _plain(value: Any) -> Any:
    """A configuration with float32 in place of every policy and every other float format."""
    if isinstance(value, dict):
        if value.get("class_name") in ("Policy", "DTypePolicy"):
            return "float32"
        return {
            key: "float32" if key == "dtype" and isinstance(item, str) and item in _OTHERS else _plain(item)
            for key, item in value.items()
        }
    return [_plain(item) for item in value] if isinstance(value, list) else value
