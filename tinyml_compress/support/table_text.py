"""A table as text: for a terminal of some width, or for a pipe or a file, which have none.

A table that is too wide becomes narrower, in this order: headings and sentences are broken between words;
columns are left out, those of the largest priority first, and named below; every row becomes a block of lines
"heading  value", in which nothing is left out. Names and numbers are never broken and never cut: where one
alone is wider than the terminal, its line is longer, and the terminal itself continues it on the next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tinyml_compress.support.escape import for_terminal
from tinyml_compress.support.table import Block, Cell, Column, Layout, Noted, Table, upright

_GAP = 2
"""Columns between columns."""
_SENTENCE = 24
"""Sentences in a table are not made narrower than this."""
_TAB = 4
_LEAST = 8
"""Room for sentences on terminals too narrow for anything."""


def blocks_text(blocks: Iterable[Block], width: int | None = None) -> str:
    """All blocks, one below the other."""
    return "\n".join(
        for_terminal(block, lines=True) if isinstance(block, str) else table_text(block, width)
        for block in blocks
    )


def table_text(table: Table, width: int | None = None) -> str:
    """The lines of `table`, none of them longer than `width` but where a name or number alone is; None: any
    width.
    """
    room = None if width is None else max(width - table.indent, 1)
    shown = upright(table) if table.layout is Layout.SIDE_BY_SIDE else table
    grid = None if table.layout is Layout.FACTS else _grid(shown, room)
    if grid is None:
        shown = table
    lines = _blocks(table, room) if grid is None else grid.lines()
    for text, number in shown.numbered.items():
        lines += _hanging(f"[{number}] ", text, room)
    for text in shown.notes:
        lines += _hanging("", text, room)
    if grid is not None and grid.left_out:
        names, way = ", ".join(map(for_terminal, grid.left_out)), "a wider terminal, | less -S, or --json"
        lines += _hanging("", f"left out at {width} columns: {names} (to see them: {way})", room)
    title = _hanging("", table.title, width) if table.title else []
    return "\n".join([*title, *((" " * table.indent + line).rstrip() for line in lines)])


@dataclass(frozen=True)
class _Strip:
    """One column as text."""

    column: Column
    cells: tuple[tuple[str, ...], ...]

    @property
    def title(self) -> str:
        return for_terminal(self.column.title)

    @property
    def natural(self) -> int:
        return max(_width(self.title), self._widest())

    @property
    def least(self) -> int:
        """Narrower it cannot be without breaking a word of its title, or a name or a number."""
        title = _width(self.title) if self.column.is_thing else _longest_word(self.title)
        if not self.column.prose:
            return max(title, self._widest())
        words = max((_longest_word(line) for cell in self.cells for line in cell), default=0)
        return max(title, words, min(_SENTENCE, self.natural))

    def _widest(self) -> int:
        return max((_width(line) for cell in self.cells for line in cell), default=0)

    def set(self, cell: Sequence[str], width: int) -> list[str]:
        """The lines of a cell, each `width` wide."""
        lines = [part for line in cell for part in (_broken(line, width) if self.column.prose else (line,))]
        return [_padded(line, width, self.column.is_right) for line in lines]

    def head(self, width: int, height: int) -> list[str]:
        """The lines of the title, at the bottom of so many."""
        lines = _broken(self.title, width)
        return [_padded(line, width, self.column.is_right) for line in [""] * (height - len(lines)) + lines]


@dataclass(frozen=True)
class _Grid:
    """A table whose columns have found their widths."""

    strips: tuple[_Strip, ...]
    widths: tuple[int, ...]
    has_foot: bool
    left_out: tuple[str, ...]

    def lines(self) -> list[str]:
        lines = []
        rule = "─" * (sum(self.widths) + _GAP * (len(self.widths) - 1))
        if any(strip.title for strip in self.strips):
            pairs = list(zip(self.strips, self.widths, strict=True))
            height = max(len(_broken(strip.title, width)) for strip, width in pairs)
            lines += _beside([strip.head(width, height) for strip, width in pairs], self.widths)
            lines.append(rule)
        count = len(self.strips[0].cells)
        for place in range(count):
            if self.has_foot and place == count - 1:
                lines.append(rule)
            cells = [
                strip.set(strip.cells[place], width)
                for strip, width in zip(self.strips, self.widths, strict=True)
            ]
            lines += _beside(cells, self.widths)
        return lines


def _grid(table: Table, room: int | None) -> _Grid | None:
    """The table in columns; None where even those that must stay do not fit."""
    kept = list(range(len(table.columns)))
    while True:
        strips = tuple(_Strip(table.columns[place], _cells(table, place, kept)) for place in kept)
        widths = _fitted(strips, room)
        if widths is not None:
            left_out = (column.title for place, column in enumerate(table.columns) if place not in kept)
            return _Grid(strips, widths, table.foot is not None, tuple(left_out))
        droppable = [place for place in kept[1:] if table.columns[place].priority > 0]
        if not droppable:
            return None
        kept.remove(max(droppable, key=lambda place: (table.columns[place].priority, place)))


def _cells(table: Table, place: int, kept: Sequence[int]) -> tuple[tuple[str, ...], ...]:
    """One column's cells as lines. The first column also carries the marks of notes whose columns are left
    out.
    """
    others = [other for other in range(len(table.columns)) if other not in kept] if place == kept[0] else []
    numbers = table.numbered
    return tuple(
        _marked(table.columns[place], row[place], [row[other] for other in others], numbers)
        for row in table.body
    )


def _marked(
    column: Column, cell: Cell, others: Sequence[Cell], numbers: Mapping[str, int]
) -> tuple[str, ...]:
    lines = [for_terminal(line) for line in column.written(cell)]
    marks = [f"[{numbers[one.note]}]" for one in (cell, *others) if isinstance(one, Noted)]
    lines[-1] = " ".join(word for word in (lines[-1], *dict.fromkeys(marks)) if word)
    return tuple(lines)


def _fitted(strips: Sequence[_Strip], room: int | None) -> tuple[int, ...] | None:
    """Widths within `room`, the widest wishes met last; None where there are none."""
    widths = [strip.natural if room is None else strip.least for strip in strips]
    spare = 0 if room is None else room - sum(widths) - _GAP * (len(strips) - 1)
    if spare < 0:
        return None
    while spare:
        place = max(range(len(strips)), key=lambda place: strips[place].natural - widths[place])
        if strips[place].natural <= widths[place]:
            break
        widths[place] += 1
        spare -= 1
    return tuple(widths)


def _beside(cells: Sequence[Sequence[str]], widths: Sequence[int]) -> list[str]:
    """The lines of a row whose cells have several."""
    height = max(len(cell) for cell in cells)
    filled = [
        [*cell, *[" " * width] * (height - len(cell))] for cell, width in zip(cells, widths, strict=True)
    ]
    return [(" " * _GAP).join(parts).rstrip() for parts in zip(*filled, strict=True)]


def _blocks(table: Table, room: int | None) -> list[str]:
    """Every row as lines "heading  value"; what is empty has none."""
    numbers = table.numbered
    titles = [for_terminal(column.title) for column in table.columns]
    label = max((_width(title) for title in titles), default=0)
    lines: list[str] = []
    for row in table.body:
        if lines:
            lines.append("")
        for column, title, cell in zip(table.columns, titles, row, strict=True):
            written = _marked(column, cell, (), numbers)
            if any(written):
                lines += _labelled(title, label, written, room if column.prose else None, room)
    return lines


def _labelled(
    title: str, label: int, written: Sequence[str], sentence: int | None, room: int | None
) -> list[str]:
    """A value beside its label, or below it where there is too little room beside it."""
    start = label + _GAP if label else 0
    beside = None if sentence is None else max(sentence - start, _LEAST)
    lines = [part for line in written for part in _broken(line, beside)]
    if room is not None and start > _GAP and start + max(map(_width, lines)) > room:
        beside = None if sentence is None else max(sentence - _GAP, _LEAST)
        below = [part for line in written for part in _broken(line, beside)]
        return [*_broken(title, room), *(" " * _GAP + line for line in below)]
    heads = [_padded(title, start, False)] + [" " * start] * (len(lines) - 1)
    return [head + line for head, line in zip(heads, lines, strict=True)]


def _hanging(mark: str, text: str, room: int | None) -> list[str]:
    """A note behind its mark, its further lines below its first word."""
    plain = "\n".join(for_terminal(line.expandtabs(_TAB)) for line in text.split("\n"))
    lines = _broken(plain, None if room is None else max(room - len(mark), _LEAST))
    return [(mark if place == 0 else " " * len(mark)) + line for place, line in enumerate(lines)]


def _broken(text: str, room: int | None) -> list[str]:
    """Lines of at most `room`, broken at spaces; a longer word has a longer line."""
    if room is None:
        return text.split("\n")
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for place, word in enumerate(paragraph.split(" ")):
            longer = word if place == 0 else f"{line} {word}"
            if place and _width(longer) > room and line.strip():
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return lines


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space


def _longest_word(text: str) -> int:
    return max(map(_width, text.split(" ")), default=0)


def _width(text: str) -> int:
    """Columns of a terminal; letters of some scripts take two, accents none."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
