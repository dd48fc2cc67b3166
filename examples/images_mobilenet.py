"""Pictures to classes on MobileNet: a folder of pictures, a network with width 0.25, quantized, on all
boards.

    python examples/images_mobilenet.py                  two kinds of made-up pictures
    python examples/images_mobilenet.py pictures         your own: one subfolder of pictures per class

`--keep 0.5` removes the weaker half of the channels before the fine-tuning and the conversion.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

import tinyml_compress as tc
from tinyml_compress import data

SIDE = 48
DESCRIPTION = """path = "{folder}"
title = "Pictures"
[image]
height = {side}
width = {side}
channels = 3
"""
# Small batches: a few pictures are few steps otherwise, and too few leave the result to the seed.
RECIPE = """title = "Trained, narrowed, int8"
seed = {seed}
[task]
batch_size = 8
[[stage]]
use = "train"
epochs = {epochs}
learning_rate = 0.003
[[stage]]
use = "channels"
keep = {keep}
epochs = {tuning}
[[stage]]
use = "convert"
"""


def main() -> None:
    """Describe the set, write the recipe, run it, benchmark what came out."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", nargs="?", type=Path, help="one subfolder of pictures per class")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/images"))
    parser.add_argument("--keep", type=float, default=1.0, help="part of the channels that stays")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seed", type=int, default=1, help="of the first weights and of the samples' order")
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    folder = given.pictures or make_pictures(given.output / "pictures")
    described = given.output / "pictures.toml"
    described.write_text(DESCRIPTION.format(folder=folder.resolve(), side=SIDE), encoding="utf-8")
    classes = data.load(described).classes

    recipe = given.output / "recipe.toml"
    tuning = given.epochs if given.keep < 1 else 0
    recipe.write_text(
        RECIPE.format(seed=given.seed, epochs=given.epochs, keep=given.keep, tuning=tuning), encoding="utf-8"
    )
    network(len(classes), given.seed).save(given.output / "net.keras")
    done = tc.compress(given.output / "net.keras", recipe, described, output=given.output / "run")
    print(done.summary())

    for run in tc.benchmark(done.tflite, ["nucleo-l4r5zi", "raspberry-pi-pico", "esp32-c3"]).runs:
        print(f"{run.device}: {run.instructions:,} instructions, {run.ms:.1f} ms modelled")


def network(classes: int, seed: int) -> tf.keras.Model:
    """MobileNetV1's first blocks, width 0.25."""
    k = tf.keras.layers
    tf.keras.utils.set_random_seed(seed)

    def normalized(x: tf.Tensor) -> tf.Tensor:
        # a short training: the averages must follow within a few dozen steps
        return k.ReLU()(k.BatchNormalization(momentum=0.9)(x))

    def block(x: tf.Tensor, channels: int, stride: int) -> tf.Tensor:
        x = k.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(x)
        x = normalized(x)
        return normalized(k.Conv2D(channels, 1, use_bias=False)(x))

    inputs = k.Input((SIDE, SIDE, 3))
    x = k.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(inputs)
    x = normalized(x)
    for channels, stride in ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1)):
        x = block(x, channels, stride)
    x = k.GlobalAveragePooling2D()(x)
    return tf.keras.Model(inputs, k.Dense(classes, activation="softmax")(x))


def make_pictures(folder: Path) -> Path:
    """Discs and squares of any colour, anywhere: 150 of each."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:64, :64]
    for shape in ("disc", "square"):
        (folder / shape).mkdir(parents=True, exist_ok=True)
        for index in range(150):
            size = rng.integers(8, 20)
            y, x = rng.integers(size, 64 - size, 2)
            inside = (
                (rows - y) ** 2 + (columns - x) ** 2 < size**2
                if shape == "disc"
                else (abs(rows - y) < size) & (abs(columns - x) < size)
            )
            picture = rng.integers(0, 100, 3) + inside[..., None] * rng.integers(60, 150, 3)
            noisy = np.clip(picture + rng.normal(0, 12, (64, 64, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(folder / shape / f"{index:03}.png")
    return folder


if __name__ == "__main__":
    main()
