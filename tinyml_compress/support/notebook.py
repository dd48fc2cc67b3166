"""How results show themselves: as lines for the terminal, and as tables in a notebook, both of the same
parts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from tinyml_compress.support.table import Block
from tinyml_compress.support.table_markup import blocks_html
from tinyml_compress.support.table_text import blocks_text

__all__ = ["Displayed"]


class Displayed(ABC):
    """A result in parts: tables, and lines that stay as they are. Jupyter asks for `_repr_html_`."""

    @abstractmethod
    def blocks(self) -> Sequence[Block]:
        """The result for people; a verb prints it as wide as the terminal is."""

    def summary(self, width: int | None = None) -> str:
        """The result in lines: tables as wide as they want, or of at most `width` columns."""
        return blocks_text(self.blocks(), width)

    def _repr_html_(self) -> str:
        return blocks_html(self.blocks())
