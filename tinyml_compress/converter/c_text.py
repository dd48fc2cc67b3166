"""C text that the files of a model share: banner, guard, numbers, and the macros and helpers of inputs and
outputs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinyml_compress._version import __version__
from tinyml_compress.converter.flatfile import FileTensor
from tinyml_compress.ir import DType, Quant
from tinyml_compress.support.escape import c_comment, shortened

_WIDTH = 116
_RANGES = {DType.INT8: (-128, 127), DType.UINT8: (0, 255), DType.INT16: (-32768, 32767)}


def banner(title: str, sha256: str) -> str:
    """The comment at the top of a file; no date and no path, so that the same input gives the same bytes."""
    maker = f"Made by tinyml-compress {__version__} from a model with sha256"
    return c_comment(title, maker, f"{sha256}. Do not edit.") + "\n"


def guarded(guard: str, body: str) -> str:
    """`body` between include guards."""
    return f"#ifndef {guard}\n#define {guard}\n\n{body}\n#endif {c_comment(guard)}\n"


def _float_constant(value: float) -> str:
    """A float32 constant that reads back as the same float32."""
    return f"{np.format_float_scientific(np.float32(value), unique=True, trim='0')}f"


def number_lines(data: npt.NDArray[np.generic], indent: str = "    ") -> str:
    """The numbers of an array as lines of an initializer: bytes in hex, others in decimal, floats exactly."""
    flat = data.reshape(-1)
    if flat.dtype == np.uint8:
        items = [f"0x{int(value):02x}" for value in flat]
    elif flat.dtype.kind == "f":
        items = [_float_constant(float(value)) for value in flat]
    else:
        items = [_whole(int(value)) for value in flat]
    lines, line = [], indent
    for item in items:
        if len(line) + len(item) + 2 > _WIDTH:
            lines.append(line.rstrip())
            line = indent
        line += f"{item}, "
    lines.append(line.rstrip())
    return "\n".join(lines)


def port_macros(prefix: str, ports: Sequence[FileTensor], kind: str) -> str:
    """Counts, shapes, sizes, scales and zero points of `ports`; `kind` is INPUT or OUTPUT."""
    lines = [f"#define {prefix}_{kind}_COUNT {len(ports)}"]
    for index, port in enumerate(ports):
        name = f"{prefix}_{kind}{index}"
        elements = int(np.prod(port.shape, dtype=np.int64))
        dtype = port.dtype or DType.FLOAT32
        lines += [
            c_comment(f"{shortened(port.name)}: {dtype.ctype}[{' x '.join(map(str, port.shape)) or '1'}]"),
            f"#define {name}_ELEMENTS {elements}",
            f"#define {name}_BYTES {elements * dtype.itemsize}",
            f"#define {name}_RANK {len(port.shape)}",
            f"#define {name}_SHAPE {{{', '.join(map(str, port.shape)) or '1'}}}",
        ]
        if _quantized(port) is not None:
            quant = _quantized(port)
            assert quant is not None
            lines += [
                f"#define {name}_SCALE {_float_constant(quant.scale)}",
                f"#define {name}_ZERO_POINT ({quant.zero_point})",
            ]
    return "\n".join(lines) + "\n"


def port_helpers(prefix: str, ports: Sequence[FileTensor], kind: str) -> str:
    """Functions that quantize and dequantize one value of each port; they saturate, and take NaN for the
    lowest.
    """
    return "".join(_helper(prefix, port, f"{kind}{index}") for index, port in enumerate(ports))


def _helper(prefix: str, port: FileTensor, which: str) -> str:
    quant = _quantized(port)
    if quant is None or port.dtype not in _RANGES:
        return ""
    low, high = _RANGES[port.dtype]
    ctype, scale, zero = port.dtype.ctype, _float_constant(quant.scale), quant.zero_point
    # The bounds are compared as floats, before a conversion to int that could overflow.
    return f"""
static inline {ctype} {prefix}_quantize_{which}(float real) {{
    const float steps = real / {scale};
    if (!(steps > {_float_constant(float(low - zero))})) {{
        return ({ctype})({low});
    }}
    if (steps >= {_float_constant(float(high - zero))}) {{
        return ({ctype})({high});
    }}
    return ({ctype})((int32_t)(steps < 0.0f ? steps - 0.5f : steps + 0.5f) + ({zero}));
}}

static inline float {prefix}_dequantize_{which}({ctype} stored) {{
    return (float)((int32_t)stored - ({zero})) * {scale};
}}
"""


def _quantized(port: FileTensor) -> Quant | None:
    return port.quant.for_values(port.dtype) if port.quant is not None and port.dtype is not None else None


def _whole(value: int) -> str:
    if value == -(1 << 31):
        return "(-2147483647 - 1)"
    if value == -(1 << 63):
        return "(-9223372036854775807LL - 1)"
    return str(value) if -(1 << 31) < value < (1 << 31) else f"{value}LL"


def aligned_word(word: str, nbytes: int) -> str:
    """A macro that aligns an array, whatever the compiler."""
    return f"""#if defined(__GNUC__) || defined(__clang__)
#define {word} __attribute__((aligned({nbytes})))
#elif defined(__cplusplus)
#define {word} alignas({nbytes})
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define {word} _Alignas({nbytes})
#else
#error "this compiler needs its own way to align an array to {nbytes} bytes"
#endif
"""
