"""Words of the command line and of Python calls, as the enums that the code works with."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TypeVar

from tinyml_compress.errors import UsageError

Word = TypeVar("Word", bound=Enum)


def word(kind: type[Word], what: str, given: str) -> Word:
    """The member whose value is `given`; UsageError names `what` it should have been."""
    try:
        return kind(given)
    except ValueError:
        allowed = ", ".join(str(one.value) for one in kind)
        raise UsageError(f"unknown {what}", found=given, allowed=allowed) from None


def several(words: str | Sequence[str]) -> tuple[str, ...]:
    """One word, or some."""
    return (words,) if isinstance(words, str) else tuple(words)
