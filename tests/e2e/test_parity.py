"""The parity ladder: every engine on the same inputs, the first layer that differs, noise per layer."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tests.lib.graphs import const, graph, tensor
from tests.lib.nets import NETS
from tests.lib.schema import validate
from tinyml_compress import frontend
from tinyml_compress.data import DataSet
from tinyml_compress.errors import DataError, ModelError, UsageError
from tinyml_compress.ir import DType, Graph, Node
from tinyml_compress.ops import operator
from tinyml_compress.pipeline.compare import parity
from tinyml_compress.pipeline.compare.parity import ladder
from tinyml_compress.pipeline.convert.layer_noise import layer_noise, sqnr_db
from tinyml_compress.results import Engine, Ladder, decoded, encoded
from tinyml_compress.runners import tflm


@pytest.fixture(scope="module")
def nets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Test networks as files."""
    where = tmp_path_factory.mktemp("parity")
    for name, make in NETS.items():
        (where / f"{name}.tflite").write_bytes(make())
    return where


def dense(float_model: bool) -> bytes:
    """One fully-connected layer of which the float form is known: output = input @ weights."""
    rng = np.random.default_rng(5)
    weights = rng.integers(-127, 128, (6, 8))
    attrs = operator("FULLY_CONNECTED").attrs_type()
    if float_model:
        tensors = [tensor("x", (1, 8), dtype=DType.FLOAT32), const("w", weights * 0.01, dtype=DType.FLOAT32)]
        tensors += [const("b", np.zeros(6), dtype=DType.FLOAT32), tensor("y", (1, 6), dtype=DType.FLOAT32)]
    else:
        tensors = [tensor("x", (1, 8), 0.05, 0), const("w", weights, 0.01)]
        tensors += [const("b", np.zeros(6), 0.0005, dtype=DType.INT32), tensor("y", (1, 6), 0.25, 3)]
    made = graph(tensors, [Node("FULLY_CONNECTED", ("x", "w", "b"), ("y",), attrs, "dense")], ["x"], ["y"])
    return frontend.write(made)


def test_every_engine_is_a_rung_and_the_last_step_is_exact(nets: Path) -> None:
    found = ladder(nets / "residual.tflite", samples=2)
    assert [rung.engine for rung in found.rungs] == [
        Engine.LITERT,
        Engine.LITERT_REF,
        Engine.TFLM,
        Engine.AOT,
    ]
    if not tflm.available():
        pytest.skip("TensorFlow Lite Micro is not installed here")
    last = found.steps[-1]
    assert (last.below, last.above) == (Engine.TFLM, Engine.AOT)
    assert last.mismatches == 0
    assert last.first is None
    assert "all" in found.summary()
    assert found.samples == 6
    validate(encoded(found))
    assert decoded(Ladder, encoded(found)) == found


def test_the_first_layer_that_differs_is_named(nets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our C is made to run a model with another bias in its third convolution."""
    original = frontend.read((nets / "keyword.tflite").read_bytes(), "keyword")
    third = [index for index, node in enumerate(original.nodes) if node.op == "CONV_2D"][2]
    bias = original.nodes[third].inputs[2]
    assert bias is not None
    run = parity.run_graph

    def faulty(cut: Graph, engine: Engine, *rest: object) -> object:
        if engine is Engine.AOT:
            data = np.array(original.tensors[bias].data) + 2000
            data.setflags(write=False)
            cut = cut.rebuilt(tensors={**cut.tensors, bias: replace(cut.tensors[bias], data=data)})
        return run(cut, engine, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(parity, "run_graph", faulty)
    found = ladder(nets / "keyword.tflite", samples=1)
    assert all(rung.absent is None for rung in found.rungs), found.summary()
    first = found.steps[-1].first
    assert first is not None
    assert (first.index, first.op) == (third, "CONV_2D")
    assert f"first layer that differs: {third} CONV_2D" in found.summary()
    assert encoded(found)["steps"][-1]["first_divergence"]["index"] == third


def test_an_engine_that_cannot_run_is_absent_with_a_reason(
    nets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = parity.runner

    def refuse(subject: object, *rest: object) -> object:
        if subject.engine is Engine.TFLM:  # type: ignore[attr-defined]
            raise ModelError("TensorFlow Lite Micro refuses the model", found="no such kernel")
        return run(subject, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(parity, "runner", refuse)
    found = ladder(nets / "autoencoder.tflite", samples=1)
    assert len(found.steps) == 2
    assert "TFLM: absent, TensorFlow Lite Micro refuses the model: no such kernel" in found.summary()


def test_noise_against_the_float_model(tmp_path: Path) -> None:
    for name, is_float in (("int8", False), ("float", True)):
        (tmp_path / f"{name}.tflite").write_bytes(dense(is_float))
    samples = np.random.default_rng(1).uniform(-5, 5, (32, 8)).astype(np.float32)
    found = ladder(
        tmp_path / "int8.tflite", DataSet("some", samples), reference=tmp_path / "float.tflite", samples=32
    )
    assert found.samples == 32
    (layer,) = found.layers
    # One layer, so its noise is the output's. A step of 0.25 makes noise of power 0.25^2 / 12; the signal's
    # is known.
    assert layer.sqnr_db == found.output_sqnr_db
    stored = np.clip(np.round(samples.astype(np.float64) / 0.05), -128, 127) * 0.05
    weights = np.random.default_rng(5).integers(-127, 128, (6, 8)) * 0.01
    power = np.square(stored @ weights.T).mean()
    assert layer.sqnr_db == pytest.approx(10 * np.log10(power / (0.25**2 / 12)), abs=0.8)
    assert "SQNR" in found.summary()


def test_a_reference_of_another_kind_is_refused(nets: Path, tmp_path: Path) -> None:
    (tmp_path / "float.tflite").write_bytes(dense(float_model=True))
    with pytest.raises(UsageError, match="not a float model"):
        ladder(nets / "keyword.tflite", reference=nets / "keyword.tflite", samples=0)
    with pytest.raises(DataError, match="takes other inputs"):
        ladder(nets / "keyword.tflite", reference=tmp_path / "float.tflite", samples=0)
    with pytest.raises(DataError, match="input shape"):
        ladder(nets / "keyword.tflite", data=DataSet("zeros", np.zeros((3, 5), np.float32)))


def test_sqnr() -> None:
    exact = np.array([3.0, -4.0])
    assert sqnr_db([(exact, exact)]) == "no noise"
    assert sqnr_db([(exact, exact + np.array([0.5, 0.0]))]) == pytest.approx(20.0)
    assert sqnr_db([(np.zeros(2), np.ones(2))]) == "no noise"


def test_layers_are_matched_by_name_when_the_operators_differ() -> None:
    relu = operator("RELU").attrs_type()
    real = graph(
        [tensor(n, (1, 4), dtype=DType.FLOAT32) for n in "xabc"],
        [Node("RELU", (i,), (o,), relu, o) for i, o in (("x", "a"), ("a", "b"), ("b", "c"))],
        ["x"],
        ["c"],
    )
    ours = graph(
        [tensor(n, (1, 4), 0.5) for n in "xac"],
        [Node("RELU", (i,), (o,), relu, o) for i, o in (("x", "a"), ("a", "c"))],
        ["x"],
        ["c"],
    )
    one = np.full((1, 4), 2.0, np.float32)
    noise, why = layer_noise(real, [[one, one, one]], ours, [[np.full((1, 4), 4, np.int8)] * 2])
    assert why is None
    assert [layer.layer for layer in noise] == ["a", "c"]
    assert all(layer.sqnr_db == "no noise" for layer in noise)
    lone = graph(
        [tensor("p", (1, 4), 0.5), tensor("q", (1, 4), 0.5)],
        [Node("RELU", ("p",), ("q",), relu, "q")],
        ["p"],
        ["q"],
    )
    assert layer_noise(real, [], lone, [])[1] == "the float model has other layers"


def test_litert_and_tflm_part_at_fully_connected_layers(nets: Path) -> None:
    """LiteRT's reference kernels round once there, TFLM twice."""
    if not (tflm.available() and find_spec("ai_edge_litert")):
        pytest.skip("needs TensorFlow Lite Micro and LiteRT side by side")
    found = ladder(nets / "autoencoder.tflite", samples=30)
    step = next(step for step in found.steps if step.above is Engine.TFLM)
    assert step.first is not None
    assert step.first.op == "FULLY_CONNECTED"
    assert step.first.largest == 1
