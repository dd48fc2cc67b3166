"""What a board at a serial line said."""

from __future__ import annotations

from tinyml_compress.results.base import Value


class Window(Value, frozen=True, kw_only=True):
    """Inferences between two readings of the board's clock."""

    inferences: int
    seconds: float
    """By the board's clock."""
    began: float
    """Seconds after the first window began, by this computer's clock."""

    @property
    def milliseconds(self) -> float:
        """Of one inference."""
        return 1e3 * self.seconds / self.inferences


class SerialLine(Value, frozen=True, kw_only=True):
    """Where the board was found, and who it says it is."""

    port: str
    baud: int
    maker: str
    profile: str
    self_test: str
    """How many golden vectors the board itself found right."""
    windows: tuple[Window, ...]

    @property
    def shown(self) -> str:
        """In a line."""
        count, seconds = self.windows[0].inferences, min(window.seconds for window in self.windows)
        return (
            f"{self.maker} at {self.port}, {self.baud} baud: {self.profile}; self-test {self.self_test}; "
            f"median of {len(self.windows)} windows of {count:,} inferences, {seconds:.3g} s at least"
        )
