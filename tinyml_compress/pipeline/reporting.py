"""Results become one page: files of any verbs, and what a conversion made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tinyml_compress.errors import TinymlError, UsageError
from tinyml_compress.pipeline.convert.verb import ConversionResult
from tinyml_compress.pipeline.inspect.verb import inspect_model
from tinyml_compress.rendering.page import read_document, results_page
from tinyml_compress.results.base import plain
from tinyml_compress.support import files
from tinyml_compress.support.document import document

__all__ = ["conversion_document", "report"]


def report(results: Sequence[str | Path], output: str | Path, *, title: str = "") -> Path:
    """Write the page of `results` (files that verbs wrote with --json) to `output`, whole or not at all."""
    if not results:
        raise UsageError(
            "nothing to report", next_step="name at least one result that a verb wrote with --json"
        )
    paths = [Path(one) for one in results]
    page = results_page(
        [read_document(path) for path in paths], names=[str(path) for path in paths], title=title
    )
    files.write_text(Path(output), page)
    return Path(output)


def conversion_document(done: ConversionResult) -> dict[str, Any]:
    """What `convert --json` writes: the manifest, where the files are, and what is in the new file."""
    found = done.as_json()
    try:
        found["inspection"] = plain(inspect_model(done.path))
    except TinymlError as error:
        found["inspection_absent"] = (
            f"{error.what}" if error.which is None else f"{error.what}: {error.which}"
        )
    return document("convert", found)
