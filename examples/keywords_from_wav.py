"""Keyword spotting from a folder of recordings to C on an emulated board.

    python examples/keywords_from_wav.py                       three made-up "words", to see it work
    python examples/keywords_from_wav.py recordings            your own: one subfolder of 16 kHz .wav files
    per word

The front end (MFCC, mean and deviation of the training part) is described once, in `sounds.toml`: training,
calibration and evaluation take it from there, and the firmware gets it as C that gives the same bytes.
"""

from __future__ import annotations

import argparse
import wave
from pathlib import Path

import numpy as np
import tensorflow as tf

import tinyml_compress as tc
from tinyml_compress import data

RATE = 16000
EPOCHS = 20
WORDS = {"rising": (300.0, 900.0), "falling": (900.0, 300.0), "level": (600.0, 600.0)}
DESCRIPTION = """path = "{folder}"
title = "Keywords"
[audio]
features = "mfcc"
[values]
mean = "train"
std = "train"
"""


def main() -> None:
    """Train, convert, score, benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recordings", nargs="?", type=Path, help="one subfolder of .wav files per word")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/keywords"))
    parser.add_argument("--target", default="nucleo-l4r5zi")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=1, help="of the first weights and of the samples' order")
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    folder = given.recordings or make_recordings(given.output / "recordings")
    described = given.output / "sounds.toml"
    described.write_text(DESCRIPTION.format(folder=folder.resolve()), encoding="utf-8")
    train, test = data.load(f"{described}:train"), data.load(f"{described}:test")
    print(f"{train.count} + {test.count} recordings of {', '.join(train.classes)}")

    model = trained(train, given.epochs, given.seed)
    model.save(given.output / "keywords.keras")

    made = tc.convert(given.output / "keywords.keras", train, output=given.output / "int8", name="keywords")
    print(tc.evaluate(made.path, test, against=given.output / "keywords.keras").summary())
    heard = tc.evaluate(made.path, test, engine="aot")
    print(f"from samples to answers in C: {heard.summary()}")
    run = tc.benchmark(made.path, given.target).runs[0]
    print(
        f"{given.target}: {run.instructions:,} instructions, {run.ms:.2f} ms modelled, {run.ram:,} B of RAM"
    )
    if run.front_end is not None:
        print(f"front end: {run.front_end.shown}")
    tc.compile_c(made.path, output=given.output / "c", name="keywords", isa="dsp")
    print(f"C of the net and of its front end in {given.output / 'c'}")


def trained(train: data.DataSet, epochs: int, seed: int) -> tf.keras.Model:
    """The network after its training."""
    tf.keras.utils.set_random_seed(seed)
    model = network(train.sample_shape, len(train.classes))
    # small batches: a few words are few steps otherwise, and too few leave the result to the seed
    model.fit(train.inputs, train.labels, epochs=epochs, batch_size=16, verbose=0)
    return model


def network(shape: tuple[int, ...], classes: int) -> tf.keras.Model:
    """A small depthwise separable CNN."""
    layers = tf.keras.layers
    model = tf.keras.Sequential(
        [
            layers.Input(shape),
            layers.Conv2D(24, (10, 4), strides=2, padding="same", activation="relu"),
            layers.DepthwiseConv2D(3, padding="same", activation="relu"),
            layers.Conv2D(24, 1, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(classes, activation="softmax"),
        ]
    )
    model.compile(
        tf.keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def make_recordings(folder: Path) -> Path:
    """Tones that rise, fall or stay, in noise: 60 of each."""
    rng = np.random.default_rng(0)
    time = np.arange(RATE) / RATE
    for word, (first, last) in WORDS.items():
        (folder / word).mkdir(parents=True, exist_ok=True)
        for index in range(60):
            pitch = rng.uniform(0.7, 1.4)
            phase = 2 * np.pi * pitch * np.cumsum(first + (last - first) * time) / RATE
            sound = rng.uniform(0.1, 0.5) * np.sin(phase) + rng.normal(0, 0.1, RATE)
            with wave.open(str(folder / word / f"{index:02}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(RATE)
                file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return folder


if __name__ == "__main__":
    main()
