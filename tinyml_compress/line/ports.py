"""Which serial ports this machine has."""

from __future__ import annotations

import sys
from importlib import import_module, util
from pathlib import Path

_PATTERNS = ("ttyACM*", "ttyUSB*", "cu.usb*")
_BY_ID = Path("/dev/serial/by-id")


def serial_ports(devices: Path = Path("/dev"), by_id: Path = _BY_ID) -> tuple[tuple[str, str], ...]:
    """Each with what is known of its far end."""
    if sys.platform == "win32":
        return _by_pyserial()
    names = {link.resolve(): link.name for link in by_id.glob("*")} if by_id.is_dir() else {}
    paths = (path for pattern in _PATTERNS for path in sorted(devices.glob(pattern)))
    return tuple((str(path), names.get(path.resolve(), "")) for path in paths)


def _by_pyserial() -> tuple[tuple[str, str], ...]:
    if util.find_spec("serial") is None:
        return ()
    listed = import_module("serial.tools.list_ports").comports()
    return tuple((port.device, port.description) for port in listed)
