"""A table as a value: columns with a format, rows of numbers and names, notes. Renderers make text, HTML,
Markdown.

Cells hold numbers, not their letters, so that one table serves every form of output. `support/table_text.py`
draws it for a terminal of some width or for a pipe, `support/table_markup.py` for notebooks and for Markdown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class Numbers:
    """Numbers with a format of their own: an interval, a part of a whole, a value of another unit than its
    column's.
    """

    values: tuple[int | float, ...]
    form: str
    """As `str.format` takes it, a field per number: "{:.1%} to {:.1%}"."""

    def __str__(self) -> str:
        return self.form.format(*self.values)


Value = str | int | float | Numbers | tuple[str, ...] | None
"""What a cell can hold; a tuple of texts stands one below the other, None is absent."""


@dataclass(frozen=True)
class Noted:
    """A cell with a reason or a remark too long for a column: it stands below the table, under a number."""

    value: Value
    note: str


Cell = Value | Noted
Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Column:
    """What one place of every row means, and what may happen to it where there is little room."""

    title: str
    form: str = ""
    """For numbers, as `str.format` takes it: "{:,}", "{:.1%}", "{:,} B"."""
    right: bool | None = None
    """On which side the cells stand; where nothing is said, numbers to the right and text to the left."""
    priority: int = 0
    """0: never left out. Of the others the largest goes first. The first column of a table always stays."""
    prose: bool = False
    """Sentences, which may be broken between words. Names and numbers are never broken."""
    absent: str = ""
    """What stands for None."""
    about: str = ""
    """What the column's numbers are, for layouts with room for it."""
    is_thing: bool = False
    """The title is the name of a thing, and as little to be broken as other names."""

    @property
    def is_right(self) -> bool:
        return bool(self.form) if self.right is None else self.right

    def written(self, cell: Cell) -> tuple[str, ...]:
        """The lines of a cell, without its note."""
        value = cell.value if isinstance(cell, Noted) else cell
        if value is None:
            return (self.absent,)
        if isinstance(value, tuple):
            return value or (self.absent,)
        if isinstance(value, (int, float)) and self.form:
            return (self.form.format(value),)
        return (str(value),)


class Layout(Enum):
    """How a table wants to stand."""

    ROWS = "rows"
    """A line per row."""
    SIDE_BY_SIDE = "side by side"
    """A line per column, so that a few things with many properties stand beside each other; the first column
    names the things."""
    FACTS = "facts"
    """Per row the lines "title  value"; for tables of one row."""


@dataclass(frozen=True)
class Table:
    """Rows of cells below their columns. A row has as many cells as there are columns."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    title: str = ""
    notes: tuple[str, ...] = ()
    """Sentences below it."""
    foot: Row | None = None
    """A last row that sums up the others."""
    layout: Layout = Layout.ROWS
    indent: int = 0
    """Columns of a terminal that stay empty on the left."""

    def __post_init__(self) -> None:
        for row in (*self.rows, *([] if self.foot is None else [self.foot])):
            if len(row) != len(self.columns):
                raise ValueError(f"a row of {len(row)} cells below {len(self.columns)} columns")

    @property
    def body(self) -> tuple[Row, ...]:
        """All rows, the foot last."""
        return self.rows if self.foot is None else (*self.rows, self.foot)

    @property
    def numbered(self) -> dict[str, int]:
        """The notes of cells with their numbers: by row, each text once."""
        texts = [cell.note for row in self.body for cell in row if isinstance(cell, Noted)]
        return {text: number for number, text in enumerate(dict.fromkeys(texts), start=1)}


Block = str | Table
"""A part of a result: lines that stay as they are, or a table."""


def facts(
    pairs: Iterable[tuple[str, Cell]], *, title: str = "", notes: Sequence[str] = (), indent: int = 0
) -> Table:
    """Labelled values, one below the other; the values are prose."""
    labels, values = tuple(zip(*pairs, strict=True)) or ((), ())
    columns = tuple(Column(label, prose=True) for label in labels)
    return Table(columns, (values,), title, tuple(notes), layout=Layout.FACTS, indent=indent)


def upright(table: Table) -> Table:
    """The same cells with a line per column: what SIDE_BY_SIDE and FACTS mean where there is room
    for them.
    """
    named = table.layout is Layout.SIDE_BY_SIDE
    things = table.columns[1:] if named else table.columns
    remarks = any(column.about for column in things)
    heads, notes = [Column(table.columns[0].title if named else "")], []
    for row in table.body:
        name = " ".join(table.columns[0].written(row[0])) if named else ""
        heads.append(Column(name, right=named, is_thing=True))
        if named and isinstance(row[0], Noted):
            notes.append(f"{name}: {row[0].note}")
    if remarks:
        heads.append(Column("remarks", priority=1, prose=True))
    rows = []
    for place, column in enumerate(things, start=1 if named else 0):
        cells = tuple(_with_form(column, row[place]) for row in table.body)
        rows.append((column.title, *cells, *((column.about,) if remarks else ())))
    return Table(tuple(heads), tuple(rows), table.title, (*notes, *table.notes), indent=table.indent)


def _with_form(column: Column, cell: Cell) -> Cell:
    """The cell as it is written below `column`, still with its numbers."""
    if isinstance(cell, Noted):
        value = _with_form(column, cell.value)
        assert not isinstance(value, Noted)
        return Noted(value, cell.note)
    if isinstance(cell, (int, float)) and column.form:
        return Numbers((cell,), column.form)
    return column.absent if cell is None else cell
