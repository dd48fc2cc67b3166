"""How results show themselves in a notebook: as tables, made of what the terminal shows."""

from __future__ import annotations

import html
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

__all__ = ["Displayed", "html_table"]

_LABELLED = re.compile(r"^\s*(?P<label>\S.*?)\s{2,}(?P<text>\S.*)$")


class Displayed(ABC):
    """A result with a `summary()` of lines; Jupyter asks for `_repr_html_`."""

    @abstractmethod
    def summary(self) -> str:
        """The result in lines for the terminal."""

    def _repr_html_(self) -> str:
        rows: list[Sequence[str]] = []
        for line in self.summary().splitlines():
            found = _LABELLED.match(line)
            rows.append((found["label"], found["text"]) if found else (line.strip(),))
        return html_table((), rows)


def html_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a row with fewer cells than the widest ends in one that spans the rest."""
    body = [list(row) for row in rows]
    width = max((len(row) for row in ([list(head)] if head else []) + body), default=0)
    lines = ["<table>"]
    if head:
        lines.append(f"<thead><tr>{''.join(f'<th>{html.escape(cell)}</th>' for cell in head)}</tr></thead>")
    lines.append("<tbody>")
    for row in body:
        cells = [f'<td style="text-align: left">{html.escape(cell)}</td>' for cell in row[:-1]]
        span = width - len(row) + 1
        wide = f' colspan="{span}"' if span > 1 else ""
        cells.append(f'<td style="text-align: left"{wide}>{html.escape(row[-1])}</td>')
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return "\n".join([*lines, "</tbody></table>"])
