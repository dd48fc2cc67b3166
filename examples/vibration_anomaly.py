"""An autoencoder that hears a knocking machine, from a table of vibrations to C on an emulated board.

    python examples/vibration_anomaly.py                 the synthetic vibrations that ship with the tool
    python examples/vibration_anomaly.py mine.npz        arrays train_inputs, test_inputs, test_labels (1:
    anomaly)

The network learns to repeat normal vibrations; where it cannot, the machine is not normal. The threshold is
set on the int8 model, on training samples alone, so that the firmware compares the same numbers.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import tensorflow as tf

import tinyml_compress as tc
from tinyml_compress import data
from tinyml_compress.runners import tflm


def main() -> None:
    """Train, convert, set the threshold, score, benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", nargs="?", default="data:vibration")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/vibration"))
    parser.add_argument("--target", default="raspberry-pi-pico")
    parser.add_argument("--epochs", type=int, default=40)
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    train, test = data.load(f"{given.data}:train"), data.load(f"{given.data}:test")

    model = network(train.sample_shape)
    model.fit(train.inputs, train.inputs, epochs=given.epochs, verbose=0)
    model.save(given.output / "vibration.keras")

    made = tc.convert(given.output / "vibration.keras", train, output=given.output / "int8", name="vibration")
    print(tc.evaluate(made.path, test, against=given.output / "vibration.keras").summary())

    content = made.path.read_bytes()
    usual = errors(content, train.inputs)
    threshold = float(np.quantile(usual, 0.99))
    found = errors(content, test.inputs) > threshold
    wrong = test.need_labels() == 1
    caught, alarms = found[wrong].mean(), found[~wrong].mean()
    print(f"threshold {threshold:.4g}: {caught:.0%} of the anomalies, {alarms:.0%} false alarms")

    run = tc.benchmark(made.path, given.target).runs[0]
    print(
        f"{given.target}: {run.instructions:,} instructions, {run.ms:.2f} ms modelled, {run.ram:,} B of RAM"
    )


def network(shape: tuple[int, ...]) -> tf.keras.Model:
    """Dense layers through a bottleneck of 16."""
    layers = tf.keras.layers
    tf.keras.utils.set_random_seed(1)
    size = int(np.prod(shape))
    model = tf.keras.Sequential(
        [
            layers.Input(shape),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(size),
            layers.Reshape(shape),
        ]
    )
    model.compile(optimizer=tf.keras.optimizers.Adam(3e-3), loss="mse")
    return model


def errors(model: bytes, inputs: np.ndarray) -> np.ndarray:
    """Mean squared error of each sample, by the int8 model under TensorFlow Lite Micro."""
    outputs = tflm.predict(model, inputs)
    return np.square(outputs.reshape(len(inputs), -1) - inputs.reshape(len(inputs), -1)).mean(axis=1)


if __name__ == "__main__":
    main()
