"""Models scored on a data set."""

from __future__ import annotations

from enum import Enum
from typing import ClassVar

import msgspec

from tinyml_compress.results.base import Result
from tinyml_compress.results.score import Agreement, Score


class Engine(Enum):
    """What computes the outputs."""

    KERAS = "keras"
    HOST = "host"
    """TensorFlow Lite on this machine."""
    TFLM = "tflm"
    AOT = "aot"
    """Our generated C, compiled for this machine."""
    LITERT = "litert"
    """With its optimized kernels (XNNPACK)."""
    LITERT_REF = "litert-ref"
    """With its reference kernels."""
    C = "c"
    """A folder that `compile` wrote, as it is."""
    TORCH = "torch"
    """PyTorch, in an environment of its own."""
    ONNX = "onnx"
    """onnxruntime, in an environment of its own."""


class Task(Enum):
    """What the outputs mean."""

    CLASSIFICATION = "classification"
    RECONSTRUCTION = "reconstruction"
    """The output repeats the input (an autoencoder): a large error marks an anomaly."""
    EMBEDDING = "embedding"
    """The output stands for the sample by its direction (an encoder without a head): it is compared with
    another model's.
    """


class Evaluation(Result, frozen=True, kw_only=True):
    """One model on a set, and its agreement with another model where one was given."""

    verb: ClassVar[str] = "evaluate"

    model: str
    model_sha256: str
    engine: Engine
    device: str | None = None
    """The emulated board on which generated C answered."""
    data: str
    data_sha256: str
    task: Task
    nbytes: int | None = msgspec.field(default=None, name="bytes")
    """Of the .tflite file; absent for Keras models."""
    classes: tuple[str, ...] | None = None
    """Names of the classes, where the set has them."""
    score: Score | None = None
    """Absent when the set has no labels and the model is compared with another."""
    against: str | None = None
    against_score: Score | None = None
    difference_inside_interval: bool | None = None
    """Whether the other model's accuracy lies inside this one's interval, so that the set cannot tell them
    apart.
    """
    agreement: Agreement | None = None
    unseen_words: int | None = None
    """Words with a tag that the length of the texts cut off: they are no part of the score."""


class Evaluations(Result, frozen=True, kw_only=True):
    """Several models on one set."""

    verb: ClassVar[str] = "evaluate"

    evaluations: tuple[Evaluation, ...]
