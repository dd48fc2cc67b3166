"""Adds to a generated program a function that proves its weights: `<prefix>_weights_crc32()`."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path

from tinyml_compress.errors import GraphError
from tinyml_compress.ir import Program
from tinyml_compress.support.escape import c_comment

_TEMPLATE = Path(__file__).parent / "project_files" / "crc32.c"
_END_OF_HEADER = "#ifdef __cplusplus\n}\n#endif\n"


def weights_crc32(program: Program) -> int:
    """CRC-32 of all constant arrays, in their order, as a little-endian core holds them."""
    crc = 0
    for array in program.constants:
        crc = zlib.crc32(array.content, crc)
    return crc


def with_weights_check(program: Program) -> Program:
    """The program with the function and, in its header, the value that it has to give.

    The arrays are private to the source, so the function has to stand there too; a linker that drops unused
    functions drops it where nobody calls it.
    """
    prefix, upper = program.prefix, program.prefix.upper()
    before, mark, after = program.header.rpartition(_END_OF_HEADER)
    if not mark:
        raise GraphError("the generated header has no end", which=f"{prefix}.h")
    nbytes = sum(len(array.content) for array in program.constants)
    right, core = f"{upper}_WEIGHTS_CRC32 is right", "(on a little-endian core)."
    what = f"CRC-32 of the {nbytes} bytes of weights and tables as they lie in memory; {right}"
    declared = (
        f"{c_comment(what, core)}\n"
        f"#define {upper}_WEIGHTS_CRC32 0x{weights_crc32(program):08x}u\n"
        f"uint32_t {prefix}_weights_crc32(void);\n\n"
    )
    files = {
        **program.files,
        f"{prefix}.h": f"{before}{declared}{mark}{after}",
        f"{prefix}.c": f"{program.source}\n{_function(program)}",
    }
    return replace(program, files=files)


def _function(program: Program) -> str:
    prefix = program.prefix
    head = f"uint32_t {prefix}_weights_crc32(void) {{\n"
    if not program.constants:
        return f"{head}    return 0u; /* no arrays */\n}}\n"
    helper = _TEMPLATE.read_text(encoding="utf-8").replace("tc_model", prefix)
    calls = "\n".join(
        f"    crc = {prefix}_crc32(crc, {array.symbol}, sizeof {array.symbol});"
        for array in program.constants
    )
    return f"{helper}\n{head}    uint32_t crc = 0xFFFFFFFFu;\n{calls}\n    return crc ^ 0xFFFFFFFFu;\n}}\n"
