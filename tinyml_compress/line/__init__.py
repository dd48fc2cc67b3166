"""A board on a serial line: the port, and the host's side of MLPerf Tiny's protocol."""

from tinyml_compress.line.board import Identity, InputForm, LineBoard, Timed
from tinyml_compress.line.channel import Channel, open_channel
from tinyml_compress.line.dialogue import Dialogue
from tinyml_compress.line.ports import serial_ports

__all__ = [
    "Channel",
    "Dialogue",
    "Identity",
    "InputForm",
    "LineBoard",
    "Timed",
    "open_channel",
    "serial_ports",
]
