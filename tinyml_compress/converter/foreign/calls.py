"""Calls the workers of this folder and of `pytorch`: PyTorch to .tflite, and float .tflite to integer."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress.converter.settings import Mode
from tinyml_compress.errors import DataError, UsageError
from tinyml_compress.support import environments
from tinyml_compress.support.foreign import call_worker
from tinyml_compress.support.trust import WORD, trusted
from tinyml_compress.support.worker import Job, Reply

Floats = npt.NDArray[np.float32]
_ROOM = __name__.rpartition(".")[0]
_TORCH_ROOM = f"{__name__.partition('.')[0]}.pytorch"
TORCH_PREFIX = "torch:"
_WEIGHTS = ".safetensors"
_MADE = "model.tflite"
_SPEC = re.compile(r"(?P<module>[\w.]+):(?P<function>\w+)(?:@(?P<weights>.+))?")


@dataclass(frozen=True)
class TorchModel:
    """`torch:package.module:function[@weights.safetensors]`: a function that gives an nn.Module or exported
    program.
    """

    module: str
    function: str
    weights: Path | None = None
    train: tuple[str, str] | None = None
    """Module and function that fine-tune the prepared model: quantization-aware training."""

    @property
    def trainer(self) -> str | None:
        """`module:function`."""
        return None if self.train is None else ":".join(self.train)

    @classmethod
    def parse(cls, spec: str, train: str | None = None) -> TorchModel:
        matched = _SPEC.fullmatch(spec.removeprefix(TORCH_PREFIX))
        trainer = None if train is None else _SPEC.fullmatch(train)
        if matched is None or (train is not None and trainer is None):
            raise UsageError(
                "not the name of a PyTorch model",
                which=spec if matched is None else train,
                allowed="torch:package.module:function, with @file.safetensors for its weights",
            )
        weights = None if matched["weights"] is None else Path(matched["weights"])
        if weights is not None and not weights.is_file():
            raise UsageError("no such weights", which=weights)
        if weights is not None and weights.suffix.lower() != _WEIGHTS and not trusted():
            raise UsageError(
                "weights of this form are a pickle, which may run code when it is read",
                which=weights,
                allowed=f"a file that ends with {_WEIGHTS}",
                next_step=f"write it with safetensors.torch.save_file(model.state_dict(), ...); or, {WORD}",
            )
        names = None if trainer is None else (trainer["module"], trainer["function"])
        return cls(matched["module"], matched["function"], weights, names)


def torch_to_tflite(
    model: TorchModel,
    samples: Sequence[Floats],
    mode: Mode,
    *,
    seed: int = 0,
    timeout: float = 1800.0,
    say: Callable[[str], None] = lambda text: None,
) -> bytes:
    """The .tflite file of a PyTorch model; `samples` per input (count, *shape), images as NHWC."""
    _check_mode("PyTorch", mode, (Mode.INT8, Mode.DYNAMIC, Mode.FLOAT32))
    if not samples or not all(len(array) for array in samples):
        raise DataError("PyTorch models are traced with data", next_step="give --calibration")
    reply = _ask_torch(
        model, samples, {"mode": mode.value, "train": model.trainer, "seed": seed}, timeout, say
    )
    return reply.files[_MADE]


def torch_outputs(
    model: TorchModel,
    samples: Sequence[Floats],
    *,
    timeout: float = 1800.0,
    say: Callable[[str], None] = lambda text: None,
) -> Floats:
    """The first output of a PyTorch model for each sample, each run by itself, images given as NHWC."""
    reply = _ask_torch(model, samples, {"mode": None, "seed": 0}, timeout, say)
    return np.asarray(reply.arrays["outputs"], dtype=np.float32)


def quantize_torch(
    model: TorchModel,
    samples: Sequence[Floats],
    tests: Sequence[Floats],
    mode: Mode,
    *,
    seed: int = 0,
    timeout: float = 1800.0,
    say: Callable[[str], None] = lambda text: None,
) -> Reply:
    """A PyTorch model in int8 as `model.pt2` and `model.tflite`, and what it and the float model answer."""
    options = {"mode": mode.value, "train": model.trainer, "seed": seed}
    more = {f"t{index}": array for index, array in enumerate(tests)}
    return _ask_torch(model, samples, options, timeout, say, "quantize_worker", more)


def _ask_torch(
    model: TorchModel,
    samples: Sequence[Floats],
    options: Mapping[str, object],
    timeout: float,
    say: Callable[[str], None],
    worker: str = "worker",
    more: Mapping[str, Floats] | None = None,
) -> Reply:
    name = f"{model.module}:{model.function}"
    named = {
        "folder": os.getcwd(),
        "name": name,
        "weights": None if model.weights is None else str(model.weights.resolve()),
        "pickle": model.weights is not None and model.weights.suffix.lower() != _WEIGHTS,
        "inputs": len(samples),
    }
    python = environments.python_of(environments.TORCH, say)
    job = Job({**named, **options}, {**_arrays(samples), **(more or {})})
    return call_worker(python, f"{_TORCH_ROOM}.{worker}:main", job, timeout, name)


def requantize(
    file: bytes,
    samples: Sequence[Floats],
    mode: Mode,
    *,
    timeout: float = 900.0,
    say: Callable[[str], None] = lambda text: None,
) -> bytes:
    """Another form of a float .tflite file; integers have the true minimum and maximum over the samples."""
    _check_mode("a .tflite file", mode, (Mode.INT8, Mode.INT16X8, Mode.DYNAMIC, Mode.FLOAT16))
    if mode.full_integer and (not samples or not all(len(array) for array in samples)):
        raise DataError("full-integer conversion needs representative data", next_step="give --calibration")
    job = Job({"mode": mode.value, "inputs": len(samples)}, _arrays(samples), {"float.tflite": file})
    python = environments.python_of(environments.QUANTIZER, say)
    return call_worker(python, f"{_ROOM}.requantize_worker:main", job, timeout, "the .tflite file").files[
        _MADE
    ]


def _check_mode(what: str, mode: Mode, allowed: tuple[Mode, ...]) -> None:
    if mode not in allowed:
        raise UsageError(
            f"{what} cannot be converted to this mode",
            which=f"--mode {mode.value}",
            allowed=", ".join(known.value for known in allowed),
        )


def _arrays(samples: Sequence[Floats]) -> dict[str, Floats]:
    return {f"x{index}": array for index, array in enumerate(samples)}
