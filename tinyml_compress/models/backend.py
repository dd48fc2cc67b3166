"""TensorFlow and both Keras versions: imported late, with the right switches, and without their log noise."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any

__all__ = ["keras2", "keras3", "quiet", "quiet_variables", "tensorflow", "tfmot"]

_VARIABLES = {
    # TFMOT and everything built on it need Keras 2, which tf.keras becomes by this switch.
    "TF_USE_LEGACY_KERAS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # oneDNN reorders sums by the number of threads; without it, the same input gives the same bytes.
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
}


def quiet_variables() -> dict[str, str]:
    """Environment of a process that will import TensorFlow, for children as for this one."""
    chosen = {name: os.environ.get(name, value) for name, value in _VARIABLES.items()}
    return {**chosen, "TF_USE_LEGACY_KERAS": "1", "KERAS_BACKEND": "tensorflow"}


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No warning, log line or progress bar of the block reaches the user; exceptions pass."""
    with warnings.catch_warnings(), _silent_stderr():
        warnings.simplefilter("ignore")
        yield


def tensorflow() -> Any:
    """The module `tensorflow`."""
    if "tensorflow" not in sys.modules:
        os.environ.update(quiet_variables())
    with quiet():
        import tensorflow

        tensorflow.get_logger().setLevel("ERROR")
    return tensorflow


def keras2() -> Any:
    """The module `tf_keras`: the Keras whose models the whole tool works on."""
    tensorflow()
    with quiet():
        import tf_keras
    return tf_keras


def keras3() -> Any:
    """The module `keras` (Keras 3), only to read what it wrote."""
    tensorflow()
    with quiet():
        import keras
    return keras


def tfmot() -> Any:
    """TensorFlow Model Optimization, to read files that hold its wrappers."""
    keras2()
    with quiet():
        import tensorflow_model_optimization
    return tensorflow_model_optimization


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Sends file descriptor 2 to nowhere: TensorFlow's C++ writes there before its log level is read."""
    try:
        kept = os.dup(2)
    except OSError:  # a process without stderr has nothing to silence
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        sys.stderr.flush()
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
