"""Reference architectures, written from their published descriptions; weights are seeded, not trained."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tinyml_compress.errors import UsageError
from tinyml_compress.models.zoo.streams import STREAMS, Stream, stream_file
from tinyml_compress.models.zoo.weights import fill

__all__ = ["STREAMS", "ZOO", "Entry", "Stream", "build", "entry", "stream_file"]


@dataclass(frozen=True)
class Entry:
    """One architecture; `module` holds `layers(keras) -> model`."""

    name: str
    module: str
    title: str
    source: str
    input_shape: tuple[int, ...]
    input_range: tuple[float, float]
    """Of the values that the net expects; the seeded BatchNorm statistics follow it."""
    data: str
    """The shipped data set of this shape."""


_TINY = "MLPerf Tiny benchmark (Banbury et al., 2021)"
_ENTRIES = (
    Entry(
        "ds_cnn",
        "ds_cnn",
        "keyword spotting, depthwise separable CNN",
        f"{_TINY}; Zhang et al., Hello Edge, 2017",
        (49, 10, 1),
        (-16.0, 16.0),
        "data:keywords",
    ),
    Entry(
        "mobilenet_v1_025",
        "mobilenet_v1",
        "person detection, MobileNetV1 with width 0.25",
        f"{_TINY}; Howard et al., MobileNets, 2017",
        (96, 96, 3),
        (0.0, 1.0),
        "data:persons",
    ),
    Entry(
        "resnet8",
        "resnet8",
        "image classification, residual net of 8 layers",
        f"{_TINY}; He et al., Deep Residual Learning, 2015",
        (32, 32, 3),
        (0.0, 255.0),
        "data:images",
    ),
    Entry(
        "autoencoder",
        "autoencoder",
        "anomaly detection on machine sounds, fully connected",
        f"{_TINY}; DCASE 2020 task 2 baseline (ToyADMOS)",
        (640,),
        (-32.0, 0.0),
        "data:machine",
    ),
    Entry(
        "wake_word",
        "wake_word",
        "streaming wake word, separable convolutions along time",
        "MLPerf Tiny streaming benchmark, v1.3",
        (30, 1, 40),
        (0.0, 1.0),
        "data:wake-word",
    ),
    Entry(
        "digits_cnn",
        "digits_cnn",
        "handwritten digits, small CNN that trains in seconds",
        "tinyml_compress",
        (8, 8, 1),
        (0.0, 1.0),
        "data:digits",
    ),
    Entry(
        "text_transformer",
        "text_transformer",
        "topic of a short text, transformer encoder of one block",
        "tinyml_compress; Vaswani et al., Attention Is All You Need, 2017",
        (24,),
        (0.0, 95.0),
        "data:texts",
    ),
    Entry(
        "activity_lstm",
        "activity_lstm",
        "activity from a motion sensor, LSTM",
        "tinyml_compress; Hochreiter and Schmidhuber, Long Short-Term Memory, 1997",
        (64, 6),
        (-2.0, 2.0),
        "data:activities",
    ),
    Entry(
        "activity_gru",
        "activity_gru",
        "activity from a motion sensor, GRU unrolled over 16 steps",
        "tinyml_compress; Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014",
        (64, 6),
        (-2.0, 2.0),
        "data:activities",
    ),
    Entry(
        "unet",
        "unet",
        "class of each pixel, U-Net with resizing",
        "tinyml_compress; Ronneberger et al., U-Net, 2015",
        (32, 32, 1),
        (0.0, 1.0),
        "data:shapes",
    ),
    Entry(
        "speech_codec",
        "speech_codec",
        "speech in and out, strided and transposed convolutions; made for int16x8",
        "tinyml_compress; Tagliasacchi et al., SEANet, 2020",
        (512, 1, 1),
        (-1.0, 1.0),
        "data:voices",
    ),
)
ZOO: Mapping[str, Entry] = {item.name: item for item in _ENTRIES}


def entry(name: str) -> Entry:
    """The zoo's entry of that name."""
    if name in STREAMS:
        raise UsageError(
            "this model of the zoo is a .tflite file: no Keras layers make what it remembers",
            which=f"zoo:{name}",
            allowed=", ".join(ZOO),
            next_step=(
                f"tinyml-compress zoo save {name} writes the file; compile, verify and benchmark take it"
            ),
        )
    if name not in ZOO:
        close = difflib.get_close_matches(name, ZOO, n=1, cutoff=0.4)
        raise UsageError(
            "no such model in the zoo",
            which=f"zoo:{name}",
            allowed=", ".join(ZOO),
            next_step=f"did you mean zoo:{close[0]}?" if close else "tinyml-compress zoo list describes them",
        )
    return ZOO[name]


def build(name: str, keras: Any) -> Any:
    """The model in `keras` (tf_keras), with the same weights every time."""
    about = entry(name)
    module = importlib.import_module(f"{__name__}.{about.module}")
    model = module.layers(keras)
    fill(model, about.name, about.input_range)
    return model
