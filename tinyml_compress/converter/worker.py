"""Runs the TensorFlow Lite converter: a process of its own, because the converter may crash or never end.

The job's folder holds the model as `saved_model/`; its arrays are samples. The reply is the file
`model.tflite`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tinyml_compress.support.worker import Job, Reply, serve

MODEL_FILE = "model.tflite"
SAVED_MODEL = "saved_model"


def _convert(job: Job) -> Reply:
    return Reply(files={MODEL_FILE: converted(job)})


def converted(job: Job) -> bytes:
    """What the converter makes of the model in the job's folder."""
    import tensorflow as tf

    options = job.options
    seed = int(options["seed"])
    random.seed(seed)
    np.random.seed(seed)
    tf.random.set_seed(seed)
    # Two threads would add up calibration statistics in two orders.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(job.folder / SAVED_MODEL))
    mode = options["mode"]
    if mode != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if mode == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if mode in ("int8", "int16x8"):
        _full_integer(tf, converter, options, job)
    file: bytes = converter.convert()
    return file


def _full_integer(tf: Any, converter: Any, options: Mapping[str, Any], job: Job) -> None:
    sets = tf.lite.OpsSet
    integer = (
        sets.TFLITE_BUILTINS_INT8
        if options["mode"] == "int8"
        else sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
    )
    converter.target_spec.supported_ops = (
        [integer, sets.TFLITE_BUILTINS] if options["allow_float"] else [integer]
    )
    converter.inference_input_type = converter.inference_output_type = tf.as_dtype(options["port_type"])
    if options["per_tensor_dense"]:
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    arrays = {name: job.arrays[key] for key, name in options["inputs"].items()}
    # Of a sample with a batch of one, where nothing else is said.
    shapes = {name: options.get("shapes", {}).get(key) for key, name in options["inputs"].items()}

    def representative() -> Iterator[dict[str, Any]]:
        for index in range(len(next(iter(arrays.values())))):
            rows = {name: values[index : index + 1] for name, values in arrays.items()}
            yield {name: row.reshape(shapes[name] or row.shape) for name, row in rows.items()}

    converter.representative_dataset = representative


def prepare() -> None:
    """Load what takes long: TensorFlow, whose converter is a lazy part of it."""
    import tensorflow as tf

    tf.lite.TFLiteConverter  # noqa: B018


def main(folder: str) -> None:
    """The worker's side."""
    serve(Path(folder), _convert)
