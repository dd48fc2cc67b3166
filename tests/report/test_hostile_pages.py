"""Names in results are text on a page, in its charts and in what is copied from it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from tests.lib.browsing import opened
from tests.report import documents
from tinyml_compress.rendering.page import results_page

BAD = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<!--",
    "' onmouseover='alert(1)",
    "&lt;b&gt;&#x3c;b&#x3e;",
    "javascript:alert(1)",
    "${alert(1)} {{7*7}} datum.x']||alert(1)||datum['",
    "\x1b]0;t\x07\x00\u202e\ud800",
    "a\nb\r\nc\td",
)
_FREE = (
    "name",
    "title",
    "model",
    "notes",
    "note",
    "path",
    "reason",
    "detail",
    "command",
    "spec",
    "kernel",
    "data",
    "classes",
)


def hostile(value: Any, key: str, bad: str) -> Any:
    """The document with a bad text before every name that comes from outside."""
    if isinstance(value, dict):
        return {inner: hostile(one, inner, bad) for inner, one in value.items()}
    if isinstance(value, list):
        return [hostile(one, key, bad) for one in value]
    return f"{bad}{value}" if isinstance(value, str) and key in _FREE else value


class Tags(HTMLParser):
    """Every tag with the names of its attributes; what is inside scripts is no tag."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, ...]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in ("br", "wbr"):
            self.found.append((tag, *(name for name, _ in attributes if name != "class")))


def tags(page: str) -> list[tuple[str, ...]]:
    parser = Tags()
    parser.feed(page.partition("\n<script>")[0])  # behind it is the library
    return parser.found


def test_no_name_becomes_a_tag_or_an_attribute() -> None:
    """The page has the same tags whatever the names are."""
    for kind, make in documents.ALL.items():
        plain = tags(results_page([hostile(make(), "", "plain ")], names=["a"]))
        for bad in (BAD[0], "".join(BAD)):
            page = results_page([hostile(make(), "", bad)], names=[f"{bad}.json"], title=bad)
            assert tags(page) == plain, f"{kind}: {bad!r}"
            body = page.partition("\n<script>")[0]
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", body), f"{kind}: {bad!r}"


def test_nothing_of_a_name_runs_and_a_formula_is_copied_as_text(browser: Any, tmp_path: Path) -> None:
    made = [hostile(documents.benchmark(), "", "<img src=x onerror=window.ran=1>"), documents.compare(3)]
    made[1]["command"] = "true\nevil"
    for place, bad in enumerate(("=HYPERLINK(1)", "@SUM(1)", "+1+cmd", "-2+3", "-2.5%", "+400 B")):
        made[0]["runs"][0]["nodes"][place]["name"] = bad
    (tmp_path / "page.html").write_text(results_page(made, names=["a", "b"]), encoding="utf-8")
    with opened(browser, tmp_path / "page.html") as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.click("#open")
        page.evaluate("window.tinymlPage.drawVisible()")
        assert page.evaluate("window.ran") is None
        table = page.locator(".tablebox", has=page.locator("td:text-is('=HYPERLINK(1)')")).first
        table.locator("button.copy").evaluate("one => one.click()")  # it is folded away
        page.wait_for_function("document.getElementById('said').textContent === 'Copied'")
        copied = page.evaluate("navigator.clipboard.readText()")
        for text in ("'=HYPERLINK(1)", "'@SUM(1)", "'+1+cmd", "'-2+3", "\t-2.5%", "\t+400 B"):
            assert text in copied
        command = page.locator("dd code", has_text="evil")
        assert command.text_content() == "true\\nevil"
