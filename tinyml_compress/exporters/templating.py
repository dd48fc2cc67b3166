"""Templates are files beside this one: texts with the marks of `support/templating.py`."""

from __future__ import annotations

from tinyml_compress.support.resources import package_folder


def template(path: str) -> str:
    """The text of a template, such as `common/main.c`."""
    return (package_folder("tinyml_compress.exporters.templates") / path).read_text(encoding="utf-8")
