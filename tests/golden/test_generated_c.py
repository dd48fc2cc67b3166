"""Generated C of three small networks: what code generation writes is stored, so that a refactoring shows its
diff; clean and equal everywhere. Of the kernels, which are proven against TensorFlow Lite Micro, the stored
files have the heads alone.

`make golden` writes the stored files anew.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from tests.lib.aot import assert_bit_exact
from tests.lib.graphs import single
from tests.lib.host_gcc import host_gcc
from tests.lib.nets import NETS
from tests.lib.proof import ints
from tinyml_compress.codegen import emit
from tinyml_compress.codegen.kernels import amalgamate
from tinyml_compress.frontend import write
from tinyml_compress.ir import Attrs, DType, Memories, Memory, Program, Tensor
from tinyml_compress.ops import all_structs
from tinyml_compress.ops.base import Level
from tinyml_compress.ops.sources import KernelSource
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native, tflm, toolchain
from tinyml_compress.runners.vectors import mixed
from tinyml_compress.support import proc
from tinyml_compress.support.instruction_sets import Isa

HERE = Path(__file__).parent
ISAS = {one.value: one.sets for one in Isa}


SPLIT = Memories(
    (Memory("dtcm", 1000), Memory("axi-sram", 4096)), (Memory("dtcm", 1000), Memory("qspi", 8192))
)
"""For the residual net: an arena in two memories, constants in RAM and in an external flash."""


def _program(name: str, level: Level = Level.BALANCED, isa: str = "c") -> Program:
    return compile_model(NETS[name](), name, ISAS[isa], level)


def _heads(kernels: str) -> str:
    heads = re.findall(r"^static TC_NOINLINE [\w ]+\btc_\w+__\w+\([^{]*\)", kernels, re.MULTILINE)
    structs = [
        found[0]
        for found in re.finditer(r"^typedef struct \{[^}]*\} (\w+);\n", kernels, re.MULTILINE)
        if found[1] in all_structs()
    ]
    return "\n".join(structs) + "\n" + "".join(f"{' '.join(head.split())};\n" for head in heads)


def _split() -> Program:
    return compile_model(NETS["residual"](), "split", memories=SPLIT)


@pytest.mark.parametrize("name", [*NETS, "split"])
def test_stored_c_is_what_is_generated(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    gathered: list[str] = []

    def recorded(kernels: Iterable[KernelSource]) -> str:
        gathered.append(amalgamate(kernels))
        return gathered[-1]

    monkeypatch.setattr(emit, "amalgamate", recorded)
    program = _split() if name == "split" else _program(name)
    for file_name, text in program.files.items():
        (kernels,) = gathered
        text = text.replace(kernels, _heads(kernels))
        stored = HERE / file_name
        if os.environ.get("TINYML_COMPRESS_UPDATE_GOLDEN"):
            stored.write_text(text, encoding="utf-8")
        assert stored.read_text(encoding="utf-8") == text, (
            f"{file_name} changed: read the diff, then `make golden`"
        )


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("level", Level)
def test_equal_to_tflm(isa: str, level: Level) -> None:
    assert_bit_exact([make() for make in NETS.values()], isas=ISAS[isa], level=level, count=20)


def test_spread_over_memories_it_is_equal_to_tflm() -> None:
    """On this host all memories are one: arguments, offsets and the copy at boot are what is proven."""
    program = _split()
    assert [(one.memory, one.suffix) for one in program.arenas] == [("dtcm", ""), ("axi-sram", "_axi_sram")]
    homes = {array.home.memory for array in program.constants if array.home is not None}
    assert homes == {"dtcm", "qspi"}
    (ours,) = native.load([program])
    oracle = tflm.Interpreter(NETS["residual"]())
    for vector in mixed(program.inputs, 7, 5):
        for want, got in zip(oracle.invoke(vector), ours.invoke(vector), strict=True):
            np.testing.assert_array_equal(want, got)


def test_same_input_same_bytes() -> None:
    assert _program("keyword").files == _program("keyword").files
    text = "".join(_program("keyword").files.values())
    assert str(Path.home()) not in text
    assert str(HERE) not in text


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("compiler", ["zig", "gcc"])
def test_no_warning_as_c99(compiler: str, level: Level, isa: str) -> None:
    chosen = host_gcc() if compiler == "gcc" else toolchain.zig()
    for program in (*(_program(name, level, isa) for name in NETS), _split()):
        toolchain.objects(program.files, flags=("-O2", *toolchain.WARNINGS), toolchain=chosen)


@pytest.mark.parametrize("isa", ISAS)
def test_no_warning_as_cpp(isa: str) -> None:
    warnings = tuple(flag for flag in toolchain.WARNINGS if not flag.startswith("-std"))
    for program in (*(_program(name, isa=isa) for name in NETS), _split()):
        name = program.prefix
        files: dict[str, str | bytes] = {f"{name}.cpp": program.source, f"{name}.h": program.header}
        toolchain.objects(files, flags=("-std=c++11", "-O1", *warnings))


def test_no_warning_on_the_dsp_core() -> None:
    """The same source where the intrinsics are real instructions."""
    flags = ("--target=thumb-freestanding-eabihf", "-mcpu=cortex_m4", "-O2", *toolchain.WARNINGS)
    for name in NETS:
        program = _program(name, Level.SPEED, "dsp")
        # The core has no <string.h>; the macros are how a firmware brings its own.
        memory = [f"-D{name.upper()}_{helper}=__builtin_{helper.lower()}" for helper in ("MEMCPY", "MEMSET")]
        toolchain.objects(program.files, flags=(*flags, *memory))


MAIN = """
#include <stdio.h>
#include <string.h>
#include "{name}.h"
static unsigned char arena[{upper}_ARENA_BYTES] __attribute__((aligned({upper}_ARENA_ALIGN)));
static const unsigned char vectors[{count}][{upper}_INPUT0_BYTES] = {{
{rows}
}};
int main(void) {{
    int v;
    size_t i;
    for (v = 0; v < {count}; ++v) {{
        memset(arena, 0x5A, sizeof arena);
        memcpy({name}_input(arena, 0), vectors[v], {upper}_INPUT0_BYTES);
        if ({name}_invoke(arena) != 0) return 2;
        for (i = 0; i < {upper}_OUTPUT0_BYTES; ++i)
            printf("%02x", ((const unsigned char *){name}_output(arena, 0))[i]);
        printf("\\n");
    }}
    if ({name}_invoke(NULL) != 1 || {name}_invoke(arena + 1) != 1) return 3;
    if ({name}_input(arena, 1) != NULL || {name}_output(arena, -1) != NULL) return 4;
    return 0;
}}
"""


@pytest.mark.parametrize(
    "flags",
    [
        pytest.param(("-O0",), id="O0"),
        pytest.param(("-O3",), id="O3"),
        # A C library is built for it first; the emulated boards, in the short run, have words of 32 bits too.
        pytest.param(("-Os", "-target", "x86-linux-musl"), id="32-bit", marks=pytest.mark.full),
    ],
)
@pytest.mark.parametrize("isa", ISAS)
def test_same_bytes_whatever_the_optimizer_and_word_size(flags: tuple[str, ...], isa: str) -> None:
    for name in NETS:
        program = _program(name, Level.SPEED, isa)
        vectors = [vector[0] for vector in mixed(program.inputs, 5, 4)]
        rows = ",\n".join("{" + ",".join(str(b) for b in v.tobytes()) + "}" for v in vectors)
        main = MAIN.format(name=name, upper=name.upper(), count=len(vectors), rows=rows)
        binary = toolchain.executable({**program.files, "main.c": main}, flags=("-ffp-contract=off", *flags))
        lines = proc.run([binary], timeout=60, what="the generated program").stdout.split()
        reference = native.load([program])[0]
        assert lines == [reference.invoke([vector])[0].tobytes().hex() for vector in vectors]


def test_quantize_helpers_saturate_and_round_away_from_zero() -> None:
    program = _program("autoencoder")
    port = program.inputs[0]
    assert port.quant is not None
    scale, zero = np.float32(port.quant.scale), port.quant.zero_point
    reals = [
        0.0,
        0.5 * scale,
        -0.5 * scale,
        1.5 * scale,
        -2.5 * scale,
        1e30,
        -1e30,
        float("nan"),
        100.3,
        -0.31,
    ]
    shim = """
#include "autoencoder.h"
int q(float x); float d(int x);
int q(float x) { return autoencoder_quantize_input0(x); }
float d(int x) { return autoencoder_dequantize_input0((int8_t)x); }
"""
    import ctypes

    library = ctypes.CDLL(str(toolchain.library({"shim.c": shim, "autoencoder.h": program.header})))
    library.q.argtypes, library.d.restype = [ctypes.c_float], ctypes.c_float
    for real in reals:
        single = struct.unpack("f", struct.pack("f", real))[0]
        if np.isnan(single):
            expected = -128
        else:
            ratio = float(np.float32(single) / scale)
            expected = int(np.clip(np.sign(ratio) * np.floor(abs(ratio) + 0.5) + zero, -128, 127))
        assert library.q(single) == expected, real
    assert library.d(zero + 2) == pytest.approx(2 * float(scale))


def test_a_model_without_inputs_compiles_and_gives_its_constant() -> None:
    value = Tensor("value", (), DType.INT8, None, np.array(7, np.int8))
    constant = single("FILL", [ints("shape", (2, 3)), value], Tensor("y", (2, 3), DType.INT8), Attrs())
    program = compile_model(write(constant), "constant")
    toolchain.objects(program.files, flags=("-O2", *toolchain.WARNINGS))
    (model,) = native.load([program])
    assert model.invoke([])[0].tolist() == [[7, 7, 7], [7, 7, 7]]
