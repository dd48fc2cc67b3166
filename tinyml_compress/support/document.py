"""The head that the JSON of every verb shares (docs/json.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyml_compress._version import __version__

SCHEMA = 1
"""Raised when a key changes its meaning; keys may be added within a number."""


def document(verb: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """`body` under the head: schema, verb, and version of the tool."""
    rest = {key: value for key, value in body.items() if key not in ("schema", "verb", "tool")}
    return {"schema": SCHEMA, "verb": verb, "tool": __version__, **rest}
