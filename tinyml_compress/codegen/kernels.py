"""Gathers the C of the kernels that a model uses: the structs they name, and the headers they include, each
once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tinyml_compress.errors import GraphError
from tinyml_compress.ops import all_structs
from tinyml_compress.ops.sources import KernelSource
from tinyml_compress.ops.structs import Field, Struct
from tinyml_compress.support import resources
from tinyml_compress.support.escape import c_comment

_INCLUDE = re.compile(r'^\s*#\s*include\s+"(?P<name>[^"]+)"[^\n]*\n', re.MULTILINE)
_SYSTEM = re.compile(r"^\s*#\s*include\s+<(?!arm_|riscv_)(?P<name>[^>]+)>[^\n]*\n", re.MULTILINE)
_WORD = re.compile(r"\btc_\w+")
_GUARD = re.compile(
    r"\A(?P<head>(?:\s*/\*.*?\*/)*\s*)"
    r"#ifndef (?P<guard>TC_\w+_H)\n#define (?P=guard)\n(?P<body>.*)#endif[^\n]*\s*\Z",
    re.DOTALL,
)


def amalgamate(kernels: Iterable[KernelSource]) -> str:
    """C text of headers and kernels in an order that compiles; `#include`s of our own files are resolved.

    The structs of parameters come first. `tc_base.h` is left out: the emitter writes its own version of it.
    Include guards go, comments stay.
    """
    shared = resources.package_folder("tinyml_compress.csrc")
    seen: set[Path] = {shared / "tc_base.h"}
    parts: list[str] = []

    def find(name: str, includer: Path) -> Path:
        for folder in (includer.parent, shared):
            if (folder / name).is_file():
                return folder / name
        raise GraphError("a kernel includes a file that is not there", which=includer.name, found=name)

    def add(path: Path, text: str) -> None:
        for match in _INCLUDE.finditer(text):
            header = find(match["name"], path)
            if header not in seen:
                seen.add(header)
                add(header, _without_guard(header.read_text(encoding="utf-8")))
        body = _SYSTEM.sub("", _INCLUDE.sub("", text)).strip()
        parts.append(body + "\n")

    for kernel in sorted(kernels, key=lambda kernel: kernel.symbol):
        if "TC_KERNEL" not in kernel.text:
            raise GraphError("a kernel file defines no TC_KERNEL function", which=kernel.path.name)
        add(kernel.path, re.sub(r"\bTC_KERNEL\b", "static TC_NOINLINE", kernel.text))
    kernels_text = "\n".join(parts)
    return "\n".join([*_typedefs(set(_WORD.findall(kernels_text))), kernels_text])


def _typedefs(words: set[str]) -> Iterator[str]:
    """The structs that kernels name, each behind what it is made of."""
    structs, seen = all_structs(), set[str]()

    def written(kind: Struct) -> Iterator[str]:
        if kind.name in seen:
            return
        seen.add(kind.name)
        for field in kind.fields:
            if field.inner:
                yield from written(field.inner)
        members = "\n".join(f"    {_member(field)}" for field in kind.fields)
        yield f"typedef struct {{\n{members}\n}} {kind.name};\n"

    for name in sorted(words & set(structs)):
        yield from written(structs[name])


def _member(field: Field) -> str:
    gap = "" if field.ctype.endswith("*") else " "
    length = f"[{field.length}]" if field.length else ""
    note = f" {c_comment(field.note)}" if field.note else ""
    return f"{field.ctype}{gap}{field.name}{length};{note}"


def _without_guard(text: str) -> str:
    match = _GUARD.match(text)
    return text if match is None else match["head"] + match["body"]
