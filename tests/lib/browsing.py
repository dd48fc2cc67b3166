"""Pages of ours in a real browser: opened without a network, all charts drawn, nothing said on
the console.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

GRAPHICS = '.vega g[role="graphics-object"]:not([aria-hidden])'
MARKS = "g.mark-rect path, g.mark-symbol path, g.mark-line path, g.mark-rule line"
DRAWN = f"""figures => figures.map(figure => ({{
    title: figure.querySelector('strong').textContent,
    marks: [...figure.querySelectorAll('{GRAPHICS} :is({MARKS})')].length,
    label: figure.querySelector('.vega[role="graphics-document"]')?.getAttribute('aria-label') ?? '',
    width: figure.querySelector('.vega svg')?.getBoundingClientRect().width ?? 0,
    room: figure.querySelector('.vega').clientWidth,
    rows: figure.querySelectorAll('details.numbers tbody tr').length,
}}))"""


@contextmanager
def opened(browser: Browser, path: Path, **options: Any) -> Iterator[Page]:
    """A page that said nothing, asked for nothing, and drew all its charts."""
    context = browser.new_context(
        **{"viewport": {"width": 1100, "height": 800}, "accept_downloads": True, **options}
    )
    context.set_offline(True)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    try:
        page.goto(path.as_uri())
        draw(page)
        yield page
        assert said == []
        assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
        assert page.evaluate("tinymlPage.failures") == []
    finally:
        context.close()


def charts_of(page: Page) -> list[dict[str, Any]]:
    """What is drawn of every chart, and what stands beside it."""
    found: list[dict[str, Any]] = page.eval_on_selector_all("figure.chart", DRAWN)
    return found


def complain(chart: dict[str, Any]) -> None:
    """Fails where a chart is empty, mute, or wider than its place."""
    assert chart["marks"] > 0, f"nothing is drawn: {chart}"
    assert chart["rows"] > 0, f"no numbers beside it: {chart}"
    assert chart["title"] in chart["label"], f"a screen reader is told nothing: {chart}"
    assert chart["width"] <= chart["room"] + 1, f"wider than the page: {chart}"


def draw(page: Page) -> None:
    """Open what is folded and wait for its charts."""
    if page.locator("details.part:not([open])").count():
        page.click("#open")
    page.evaluate("tinymlPage.drawVisible()")
    page.evaluate("tinymlPage.drawVisible()")


def colours(page: Page) -> tuple[float, float]:
    """Luminance of paper and of the text of the first chart."""

    def luminance(colour: str) -> float:
        red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])
        parts = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in (red, green, blue)
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    ink = page.evaluate("getComputedStyle(document.querySelector('.vega svg text')).fill")
    return luminance(paper), luminance(ink)


def contrast(paper: float, ink: float) -> float:
    return (max(paper, ink) + 0.05) / (min(paper, ink) + 0.05)
