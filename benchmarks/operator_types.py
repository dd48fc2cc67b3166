"""Which element types TensorFlow Lite Micro takes for each operator, and which of them the generated C takes.

`python benchmarks/operator_types.py [OPERATOR ...]`: one random model per maker of the tests, its main type
replaced by every other. Says where TFLM runs and we do not (a hole), and where both run whether the bytes are
equal.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.kernels.test_all_operators import makers
from tests.lib.graphs import quant
from tinyml_compress.errors import TinymlError as Error
from tinyml_compress.frontend import write
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native, tflm
from tinyml_compress.runners.vectors import mixed

TYPES = (
    DType.INT8,
    DType.INT16,
    DType.INT32,
    DType.INT64,
    DType.UINT8,
    DType.UINT16,
    DType.UINT32,
    DType.BOOL,
    DType.FLOAT32,
)
_QUANTIZED = (DType.INT8, DType.INT16, DType.UINT8)


def _retyped(tensor: Tensor, base: DType, dtype: DType) -> Tensor:
    if tensor.dtype is not base:
        return tensor
    scale = tensor.quant.scales if tensor.quant is not None else (0.05,)
    zero = tensor.quant.zero_point if tensor.quant is not None and dtype is base else 0
    new = quant(scale, zero, tensor.quant.axis if tensor.quant is not None else None)
    data = None if tensor.data is None else tensor.data.astype(dtype.numpy)
    if data is not None:
        data.setflags(write=False)
    return replace(tensor, dtype=dtype, quant=new if dtype in _QUANTIZED else None, data=data)


def _as_type(graph: Graph, dtype: DType) -> Graph:
    base = graph.tensors[graph.inputs[0]].dtype
    return graph.rebuilt(
        tensors={name: _retyped(tensor, base, dtype) for name, tensor in graph.tensors.items()}
    )


def _verdict(graph: Graph, model: bytes) -> tuple[str, str]:
    """What TFLM and what the generated C says of a model: runs, refuses (why), equal, different."""
    reason, program = "", None
    try:
        program = compile_model(model, "m")
    except Error as error:
        reason = " ".join(str(error).split())[:90]
    try:
        vectors = list(mixed([graph.tensors[name] for name in graph.inputs], 0, 2))
        theirs = tflm.run(model, vectors).outputs
    except Error as error:
        return " ".join(str(error).split())[:90], "runs" if program is not None else reason
    if program is None:
        return "runs", reason
    (ours,) = native.load([program])
    same = all(
        np.array_equal(want.reshape(-1).view(np.uint8), got.reshape(-1).view(np.uint8))
        for vector, outputs in zip(vectors, theirs, strict=True)
        for want, got in zip(outputs, ours.invoke(vector), strict=True)
    )
    return "runs", "equal" if same else "DIFFERENT"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("operators", nargs="*")
    wanted = set(parser.parse_args().operators)
    print("mark operator type: what TFLM says, what the generated C says", flush=True)
    table: dict[str, dict[DType, list[tuple[str, str]]]] = {}
    for make in makers():
        graph = make(np.random.default_rng(1))
        ops = {node.op for node in graph.nodes}
        if len(ops) != 1 or not graph.inputs or (wanted and not ops & wanted):
            continue
        rows = table.setdefault(ops.pop(), {})
        for dtype in TYPES:
            try:
                retyped = _as_type(graph, dtype)
                model = write(retyped)
            except (Error, ValueError) as error:
                rows.setdefault(dtype, []).append((f"not written: {error}"[:60], ""))
                continue
            rows.setdefault(dtype, []).append(_verdict(retyped, model))
    for op in sorted(table):
        for dtype, found in table[op].items():
            for theirs, ours in sorted(set(found)):
                runs = theirs == "runs"
                mark = "ok  " if runs and ours == "equal" else ("HOLE" if runs else "    ")
                if runs or ours == "runs":
                    print(f"{mark} {op:24} {dtype.value:5} TFLM: {theirs:12} ours: {ours}", flush=True)


if __name__ == "__main__":
    main()
