"""Runs the TensorFlow Lite converter: a process of its own, because the converter may crash or never end.

`python -m tinyml_compress.converter.worker FOLDER` reads `job.json`, `saved_model/` and `samples.npz` there and
leaves `model.tflite`, or `error.txt` with the converter's complaint.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["ERROR_FILE", "JOB_FILE", "MODEL_FILE", "SAMPLES_FILE", "SAVED_MODEL"]

ERROR_FILE = "error.txt"
JOB_FILE = "job.json"
MODEL_FILE = "model.tflite"
SAMPLES_FILE = "samples.npz"
SAVED_MODEL = "saved_model"


def _convert(folder: Path) -> bytes:
    import tensorflow as tf

    job = json.loads((folder / JOB_FILE).read_text())
    seed = int(job["seed"])
    random.seed(seed)
    np.random.seed(seed)
    tf.random.set_seed(seed)
    # Two threads would add up calibration statistics in two orders.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / SAVED_MODEL))
    mode = job["mode"]
    if mode != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if mode == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if mode in ("int8", "int16x8"):
        _full_integer(tf, converter, job, folder / SAMPLES_FILE)
    data: bytes = converter.convert()
    return data


def _full_integer(tf: Any, converter: Any, job: dict[str, Any], samples: Path) -> None:
    sets = tf.lite.OpsSet
    integer = (
        sets.TFLITE_BUILTINS_INT8
        if job["mode"] == "int8"
        else sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
    )
    converter.target_spec.supported_ops = [integer, sets.TFLITE_BUILTINS] if job["allow_float"] else [integer]
    converter.inference_input_type = converter.inference_output_type = tf.as_dtype(job["port_type"])
    if job["per_tensor_dense"]:
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    with np.load(samples) as stored:
        arrays = {name: stored[key] for key, name in job["inputs"].items()}

    def representative() -> Iterator[dict[str, Any]]:
        for index in range(len(next(iter(arrays.values())))):
            yield {name: values[index : index + 1] for name, values in arrays.items()}

    converter.representative_dataset = representative


def _main(folder: Path) -> int:
    try:
        data = _convert(folder)
    except Exception as error:  # the converter raises many kinds; the parent makes one of ours of each
        (folder / ERROR_FILE).write_text(f"{type(error).__name__}: {error}")
        return 3
    (folder / MODEL_FILE).write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1])))
