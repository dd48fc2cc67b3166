"""Calls the workers of this folder: ONNX to .tflite, and onnxruntime's answers to compare with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_compress.converter.convert import broken_conversion
from tinyml_compress.converter.onnx.ports import FixedPort, OnnxFile
from tinyml_compress.converter.settings import ConvertSettings
from tinyml_compress.converter.worker import MODEL_FILE
from tinyml_compress.errors import ConversionError, ProcessError
from tinyml_compress.support import environments
from tinyml_compress.support.foreign import call_worker
from tinyml_compress.support.scratch import scratch
from tinyml_compress.support.worker import Broken, Job, Reply, ask

Array = npt.NDArray[np.generic]
_ROOM = __name__.rpartition(".")[0]


@dataclass(frozen=True, eq=False)
class FromOnnx:
    """A file that was made of an ONNX model."""

    tflite: bytes
    answers: Mapping[str, Array]
    """Of the graph as it was built in float, to the samples that were to be checked; by output."""


def onnx_to_tflite(
    file: OnnxFile,
    ports: Sequence[FixedPort],
    samples: Sequence[Array],
    checked: Sequence[Array],
    settings: ConvertSettings,
    *,
    environment: Mapping[str, str],
    seed: int = 0,
) -> FromOnnx:
    """The .tflite file; `samples` calibrate, `checked` are answered too, both as the file takes them."""
    options = {
        "path": str(file.path.resolve()),
        "sizes": {name: list(sizes) for name, sizes in file.sizes.items()},
        "keeps": file.keeps,
        "rounds": settings.mode.full_integer,
        "checked": len(checked[0]) if checked else 0,
        "mode": settings.mode.value,
        "port_type": settings.port_type.value,
        "per_tensor_dense": settings.per_tensor_dense,
        "allow_float": settings.allow_float,
        "seed": seed,
        "inputs": {f"s{index}": port.title for index, port in enumerate(ports)},
        "shapes": {f"s{index}": list(port.stored_shape) for index, port in enumerate(ports)},
    }
    arrays = {f"s{index}": array for index, array in enumerate(samples)}
    arrays.update({f"x{index}": array for index, array in enumerate(checked)})
    name = str(file.path)
    with scratch("tinyml-convert-") as folder:
        try:
            reply = ask(
                f"{_ROOM}.worker:main",
                Job(options, arrays),
                folder,
                what="the conversion from ONNX",
                timeout=settings.timeout,
                env=environment,
            )
        except ProcessError as error:
            raise ConversionError(
                error.what,
                which=name,
                found=error.found,
                next_step="give it more time with --timeout, or fewer samples with --samples",
            ) from error
        except Broken as broken:
            raise broken_conversion(name, broken) from broken
    return FromOnnx(reply.files[MODEL_FILE], reply.arrays)


def onnx_outputs(
    file: OnnxFile,
    ports: Sequence[FixedPort],
    samples: Sequence[Array],
    *,
    timeout: float = 1800.0,
    say: Callable[[str], None] = lambda text: None,
) -> Reply:
    """onnxruntime's outputs y000, y001, ... for samples as the .tflite file takes them, one at a time."""
    options = {
        "path": str(file.path.resolve()),
        "names": [port.name for port in ports],
        "count": len(samples[0]) if samples else 1,
    }
    arrays = {
        f"x{index}": port.own(array) for index, (port, array) in enumerate(zip(ports, samples, strict=True))
    }
    python = environments.python_of(environments.ONNX, say)
    return call_worker(python, f"{_ROOM}.runtime_worker:main", Job(options, arrays), timeout, str(file.path))
