"""A table as HTML for notebooks, and as Markdown for pull requests and pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tinyml_compress.support.escape import html_text, markdown
from tinyml_compress.support.table import Block, Cell, Column, Layout, Noted, Row, Table, upright


def blocks_html(blocks: Iterable[Block]) -> str:
    """All blocks, one below the other."""
    parts = (_paragraph(block) if isinstance(block, str) else table_html(block) for block in blocks if block)
    return "\n".join(parts)


def table_html(table: Table) -> str:
    """A table whose numbers stand to the right; its notes are paragraphs below it."""
    shown = table if table.layout is Layout.ROWS else upright(table)
    lines = ["<table>"]
    if shown.title:
        lines.append(f'<caption style="text-align: left">{html_text(shown.title)}</caption>')
    if any(column.title for column in shown.columns):
        heads = "".join(f"<th{_side(column)}>{html_text(column.title)}</th>" for column in shown.columns)
        lines.append(f"<thead><tr>{heads}</tr></thead>")
    lines.append(f"<tbody>{''.join(_html_row(shown, row) for row in shown.rows)}</tbody>")
    if shown.foot is not None:
        lines.append(f"<tfoot>{_html_row(shown, shown.foot)}</tfoot>")
    lines.append("</table>")
    notes = [f"[{number}] {text}" for text, number in shown.numbered.items()]
    return "\n".join([*lines, *map(_paragraph, (*notes, *shown.notes))])


def table_markdown(table: Table) -> str:
    """A table with bars, its title above and its notes below it."""
    shown = table if table.layout is Layout.ROWS else upright(table)
    heads = [markdown(column.title) for column in shown.columns]
    sides = ["---:" if column.is_right else "---" for column in shown.columns]
    rows = [
        [_markdown_cell(shown, column, cell) for column, cell in _pairs(shown, row)] for row in shown.body
    ]
    lines = [f"| {' | '.join(cells)} |" for cells in (heads, *rows)]
    lines.insert(1, f"|{'|'.join(sides)}|")
    notes = [f"[{number}] {text}" for text, number in shown.numbered.items()]
    above = [markdown(shown.title), ""] if shown.title else []
    return "\n".join(
        [*above, *lines, *(line for text in (*notes, *shown.notes) for line in ("", markdown(text)))]
    )


def _paragraph(text: str) -> str:
    return f"<p>{html_text(text).replace(chr(10), '<br>')}</p>"


def _html_row(table: Table, row: Row) -> str:
    cells = (
        f"<td{_side(column)}>{_html_cell(table, column, cell)}</td>" for column, cell in _pairs(table, row)
    )
    return f"<tr>{''.join(cells)}</tr>"


def _html_cell(table: Table, column: Column, cell: Cell) -> str:
    return "<br>".join(map(html_text, _lines(table.numbered, column, cell)))


def _markdown_cell(table: Table, column: Column, cell: Cell) -> str:
    return "<br>".join(map(markdown, _lines(table.numbered, column, cell)))


def _lines(numbers: Mapping[str, int], column: Column, cell: Cell) -> tuple[str, ...]:
    """A cell's lines, the last one with the number of its note."""
    *first, last = column.written(cell)
    mark = f"[{numbers[cell.note]}]" if isinstance(cell, Noted) else ""
    return (*first, " ".join(word for word in (last, mark) if word))


def _side(column: Column) -> str:
    return f' style="text-align: {"right" if column.is_right else "left"}"'


def _pairs(table: Table, row: Row) -> Iterable[tuple[Column, Cell]]:
    return zip(table.columns, row, strict=True)
