"""Results without charts of their own: what the terminal shows of them, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from tinyml_compress.rendering.page.html import Card, Mark, card_grid, section
from tinyml_compress.rendering.page.shell import PageSource
from tinyml_compress.results import Result, decoded
from tinyml_compress.support.escape import html_text
from tinyml_compress.support.table_markup import blocks_html

_VERDICTS = {"equal": "all bytes equal", "passed": "passed", "sound": "all that is required is here"}


def generic_parts(sources: Sequence[PageSource]) -> list[str]:
    """One section per document."""
    kinds = {kind.verb: kind for kind in Result.__subclasses__()}
    return [
        section(source.name, [_verdict(source), _tables(source, kinds.get(source.verb))], level=3)
        for source in sources
    ]


def _tables(source: PageSource, kind: type[Result] | None) -> str:
    """Of a verb that this version knows; of others the page has the JSON."""
    if kind is None:
        return ""
    inside = blocks_html(decoded(kind, source.document).blocks())
    label = html_text(source.name)
    return f'<div class="wide" tabindex="0" role="region" aria-label="{label}">{inside}</div>'


def _verdict(source: PageSource) -> str:
    """For the verbs that say yes or no."""
    cards = []
    for key, word in _VERDICTS.items():
        answer = source.document.get(key)
        if isinstance(answer, bool):
            cards.append(
                Card(source.verb, Mark.GOOD if answer else Mark.BAD, word if answer else f"not: {word}")
            )
    for contract in source.document.get("contracts", ()):
        holds = contract["holds"]
        title = f"{contract['device']}, {contract['engine']}"
        cards.append(
            Card(title, Mark.GOOD if holds else Mark.BAD, "takes the model" if holds else "refuses it")
        )
    return card_grid(cards)
