"""`N_test_vectors.h`: golden inputs and what TensorFlow Lite Micro makes of them, for a test on
the device.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinyml_compress.converter.c_text import banner, guarded, number_lines
from tinyml_compress.ir import DType

Array = npt.NDArray[np.generic]


def vectors_header(
    name: str, sha256: str, inputs: Sequence[Sequence[Array]], outputs: Sequence[Sequence[Array]]
) -> str:
    """`inputs[v][i]` gives `outputs[v][o]`; every vector has the same shapes and types."""
    upper = name.upper()
    parts = [
        "#include <stdint.h>\n",
        (
            "/* Outputs are those of TensorFlow Lite Micro: a device that gives "
            "other bytes computes something else. */"
        ),
        f"#define {upper}_TEST_VECTORS {len(inputs)}\n",
    ]
    for kind, rows in (("input", inputs), ("output", outputs)):
        parts += [
            _table(f"{name}_test_{kind}{index}", [row[index] for row in rows])
            for index in range(len(rows[0]))
        ]
    return banner(f"{name}: golden vectors", sha256) + guarded(f"{upper}_TEST_VECTORS_H", "\n".join(parts))


def _table(symbol: str, arrays: Sequence[Array]) -> str:
    ctype = _ctype(arrays[0])
    rows = "\n".join(f"    {{\n{number_lines(array, ' ' * 8)}\n    }}," for array in arrays)
    return f"static const {ctype} {symbol}[{len(arrays)}][{arrays[0].size}] = {{\n{rows}\n}};\n"


def _ctype(array: Array) -> str:
    return next(dtype.ctype for dtype in DType if dtype is not DType.INT4 and dtype.numpy == array.dtype)
