"""Amounts as people write them: 18000, 64K, 1M, 12.5, 50%."""

from __future__ import annotations

import re

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(%|[kKmM][bB]?|[bB])?")
_UNITS = {"k": 1024, "m": 1024 * 1024}


def amount(text: str) -> tuple[float, str] | None:
    """The number, its K or M counted in, and its unit in small letters; nothing where it is none."""
    matched = _AMOUNT.fullmatch(text.strip())
    if matched is None:
        return None
    unit = (matched.group(2) or "").lower()
    return float(matched.group(1)) * _UNITS.get(unit[:1], 1), unit
