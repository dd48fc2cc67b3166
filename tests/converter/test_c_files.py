"""The generated C: it compiles without a warning as C99 and C++, aligns the model, and its
helpers saturate.
"""

from __future__ import annotations

import ctypes
import re

import numpy as np
import pytest

from tests.lib.graphs import const, model, tensor
from tinyml_compress import converter
from tinyml_compress.converter.c_text import number_lines
from tinyml_compress.converter.resolver import measured_arena, resolver_header, resolver_methods
from tinyml_compress.errors import UnsupportedOperator
from tinyml_compress.ir import Attrs, DType
from tinyml_compress.ops.fully_connected.op import FullyConnectedAttrs
from tinyml_compress.runners import tflm, toolchain
from tinyml_compress.support.files import sha256

NO_OPTIONS = Attrs()
C_FLAGS = toolchain.WARNINGS
CPP_FLAGS = ("-std=c++11", *(flag for flag in toolchain.WARNINGS if not flag.startswith("-std=")))
STUB = "tensorflow/lite/micro/micro_mutable_op_resolver.h"
"""What the resolver header includes: a stand-in with the methods that TensorFlow Lite Micro's has."""


def _stub(methods: tuple[str, ...]) -> str:
    bodies = "\n".join(f"  TfLiteStatus {method}() {{ ++count; return kTfLiteOk; }}" for method in methods)
    return (
        "#pragma once\nenum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 };\nnamespace tflite {\n"
        "template <unsigned int N> struct MicroMutableOpResolver {\n  "
        f"unsigned int count = 0;\n{bodies}\n}};\n}}\n"
    )


def _model(low: int = -128, scale: float = 0.05) -> bytes:
    return model(
        "FULLY_CONNECTED",
        [
            tensor("x", (1, 4), scale, low),
            const("w", np.arange(-6, 6, dtype=np.int8).reshape(3, 4), 0.02, 0),
            const("b", [1, -2, 3], 0.001, 0, dtype=DType.INT32),
        ],
        tensor("y", (1, 3), 0.1, 5),
        FullyConnectedAttrs(),
    )


def _all_files(data: bytes) -> dict[str, str]:
    file = converter.read(data)
    rng = np.random.default_rng(0)
    inputs = [[rng.integers(-128, 127, (1, 4), np.int8)] for _ in range(3)]
    done = tflm.run(data, inputs)
    return {
        **converter.model_data_files("net", data, file),
        "net_resolver.h": resolver_header("net", sha256(data), file, measured_arena(done.arena_bytes, file)),
        "net_test_vectors.h": converter.vectors_header("net", sha256(data), inputs, done.outputs),
        STUB: _stub(resolver_methods(file.operator_names)),
    }


USER = """#include "net_model_data.h"
#include "net_resolver.h"
#include "net_test_vectors.h"
#include "net_model_data.h"
int use(void);
int use(void) {
    return net_model_quantize_input0(1.0f) + net_test_input0[0][0] +
        net_test_output0[NET_TEST_VECTORS - 1][2] +
           (int)(net_model_dequantize_output0(3) + (float)net_model_data_len) + NET_TFLM_ARENA_BYTES;
}
"""


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return _all_files(_model())


def test_c99(files: dict[str, str]) -> None:
    assert toolchain.objects({**files, "user.c": USER}, flags=C_FLAGS)


def test_cpp(files: dict[str, str]) -> None:
    renamed = {
        name.replace(".c", ".cpp") if name.endswith(".c") else name: text for name, text in files.items()
    }
    user = USER + "TfLiteStatus registered(net_resolver_t &r);\n"
    user += "TfLiteStatus registered(net_resolver_t &r) { return net_register_operators(r); }\n"
    assert toolchain.objects({**renamed, "user.cpp": user}, flags=CPP_FLAGS)


def test_array_is_the_file_and_aligned(files: dict[str, str]) -> None:
    library = ctypes.CDLL(str(toolchain.library({k: v for k, v in files.items() if "model_data" in k})))
    data = _model()
    array = (ctypes.c_uint8 * len(data)).in_dll(library, "net_model_data")
    assert bytes(array) == data
    assert ctypes.addressof(array) % 16 == 0
    assert ctypes.c_uint32.in_dll(library, "net_model_data_len").value == len(data)
    assert f'#define NET_MODEL_DATA_SHA256 "{sha256(data)}"' in files["net_model_data.h"]


HELPERS = """#include "net_model_data.h"
int8_t quantize(float real);
float dequantize(int8_t stored);
int8_t quantize(float real) { return net_model_quantize_input0(real); }
float dequantize(int8_t stored) { return net_model_dequantize_input0(stored); }
"""


@pytest.mark.parametrize("zero", [-128, 0, 127, 5])
def test_helpers(zero: int) -> None:
    scale = 0.05
    data = _model(zero, scale)
    sources = {**converter.model_data_files("net", data, converter.read(data)), "helpers.c": HELPERS}
    library = ctypes.CDLL(str(toolchain.library(sources)))
    library.quantize.argtypes, library.quantize.restype = [ctypes.c_float], ctypes.c_int8
    library.dequantize.argtypes, library.dequantize.restype = [ctypes.c_int8], ctypes.c_float
    for stored in range(-128, 128):
        real = library.dequantize(stored)
        assert real == pytest.approx((stored - zero) * scale, abs=1e-5)
        assert library.quantize(real) == stored
        # well inside the half step on either side
        assert library.quantize(real + 0.4 * scale) == stored
    assert library.quantize(1e30) == 127
    assert library.quantize(-1e30) == -128
    assert library.quantize(float("inf")) == 127
    assert library.quantize(float("-inf")) == -128
    assert library.quantize(float("nan")) == -128


def test_vectors_hold_what_tflm_gave(files: dict[str, str]) -> None:
    text = files["net_test_vectors.h"]
    numbers = [
        int(n) for n in re.findall(r"-?\d+", text.split("net_test_output0[3][3] = {")[1].split("};")[0])
    ]
    rng = np.random.default_rng(0)
    interpreter = tflm.Interpreter(_model())
    expected = [
        interpreter.invoke([rng.integers(-128, 127, (1, 4), np.int8)])[0].reshape(-1) for _ in range(3)
    ]
    assert numbers == np.concatenate(expected).tolist()


def test_methods() -> None:
    names = [
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "SPACE_TO_BATCH_ND",
        "PADV2",
        "BATCH_MATMUL",
        "RELU6",
        "L2_POOL_2D",
        "REDUCE_MIN",
        "REDUCE_ALL",
    ]
    assert resolver_methods(names) == (
        "AddConv2D",
        "AddDepthwiseConv2D",
        "AddSpaceToBatchNd",
        "AddPadV2",
        "AddBatchMatMul",
        "AddRelu6",
        "AddL2Pool2D",
        "AddReduceMin",
        "AddReduceAll",
    )
    with pytest.raises(UnsupportedOperator, match="GELU"):
        resolver_methods(["ADD", "GELU"])


def test_without_an_arena_the_header_says_why() -> None:
    data = _model()
    text = resolver_header("net", sha256(data), converter.read(data), None, "not\ninstalled */ here")
    assert "The arena was not measured: not installed * / here */" in text
    assert "ARENA_BYTES" not in text


def test_numbers_of_every_type() -> None:
    assert number_lines(np.array([0, 255], np.uint8), "") == "0x00, 0xff,"
    assert number_lines(np.array([-(2**31), 7], np.int32), "") == "(-2147483647 - 1), 7,"
    assert number_lines(np.array([-(2**63), 2**40]), "") == "(-9223372036854775807LL - 1), 1099511627776LL,"
    assert number_lines(np.array([0.1, -2.0], np.float32), "") == "1.0e-01f, -2.0e+00f,"
    assert all(len(line) <= 120 for line in number_lines(np.arange(999)).splitlines())


def test_hostile_tensor_name_stays_in_its_comment() -> None:
    data = model(
        "RELU", [tensor("a*/ int x; /*\\\n??/", (1, 4), 0.05, 0)], tensor("y", (1, 4), 0.05, 0), NO_OPTIONS
    )
    sources = converter.model_data_files("net", data, converter.read(data))
    assert toolchain.objects(sources, flags=C_FLAGS)
