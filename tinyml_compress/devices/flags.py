"""Which compiler flags a board or core file may give: those that choose a processor and a way to optimize.

A file of somebody else may not name other files (`-include`, `-I`, `-o`), programs (`-B`, `-wrapper`) or code
for the compiler itself (`-fplugin=`): such a flag would run or write as whoever builds for that board.
"""

from __future__ import annotations

import re

from tinyml_compress.support.sections import Section

_WORDS = (
    "-mthumb",
    "-ffast-math",
    *(
        f"-fno-{what}"
        for what in (
            "asynchronous-unwind-tables",
            "builtin",
            "common",
            "delete-null-pointer-checks",
            "exceptions",
            "ident",
            "inline",
            "inline-functions",
            "jump-tables",
            "lto",
            "math-errno",
            "omit-frame-pointer",
            "pic",
            "pie",
            "short-enums",
            "signed-zeros",
            "slp-vectorize",
            "stack-protector",
            "strict-aliasing",
            "strict-overflow",
            "trapping-math",
            "tree-vectorize",
            "unroll-loops",
            "unwind-tables",
            "vectorize",
        )
    ),
)
_VALUES = ("--target=", "-mcpu=", "-march=", "-mabi=", "-mtune=", "-mfpu=", "-mfloat-abi=", "-mcmodel=")
_FORM = re.compile(
    rf"(?:{'|'.join(map(re.escape, _VALUES))})[A-Za-z0-9][A-Za-z0-9_.+-]*"
    r"|-O(?:[0-3sgz]|fast)?"
    r"|-D[A-Za-z_][A-Za-z0-9_]*(?:=-?(?:0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?)[uUlLfF]{0,3})?"
)
_ALLOWED = (
    f"{', '.join(f'{start}...' for start in _VALUES)}, -O0 to -O3, -Os, -Og, "
    "-Oz, -Ofast, -DNAME, -DNAME=NUMBER, "
) + ", ".join(_WORDS)


def compiler_flags(section: Section, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """The flags at `key`; ConfigError names the first that is not among those that are allowed."""
    flags = section.texts(key, default)
    for flag in flags:
        if flag not in _WORDS and not _FORM.fullmatch(flag):
            raise section.error(
                "a compiler flag that a board file may not give",
                key,
                found=flag[:200],
                allowed=_ALLOWED,
                next_step="leave it out; what is needed for a build of your own belongs into that build",
            )
    return flags
