"""Any two kernels may meet in one generated source, so no two files may define the same C name."""

from __future__ import annotations

import re
from collections import defaultdict

from tests.lib.kernels import all_kernels
from tinyml_compress.support.resources import package_folder

FUNCTION = re.compile(r"^(?:static|TC_KERNEL)\b[^;={]*?\b(tc_\w+)\s*\(", re.MULTILINE)
TYPE = re.compile(
    r"^(?:typedef\s+(?:struct|union|enum)[^;{]*\{[^}]*\}\s*(tc_\w+)\s*;|#define\s+(\w+))", re.MULTILINE
)
TABLE = re.compile(r"^static const [^;={(]*?\b(tc_\w+)\s*(?:\[[^=;]*\])?\s*=", re.MULTILINE)


def defined_names(text: str) -> set[str]:
    """Functions, types, macros and tables that a kernel file defines at its top level."""
    plain = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
    found = {match[1] for pattern in (FUNCTION, TABLE) for match in pattern.finditer(plain)}
    undone = set(re.findall(r"^#undef\s+(\w+)", plain, re.MULTILINE))
    return found | ({match[1] or match[2] for match in TYPE.finditer(plain)} - undone)


def test_names_are_found() -> None:
    text = (
        "typedef struct {\n int a;\n} tc_params;\n#define TWICE(x) (2 * "
        "(x))\nstatic const int tc_table[2] = {1, 2};\n"
    )
    text += "static TC_INLINE int tc_helper(int a) {\n}\nTC_KERNEL void tc_s8_op__c(void) {\n}\n"
    assert defined_names(text) == {"tc_params", "TWICE", "tc_table", "tc_helper", "tc_s8_op__c"}
    assert defined_names("#define ONCE 1\n#undef ONCE\n/* static int tc_gone(void) { } */\n") == set()


def test_no_name_is_defined_in_two_files() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for room in ("ops", "csrc"):
        for path in sorted(package_folder(f"tinyml_compress.{room}").rglob("*.h")):
            if path.name == "tc_base.h":  # the emitter writes its own version of it
                continue
            for name in defined_names(path.read_text(encoding="utf-8")):
                places[name].append(path.name)
    for source in all_kernels():
        for name in defined_names(source.text):
            places[name].append(source.symbol)
    twice = {name: files for name, files in places.items() if len(files) > 1}
    assert places
    assert not twice, f"rename one of each: {twice}"
