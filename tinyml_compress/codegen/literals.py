"""Numbers and arrays as C text that means the same in C99 and C++, whatever the width of int."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

_WIDTH = 118


def int_literal(value: int) -> str:
    """An integer constant without warnings about its type or sign."""
    if value == -(1 << 31):
        return "(-2147483647 - 1)"
    if value == -(1 << 63):
        return "(-9223372036854775807LL - 1)"
    if -(1 << 31) < value < (1 << 31):
        return str(value)
    if value < (1 << 32) and value > 0:
        return f"{value}u"
    return f"{value}LL" if value < (1 << 63) else f"{value}ULL"


def float_literal(value: float) -> str:
    """A float32 constant that reads back as the same float32."""
    single = np.float32(value)
    if not np.isfinite(single):
        raise ValueError(f"{value!r} has no literal")
    text = np.format_float_scientific(single, unique=True, trim="0")
    return f"{text}f"


def _items(data: npt.NDArray[np.generic]) -> Iterable[str]:
    flat = data.reshape(-1)
    if flat.dtype.kind == "f":
        return (float_literal(float(value)) for value in flat)
    return (int_literal(int(value)) for value in flat)


def array_body(data: npt.NDArray[np.generic]) -> str:
    """The lines between the braces of an array initializer."""
    lines: list[str] = []
    line = "   "
    for item in _items(data):
        if len(line) + len(item) + 2 > _WIDTH:
            lines.append(line)
            line = "   "
        line += f" {item},"
    lines.append(line)
    return "\n".join(lines)
