"""Texts with the prefix `tc_model`, and marks that become facts.

The mark of the fact `crc` is `@crc@`, or `TC_FACT_CRC` in C code, which a formatter has to understand. A fact
that comes from outside, such as an author, is marked with the language it stands in: `@yaml:author@`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from tinyml_compress.errors import GraphError
from tinyml_compress.support.escape import markdown, properties_value, xml, yaml_string

_MARK = re.compile(r"@(?:(?P<language>[a-z]+):)?(?P<word>\w+)@|\bTC_FACT_(?P<code>\w+)")
_LANGUAGES: Mapping[str, Callable[[str], str]] = {
    "json": json.dumps,
    "markdown": markdown,
    "properties": properties_value,
    "xml": xml,
    "yaml": yaml_string,
}


def filled(text: str, name: str, facts: Mapping[str, str]) -> str:
    """`text` with `name` for the model's, and every mark replaced by its fact; facts themselves stay as they
    are.
    """

    def fact(mark: re.Match[str]) -> str:
        key = mark["word"] or mark["code"].lower()
        language = mark["language"]
        if key not in facts or (language is not None and language not in _LANGUAGES):
            raise GraphError("a template has a mark without a fact", which=mark[0])
        return facts[key] if language is None else _LANGUAGES[language](facts[key])

    return _MARK.sub(fact, text.replace("tc_model", name).replace("TC_MODEL", name.upper()))
