"""TensorFlow, the Keras 2 that TFMOT needs, and TFMOT itself: imported late, quietly, and with the right switches."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

from tinyml_compress.errors import MissingDependency

__all__ = ["fix_seeds", "keras", "tensorflow", "tfmot"]


def tensorflow() -> Any:
    """TensorFlow; the switch for the old Keras must be set before TFMOT is imported anywhere."""
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    if "tensorflow" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # oneDNN may change results between runs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tensorflow as tf
    tf.get_logger().setLevel("ERROR")
    return tf


def keras() -> Any:
    """Keras 2 (`tf_keras`): the only Keras whose models TFMOT can wrap."""
    tensorflow()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tf_keras
    return tf_keras


def tfmot() -> Any:
    """TensorFlow Model Optimization."""
    keras()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import tensorflow_model_optimization
    except ImportError as error:
        raise MissingDependency(
            "a training technique needs TensorFlow Model Optimization",
            which="tensorflow-model-optimization",
            found=str(error),
            next_step="pip install tensorflow-model-optimization",
        ) from error
    return tensorflow_model_optimization


def fix_seeds(seed: int) -> None:
    """Fix every source of chance: the same calls after this give the same weights on the same machine."""
    tf = tensorflow()
    keras().utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
