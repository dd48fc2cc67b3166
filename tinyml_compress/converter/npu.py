"""The files of a model that Vela placed on an Ethos-U, for TensorFlow Lite Micro with its driver."""

from __future__ import annotations

from tinyml_compress.converter.c_array import model_data_files
from tinyml_compress.converter.flatfile import FlatFile, read
from tinyml_compress.converter.resolver import header_of, resolver_methods
from tinyml_compress.support.escape import c_comment
from tinyml_compress.support.files import sha256

_ETHOS_U = "ethos-u"
"""How Vela calls the operator that hands a command stream to the driver."""
_METHOD = "AddEthosU"
_SPARE = 1024
_PER_OPERATOR, _PER_TENSOR = 256, 64


def interpreter_bytes(file: FlatFile) -> int:
    """What TensorFlow Lite Micro keeps in the arena beside tensors, on the safe side of its structures."""
    tensors = sum(len(use.inputs) + len(use.outputs) for use in file.operators)
    return _SPARE + _PER_OPERATOR * len(file.operators) + _PER_TENSOR * tensors


def npu_files(name: str, data: bytes, tensors: int, by: str) -> dict[str, bytes]:
    """Vela's file, its C array, and a resolver with its operators; `tensors` are the arena's bytes by
    Vela, who is named `by`.
    """
    file, digest = read(data), sha256(data)
    upper, own = name.upper(), interpreter_bytes(file)
    methods = (*resolver_methods(one for one in file.operator_names if one != _ETHOS_U), _METHOD)
    about = c_comment(
        f"Modelled: tensors by {by}; the interpreter's own structures by tinyml_compress, on the",
        "safe side. The NPU has to reach the arena, aligned to 16 bytes. Check with arena_used_bytes().",
    )
    sizes = f"""{about}
#define {upper}_TFLM_ARENA_TENSORS {tensors}
#define {upper}_TFLM_ARENA_INTERPRETER {own}
#define {upper}_TFLM_ARENA_BYTES {(tensors + own + 15) // 16 * 16}
"""
    texts = {
        **model_data_files(name, data, file),
        f"{name}_resolver.h": header_of(name, digest, methods, sizes),
    }
    return {f"{name}.tflite": data, **{path: text.encode() for path, text in texts.items()}}
