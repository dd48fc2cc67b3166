"""Damaged .tflite files that compile are run: our C gives what TensorFlow Lite Micro gives, where that runs
them.

`python -m tests.fuzz.compared FIRST COUNT`. A process of its own: generated code that runs wild ends it, and
the test.
"""

from __future__ import annotations

import json
import sys
import warnings

import numpy as np

from tests.fuzz.mutate import mutant
from tests.fuzz.worker import bases
from tests.lib.aot import BATCH
from tinyml_compress import frontend
from tinyml_compress.errors import TinymlError
from tinyml_compress.ir import DType, Graph, Program
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native, tflm
from tinyml_compress.runners.vectors import mixed

_NEAR = 1e-5
"""Floats come from another C library than TensorFlow Lite Micro's; against the largest number of the output.
"""


def compiled(file: bytes, seed: int) -> Program | None:
    try:
        return compile_model(file, f"m{seed}")
    except TinymlError:
        return None


def compare(file: bytes, program: Program, ours: native.NativeModel, seed: int) -> str:
    """`equal`, `refused` by TensorFlow Lite Micro, `undefined` there, or where the first difference is."""
    if any(node.op == "DIV" for node in program.nodes):
        return "undefined"  # a damaged divisor is 0 somewhere; tests/ops compares whole ones
    if _quantizes_beyond_int32(frontend.read(file, "fuzz")):
        return "undefined"  # it makes an int32 of a float that is none, and adds to that; ours saturates
    vectors = list(mixed(program.inputs, seed, 2))
    found = [ours.step(vector) for vector in vectors]
    try:
        expected = tflm.run(file, vectors).outputs
    except TinymlError:
        return "refused"
    for number, (wanted, given) in enumerate(zip(expected, found, strict=True)):
        first = len(wanted) - 1 if _is_not_complete(wanted) else 0
        for output, (want, got) in enumerate([*zip(wanted, given or [], strict=True)][first:], first):
            if _differ(want, got):
                again = tflm.run(file, vectors).outputs[number][output]
                if again.tobytes() != want.tobytes():
                    return "undefined"  # it reads behind an array, and what lies there changes
                return f"vector {number}, output {output}: {want.reshape(-1)[:6]} and {got.reshape(-1)[:6]}"
    return "equal"


def _quantizes_beyond_int32(graph: Graph) -> bool:
    """Whether a constant that is quantized when the net runs lies outside of int32, in steps of its scale."""
    for node in graph.nodes:
        source = graph.tensors[node.inputs[0]] if node.op == "QUANTIZE" and node.inputs[0] else None
        if source is None or source.data is None or source.dtype is not DType.FLOAT32:
            continue
        quant = graph.tensors[node.outputs[0]].quant
        steps = np.abs(source.data.astype(np.float64)) / (1.0 if quant is None else quant.scales[0])
        if not np.all(steps < 2.0**31):
            return True
    return False


def _is_not_complete(outputs: list[np.ndarray]) -> bool:  # type: ignore[type-arg]
    """Frames under way, of which the last output tells: TensorFlow Lite Micro leaves them undefined."""
    return len(outputs) == 2 and outputs[1].dtype == np.bool_ and not outputs[1]


def _differ(want: np.ndarray, got: np.ndarray) -> bool:  # type: ignore[type-arg]
    if want.dtype != np.float32:
        return want.tobytes() != got.tobytes()
    finite = np.abs(want[np.isfinite(want)])
    largest = float(finite.max()) if finite.size else 0.0
    return not np.allclose(want, got, rtol=_NEAR, atol=_NEAR * largest, equal_nan=True)


def main(first: int, count: int) -> None:
    warnings.simplefilter("error")
    files = bases()
    ends: dict[str, int] = {}
    failures = []
    pending: list[tuple[int, bytes, Program]] = []
    for seed in range(first, first + count):
        file = mutant(files, seed)
        program = compiled(file, seed)
        if program is not None:
            pending.append((seed, file, program))
        if len(pending) == BATCH or seed == first + count - 1:
            loaded = native.load([program for _, _, program in pending]) if pending else []
            for (number, content, built), ours in zip(pending, loaded, strict=True):
                end = compare(content, built, ours, number)
                if end not in ("equal", "refused", "undefined"):
                    failures.append({"seed": number, "found": end})
                    end = "wrong"
                ends[end] = ends.get(end, 0) + 1
            pending = []
    print(json.dumps({"ends": ends, "failures": failures}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
