"""Proof harness: .tflite bytes -> generated C on the host, byte for byte against TensorFlow Lite Micro."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tinyml_compress.ir import Port
from tinyml_compress.ops.base import Isa, Level
from tinyml_compress.pipeline.compilation import compile_model
from tinyml_compress.runners import native, tflm
from tinyml_compress.runners.toolchain import HOST_FLAGS

Array = npt.NDArray[np.generic]
BATCH = 40
"""Models per C compile: one compiler start costs more than the code of many small models."""


def input_vectors(ports: Sequence[Port], seed: int, count: int) -> Iterator[list[Array]]:
    """Edge inputs (all lowest, all highest, zero point, a ramp), then `count` random ones over the whole range."""
    for edge in ("low", "high", "zero", "ramp"):
        yield [_edge(port, edge) for port in ports]
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield [_random(port, rng) for port in ports]


def _bounds(port: Port) -> tuple[int, int]:
    info = np.iinfo(port.dtype.numpy)
    return int(info.min), int(info.max)


def _edge(port: Port, edge: str) -> Array:
    if port.dtype.is_float:
        value = {"low": -3e3, "high": 3e3, "zero": 0.0, "ramp": 0.5}[edge]
        return np.full(port.shape, value, port.dtype.numpy)
    if port.dtype.numpy == np.bool_:
        return np.full(port.shape, edge in ("high", "ramp"), np.bool_)
    low, high = _bounds(port)
    if edge == "ramp":
        size = int(np.prod(port.shape, dtype=np.int64))
        return (
            (np.arange(size, dtype=np.int64) * 37 % (high - low + 1) + low).astype(port.dtype.numpy).reshape(port.shape)
        )
    zero = port.quant.zero_point if port.quant is not None else 0
    return np.full(port.shape, {"low": low, "high": high, "zero": zero}[edge], port.dtype.numpy)


def _random(port: Port, rng: np.random.Generator) -> Array:
    if port.dtype.is_float:
        return (rng.standard_normal(port.shape) * rng.choice([0.1, 1.0, 30.0])).astype(port.dtype.numpy)
    if port.dtype.numpy == np.bool_:
        return rng.integers(0, 2, port.shape).astype(np.bool_)
    low, high = _bounds(port)
    return rng.integers(low, high, port.shape, endpoint=True).astype(port.dtype.numpy)


def assert_bit_exact(
    models: Iterable[bytes],
    *,
    isas: Iterable[Isa] = (Isa.C,),
    level: Level = Level.BALANCED,
    count: int = 4,
    seed: int = 0,
    flags: Sequence[str] = HOST_FLAGS,
) -> None:
    """Every model gives TFLM's bytes on the edge inputs and `count` random ones; names the first that differs."""
    pending = list(models)
    chosen = tuple(isas)
    for start in range(0, len(pending), BATCH):
        batch = pending[start : start + BATCH]
        programs = [compile_model(model, f"m{start + index}", chosen, level) for index, model in enumerate(batch)]
        for program in programs:
            assert_params_follow_structs(program.source)
        for index, (model, ours) in enumerate(zip(batch, native.load(programs, flags), strict=True)):
            program = programs[index]
            oracle = tflm.Interpreter(model)
            for number, vector in enumerate(input_vectors(program.inputs, seed + start + index, count)):
                expected = oracle.invoke(vector)
                found = ours.invoke(vector)
                for output, (want, got) in enumerate(zip(expected, found, strict=True)):
                    wrong = np.flatnonzero(want.reshape(-1).view(np.uint8) != got.reshape(-1).view(np.uint8))
                    assert wrong.size == 0, (
                        f"model {start + index}, vector {number}, output {output}: {wrong.size} bytes differ, first at "
                        f"{wrong[0]}: TFLM {want.reshape(-1)[:8]} ours {got.reshape(-1)[:8]}\n{_describe(model)}"
                    )


def assert_params_follow_structs(source: str) -> None:
    """Positional initializers name each field in a comment: they must be the struct's fields in its order."""
    structs = {
        name: [re.sub(r"\[.*", "", field).split()[-1].lstrip("*") for field in _fields(body)]
        for body, name in re.findall(r"typedef struct (?:\w+ )?\{([^}]*)\}\s*(\w+);", source)
    }
    for struct, name, body in re.findall(r"static const (\w+) (\w+_p\d+(?:_\d+)?) = \{\n(.*?)\n\};", source, re.DOTALL):
        assert re.findall(r"/\* (\w+) \*/", body) == structs[struct], f"{name} does not follow {struct}"


def _fields(body: str) -> list[str]:
    plain = re.sub(r"/\*.*?\*/|//[^\n]*", "", body, flags=re.DOTALL)
    return [part.strip() for statement in plain.split(";") if statement.strip() for part in statement.split(",")]


def _describe(model: bytes) -> str:
    from tinyml_compress import frontend

    graph = frontend.read(model, "failed")
    return "\n".join(
        f"{node.op} {node.attrs} "
        + " ".join(
            f"{name}:{graph.tensors[name].dtype.value}{graph.tensors[name].shape}{graph.tensors[name].quant}"[:300]
            for name in (*node.inputs, *node.outputs)
            if name is not None
        )
        for node in graph.nodes
    )
