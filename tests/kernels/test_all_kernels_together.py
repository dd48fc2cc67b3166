"""Any two kernels may meet in one generated source: their helpers must not share names."""

from __future__ import annotations

from tests.lib.kernels import all_kernels
from tinyml_compress.codegen.emit import base_text
from tinyml_compress.codegen.kernels import amalgamate
from tinyml_compress.ops import all_operators
from tinyml_compress.runners import toolchain


def test_every_kernel_in_one_source() -> None:
    sources = all_kernels()
    assert len(sources) > len(all_operators())
    text = amalgamate(sources)
    head = "#include <stddef.h>\n#include <stdint.h>\n#include <string.h>\n" + base_text(
        "ALL", text, frozenset()
    )
    # Shared helpers of one name would be defined twice, or with two meanings.
    warnings = tuple(flag for flag in toolchain.WARNINGS if flag != "-Wpedantic")
    toolchain.objects({"all.c": head + text}, flags=("-O1", *warnings))
    target = ("--target=thumb-freestanding-eabihf", "-mcpu=cortex_m4", "-DALL_MEMCPY=__builtin_memcpy")
    bare = (head + text).replace("#include <string.h>\n", "")
    toolchain.objects({"all.c": bare}, flags=(*target, "-DALL_MEMSET=__builtin_memset", "-O1", *warnings))
