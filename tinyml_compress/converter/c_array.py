"""`N_model_data.h` and `.c`: the .tflite file as a constant array for firmware that links TensorFlow Lite
Micro.
"""

from __future__ import annotations

import numpy as np

from tinyml_compress.converter.c_text import (
    aligned_word,
    banner,
    guarded,
    number_lines,
    port_helpers,
    port_macros,
)
from tinyml_compress.converter.flatfile import FlatFile
from tinyml_compress.support.escape import c_string
from tinyml_compress.support.files import sha256

_ALIGN = 16


def model_data_files(name: str, data: bytes, file: FlatFile) -> dict[str, str]:
    """Header and source by file name; `name` prefixes every symbol."""
    digest = sha256(data)
    return {
        f"{name}_model_data.h": _header(name, data, digest, file),
        f"{name}_model_data.c": _source(name, data, digest),
    }


def _header(name: str, data: bytes, digest: str, file: FlatFile) -> str:
    upper = f"{name.upper()}_MODEL"
    prefix = f"{name}_model"
    body = f"""#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

#define {upper}_DATA_LEN {len(data)}
#define {upper}_DATA_ALIGN {_ALIGN}
#define {upper}_DATA_SHA256 {c_string(digest)}

/* The flatbuffer; it stays in flash. Hand it to tflite::GetModel(). */
extern const uint8_t {prefix}_data[{upper}_DATA_LEN];
extern const uint32_t {prefix}_data_len;

{port_macros(upper, file.inputs, "INPUT")}
{port_macros(upper, file.outputs, "OUTPUT")}"""
    helpers = port_helpers(prefix, file.inputs, "input") + port_helpers(prefix, file.outputs, "output")
    if helpers:
        body += (
            "\n/* A real number to its nearest stored value, ties away from zero, saturating; and back. */"
            + helpers
        )
    body += "\n#ifdef __cplusplus\n}\n#endif\n"
    return banner(f"{name}: the model for TensorFlow Lite Micro", digest) + guarded(f"{upper}_DATA_H", body)


def _source(name: str, data: bytes, digest: str) -> str:
    prefix = f"{name}_model"
    aligned = f"{name.upper()}_MODEL_ALIGNED"
    return f"""{banner(f"{name}: the model for TensorFlow Lite Micro", digest)}#include "{prefix}_data.h"

/* TensorFlow Lite Micro reads tensors in place: the array has to be aligned. */
{aligned_word(aligned, _ALIGN)}
{aligned} const uint8_t {prefix}_data[{name.upper()}_MODEL_DATA_LEN] = {{
{number_lines(np.frombuffer(data, np.uint8))}
}};

const uint32_t {prefix}_data_len = {len(data)};
"""
