"""TensorFlow Lite on this host: outputs and wall-clock time of tflite-runtime, or of LiteRT from Python 3.12
on.

Always in a process of its own: tflite-runtime fails when TensorFlow is loaded beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import DataError, MissingDependency, ModelError, UsageError
from tinyml_compress.formats.hybrid import scales_rows
from tinyml_compress.runners import vectors
from tinyml_compress.runners._worker import ModelJob, ask, named, serve, vectors_of
from tinyml_compress.runners.sides import dequantized, side_of, stored_inputs
from tinyml_compress.support.peak import MemoryPeak
from tinyml_compress.support.worker import Reply

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]
_TIMEOUT = 600.0
_NAME = "TensorFlow Lite on this host"
_TOO_NEW = "Didn't find op for builtin opcode"
_PACKAGES = {"tflite_runtime": "tflite-runtime", "ai_edge_litert": "ai-edge-litert"}
_RUNTIMES = tuple(_PACKAGES)
"""In the order in which they are tried. tflite-runtime ended with TensorFlow 2.14; LiteRT is what comes after
it, and its kernels round differently in places."""
_OLDER = _RUNTIMES[0]


@dataclass(frozen=True)
class HostTiming:
    """Wall-clock seconds of one inference on this machine: measured, so never the same twice."""

    median_s: float
    p90_s: float
    runs: int
    warmup: int
    threads: int
    runtime: str
    """Which runtime in which version."""


def available() -> bool:
    """Whether one of the runtimes is installed."""
    return any(find_spec(module) is not None for module in _RUNTIMES)


def runtime(*, newest: bool = False) -> str:
    """Name and version of the runtime that is used here."""
    package = _PACKAGES[_module(newest)]
    return f"{package} {metadata.version(package)}"


def _module(newest: bool) -> str:
    for module in reversed(_RUNTIMES) if newest else _RUNTIMES:
        if find_spec(module) is not None:
            return module
    raise MissingDependency(
        "no TensorFlow Lite runtime is installed",
        allowed="tflite-runtime below Python 3.12, ai-edge-litert from there on",
        next_step="pip install ai-edge-litert",
    )


def measure(model: bytes, *, threads: int = 1, warmup: int = 10, runs: int = 100) -> HostTiming:
    """Time `runs` inferences after `warmup` of them, inputs filled with a fixed pattern."""
    for what, number in (("threads", threads), ("runs", runs)):
        if number < 1:
            raise UsageError(f"{what} must be at least 1", found=number)
    options = {"threads": threads, "warmup": warmup, "runs": runs}
    reply, newest = ask_runtime(__name__, ModelJob(model, options, {}))
    times = np.sort(reply.arrays["times"].astype(np.float64))
    return HostTiming(
        float(np.median(times)),
        float(times[min(len(times) - 1, int(np.ceil(0.9 * len(times))) - 1)]),
        runs,
        warmup,
        threads,
        runtime(newest=newest),
    )


def peak_bytes(model: bytes) -> int | None:
    """Memory that the model and one inference take at most, besides the runtime."""
    reply = ask_runtime(__name__, ModelJob(model, {"peak": True}, {}))[0]
    peak: int | None = reply.values["peak_bytes"]
    return peak


def run(
    model: bytes, rows: Sequence[Sequence[Array]], *, reference: bool = False, newest: bool = False
) -> list[list[Array]]:
    """Outputs for each of `rows` (lists of inputs in the model's types), by optimized or by reference
    kernels.

    With `newest`, LiteRT computes them even where tflite-runtime is installed beside it.
    """
    options = {"vectors": len(rows), "reference": reference, "newest": newest}
    return vectors_of(_asked(model, options, named(rows, "in")), "out", len(rows))


def predict(model: bytes, *inputs: Floats) -> Floats:
    """The first output in real values for each sample; one array of real values per input.

    State is reset between the samples.
    """
    reply = _asked(model, {"predict": len(inputs)}, named([inputs], "in"))
    return np.asarray(reply["outputs"], dtype=np.float32)


def _asked(model: bytes, options: Mapping[str, Any], arrays: Mapping[str, Array]) -> Mapping[str, Array]:
    return ask_runtime(__name__, ModelJob(model, options, arrays))[0].arrays


def ask_runtime(module: str, job: ModelJob, others: Sequence[bytes] = ()) -> tuple[Reply, bool]:
    """The reply of the worker `module`, and whether LiteRT had to give it, though an older runtime is
    installed; `others` are models that it runs besides the job's.

    tflite-runtime ended years before the converter: operators have versions that only LiteRT knows, and dense
    layers in int8 with a scale per row are computed wrongly there without a word.
    """
    older = _module(False) != _module(True) and not job.options.get("newest", False)
    anew = ModelJob(job.model, {**job.options, "newest": True}, job.arrays)
    if _module(job.options.get("newest", False)) == _OLDER and any(map(scales_rows, (job.model, *others))):
        if not older:
            raise ModelError(
                f"{_PACKAGES[_OLDER]} computes dense layers in int8 with a scale per row wrongly",
                next_step="pip install ai-edge-litert, which is used for such files",
            )
        return ask(module, _NAME, anew, _TIMEOUT), True
    try:
        return ask(module, _NAME, job, _TIMEOUT), False
    except ModelError as error:
        if not older or _TOO_NEW not in str(error.found):
            raise
        return ask(module, _NAME, anew, _TIMEOUT), True


def _interpreter(model: bytes, threads: int, reference: bool, newest: bool) -> Any:
    if _module(newest) == "tflite_runtime":
        from tflite_runtime.interpreter import Interpreter, OpResolverType
    else:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    kernels = OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO
    interpreter = Interpreter(model_content=model, num_threads=threads, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    return interpreter


def _work(job: ModelJob) -> tuple[Mapping[str, Any], Mapping[str, Array]]:
    peak = MemoryPeak()
    interpreter = _interpreter(
        job.model,
        job.options.get("threads", 1),
        job.options.get("reference", False),
        job.options.get("newest", False),
    )
    if "runs" in job.options:
        return {}, {"times": _times(interpreter, job.options["warmup"], job.options["runs"])}
    if "peak" in job.options:
        for details in interpreter.get_input_details():
            interpreter.set_tensor(details["index"], np.zeros(details["shape"], details["dtype"]))
        interpreter.invoke()
        return {"peak_bytes": peak.more()}, {}
    into, out = interpreter.get_input_details(), interpreter.get_output_details()
    if "predict" in job.options:
        (values,) = vectors_of(job.arrays, "in", 1)
        answer = side_of(out[0])
        rows: list[Array] = []
        for sample in stored_inputs([side_of(details) for details in into], values):
            interpreter.reset_all_variables()
            for details, value in zip(into, sample, strict=True):
                interpreter.set_tensor(details["index"], value)
            interpreter.invoke()
            rows.append(dequantized(interpreter.get_tensor(out[0]["index"])[0], answer))
        return {}, {"outputs": np.stack(rows)}
    results: list[list[Array]] = []
    for row in vectors_of(job.arrays, "in", job.options["vectors"]):
        if len(row) != len(into):
            raise DataError("wrong number of inputs", found=len(row), allowed=len(into))
        for details, value in zip(into, row, strict=True):
            try:
                interpreter.set_tensor(details["index"], value)
            except ValueError as error:
                raise DataError(
                    "an input does not fit the model", which=details["name"], found=error
                ) from error
        interpreter.invoke()
        results.append([np.array(interpreter.get_tensor(details["index"])) for details in out])
    return {}, named(results, "out")


def _times(interpreter: Any, warmup: int, runs: int) -> npt.NDArray[np.float64]:
    for details in interpreter.get_input_details():
        interpreter.set_tensor(details["index"], vectors.pattern(side_of(details)))
    for _ in range(warmup):
        interpreter.invoke()
    times = np.empty(runs)
    for index in range(runs):
        start = perf_counter()
        interpreter.invoke()
        times[index] = perf_counter() - start
    return times


def main(folder: str) -> None:
    """The worker's side."""
    serve(folder, _work)
