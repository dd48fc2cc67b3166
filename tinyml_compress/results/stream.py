"""A net on windows of time, told frame by frame. Every number is exact."""

from __future__ import annotations

from typing import ClassVar

from tinyml_compress.results.base import Result, Value


class Told(Value, frozen=True, kw_only=True):
    """A layer of the net on windows."""

    layer: str
    op: str
    way: str
    """How it is told."""
    window_macs: int
    step_macs: int
    why: str | None = None
    """What stands in the way of new frames alone."""


class StreamCost(Value, frozen=True, kw_only=True):
    """What one inference of a form takes."""

    macs: int
    arena: int | None = None
    """Bytes, with inputs and outputs, in generated C; None where that does not take the form."""
    state: int | None = None
    """Bytes that it keeps between steps."""
    file: int


class StreamedNet(Result, frozen=True, kw_only=True):
    """Both forms, layer by layer, and on how many steps the outputs were compared."""

    verb: ClassVar[str] = "stream"
    derived: ClassVar[tuple[str, ...]] = ("part",)

    frames: int
    """Of input that a step takes."""
    window_frames: int
    """Of input that the outputs depend on."""
    is_exact: bool
    """False where borders inside the window are what came before."""
    window: StreamCost
    step: StreamCost
    layers: tuple[Told, ...]
    compared: int
    """Steps with outputs equal to those of the net on the window; 0 where it is another net, or without
    TensorFlow Lite Micro on the machine.
    """

    @property
    def part(self) -> float:
        """A step's multiply-accumulates over those of a window."""
        return self.step.macs / max(self.window.macs, 1)
