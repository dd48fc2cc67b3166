"""The frame of a page: head, buttons, contents, provenance, the documents themselves, style and scripts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyml_compress._version import __version__
from tinyml_compress.rendering.page import vega
from tinyml_compress.rendering.page.html import Property, table
from tinyml_compress.rendering.page.provenance import parts_of
from tinyml_compress.support.escape import for_terminal, html_text

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class PageSource:
    """One document on the page, and where it came from."""

    name: str
    """Short, and different from the names of the others."""
    verb: str
    document: Mapping[str, Any]
    facts: tuple[tuple[str, str], ...]
    """Hashes, seeds, versions, commands: what is needed to make it again."""


def whole_page(
    title: str, subtitle: str, sections: Sequence[tuple[str, str, str]], sources: Sequence[PageSource]
) -> str:
    """One document that loads nothing from anywhere; `sections` are (anchor, heading, HTML)."""
    shown = [one for one in sections if one[2]]
    links = "".join(
        f'<li><a href="#{html_text(anchor)}">{html_text(heading)}</a></li>' for anchor, heading, _ in shown
    )
    contents = f'<nav aria-label="Contents"><ul>{links}</ul></nav>' if len(shown) > 1 else ""
    body = "\n".join(html for _, _, html in shown)
    style = (_HERE / "page.css").read_text(encoding="utf-8")
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    terms = vega.licence().replace("--", "- -")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{html_text(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"<header><h1>{html_text(title)}</h1>\n<p "
        f'class="dim">{html_text(subtitle)}</p>\n{_tools(sources, body)}\n'
        f"{contents}"
        "</header>\n<noscript><p>Charts need JavaScript; every number is in the "
        "tables all the same.</p></noscript>\n"
        f'<main>\n{body}\n</main>\n{_provenance(sources)}\n<div id="said" class="said" role="status"></div>\n'
        f"{''.join(_embedded(place, source) for place, source in enumerate(sources))}"
        f"<!-- {html_text(terms)} -->\n<script>{vega.script()}</script>\n<script>\n{script}</script>\n"
        "</body>\n</html>\n"
    )


def _tools(sources: Sequence[PageSource], body: str) -> str:
    saves = "".join(
        f'<button type="button" data-save="json{place}">JSON'
        f"{f' of {html_text(source.name)}' if len(sources) > 1 else ''}</button>"
        for place, source in enumerate(sources)
    )
    if len(sources) > 4:
        saves = f"<details><summary>JSON of {len(sources)} results</summary>{saves}</details>"
    fold = '<button type="button" id="open">Open all</button>' if 'class="part"' in body else ""
    return (
        f'<div class="tools"><button type="button" id="theme">Light or dark</button>{fold}'
        f'<button type="button" id="print">Print</button>{saves}</div>'
    )


def _embedded(place: int, source: PageSource) -> str:
    text = json.dumps(source.document, indent=2).replace("<", "\\u003c")
    name = (
        "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in source.name)
        or source.verb
    )
    name = name if name.endswith(".json") else f"{name}.json"
    return (
        f'<script type="application/json" id="json{place}" data-name="{html_text(name)}">{text}\n</script>\n'
    )


def _provenance(sources: Sequence[PageSource]) -> str:
    parts = []
    for source in sources:
        facts = "".join(
            f"<dt>{html_text(label)}</dt><dd>{_fact(label, text)}</dd>" for label, text in source.facts
        )
        rows = parts_of(source.document)
        columns = [
            Property(key, key.replace("_", " ")) for key in dict.fromkeys(key for row in rows for key in row)
        ]
        inside = table(columns, rows)
        more = (
            f"<details><summary>Versions and hashes of its {len(rows)} parts</summary>{inside}</details>"
            if rows
            else ""
        )
        parts.append(f"<h3>{html_text(source.name)}</h3><dl>{facts}</dl>{more}")
    charts = f"Page by tinyml-compress {__version__}; charts by {vega.versions()}, inside this file."
    return (
        '<footer class="provenance" id="provenance"><h2>Provenance</h2>'
        f"{''.join(parts)}<p>{html_text(charts)} 1 KB is 1024 bytes.</p></footer>"
    )


def _fact(label: str, text: str) -> str:
    if label == "command":
        return (
            f"<code>{html_text(for_terminal(text))}</code> <button "
            'type="button" class="copytext">Copy</button>'
        )
    return html_text(text)
