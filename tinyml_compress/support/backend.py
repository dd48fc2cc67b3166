"""TensorFlow and both Keras versions: imported late, with the right switches, and without their log noise."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from tinyml_compress.errors import MissingDependency
from tinyml_compress.support.scratch import gather

_VARIABLES = {
    # TFMOT and everything built on it need Keras 2, which tf.keras becomes by this switch.
    "TF_USE_LEGACY_KERAS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # oneDNN reorders sums by the number of threads; without it, the same input gives the same bytes.
    "TF_ENABLE_ONEDNN_OPTS": "0",
    # Sums are split by the number of threads as well: a fixed one trains the same bytes on machines of any
    # size.
    "TF_NUM_INTRAOP_THREADS": "2",
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
}


def quiet_variables() -> dict[str, str]:
    """Environment of a process that will import TensorFlow, for children as for this one."""
    chosen = {name: os.environ.get(name, value) for name, value in _VARIABLES.items()}
    return {**chosen, "TF_USE_LEGACY_KERAS": "1", "KERAS_BACKEND": "tensorflow"}


def switches() -> str:
    """What of that environment decides bits of results, for cache keys: the caller may have set some
    otherwise.
    """
    return " ".join(
        f"{name}={value}" for name, value in sorted(quiet_variables().items()) if "LOG" not in name
    )


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
        gather()
    module = _imported("tensorflow")
    module.get_logger().setLevel("ERROR")
    return module


def keras2() -> Any:
    """The module `tf_keras`: the Keras whose models the whole tool works on."""
    tensorflow()
    return _imported("tf_keras")


def keras3() -> Any:
    """The module `keras` (Keras 3), only to read what it wrote."""
    tensorflow()
    return _imported("keras")


def tfmot() -> Any:
    """TensorFlow Model Optimization."""
    keras2()
    os.environ["TF_USE_LEGACY_KERAS"] = (
        "1"  # TFMOT goes by it, also where the user imported TensorFlow before us
    )
    try:
        return _imported("tensorflow_model_optimization")
    except ImportError as error:
        raise MissingDependency(
            "a training technique needs TensorFlow Model Optimization",
            which="tensorflow-model-optimization",
            found=str(error),
            next_step="pip install tensorflow-model-optimization",
        ) from error


def saved_model_message() -> Any:
    """An empty message of the format of `saved_model.pb`."""
    tensorflow()
    return _imported("tensorflow.core.protobuf.saved_model_pb2").SavedModel()


def keras_metadata_message() -> Any:
    """An empty message of the format of `keras_metadata.pb`."""
    keras2()
    return _imported("tf_keras.protobuf.saved_metadata_pb2").SavedMetadata()


def frozen(function: Any) -> Any:
    """A concrete function of TensorFlow with its variables as constants."""
    tensorflow()
    module = _imported("tensorflow.python.framework.convert_to_constants")
    return module.convert_variables_to_constants_v2(function)


def fix_seeds(seed: int) -> None:
    """Fix every source of chance: the same calls after this give the same weights on the same machine."""
    keras2().utils.set_random_seed(seed)
    tensorflow().config.experimental.enable_op_determinism()


def _imported(name: str) -> Any:
    if name in sys.modules:
        return importlib.import_module(name)
    try:
        with quiet():
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:  # it is there, and lacks something itself
            raise
        raise MissingDependency(
            "this needs TensorFlow and Keras: they load, train and convert models",
            which=name,
            found="not installed beside this tool",
            next_step="pip install tinyml-compress without --no-deps, or make install in a checkout",
        ) from error


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
