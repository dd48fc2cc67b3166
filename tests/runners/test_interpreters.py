"""The two interpreters behind `predict`, `run` and `measure`: right numbers, and one clear error for bad
files.
"""

from __future__ import annotations

import random
from types import ModuleType

import numpy as np
import pytest

from tests.lib.graphs import const, model, quant, tensor
from tinyml_compress.errors import (
    DataError,
    MissingDependency,
    ModelError,
    ProcessError,
    TinymlError,
    UsageError,
)
from tinyml_compress.formats.hybrid import scales_rows
from tinyml_compress.ir import Attrs, DType
from tinyml_compress.ops import operator
from tinyml_compress.runners import _worker, host, side_by_side, tflm
from tinyml_compress.runners.sides import Side, dequantized, quantized

BOTH = pytest.mark.parametrize("runner", [tflm, host], ids=["tflm", "host"])


def relu(*shape: int) -> bytes:
    """y = max(x, 0), with different scales on both sides."""
    return model("RELU", [tensor("x", (1, *shape), 1 / 16, -3)], tensor("y", (1, *shape), 1 / 8, 5), Attrs())


SMALL = relu(4)
INPUTS = np.array([[0, 1, 2, 0.5], [-1, 0, 100, 0.25]], np.float32)


@BOTH
def test_predict_works_in_real_values(runner: ModuleType) -> None:
    # The second row's 100 saturates at (127 + 3) / 16.
    assert runner.predict(SMALL, INPUTS).tolist() == [[0, 1, 2, 0.5], [0, 0, 8.125, 0.25]]


@BOTH
def test_predict_accepts_the_model_s_shape_spread_otherwise(runner: ModuleType) -> None:
    assert runner.predict(SMALL, INPUTS.reshape(2, 2, 2)).tolist() == runner.predict(SMALL, INPUTS).tolist()


def test_run_gives_stored_values_in_order() -> None:
    vectors = [[np.array([[-3, 13, 29, 5]], np.int8)], [np.full((1, 4), 13, np.int8)]]
    expected = [[[5, 13, 21, 9]], [[13, 13, 13, 13]]]
    assert [row[0].tolist() for row in tflm.run(SMALL, vectors).outputs] == expected
    assert [row[0].tolist() for row in host.run(SMALL, vectors)] == expected


def test_reference_kernels_compute_it_too() -> None:
    row = [np.array([[-3, 13, 29, 5]], np.int8)]
    assert host.run(SMALL, [row], reference=True)[0][0].tolist() == [[5, 13, 21, 9]]
    assert host.run(SMALL, [row], newest=True)[0][0].tolist() == [[5, 13, 21, 9]]
    assert host.runtime(newest=True).startswith("ai-edge-litert ")


def test_arena_grows_with_the_tensors() -> None:
    assert 0 < tflm.arena_bytes(SMALL) < tflm.arena_bytes(relu(1000)) < 10_000


def test_arena_above_the_default_is_reported() -> None:
    """Two tensors of 9 MB do not fit the interpreter's first arena of 16 MiB."""
    assert 18_000_000 < tflm.arena_bytes(relu(3000, 3000)) < 18_100_000


def test_timing_states_how_it_was_taken() -> None:
    timing = host.measure(SMALL, runs=20, warmup=2, threads=1)
    assert 0 < timing.median_s <= timing.p90_s
    assert (timing.runs, timing.warmup, timing.threads) == (20, 2, 1)
    assert timing.runtime.split()[0] in ("tflite-runtime", "ai-edge-litert")
    with pytest.raises(UsageError, match="runs must be at least 1"):
        host.measure(SMALL, runs=0)


@BOTH
def test_inputs_of_another_shape(runner: ModuleType) -> None:
    with pytest.raises(DataError, match="not of the model's input shape"):
        runner.predict(SMALL, np.zeros((2, 5), np.float32))
    with pytest.raises(DataError, match="input"):
        runner.run(SMALL, [[np.zeros((1, 5), np.int8)]])
    with pytest.raises(DataError, match="input"):
        runner.run(SMALL, [[np.zeros((1, 4), np.float32)]])
    with pytest.raises(DataError, match="input"):
        runner.run(SMALL, [[np.zeros((1, 4), np.int8)] * 2])


@BOTH
def test_a_model_with_two_inputs_takes_an_array_for_each(runner: ModuleType) -> None:
    from tinyml_compress import ops

    add = model(
        "ADD",
        [tensor("a", (1, 4), 1.0), tensor("b", (1, 4), 1.0)],
        tensor("y", (1, 4), 1.0),
        ops.operator("ADD").attrs_type(),
    )
    assert runner.predict(add, INPUTS.round(), 2 * INPUTS.round())[0].tolist() == [0, 3, 6, 0]
    with pytest.raises(ModelError, match="do not fill") as caught:
        runner.predict(add, INPUTS)
    assert "1 arrays" in str(caught.value)
    assert "2: " in str(caught.value)


@BOTH
def test_batch_must_be_one(runner: ModuleType) -> None:
    two = model("RELU", [tensor("x", (2, 4), 1.0)], tensor("y", (2, 4), 1.0), Attrs())
    with pytest.raises(ModelError, match="batch size is not 1"):
        runner.predict(two, INPUTS)


@BOTH
@pytest.mark.parametrize("content", [b"", b"xx", b"PK\3\4" + b"0" * 100], ids=["empty", "short", "zip"])
def test_not_a_model_at_all(runner: ModuleType, content: bytes) -> None:
    with pytest.raises(ModelError, match="not a TensorFlow Lite file"):
        runner.run(content, [])


@BOTH
def test_a_type_that_the_kernel_does_not_have(runner: ModuleType) -> None:
    bad = model(
        "RELU", [tensor("x", (1, 4), dtype=DType.FLOAT64)], tensor("y", (1, 4), dtype=DType.FLOAT64), Attrs()
    )
    with pytest.raises(ModelError, match="refuses the model|while it ran"):
        runner.run(bad, [[np.zeros((1, 4), np.float64)]])


@BOTH
def test_mutated_files_never_take_this_process_down(
    runner: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes of the file's tables are changed: an abort, a hang or a refusal of the interpreter is
    our error.
    """
    monkeypatch.setattr(runner, "_TIMEOUT", 5)
    rng = random.Random(5)
    refused: list[str] = []
    for _ in range(8):
        bad = bytearray(SMALL)
        for _ in range(3):
            bad[rng.randrange(8, len(bad))] = rng.randrange(256)
        try:
            runner.run(bytes(bad[: len(bad) - rng.randrange(40)]), [[np.zeros((1, 4), np.int8)]])
        except TinymlError as error:
            refused.append(str(error))
    assert refused
    assert not [text for text in refused if "Traceback" in text]


def test_where_tflm_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tflm, "available", lambda: False)
    with pytest.raises(MissingDependency, match="no proof against it"):
        tflm.run(SMALL, [])
    monkeypatch.setattr(host, "_RUNTIMES", ())
    assert not host.available()
    with pytest.raises(MissingDependency, match="no TensorFlow Lite runtime"):
        host.run(SMALL, [])


def test_a_worker_that_hangs_is_stopped() -> None:
    with pytest.raises(ProcessError, match="did not end"):
        _worker.ask(
            tflm.__name__, "TFLM", _worker.ModelJob(SMALL, {"vectors": 0, "arena": 1 << 20}, {}), 0.01
        )


def test_a_model_that_needs_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tflm, "_ARENAS", (1024, 4096))
    with pytest.raises(ModelError, match="more memory"):
        tflm.run(relu(10000), [])


@pytest.mark.parametrize(
    ("dtype", "scale", "zero_point", "values", "stored"),
    [
        (DType.INT8, 0.5, -1, [0.25, -0.25, 0.24, 1000, -1000], [0, -2, -1, 127, -128]),
        (DType.UINT8, 0.5, 128, [0.75, -0.75, 1000, -1000], [130, 126, 255, 0]),
        (DType.INT16, 1.0, 0, [1.5, -1.5, 1e9, -1e9], [2, -2, 32767, -32768]),
        (DType.FLOAT32, None, 0, [0.1], [np.float32(0.1)]),
    ],
)
def test_quantization_rounds_half_away_and_saturates(
    dtype: DType, scale: float | None, zero_point: int, values: list[float], stored: list[float]
) -> None:
    side = Side("x", (1, len(values)), dtype, None if scale is None else quant(scale, zero_point))
    got = quantized(np.array(values, np.float32), side)
    assert got.dtype == dtype.numpy
    assert got.tolist() == stored
    back = dequantized(got, side)
    assert back.dtype == np.float32
    assert back.tolist() == [(s - zero_point) * (scale or 1) for s in stored]


@pytest.mark.parametrize(
    ("dtype", "wrong"), [(DType.INT8, 128), (DType.INT32, 0.5), (DType.BOOL, 2), (DType.INT8, -129)]
)
def test_integer_input_without_a_scale_takes_whole_numbers(dtype: DType, wrong: float) -> None:
    side = Side("x", (1, 2), dtype, None)
    assert quantized(np.array([0, 1], np.float32), side).tolist() == [0, 1]
    with pytest.raises(DataError, match="whole numbers") as caught:
        quantized(np.array([0, wrong], np.float32), side)
    assert f"{wrong:g}" in str(caught.value)


def test_an_operator_too_new_for_the_old_runtime_goes_to_litert(monkeypatch: pytest.MonkeyPatch) -> None:
    if host.runtime() == host.runtime(newest=True):
        pytest.skip("only one runtime is installed")
    asked: list[bool] = []

    def refuse(module: str, what: str, job: _worker.ModelJob, timeout: float) -> _worker.Reply:
        asked.append(bool(job.options.get("newest", False)))
        if not asked[-1]:
            raise ModelError(
                "refused", found="Didn't find op for builtin opcode 'FULLY_CONNECTED' version '12'"
            )
        return _worker.ask(module, what, job, timeout)

    monkeypatch.setattr(host, "ask", refuse)
    assert host.predict(SMALL, INPUTS).tolist() == [[0, 1, 2, 0.5], [0, 0, 8.125, 0.25]]
    assert asked == [False, True]


def test_published_models(published: object) -> None:
    """The figures that issue and baselines name: arena near 23 and 55 KB, and the answer to the fixed
    pattern.
    """
    from pathlib import Path

    for name, shape, kilobytes, answer in [
        ("kws_ref_model", (1, 49, 10, 1), 23, "808080888080808080808078"),
        ("pretrainedResnet_quant", (1, 32, 32, 3), 55, "8080ab8080808b804a80"),
    ]:
        content = (Path(str(published)) / f"{name}.tflite").read_bytes()
        pattern = (np.arange(np.prod(shape)) * 37 + 11).astype(np.uint8).view(np.int8).reshape(shape)
        done = tflm.run(content, [[pattern]])
        assert done.outputs[0][0].tobytes().hex() == answer
        assert abs(done.arena_bytes / 1024 - kilobytes) < 1.5


def _scaled_rows() -> bytes:
    """Float in and out, weights of int8 with scales of 1 and 10."""
    weights = const("w", [[1, 2], [3, 4]], [1.0, 10.0], [0, 0], axis=0)
    x, y = (tensor(name, (1, 2), dtype=DType.FLOAT32) for name in "xy")
    return model("FULLY_CONNECTED", [x, weights, None], y, operator("FULLY_CONNECTED").attrs_type())


def test_a_scale_per_row_is_computed_rightly(monkeypatch: pytest.MonkeyPatch) -> None:
    """tflite-runtime 2.14 takes the first scale for all rows, so that LiteRT is asked, or it is an error."""
    file, row = _scaled_rows(), np.array([[1, 1]], np.float32)
    assert not scales_rows(SMALL)
    np.testing.assert_allclose(host.predict(file, row), [[3, 70]], rtol=0.02)
    assert host.measure(file, runs=2, warmup=1).runtime == host.runtime(newest=True)
    times = side_by_side.measure([SMALL, file], rounds=2)
    assert {one.runtime for one in times} == {host.runtime(newest=True)}
    monkeypatch.setattr(host, "_module", lambda newest: "tflite_runtime")
    with pytest.raises(ModelError, match="a scale per row wrongly(.|\n)*pip install ai-edge-litert"):
        host.predict(file, row)
