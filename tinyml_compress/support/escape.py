"""Text of files, on its way to where some of its letters would be commands."""

from __future__ import annotations

import unicodedata

__all__ = ["for_terminal"]

# Controls, marks that turn the direction of what follows, halves of surrogate pairs, line and paragraph separators.
_COMMANDS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"
"""Within words of some scripts; they move nothing."""


def for_terminal(text: str, *, lines: bool = False) -> str:
    """`text` with every letter that a terminal would obey written out, such as `\\x1b`; `lines` keeps line ends and
    tabs.

    Names of layers, classes, files and devices come from files that somebody else made. Colours, titles, bells and
    cursor jumps in them must not reach the screen, and a line end must not forge a line of a table.
    """
    if lines:
        return "\n".join("\t".join(map(for_terminal, line.split("\t"))) for line in text.split("\n"))
    if text.isprintable():
        return text
    return "".join(letter if _is_harmless(letter) else _written_out(letter) for letter in text)


def _is_harmless(letter: str) -> bool:
    return letter in _JOINERS or unicodedata.category(letter) not in _COMMANDS


def _written_out(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
