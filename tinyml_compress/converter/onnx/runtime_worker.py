"""What onnxruntime answers to samples, under an interpreter that has it.

The job names the file; its arrays are samples with the axes of the model. The reply has one array per output.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tinyml_compress.errors import ModelError
from tinyml_compress.support.worker import Job, Reply, serve


def main(folder: str) -> None:
    """The worker's side."""
    serve(Path(folder), _answer)


def _answer(job: Job) -> Reply:
    import onnxruntime

    options = job.options
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(options["path"], settings, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions are of a dozen classes, none of them documented
        raise ModelError(
            "onnxruntime does not load the model",
            which=Path(options["path"]).name,
            found=str(error).splitlines()[0][:300],
        ) from error
    names = [port.name for port in session.get_inputs()]
    inputs = {name: job.arrays[f"x{options['names'].index(name)}"] for name in names}
    rows: list[list[Any]] = []
    for row in range(options["count"]):
        rows.append(session.run(None, {name: array[row] for name, array in inputs.items()}))
    outputs = {f"y{index:03}": np.stack(column) for index, column in enumerate(zip(*rows, strict=True))}
    return Reply({"runtime": f"onnxruntime {onnxruntime.__version__}"}, outputs)
