"""The commands of docs/transformers.md, in their order: a DeBERTa trained, made smaller, compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lib.pages import blocks_of, run_page

REPO = Path(__file__).resolve().parents[2]


@pytest.mark.full
def test_the_page_is_what_happens(tmp_path: Path) -> None:
    page = (REPO / "docs" / "transformers.md").read_text(encoding="utf-8")
    (block,) = (one for one in blocks_of(page) if one.value == "tests/docs/test_transformers_page.py")
    (tmp_path / "examples").symlink_to(REPO / "examples")
    apart = run_page(f"<!-- numbers: trained here -->\n```console\n{block.text}\n```\n", tmp_path)
    assert not apart, "\n\n".join(apart)
