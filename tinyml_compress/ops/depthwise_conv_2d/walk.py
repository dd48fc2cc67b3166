"""Layout of the plane-by-plane depthwise kernels: which axis of the image is the inner one, and the buffer's
size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tinyml_compress.ops._products import Sliding

MAX_SCRATCH = 16 << 10
FOUR_BUFFERS = 4 << 10
_LEAST = 3
"""Lines of a band: with fewer what is done for each costs more than single channels do."""


@dataclass(frozen=True)
class Axis:
    """One axis of the image as the kernel walks it; steps in bytes."""

    size_in: int
    size_out: int
    step_in: int
    step_out: int
    kernel: int
    stride: int
    dilation: int
    pad: int

    @property
    def reach(self) -> int:
        """Values from the first window's first tap to the last window's last."""
        return (self.size_out - 1) * self.stride + (self.kernel - 1) * self.dilation + 1


@dataclass(frozen=True)
class Plane:
    """A walk: lines along `inner`, one under the other along `outer`."""

    outer: Axis
    inner: Axis
    pitch: int
    """Values per line of the buffer; even."""
    transposed: bool
    """Whether the image's columns are the lines."""
    band: int
    """Lines of outputs whose windows the buffer holds at a time."""

    @property
    def lines(self) -> int:
        return replace(self.outer, size_out=self.band).reach

    @property
    def bands(self) -> int:
        return -(-self.outer.size_out // self.band)

    @property
    def gathered(self) -> int:
        """Values that are copied into a channel's buffer."""
        return self.outer.size_in * self.inner.size_in

    @property
    def tap_bytes(self) -> int:
        """One channel's taps in pairs of 16 bits."""
        return 4 * self.outer.kernel * ((self.inner.kernel + 1) // 2)

    @property
    def buffer_bytes(self) -> int:
        return 2 * self.lines * self.pitch

    def buffers(self, channels: int) -> int:
        """Channels gathered at once: 4 where these fit into little scratch."""
        return 4 if channels % 4 == 0 and 4 * self.buffer_bytes <= FOUR_BUFFERS else 1

    def in_bands(self, channels: int) -> Plane:
        """The walk with bands of lines that are few enough for four channels at once, if it takes more."""
        fitting = FOUR_BUFFERS // (8 * self.pitch)
        most = (fitting - self.outer.kernel) // self.outer.stride + 1
        if channels % 4 or most < _LEAST or most >= self.outer.size_out:
            return self
        count = -(-self.outer.size_out // most)
        banded = replace(self, band=-(-self.outer.size_out // count))
        return banded if banded._reads_ahead() else self

    def _reads_ahead(self) -> bool:
        """Whether no band's outputs lie over lines that a later one reads, where output lies over input."""
        outer, inner = self.outer, self.inner
        kept = max(outer.kernel - outer.stride, 0)
        return (not self.transposed or inner.step_in == inner.step_out) and all(
            done * outer.step_out <= (done * outer.stride - outer.pad + kept) * outer.step_in
            for done in range(self.band, outer.size_out, self.band)
        )

    def params(self) -> tuple[tuple[str, int], ...]:
        """Struct fields from `outer_in` to `pitch`."""
        outer, inner = self.outer, self.inner
        return (
            ("outer_in", min(outer.size_in, outer.reach - outer.pad)),
            ("inner_in", min(inner.size_in, self.pitch - inner.pad)),
            ("outer_in_step", outer.step_in),
            ("inner_in_step", inner.step_in),
            ("outer_out", outer.size_out),
            ("inner_out", inner.size_out),
            ("outer_out_step", outer.step_out),
            ("inner_out_step", inner.step_out),
            ("outer_kernel", outer.kernel),
            ("inner_kernel", inner.kernel),
            ("outer_stride", outer.stride),
            ("inner_stride", inner.stride),
            ("outer_dilation", outer.dilation),
            ("outer_pad", outer.pad),
            ("inner_pad", inner.pad),
            ("lines", self.lines),
            ("pitch", self.pitch),
        )


def planes(window: Sliding, block: int) -> tuple[Plane, Plane]:
    """Both walks, the rows' first; a kernel that makes `block` outputs at once reads on as far as
    these need.
    """
    w = window
    rows = Axis(
        w.in_h, w.out_h, w.in_w * w.in_c, w.out_w * w.out_c, w.kernel_h, w.stride_h, w.dilation_h, w.pad_top
    )
    columns = Axis(w.in_w, w.out_w, w.in_c, w.out_c, w.kernel_w, w.stride_w, w.dilation_w, w.pad_left)
    return _plane(rows, columns, block, False), _plane(columns, rows, block, True)


def _plane(outer: Axis, inner: Axis, block: int, transposed: bool) -> Plane:
    rest = -inner.size_out % block
    # Values are read in pairs: an odd kernel's last pair has one more.
    needed = inner.reach + rest * inner.stride + inner.kernel % 2
    needed = max(needed, inner.pad + 1)
    return Plane(outer, inner, needed + needed % 2, transposed, outer.size_out)
