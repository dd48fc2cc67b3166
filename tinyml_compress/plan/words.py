"""Tensors start on words, so what lies below another one takes whole words."""

from __future__ import annotations

MIN_ALIGN = 4
"""Every tensor starts on a word, so that kernels may load words of int8."""


def words(nbytes: int) -> int:
    """Rounded up to whole words."""
    return -(-nbytes // MIN_ALIGN) * MIN_ALIGN
