"""The one way of the verbs' text to the screen. Imports click only."""

from __future__ import annotations

import os
import sys
from typing import TextIO

import click

_USUAL_COLUMNS = 80
"""Of a terminal that does not say."""


def say(*blocks: object, error: bool = False) -> None:
    """Print lines and tables, as wide as the terminal; `error` takes the other stream.

    Control letters, which names from files may hold, are written out.
    """
    from tinyml_compress.support.table import Table
    from tinyml_compress.support.table_text import blocks_text

    stream = sys.stderr if error else sys.stdout
    parts = [block if isinstance(block, Table) else str(block) for block in blocks]
    click.echo(_encodable(blocks_text(parts, _columns(stream)), stream.encoding or "utf-8"), err=error)


def _columns(stream: TextIO) -> int | None:
    """Of the terminal; a pipe or a file has none, and gets tables in their full width."""
    if not stream.isatty():
        return None
    given = os.environ.get("COLUMNS", "")
    if given.isascii() and given.isdigit() and int(given):
        return int(given)
    return os.get_terminal_size(stream.fileno()).columns or _USUAL_COLUMNS


def _encodable(text: str, encoding: str) -> str:
    """What an old or a plain terminal cannot show (a rule, a plus-minus) in letters that it can."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.replace("─", "-").encode(encoding, "backslashreplace").decode(encoding)
    return text
