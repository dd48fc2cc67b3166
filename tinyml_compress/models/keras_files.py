"""`.keras` and `.h5` files of both Keras versions, loaded without running what a stranger wrote into them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tinyml_compress.errors import ModelError, TinymlError, UnsupportedLayer
from tinyml_compress.models.allowed_classes import PYTHON
from tinyml_compress.models.allowed_ops import is_function
from tinyml_compress.models.checked_config import CheckedConfig, checked_config
from tinyml_compress.models.keras3_ops import OPERATIONS
from tinyml_compress.models.origin import EXPORT
from tinyml_compress.models.stored import (
    Stored,
    damaged,
    rewrite_h5,
    rewrite_keras,
    short,
    stored_h5,
    stored_keras,
)
from tinyml_compress.support import backend
from tinyml_compress.support.scratch import scratch
from tinyml_compress.support.trust import trusted, trusting

_SPARE = 64 << 20
"""Bytes of variables that a model may make beyond what its file stores."""


def load_keras(path: Path) -> tuple[Any, bool]:
    """The model in a `.keras` archive, and whether Keras 3 wrote it (then it is a Keras 3 model)."""
    with scratch() as folder:
        return _loaded(stored_keras(path, folder), rewrite_keras, folder, {})


def load_h5(path: Path) -> tuple[Any, bool]:
    """The same of an HDF5 file."""
    with scratch() as folder:
        return _loaded(stored_h5(path), rewrite_h5, folder, {})


def load_again(path: Path, original: Any) -> Any:
    """A tf_keras model that this tool made of `original`: it may hold the user's own classes and code, as
    that does.
    """
    layers = [layer for layer in (original, *original.submodules) if hasattr(layer, "get_config")]
    kinds = {type(layer).__name__: type(layer) for layer in layers}
    own = {
        name: kind for name, kind in kinds.items() if not kind.__module__.startswith(("tf_keras", "keras"))
    }
    calls = [layer.symbol for layer in layers if type(layer).__name__ in ("TFOpLambda", "SlicingOpLambda")]
    code = not PYTHON.isdisjoint(kinds) or not all(is_function(name) for name in calls)
    with scratch() as folder, trusting(code):
        return _loaded(stored_keras(path, folder), rewrite_keras, folder, own)[0]


def _loaded(
    stored: Stored,
    rewrite: Callable[[Stored, CheckedConfig, Path], Path],
    folder: Path,
    own: Mapping[str, Any],
) -> tuple[Any, bool]:
    third = stored.version.startswith("3")
    keras = backend.keras3() if third else backend.keras2()
    if trusted():
        with optimization_scopes(not third), backend.quiet(), _as_model_errors(stored.path):
            path = stored.path
            return keras.models.load_model(
                path, compile=False, safe_mode=False, custom_objects={**own}
            ), third
    config = checked_config(
        stored.config, stored.path, own=registered(keras) | set(own), operations=OPERATIONS if third else ()
    )
    rewritten = rewrite(stored, config, folder)
    # Safe mode is a second lock behind the first.
    with (
        optimization_scopes(config.optimized),
        limited_variables(2 * stored.weights + _SPARE, stored.path),
        backend.quiet(),
        _as_model_errors(stored.path),
    ):
        return keras.models.load_model(
            rewritten, compile=False, safe_mode=True, custom_objects={**own}
        ), third


def registered(keras: Any) -> frozenset[str]:
    """Names under which the user of the Python API registered layers and functions of his own with Keras."""
    given = keras.saving.get_custom_objects()
    return frozenset(
        name for name, item in given.items() if not item.__module__.startswith(("keras.", "tf_keras."))
    )


@contextmanager
def optimization_scopes(needed: bool) -> Iterator[None]:
    """TensorFlow Model Optimization's layers can be loaded within, if `needed`."""
    with ExitStack() as stack:
        if needed:
            tfmot = backend.tfmot()
            stack.enter_context(tfmot.quantization.keras.quantize_scope())
            stack.enter_context(tfmot.sparsity.keras.prune_scope())
            stack.enter_context(tfmot.clustering.keras.cluster_scope())
        yield


@contextmanager
def limited_variables(most: int, path: Path) -> Iterator[None]:
    """A layer of ten million units takes a line in a file: variables beyond `most` bytes are
    refused unmade.
    """
    total = 0

    def creator(create: Callable[..., Any], **options: Any) -> Any:
        nonlocal total
        total += _bytes_of(options)
        if total > most:
            raise damaged(
                path, f"layers with more than {most:,} bytes of weights, which the file does not hold"
            )
        return create(**options)

    with backend.tensorflow().variable_creator_scope(creator):
        yield


def _bytes_of(options: Mapping[str, Any]) -> int:
    tf = backend.tensorflow()
    shape, value = options.get("shape"), options.get("initial_value")
    if shape is None:
        shape = getattr(value, "shape", None)
    if shape is None:
        return 0
    size = tf.TensorShape(shape).num_elements()
    dtype = options.get("dtype") or tf.float32
    return 0 if size is None else int(size) * max(1, tf.as_dtype(dtype).size)


@contextmanager
def _as_model_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except TinymlError:
        raise
    except Exception as error:  # Keras raises about every kind of exception on a damaged file
        raise _not_loaded(path, error) from error


def _not_loaded(path: Path, error: Exception) -> ModelError:
    """The error for what Keras says about a file."""
    unknown = re.search(
        r"(?:Unknown layer|Could not locate class|Unknown object|Unable to find .*?):? '?\"?(\w+)", str(error)
    )
    if unknown is not None:
        return UnsupportedLayer(
            "the model has a layer that Keras does not know",
            which=unknown.group(1),
            found=f"in {path}",
            next_step="give package.module:function with a function that makes the "
            "model with its custom layers; "
            f"or {EXPORT}",
        )
    return ModelError(
        "Keras cannot load the model", which=path, found=short(error), next_step="save it or fetch it again"
    )
