"""`quantize`: a PyTorch model in int8, as PyTorch keeps it and as a .tflite file, and how far they agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress import converter
from tinyml_compress import data as data_room
from tinyml_compress.converter import Mode
from tinyml_compress.converter.foreign.calls import TORCH_PREFIX, TorchModel, quantize_torch
from tinyml_compress.data import DataSet
from tinyml_compress.errors import DataError, UsageError
from tinyml_compress.evaluation import agreement, score, task_of
from tinyml_compress.formats.inside import inside
from tinyml_compress.pipeline.convert.whole import SAMPLES
from tinyml_compress.pipeline.sources.source import source_of
from tinyml_compress.results import Quantization, QuantizedForm, Task, encoded
from tinyml_compress.runners import host, side_by_side
from tinyml_compress.support import c_names, files
from tinyml_compress.support.progress import stage
from tinyml_compress.support.trust import trusting

Floats = npt.NDArray[np.float32]
_TIMEOUT = 3600.0
_MODES = {"static": Mode.INT8, "dynamic": Mode.DYNAMIC, "qat": Mode.INT8}


def quantize(
    model: str,
    calibration: str | Path | DataSet,
    *,
    output: str | Path,
    scheme: str = "static",
    data: str | Path | DataSet | None = None,
    train: str | None = None,
    name: str | None = None,
    samples: int | None = None,
    seed: int = 0,
    trust: bool = False,
) -> Quantization:
    """A PyTorch model, `torch:module:function`, to int8 by one of PyTorch's three ways, into `output`.

    `scheme` static finds the ranges of activations on `calibration`; dynamic keeps weights in int8 and finds
    ranges as it runs; qat has the function `train` (`module:function`) fine-tune the model with its rounding
    in it, then does as static. Written are an exported program for PyTorch (.pt2) and a .tflite file, both of
    one graph; they and the float model are scored on `data`, by default on what calibrated.
    """
    if scheme not in _MODES:
        raise UsageError("no such scheme", which=scheme, allowed=", ".join(_MODES))
    if (scheme == "qat") != (train is not None):
        raise UsageError(
            "quantization-aware training and a function that trains go together",
            which=f"--scheme {scheme}",
            found="no function" if train is None else train,
            allowed="--scheme qat --train module:function",
        )
    if not model.startswith(TORCH_PREFIX):
        raise UsageError(
            "only PyTorch models are quantized by PyTorch",
            which=model,
            allowed="torch:module:function",
            next_step="`convert` takes the others to int8, `optimize` those in folders of transformers",
        )
    with trusting(trust):
        named, source = TorchModel.parse(model, train), source_of(model)
        chosen = c_names.check_c_name(name or c_names.c_name(source.title))
        place = Path(output)
        files.require_place(place / f"{chosen}.tflite")
        calibrating = _loaded(calibration).take(samples or SAMPLES, seed)
        tests = calibrating if data is None else _loaded(data)
        _check_same(calibrating, tests)
        with stage(f"quantize ({scheme})") as shown:
            reply = quantize_torch(
                named,
                [calibrating.inputs],
                [tests.inputs],
                _MODES[scheme],
                seed=seed,
                timeout=_TIMEOUT,
                say=shown.note,
            )
        origin = source.origin
    tflite, program = inside(reply.files["model.tflite"]), reply.files["model.pt2"]
    with stage("run the .tflite file"):
        latency = side_by_side.measure([tflite], rounds=30)[0]
        answers = host.predict(tflite, tests.inputs)
    plain, small = (np.asarray(reply.arrays[key], np.float32) for key in ("float", "int8"))
    task = task_of(tests.inputs, plain, tests.labels)
    rated = {key: _rated(task, tests, plain, ours) for key, ours in (("pt2", small), ("tflite", answers))}
    forms = (
        QuantizedForm(name="float", **reply.values["float_form"], **_scored(task, tests, plain)),
        QuantizedForm(name="pt2", file_bytes=len(program), **reply.values["int8_form"], **rated["pt2"]),
        QuantizedForm(name="tflite", file_bytes=len(tflite), seconds=latency.median_s, **rated["tflite"]),
    )
    together = agreement(task, small, answers, tests.labels)
    done = Quantization(
        model=model,
        model_sha256=origin.sha256,
        scheme=scheme,
        train=train,
        calibration=calibrating.name,
        calibrated=calibrating.count,
        data=tests.name,
        samples=tests.count,
        torch=reply.values["torch"],
        runtime=latency.runtime,
        parameters=reply.values["parameters"],
        forms=forms,
        together=together,
        steps=_steps(tflite, together.max_difference),
        files=(f"{chosen}.pt2", f"{chosen}.tflite", f"{chosen}.json"),
        folder=place,
    )
    manifest = {**encoded(done), "folder": place.name}
    with files.output_folder(place) as staging:
        files.write_bytes(staging / f"{chosen}.pt2", program)
        files.write_bytes(staging / f"{chosen}.tflite", tflite)
        files.write_text(staging / f"{chosen}.json", json.dumps(manifest, indent=2) + "\n")
    return done


def _loaded(data: str | Path | DataSet) -> DataSet:
    return data if isinstance(data, DataSet) else data_room.load(data)


def _check_same(calibrating: DataSet, tests: DataSet) -> None:
    shapes = calibrating.inputs.shape[1:], tests.inputs.shape[1:]
    if shapes[0] != shapes[1]:
        raise DataError(
            "the two sets hold samples of different shapes",
            which=f"{calibrating.name} and {tests.name}",
            found=f"{shapes[0]} and {shapes[1]}",
        )


def _scored(task: Task, tests: DataSet, outputs: Floats) -> dict[str, Any]:
    if tests.labels is None and task is not Task.RECONSTRUCTION:
        return {}
    return {"score": score(task, tests.inputs, outputs, tests.labels)}


def _rated(task: Task, tests: DataSet, plain: Floats, outputs: Floats) -> dict[str, Any]:
    return {**_scored(task, tests, outputs), "agreement": agreement(task, plain, outputs, tests.labels)}


def _steps(tflite: bytes, difference: float) -> float | None:
    """In steps of the file's output."""
    quant = converter.read(tflite).outputs[0].quant
    return None if quant is None else difference / quant.scales[0]
