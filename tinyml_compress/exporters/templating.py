"""Templates are files beside this one: texts with the prefix `tc_model`, and marks that become facts.

The mark of the fact `crc` is `@crc@`, or `TC_FACT_CRC` in C code, which a formatter has to understand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tinyml_compress.errors import GraphError
from tinyml_compress.support.resources import package_folder

__all__ = ["filled", "template"]

_MARK = re.compile(r"@(?P<word>\w+)@|\bTC_FACT_(?P<code>\w+)")


def template(path: str) -> str:
    """The text of a template, such as `common/main.c`."""
    return (package_folder("tinyml_compress.exporters.templates") / path).read_text(encoding="utf-8")


def filled(text: str, name: str, facts: Mapping[str, str]) -> str:
    """`text` with `name` for the model's, and every mark replaced by its fact; facts themselves stay as they are."""

    def fact(mark: re.Match[str]) -> str:
        key = mark["word"] or mark["code"].lower()
        if key not in facts:
            raise GraphError("a template has a mark without a fact", which=mark[0])
        return facts[key]

    return _MARK.sub(fact, text.replace("tc_model", name).replace("TC_MODEL", name.upper()))
