"""An ONNX model becomes a .tflite file: built in TensorFlow, in a process of its own.

The job names the file and says what a conversion says; its arrays are samples. The reply is `model.tflite`,
and what the graph that was built answers to the first samples.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tinyml_compress.converter import worker as converter
from tinyml_compress.converter.onnx.build import build, require_known
from tinyml_compress.converter.onnx.fusing import read_fused
from tinyml_compress.converter.onnx.model import OnnxModel
from tinyml_compress.converter.onnx.ports import FixedPort, OnnxFile, fixed_inputs, last_outputs
from tinyml_compress.converter.onnx.values import OnnxValue
from tinyml_compress.support.worker import Job, Reply, serve


def main(folder: str) -> None:
    """The worker's side."""
    serve(Path(folder), _answer)


def prepare() -> None:
    """Load what takes long."""
    converter.prepare()


def _answer(job: Job) -> Reply:
    import tensorflow as tf

    options = job.options
    tf.config.threading.set_intra_op_parallelism_threads(
        1
    )  # as the converter does, before anything is computed
    sizes = {name: tuple(said) for name, said in options["sizes"].items()}
    file = OnnxFile(Path(options["path"]), sizes, options["keeps"])
    model = read_fused(file.path)
    require_known(model.graph)
    ports = fixed_inputs(model, file)
    function = traced(tf, model, ports, last_outputs(model, file), bool(options["rounds"]))
    tf.saved_model.save(tf.Module(), str(job.folder / converter.SAVED_MODEL), {"serving_default": function})
    answers = _answers(tf, function, ports, job, int(options["checked"]))
    return Reply(arrays=answers, files={converter.MODEL_FILE: converter.converted(job)})


def traced(tf: Any, model: OnnxModel, ports: list[FixedPort], last: frozenset[str], rounds: bool) -> Any:
    """The model as a function of TensorFlow with its sizes fixed."""

    def forward(*tensors: Any) -> dict[str, Any]:
        values = {
            port.name: OnnxValue(tensor, port.order) for port, tensor in zip(ports, tensors, strict=True)
        }
        outputs = build(tf, model, values, last, rounds)
        return {f"y{index:03}": tf.identity(tensor) for index, tensor in enumerate(outputs)}

    specs = [
        tf.TensorSpec(port.stored_shape, tf.as_dtype(port.stored_dtype), name=port.title) for port in ports
    ]
    return tf.function(forward, autograph=False).get_concrete_function(*specs)


def _answers(tf: Any, function: Any, ports: list[FixedPort], job: Job, count: int) -> dict[str, Any]:
    """Output by output, for each of the first samples."""
    rows: dict[str, list[Any]] = {}
    for row in range(count):
        samples = [
            job.arrays[f"x{index}"][row].reshape(port.stored_shape) for index, port in enumerate(ports)
        ]
        for name, tensor in function(*map(tf.constant, samples)).items():
            rows.setdefault(name, []).append(np.asarray(tensor))
    return {name: np.stack(answers) for name, answers in rows.items()}
