"""Calls the workers for folders of `transformers`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.hugging_face.loaded import CALIBRATION, WORDS
from tinyml_compress.support import environments
from tinyml_compress.support.foreign import call_worker
from tinyml_compress.support.worker import Job, Reply

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]
Say = Callable[[str], None]
_ROOM = __name__.rpartition(".")[0]
INPUTS = ("input_ids", "attention_mask")


@dataclass(frozen=True)
class HfModel:
    """What a worker is told of a folder."""

    folder: Path
    weights: Path
    length: int
    pickle: bool
    code: bool
    seed: int = 0
    threads: int = 1

    @property
    def options(self) -> dict[str, Any]:
        return {
            "model": str(self.folder.resolve()),
            "weights": str(self.weights.resolve()),
            "length": self.length,
            "pickle": self.pickle,
            "code": self.code,
            "seed": self.seed,
            "threads": self.threads,
        }


@dataclass(frozen=True)
class HfSamples:
    """Texts, or the tokens that were made of them."""

    texts: tuple[str, ...] = ()
    tokens: Mapping[str, Array] | None = None


def hf_tokens(model: HfModel, texts: tuple[str, ...], *, timeout: float, say: Say) -> dict[str, Floats]:
    """The inputs that the folder's tokenizer makes of texts, whole numbers."""
    reply = _ask(model, HfSamples(texts), {"task": "tokens"}, timeout, say)
    return {name: np.asarray(reply.arrays[name], np.float32) for name in INPUTS}


def hf_tokens_of_words(
    model: HfModel, texts: tuple[str, ...], *, timeout: float, say: Say
) -> tuple[dict[str, Floats], npt.NDArray[np.int32]]:
    """The same of words between blanks, and for each token the place of the word that it begins, or -1."""
    arrays = _ask(model, HfSamples(texts), {"task": "tokens", WORDS: True}, timeout, say).arrays
    return {name: np.asarray(arrays[name], np.float32) for name in INPUTS}, np.asarray(
        arrays[WORDS], np.int32
    )


def hf_outputs(model: HfModel, samples: HfSamples, *, timeout: float, say: Say) -> Floats:
    """The model's answers."""
    reply = _ask(model, samples, {"task": "outputs"}, timeout, say)
    return np.asarray(reply.arrays["outputs"], np.float32)


def hf_cost(
    model: HfModel, samples: HfSamples, *, timeout: float, say: Say
) -> tuple[dict[str, float], int | None]:
    """Seconds of a call by the texts in it, and the memory that model and answers take at most."""
    values = _ask(model, samples, {"task": "cost"}, timeout, say).values
    return values["seconds"], values["peak_bytes"]


def hf_to_tflite(
    model: HfModel, samples: HfSamples, *, integer: bool, timeout: float, say: Say
) -> tuple[bytes, list[Floats]]:
    """The float .tflite file, and the samples' tokens; `integer`: it is to become one of integers."""
    reply = _ask(model, samples, {"task": "convert", "integer": integer}, timeout, say)
    return reply.files["model.tflite"], [np.asarray(reply.arrays[name], np.float32) for name in INPUTS]


def hf_of_size(
    model: HfModel, config: Mapping[str, Any], *, timeout: float, say: Say
) -> tuple[bytes, list[Floats], int]:
    """The float .tflite file of a net of that configuration with random weights, random words, parameters."""
    reply = _ask(model, HfSamples(), {"task": "sized", "config": dict(config)}, timeout, say)
    words = [np.asarray(reply.arrays[name], np.float32) for name in INPUTS]
    return reply.files["model.tflite"], words, reply.values["parameters"]


def optimize_model(
    model: HfModel,
    samples: HfSamples | None,
    calibration: HfSamples | None,
    knobs: Mapping[str, Any],
    *,
    timeout: float,
    say: Say,
) -> Reply:
    """Sizes, answers and times of each step, and the files of the last."""
    shown = calibration or HfSamples()
    more = {"data": samples is not None, "calibration": list(shown.texts), "write": True, **knobs}
    arrays = {f"{CALIBRATION}{name}": array for name, array in dict(shown.tokens or {}).items()}
    given = samples or HfSamples()
    both = replace(given, tokens={**dict(given.tokens or {}), **arrays})
    return _ask(model, both, more, timeout, say, "optimize_worker")


def _ask(
    model: HfModel,
    samples: HfSamples,
    more: Mapping[str, Any],
    timeout: float,
    say: Say,
    worker: str = "worker",
) -> Reply:
    options = {**model.options, "texts": list(samples.texts), **more}
    python = environments.python_of(environments.TORCH, say)
    return call_worker(
        python, f"{_ROOM}.{worker}:main", Job(options, dict(samples.tokens or {})), timeout, str(model.folder)
    )
