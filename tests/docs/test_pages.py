"""Every command and every program that README and docs show is run here, and what it prints is what they
show.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.lib.pages import blocks_of, problems, run_page

REPO = Path(__file__).resolve().parents[2]
PAGES = [REPO / "README.md", REPO / "CONTRIBUTING.md", *sorted((REPO / "docs").rglob("*.md"))]
_LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#]+)(?:#[^)]*)?\)")


def _parameters() -> list[object]:
    made = []
    for path in PAGES:
        page = path.read_text(encoding="utf-8")
        if any(block.kind in ("console", "python") and not block.key for block in blocks_of(page)):
            marks = [pytest.mark.full] if "<!-- tests: full -->" in page else []
            made.append(pytest.param(path, marks=marks, id=str(path.relative_to(REPO))))
    return made


@pytest.mark.parametrize("path", _parameters())
def test_what_a_page_shows_is_what_happens(path: Path, tmp_path: Path) -> None:
    apart = run_page(path.read_text(encoding="utf-8"), tmp_path)
    assert not apart, "\n\n".join(apart)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(REPO)))
def test_every_block_is_run_or_says_why_not(path: Path) -> None:
    assert list(problems(path.read_text(encoding="utf-8"), REPO)) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(REPO)))
def test_links_lead_somewhere(path: Path) -> None:
    dead = [
        link for link in _LINK.findall(path.read_text(encoding="utf-8")) if not (path.parent / link).exists()
    ]
    assert dead == []


def test_a_page_that_shows_something_else_is_noticed(tmp_path: Path) -> None:
    page = "```console\n$ echo one; echo 3.5 s; echo last\n{}\n```\n"
    assert run_page(page.format("one\n9 s\nlast"), tmp_path) == []
    assert run_page(page.format("one\n...\nlast"), tmp_path) == []
    assert run_page(page.format("one\n..."), tmp_path) == []
    for wrong in ("one", "two\n...", "one\n...\nmore", "one\nlast"):
        assert len(run_page(page.format(wrong), tmp_path)) == 1, wrong
    assert run_page("```python\nprint(1 + 1)\n```\n```text\n3\n```\n", tmp_path)
    assert run_page("```console\n$ false\n```\n", tmp_path)
    assert list(problems("```c\nint x;\n```\n", REPO))
    assert list(problems("<!-- tested by: tests/no_such.py -->\n```c\nint x;\n```\n", REPO))
