"""An emulated board on a line, as it is when it has been switched on."""

from __future__ import annotations

from typing import ClassVar

from tinyml_compress.results.base import Result, Sha256, Value


class ServedInterface(Value, frozen=True, kw_only=True):
    """An interface board beside it."""

    path: str
    """Of its port."""
    folder: str
    """Of the recordings that it plays."""
    frame_ms: float
    """Modelled, of a frame of the front end."""


class Served(Result, frozen=True, kw_only=True):
    """Where a program finds the board, and what its clock says of an inference."""

    verb: ClassVar[str] = "serve"

    model: str
    name: str
    """The model's word in the protocol."""
    model_sha256: Sha256
    device: str
    title: str
    path: str
    """Of the port."""
    line: str
    """What carries the characters inside of the emulated board."""
    clock_hz: int
    cycles: int
    """Modelled, of one inference: the board's clock is made of them."""
    ms: float
    compiler: str
    emulator: str
    interface: ServedInterface | None = None
