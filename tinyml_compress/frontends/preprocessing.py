"""From a sensor's values to a model's inputs: the same for training, calibration, evaluation and firmware."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tinyml_compress.frontends.camera_form import CameraForm
from tinyml_compress.frontends.inputs import FRACTION, input_numbers
from tinyml_compress.frontends.sensor_form import SensorForm
from tinyml_compress.support.escape import c_comment

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]


_SELDOM = ("remove_dc", "pre_emphasis", "source_rate")


class Features(Enum):
    """What is made of a sound."""

    WAVE = "wave"
    LOG_MEL = "log-mel"
    MFCC = "mfcc"
    MICRO = "micro"
    MICRO_SINGLE = "micro-single"
    """With tables in single precision, as pymicro-features and its kin in firmware have them."""


_MICRO = (Features.MICRO, Features.MICRO_SINGLE)
_FRACTIONS = {Features.WAVE: 15} | dict.fromkeys(_MICRO, 0)


class Arithmetic(Enum):
    """In which numbers features are computed."""

    FIXED = "fixed"
    FLOAT = "float"


@dataclass(frozen=True)
class ImageForm:
    """Pictures are brought to this size and number of channels (1: grey, 3: RGB)."""

    height: int
    width: int
    channels: int


class StreamForm(Protocol):
    """Samples that arrive one after the other, and become rows of a model's input frame by frame."""

    @property
    def kind(self) -> str:
        """Of the front end in C."""

    @property
    def sample_rate(self) -> int:
        """Moments per second."""

    @property
    def samples(self) -> int:
        """Of a whole input, all axes together."""

    @property
    def hop(self) -> int:
        """Samples from one frame to the next."""

    @property
    def every_ms(self) -> float:
        """From one frame to the next."""

    @property
    def is_fixed(self) -> bool:
        """In whole numbers."""

    @property
    def fraction(self) -> int:
        """Bits behind the point of a feature."""

    @property
    def frame_samples(self) -> int:
        """What a frame is made of."""

    @property
    def values(self) -> int:
        """What a frame becomes."""

    @property
    def frames(self) -> int:
        """Of an input."""


@dataclass(frozen=True)
class AudioForm:
    """Sounds are cut or filled with silence to `samples`, and turned into features frame by frame.

    A frame is `window` samples under a Hann window, every `hop` samples; its power spectrum of `fft` points
    goes through `mel_bands` triangles between `low_hz` and `high_hz` on the HTK mel scale; log-mel is
    log(energy + 1e-6), and MFCC the first `coefficients` of the orthonormal DCT-II of that. In fixed
    arithmetic all of it is whole numbers. The micro front end of TensorFlow Lite Micro is its own, and gives
    numbers from 0 to about 670.
    """

    sample_rate: int
    samples: int
    features: Features
    window: int
    hop: int
    fft: int
    mel_bands: int
    coefficients: int
    low_hz: float
    high_hz: float
    arithmetic: Arithmetic = Arithmetic.FLOAT
    """Whole numbers, which the generated C has too; or float64, which exists in Python alone."""

    remove_dc: bool = False
    """A frame is taken without its mean."""
    pre_emphasis: float = 0.0
    """How much of each sample is taken from the next one, which raises high tones."""
    source_rate: int = 0
    """Of the microphone, whose samples are brought to `sample_rate` first; 0: the same."""

    @property
    def kind(self) -> str:
        return self.features.value

    @property
    def every_ms(self) -> float:
        return 1e3 * self.hop / self.sample_rate

    @property
    def frames(self) -> int:
        return 1 + (self.samples - self.frame_samples) // self.hop

    @property
    def is_fixed(self) -> bool:
        return self.arithmetic is Arithmetic.FIXED

    @property
    def is_micro(self) -> bool:
        return self.features in _MICRO

    @property
    def is_cleaned(self) -> bool:
        return self.remove_dc or self.pre_emphasis > 0

    @property
    def fraction(self) -> int:
        """Bits behind the point of what is made of a sound."""
        return _FRACTIONS.get(self.features, FRACTION)

    @property
    def frame_samples(self) -> int:
        """What a frame is made of; a wave has no windows."""
        return self.hop if self.features is Features.WAVE else self.window

    @property
    def values(self) -> int:
        """What a frame becomes."""
        return self.hop if self.features is Features.WAVE else self.shape[1]

    @property
    def shape(self) -> tuple[int, ...]:
        if self.features is Features.WAVE:
            return (self.samples, 1)
        return (self.frames, self.coefficients if self.features is Features.MFCC else self.mel_bands, 1)


@dataclass(frozen=True)
class Preprocessing:
    """input = (value * scale - mean) / std; mean and std are one number, or one per slice of the last axis.

    `value` is a pixel from 0 to 255, an audio feature, or a column's number.
    """

    scale: float = 1.0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    image: ImageForm | None = None
    audio: AudioForm | None = None
    sensor: SensorForm | None = None
    camera: CameraForm | None = None
    """With `image`: its pictures come that way."""
    generated: Arithmetic = Arithmetic.FIXED
    """In which numbers generated C makes features: whole ones, which are those of Python bit for bit, or
    floats of 32 bits, which are within a step of an int8 input.
    """

    @property
    def stream(self) -> StreamForm | None:
        """Of a front end in whole numbers, which exists in C too."""
        return self.audio if self.audio is not None and self.audio.is_fixed else self.sensor

    def apply(self, values: Array) -> Floats:
        """Inputs from values, in float32 or in whole numbers as firmware computes them."""
        if self.stream is not None:
            fraction = self.stream.fraction
            features = np.round(np.ldexp(values.astype(np.float64), fraction)).astype(np.int64)
            return input_numbers(self.scale, self.mean, self.std, fraction).inputs(features)
        scaled = values.astype(np.float32) * np.float32(self.scale)
        mean, std = np.asarray(self.mean, np.float32), np.asarray(self.std, np.float32)
        return np.asarray((scaled - mean) / std, dtype=np.float32)

    def as_json(self) -> dict[str, object]:
        """For manifests."""
        shown: dict[str, object] = {"scale": self.scale, "mean": list(self.mean), "std": list(self.std)}
        if self.image is not None:
            shown["image"] = vars(self.image).copy()
        if self.audio is not None:
            words = {"features": self.audio.features.value, "arithmetic": self.audio.arithmetic.value}
            shown["audio"] = {**_said(self.audio), **words}
        if self.sensor is not None:
            statistics = [one.value for one in self.sensor.statistics]
            shown["sensor"] = {**vars(self.sensor), "statistics": statistics}
        if self.camera is not None:
            words = {"pixels": self.camera.pixels.value, "scaling": self.camera.scaling.value}
            shown["camera"] = {**vars(self.camera), **words}
        return shown


def c_header(prefix: str, done: Preprocessing) -> str:
    """A header with the same numbers as C constants; `prefix` is the model's name."""
    upper = prefix.upper()
    lines = [
        c_comment(
            (
                f"How {prefix}'s inputs are made from sensor values; the same "
                "numbers as in training and calibration."
            ),
            (
                "input = (value * SCALE - mean) / std; mean and std have one entry, "
                "or one per slice of the last axis."
            ),
        ),
        f"#ifndef {upper}_PREPROCESSING_H",
        f"#define {upper}_PREPROCESSING_H",
        "",
        f"#define {upper}_INPUT_SCALE {_literal(done.scale)}",
    ]
    for name, numbers in (("mean", done.mean), ("std", done.std)):
        lines.append(f"#define {upper}_INPUT_{name.upper()}_COUNT {len(numbers)}")
        lines.append(f"static const float {prefix}_input_{name}[{len(numbers)}] = {{")
        for start in range(0, len(numbers), 6):
            lines.append("    " + ", ".join(_literal(number) for number in numbers[start : start + 6]) + ",")
        lines.append("};")
    if done.image is not None:
        lines.append("")
        lines += [f"#define {upper}_IMAGE_{key.upper()} {value}" for key, value in vars(done.image).items()]
    if done.audio is not None:
        lines += ["", *_audio_lines(upper, done.audio)]
    if done.sensor is not None:
        lines += ["", f"#define {upper}_SENSOR_RATE {done.sensor.rate}"]
        lines.append(f"#define {upper}_SENSOR_AXES {done.sensor.axes}")
        lines.append(f"#define {upper}_SENSOR_COUNTS {_literal(done.sensor.counts)}")
    return "\n".join([*lines, "", "#endif", ""])


def _said(audio: AudioForm) -> dict[str, Any]:
    """What a form says, without what it does not do."""
    return {key: value for key, value in vars(audio).items() if key not in _SELDOM or value}


def _audio_lines(upper: str, audio: AudioForm) -> list[str]:
    lines = [
        c_comment(line.strip()) for line in (AudioForm.__doc__ or "").strip().splitlines() if line.strip()
    ]
    lines.append(f"#define {upper}_AUDIO_FEATURES_{audio.features.name} 1")
    lines.append(f"#define {upper}_AUDIO_ARITHMETIC_{audio.arithmetic.name} 1")
    for key, value in _said(audio).items():
        if key in ("features", "arithmetic") or (
            audio.features is Features.WAVE and key not in ("sample_rate", "samples")
        ):
            continue
        number = _literal(value) if isinstance(value, float) else int(value)
        lines.append(f"#define {upper}_AUDIO_{key.upper()} {number}")
    if audio.features is not Features.WAVE:
        lines.append(f"#define {upper}_AUDIO_FRAMES {audio.frames}")
    return lines


def _literal(number: float) -> str:
    """A float constant that reads back as the same float32."""
    text = repr(float(np.float32(number)))
    short = str(np.float32(number))
    text = short if np.float32(short) == np.float32(number) else text
    return f"{text}f" if any(mark in text for mark in ".en") else f"{text}.0f"
