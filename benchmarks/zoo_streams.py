"""Makes the zoo's streaming nets: `python benchmarks/zoo_streams.py`.

Both have seeded layers, whose last one is fitted to the train part by least squares: seconds, and the same
each time. `keyword_svdf` is made of SVDF layers; `wake_word_streaming` is zoo:wake_word, converted to int8
and told frame by frame. Scores are of the test parts: of the float net, and of the file under TensorFlow Lite
Micro, reset before each sample, at its last frame. Writes the files, zoo_streams.json, and a Markdown table.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress import data, frontend, models
from tinyml_compress.ir import DType, Graph, Node, Quant, Tensor
from tinyml_compress.models.origin import LoadedModel, ModelFormat, Origin
from tinyml_compress.models.zoo.streams import STREAMS, Stream
from tinyml_compress.ops.fully_connected.op import FullyConnectedAttrs
from tinyml_compress.ops.numerics import Activation
from tinyml_compress.ops.softmax.op import SoftmaxAttrs
from tinyml_compress.ops.svdf.op import SvdfAttrs
from tinyml_compress.pipeline.convert.keras_model import convert_model
from tinyml_compress.pipeline.convert.whole import Wanted
from tinyml_compress.runners import tflm
from tinyml_compress.runners.sides import quantized
from tinyml_compress.streaming import streamed
from tinyml_compress.support.resources import package_folder

FOLDER = package_folder("tinyml_compress.models.zoo.streams")
SEED = 1
Floats = npt.NDArray[np.float64]
# units, rank, frames that a filter looks back over
LAYERS = ((32, 2, 16), (64, 2, 24))
_STEEP = 12.0
_MOST = 60_000
"""Weights over time are scaled so that no unit's sum of 16-bit products leaves 32 bits."""


@dataclass(frozen=True)
class Row:
    """One net; accuracies on the test part."""

    model: str
    float32: float
    streamed_int8: float
    samples: int
    file_bytes: int


def main() -> int:
    """Make, score, print."""
    rows = [_measured("keyword_svdf", _keyword), _measured("wake_word_streaming", _wake_word)]
    print("| model | float32 | int8, frame by frame | test samples | file |\n|---|---|---|---|---|")
    for row in rows:
        print(
            f"| {row.model} | {row.float32:.1%} | {row.streamed_int8:.1%} | "
            f"{row.samples} | {row.file_bytes:,} B |"
        )
    Path(__file__).with_name("zoo_streams.json").write_text(
        json.dumps({"schema": 1, "rows": [asdict(row) for row in rows]}, indent=1) + "\n"
    )
    return 0


def _measured(name: str, make: Any) -> Row:
    about = STREAMS[name]
    train, test = (data.load(f"{about.data}:{part}") for part in ("train", "test"))
    file, score = make(train, test)
    (FOLDER / f"{name}.tflite").write_bytes(file)
    return Row(name, score, _streamed_score(file, about, test), len(test.inputs), len(file))


def _streamed_score(file: bytes, about: Stream, test: Any) -> float:
    interpreter = tflm.Interpreter(file)
    (side,) = interpreter.inputs
    right = 0
    for sample, label in zip(test.inputs, test.labels, strict=True):
        interpreter.reset()
        frames = quantized(sample.reshape(about.frames, *about.input_shape), side)
        for frame in frames:
            (output,) = interpreter.invoke([frame.reshape(side.shape)])
        right += int(np.argmax(output)) == int(label)
    return right / len(test.inputs)


def _read_out(features: Floats, labels: npt.NDArray[np.int64], classes: int) -> tuple[Floats, Floats]:
    """Weights and bias of the last layer, by ridge regression; logits far enough apart for a softmax."""
    middle = features.mean(axis=0)
    centred = features - middle
    wanted = np.eye(classes)[labels] - 1 / classes
    gram = centred.T @ centred + 10.0 * np.eye(features.shape[1])
    weights = _STEEP * np.linalg.solve(gram, centred.T @ wanted)
    return weights, -middle @ weights


def _share(logits: Floats, labels: npt.NDArray[np.int64]) -> float:
    return float((logits.argmax(axis=1) == labels).mean())


# --- the wake word ---


def _wake_word(train: Any, test: Any) -> tuple[bytes, float]:
    model = models.load("zoo:wake_word").model
    last = model.layers[-1]
    inner = type(model)(model.inputs, last.input)

    def features(part: Any) -> Floats:
        return np.asarray(inner.predict(part.inputs.reshape(-1, 30, 1, 40), verbose=0), np.float64)

    weights, bias = _read_out(features(train), train.labels, 3)
    last.set_weights([weights.astype(np.float32), bias.astype(np.float32)])
    loaded = LoadedModel(model, Origin("zoo:wake_word with a fitted last layer", ModelFormat.ZOO, ""))
    window = convert_model(loaded, train, Wanted(seed=SEED)).tflite
    score = _share(features(test) @ weights + bias, test.labels)
    return frontend.write(streamed(frontend.read(window, "wake_word")).graph), score


# --- the keyword spotter ---


@dataclass(frozen=True)
class _Layer:
    units: int
    rank: int
    feature: Floats
    time: Floats
    bias: Floats

    def numbers(self, frames: Floats) -> Floats:
        return np.asarray(frames @ self.feature.T)

    def outputs(self, numbers: Floats) -> Floats:
        memory = self.time.shape[1]
        padded = np.pad(numbers, ((0, 0), (memory - 1, 0), (0, 0)))
        past = np.stack([padded[:, at : at + numbers.shape[1]] for at in range(memory)], axis=-1)
        total = (past * self.time).sum(-1).reshape(*numbers.shape[:2], self.units, self.rank).sum(
            -1
        ) + self.bias
        return np.maximum(total, 0.0)


def _layers(samples: Floats) -> list[_Layer]:
    """Drawn, and scaled so that outputs have about unit spread."""
    rng, made, now = np.random.default_rng(SEED), [], samples
    for units, rank, memory in LAYERS:
        feature = rng.standard_normal((units * rank, now.shape[2])) / np.sqrt(now.shape[2])
        time = rng.standard_normal((units * rank, memory))
        drawn = _Layer(units, rank, feature, time, np.zeros(units))
        time = time / drawn.outputs(drawn.numbers(now)).std()
        layer = _Layer(units, rank, feature, time, -0.3 * rng.standard_normal(units))
        now = layer.outputs(layer.numbers(now))
        made.append(layer)
    return made


def _features(layers: list[_Layer], inputs: npt.NDArray[np.float32]) -> Floats:
    """Of the last frame."""
    parts = []
    for start in range(0, len(inputs), 128):
        now = np.asarray(inputs[start : start + 128], np.float64).reshape(-1, 49, 10)
        for layer in layers:
            now = layer.outputs(layer.numbers(now))
        parts.append(now[:, -1])
    return np.concatenate(parts)


def _keyword(train: Any, test: Any) -> tuple[bytes, float]:
    samples = np.asarray(train.inputs[:128], np.float64).reshape(-1, 49, 10)
    layers = _layers(samples)
    weights, bias = _read_out(_features(layers, train.inputs), train.labels, 12)
    score = _share(_features(layers, test.inputs) @ weights + bias, test.labels)
    return frontend.write(_svdf_graph(layers, weights, bias, samples)), score


def _svdf_graph(layers: list[_Layer], kernel: Floats, offset: Floats, samples: Floats) -> Graph:
    """Int8 layers with int16 state; ranges are those of the samples, whose frames run through the
    float net.
    """
    x = _spread("frame", samples.reshape(-1, 10), (1, 10))
    tensors, nodes, now = [x], [], samples
    for index, layer in enumerate(layers):
        numbers = layer.numbers(now)
        now = layer.outputs(numbers)
        made = _svdf(index, layer, numbers, now)
        names = (tensors[-1].name, *(tensor.name for tensor in made[:4]))
        nodes.append(
            Node("SVDF", names, (made[4].name,), SvdfAttrs(layer.rank, Activation.RELU), f"svdf{index}")
        )
        tensors += made
    source = tensors[-1]
    dense = _rows("w", kernel.T)
    assert source.quant is not None
    assert dense.quant is not None
    scale = float(np.float32(source.quant.scale) * np.float32(dense.quant.scale))
    scores = _spread("scores", now @ kernel + offset, (1, 12))
    probabilities = Tensor("probabilities", (1, 12), DType.INT8, Quant((1 / 256,), (-128,)))
    tensors += [dense, _constant("b", np.round(offset / scale), DType.INT32, scale), scores, probabilities]
    nodes += [
        Node("FULLY_CONNECTED", (source.name, "w", "b"), ("scores",), FullyConnectedAttrs(), "words"),
        Node("SOFTMAX", ("scores",), ("probabilities",), SoftmaxAttrs(1.0), "softmax"),
    ]
    return Graph("keyword_svdf", {t.name: t for t in tensors}, tuple(nodes), ("frame",), ("probabilities",))


def _svdf(index: int, layer: _Layer, numbers: Floats, out: Floats) -> list[Tensor]:
    filters, memory = layer.time.shape
    units, time, bias = layer.units, layer.time, layer.bias
    rows = _rows(f"feature{index}", layer.feature)
    state_scale = _single(np.abs(numbers).max() / 32767)
    reach = np.abs(time).sum(axis=1).reshape(units, layer.rank).sum(axis=1).max()
    time_scale = _single(max(reach / _MOST, np.abs(time).max() / 32767))
    bias_scale = float(np.float32(state_scale) * np.float32(time_scale))
    return [
        rows,
        _constant(f"time{index}", np.round(time / time_scale), DType.INT16, time_scale),
        _constant(f"bias{index}", np.round(bias / bias_scale), DType.INT32, bias_scale),
        Tensor(
            f"state{index}", (1, filters * memory), DType.INT16, Quant((state_scale,), (0,)), variable=True
        ),
        Tensor(f"svdf{index}", (1, units), DType.INT8, Quant((_single(out.max() / 255),), (-128,))),
    ]


def _single(value: float) -> float:
    return float(np.float32(value))


def _spread(name: str, values: Floats, shape: tuple[int, ...]) -> Tensor:
    """A computed tensor whose int8 range holds the values."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    scale = _single((high - low) / 255)
    return Tensor(
        name, shape, DType.INT8, Quant((scale,), (int(np.clip(round(-128 - low / scale), -128, 127)),))
    )


def _rows(name: str, values: Floats) -> Tensor:
    scale = _single(np.abs(values).max() / 127)
    return _constant(name, np.round(values / scale), DType.INT8, scale)


def _constant(name: str, values: Floats, dtype: DType, scale: float) -> Tensor:
    stored = values.astype(dtype.numpy)
    stored.setflags(write=False)
    return Tensor(name, stored.shape, dtype, Quant((scale,), (0,)), stored)


if __name__ == "__main__":
    sys.exit(main())
