"""Arithmetic of windows that move: which frames of a tensor were there a step ago."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tinyml_compress.ops.along import Along


@dataclass(frozen=True)
class Track:
    """A tensor of a net on windows, told frame by frame.

    Frames near the window's ends are made with borders in sight: `left` of them and `right` of them are other
    ones at each step. Those between move on: frame i is the one that was frame i + new a step ago.
    """

    axis: int
    frames: int
    """Of the window."""
    every: int
    """Input frames for each of its frames."""
    new: int
    """Frames between the ends that each step brings."""
    left: int = 0
    right: int = 0

    @property
    def newest(self) -> tuple[int, int]:
        """The frames that the step brings, by their places in the window."""
        end = self.frames - self.right
        return end - self.new, end


@dataclass(frozen=True)
class Segment:
    """Frames of a tensor that a step makes."""

    part: str
    """left, new or right."""
    first: int
    last: int
    """Behind the last."""


def followed(track: Track, along: Along, frames: int, *, causal: bool) -> Track | None:
    """The track of what a layer makes of tensors on `track`, `frames` of it in a window; None where a step
    would bring no frame between the ends, or only a part of one.

    `causal` takes real earlier frames for the borders: another net, without ends.
    """
    if track.new % along.stride:
        return None
    behind = replace(track, axis=along.axis, frames=frames, every=track.every * along.stride)
    behind = replace(behind, new=track.new // along.stride)
    if causal and along.has_borders:
        return replace(behind, left=0, right=0)
    left = -(-(track.left + along.before) // along.stride)
    last = (track.frames - track.right - along.span + along.before) // along.stride
    right = frames - 1 - last
    if frames - left - right < behind.new:
        return None
    return replace(behind, left=left, right=right)


def segments(track: Track) -> tuple[Segment, ...]:
    """What a step has to make of a tensor."""
    parts = (
        Segment("left", 0, track.left),
        Segment("new", *track.newest),
        Segment("right", track.frames - track.right, track.frames),
    )
    return tuple(part for part in parts if part.last > part.first)


def needed(along: Along, segment: Segment, *, causal: bool) -> tuple[int, int]:
    """The input frames that a segment is made of, by place in the window; beyond its ends are borders."""
    before = along.before + along.after if causal else along.before
    return segment.first * along.stride - before, (segment.last - 1) * along.stride - before + along.span
