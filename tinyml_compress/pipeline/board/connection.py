"""What `measure` needs before it asks anything: the board's description, and the board."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tinyml_compress.devices import Device, load_board
from tinyml_compress.line import Dialogue, LineBoard, open_channel
from tinyml_compress.support.progress import stage


@contextmanager
def connected(port: str, baud: int) -> Iterator[LineBoard]:
    """The board, ready for commands."""
    with closing(open_channel(port, baud)) as channel:
        dialogue = Dialogue(channel, baud)
        with stage(f"wait for the board at {port}"):
            dialogue.start()
        yield LineBoard(dialogue)


def described(target: str, targets_dir: Path | None) -> Device:
    """The board of that name."""
    return load_board(target, targets_dir)
