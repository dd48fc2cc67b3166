"""A SavedModel of tf_keras becomes ordinary layers again: from its configuration and its variables.

Keras itself would revive it, which runs what its metadata names. Here the configuration goes the way of every
other stranger's, and the weights are read by their names.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tinyml_compress.errors import TinymlError
from tinyml_compress.models.checked_config import LARGEST, checked_config
from tinyml_compress.models.keras_files import limited_variables, optimization_scopes, registered
from tinyml_compress.models.stored import damaged, short
from tinyml_compress.support import backend

METADATA = "keras_metadata.pb"
_SPARE = 64 << 20


def layers_of(path: Path) -> Any:
    """The tf_keras model that the folder's metadata describe; ModelError when they describe none that may be
    made.
    """
    keras = backend.keras2()
    config = checked_config(_config(path), path / METADATA, own=registered(keras))
    variables = path / "variables"
    weights = sum(file.stat().st_size for file in variables.iterdir()) if variables.is_dir() else 0
    try:
        with (
            optimization_scopes(config.optimized),
            limited_variables(2 * weights + _SPARE, path),
            backend.quiet(),
        ):
            model = keras.models.model_from_config(_decoded(config.config))
            status = model.load_weights(str(variables / "variables"))
            status.assert_existing_objects_matched().expect_partial()
            return model
    except TinymlError:
        raise
    except Exception as error:  # Keras raises about every kind of exception on a configuration that is none
        raise damaged(path, short(error)) from error


def _config(path: Path) -> str:
    """Of the outermost model, as JSON."""
    data = (path / METADATA).read_bytes()
    if len(data) > 4 * LARGEST:
        raise damaged(path, f"{METADATA} of {len(data):,} bytes")
    stored = backend.keras_metadata_message()
    try:
        stored.ParseFromString(data)
        root = next(node.metadata for node in stored.nodes if node.node_path == "root")
        if len(root) > 2 * LARGEST:
            raise damaged(path, f"metadata of {len(root):,} bytes")
        described = json.loads(root)
        return json.dumps(
            described.get("model_config") or {key: described[key] for key in ("class_name", "config")}
        )
    except TinymlError:
        raise
    except Exception as error:  # protobuf's DecodeError lives in a package that we do not name
        raise damaged(path / METADATA, short(error)) from error


def _decoded(value: Any) -> Any:
    """Tuples in place of their descriptions."""
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "__tuple__":
        return tuple(_decoded(item) for item in value["items"])
    if value.get("class_name") == "TensorShape":
        return _decoded(value["items"])
    if value.get("class_name") == "__ellipsis__":
        return Ellipsis
    return {key: _decoded(item) for key, item in value.items()}
