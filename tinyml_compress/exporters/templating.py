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
    """`text` with every mark replaced, marks within facts too, and with `name` for the model's; none may be left."""
    for _ in range(3):  # a fact is a template at most twice over
        text = _MARK.sub(lambda mark: facts.get(mark["word"] or mark["code"].lower(), mark[0]), text)
    text = text.replace("tc_model", name).replace("TC_MODEL", name.upper())
    left = _MARK.search(text)
    if left is not None:
        raise GraphError("a template has a mark without a fact", which=left[0])
    return text
