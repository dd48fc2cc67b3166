"""Tables of 512 steps between which softmax of int16 interpolates, as the device makes them, in float32."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

_STEPS = 512
_F32 = np.float32
Floats = npt.NDArray[np.float32]


def _rounded(values: Floats) -> Floats:
    """Ties away from zero."""
    return np.copysign(np.floor(np.abs(values) + _F32(0.5)), values).astype(np.float32)


def _steps(function: Callable[[Floats], Floats], low: float, high: float) -> npt.NDArray[np.int16]:
    """The function from `low` to `high` in Q0.15, each entry moved by half the error in the middle of its
    step.
    """
    step = _F32((high - low) / _STEPS)
    index = np.arange(_STEPS, dtype=np.float32)
    here, following = function(_F32(low) + index * step), function(_F32(low) + (index + _F32(1)) * step)
    middle = function(_F32(low) + index * step + step / _F32(2))
    scaling = _F32(65536 / 2)
    sample = _rounded(here * scaling)
    between = _rounded((following * scaling + sample) / _F32(2))
    error = between - _rounded(middle * scaling)
    entries = sample - _rounded(error / _F32(2))
    last = _rounded(function(np.array([high], np.float32)) * scaling)
    table: Floats = np.clip(np.concatenate([entries, last]), -32768, 32767)
    return table.astype(np.int16)


def exponential_steps() -> npt.NDArray[np.int16]:
    """exp(x) for x from -10 to 0."""
    return _steps(lambda x: np.exp(x.astype(np.float64)).astype(np.float32), -10.0, 0.0)


def reciprocal_steps() -> npt.NDArray[np.int16]:
    """1 / (1 + x) for x from 0 to 1."""
    return _steps(lambda x: _F32(1) / (_F32(1) + x), 0.0, 1.0)
