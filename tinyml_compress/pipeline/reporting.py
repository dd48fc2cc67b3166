"""Results that verbs wrote become one page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tinyml_compress.errors import UsageError
from tinyml_compress.rendering.page import read_document, results_page
from tinyml_compress.support import files


def report(results: Sequence[str | Path], *, output: str | Path, title: str = "") -> Path:
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
