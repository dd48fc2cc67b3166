"""The one way of the verbs' text to the screen. Imports click only."""

from __future__ import annotations

import sys

import click

__all__ = ["say"]


def say(text: object = "", *, error: bool = False) -> None:
    """Print `text` without the control letters that names from files may hold; `error` takes the other stream."""
    from tinyml_compress.support.escape import for_terminal

    stream = sys.stderr if error else sys.stdout
    click.echo(_encodable(for_terminal(str(text), lines=True), stream.encoding or "utf-8"), err=error)


def _encodable(text: str, encoding: str) -> str:
    """What an old or a plain terminal cannot show (a rule, a plus-minus) in letters that it can."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.replace("─", "-").encode(encoding, "backslashreplace").decode(encoding)
    return text
