"""What was done to one thing after another: a few headings, and a row for each thing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinyml_compress.results.base import Value
from tinyml_compress.support.table import Column, Table


class Heading(Value, frozen=True, kw_only=True):
    """What one place of every row means."""

    title: str
    form: str = ""
    """How people read its numbers, as Python's `str.format` takes it."""


class Listing(Value, frozen=True, kw_only=True):
    """Rows of names and numbers below their headings."""

    columns: tuple[Heading, ...]
    rows: tuple[tuple[str | int | float, ...], ...]

    @classmethod
    def of(cls, head: Sequence[tuple[str, str]], rows: Sequence[tuple[Any, ...]]) -> Listing:
        """From titles with their forms; numpy's numbers become Python's."""
        plain = (tuple(getattr(cell, "item", lambda cell=cell: cell)() for cell in row) for row in rows)
        columns = (Heading(title=title, form=form) for title, form in head)
        return cls(columns=tuple(columns), rows=tuple(plain))

    def table(self, title: str = "") -> Table:
        """For the renderers."""
        first, *others = self.columns
        numbers = (Column(one.title, one.form, right=True) for one in others)
        return Table((Column(first.title, first.form), *numbers), self.rows, title)

    @property
    def words(self) -> tuple[tuple[str, ...], ...]:
        """As the last version wrote it: all cells as text, headings first."""
        table = self.table()
        rows = (
            tuple("".join(column.written(cell)) for column, cell in zip(table.columns, row, strict=True))
            for row in table.rows
        )
        return (tuple(one.title for one in self.columns), *rows)
