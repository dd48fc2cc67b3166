"""`N_resolver.h`: TensorFlow Lite Micro's resolver with exactly the operators that the model uses, and its
arena.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tinyml_compress.converter.c_text import banner, guarded
from tinyml_compress.converter.flatfile import FlatFile
from tinyml_compress.errors import UnsupportedOperator
from tinyml_compress.ops import all_operators
from tinyml_compress.support.escape import c_comment

_SPARE = 1024

_PARTS = {"2D": "2D", "ND": "Nd"}
_MEASURED = (
    "/* Measured: TensorFlow Lite Micro's interpreter on a 64-bit host with reference kernels; pointers\n"
    " * on a 32-bit core take less. Headroom: scratch of optimized kernels, and 1 KB. "
    "Check with arena_used_bytes(). */"
)


@dataclass(frozen=True)
class TflmArena:
    """Tensor arena of TensorFlow Lite Micro, in bytes."""

    measured: int
    """What the interpreter used on this 64-bit host with reference kernels."""
    headroom: int
    """For scratch that optimized kernels ask for, and a kilobyte to spare."""

    @property
    def nbytes(self) -> int:
        """What to reserve: both, rounded up to 16."""
        return (self.measured + self.headroom + 15) // 16 * 16


def measured_arena(measured: int, file: FlatFile) -> TflmArena:
    """The arena with its headroom: the largest scratch of an optimized convolution, and 1 KB.

    CMSIS-NN expands two patches of a convolution's input to int16 at a time: 4 bytes per weight of one
    output.
    """
    scratch = 0
    for operator in file.operators:
        known = all_operators().get(operator.name)
        weights = known.weights if known is not None else None
        if weights is not None and weights.patch_bytes:
            patch = math.prod(operator.inputs[weights.at].shape[1:])
            scratch = max(scratch, weights.patch_bytes * patch)
    return TflmArena(measured, scratch + _SPARE)


def resolver_methods(operators: Iterable[str]) -> tuple[str, ...]:
    """The resolver's method for each operator; UnsupportedOperator when it has none."""
    methods = []
    for name in operators:
        operator = all_operators().get(name)
        if operator is None or operator.custom:
            raise UnsupportedOperator(
                "TensorFlow Lite Micro cannot run this operator",
                which=name,
                next_step="replace the layer that makes it",
            )
        regular = "Add" + "".join(_PARTS.get(part, part.capitalize()) for part in name.split("_"))
        methods.append(operator.tflm_method or regular)
    return tuple(methods)


def resolver_header(
    name: str, sha256: str, file: FlatFile, arena: TflmArena | None, why_not: str = ""
) -> str:
    """The header; without `arena` it says why there is no number."""
    upper = name.upper()
    if arena is None:
        sizes = c_comment(f"The arena was not measured: {' '.join(why_not.split())}") + "\n"
    else:
        sizes = f"""{_MEASURED}
#define {upper}_TFLM_ARENA_MEASURED {arena.measured}
#define {upper}_TFLM_ARENA_HEADROOM {arena.headroom}
#define {upper}_TFLM_ARENA_BYTES {arena.nbytes}
"""
    return header_of(name, sha256, resolver_methods(file.operator_names), sizes)


def header_of(name: str, sha256: str, methods: Sequence[str], sizes: str) -> str:
    """The header with those methods of the resolver; `sizes` are its lines about the arena."""
    upper = name.upper()
    calls = "\n".join(
        f"    if (resolver.{method}() != kTfLiteOk) {{\n        return kTfLiteError;\n    }}"
        for method in methods
    )
    body = f"""{sizes}
#define {upper}_OPERATOR_COUNT {len(methods)}

#ifdef __cplusplus
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

typedef tflite::MicroMutableOpResolver<{upper}_OPERATOR_COUNT> {name}_resolver_t;

/* Register the operators of the model, and no others, so that the linker drops the rest. */
static inline TfLiteStatus {name}_register_operators({name}_resolver_t &resolver) {{
{calls}
    return kTfLiteOk;
}}
#endif
"""
    return banner(f"{name}: operators and arena for TensorFlow Lite Micro", sha256) + guarded(
        f"{upper}_RESOLVER_H", body
    )
