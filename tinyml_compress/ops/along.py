"""What an operator does along time: which frames of its inputs one frame of its output is made of."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.ir import Attrs

Sides = tuple[tuple[int, int], ...]
"""What lies before and behind a tensor along each of its axes."""


@dataclass(frozen=True)
class Along:
    """Frame j of the output is made of `taps` frames of each input, `dilation` apart, from
    j * stride - before on; frames beyond the window's ends are `fill`.
    """

    axis: int
    """Of time, in the output."""
    taps: int = 1
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0
    bare: Attrs | None = None
    """Attributes of the node that is given its borders instead of making them."""
    sides: Sides = ()
    """The borders that it then has to be given, those along time left out."""
    lowest: bool = False
    """Whether borders hold the smallest number instead of zero."""
    is_border: bool = False
    """Whether the borders are all that the operator does."""
    spread: int = 1
    """Frames of the output that one of the input goes on by: then frame j is made of those inputs i for which
    j + before - i * spread is one of the taps.
    """

    @property
    def span(self) -> int:
        """Frames from the first that one is made of to the last."""
        return (self.taps - 1) * self.dilation + 1

    def frames(self, first: int, count: int) -> tuple[int, int]:
        """The first input and the one behind the last of so many frames of the output; some may lie beyond
        the ends.
        """
        if self.spread > 1:
            start = -((self.span - 1 - first - self.before) // self.spread)
            return start, (first + count - 1 + self.before) // self.spread + 1
        start = first * self.stride - self.before
        return start, start + (count - 1) * self.stride + self.span

    @property
    def has_borders(self) -> bool:
        return self.before > 0 or self.after > 0
