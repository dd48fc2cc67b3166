"""A Linux machine, and the process in which a program of ours would run there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tinyml_compress.devices.model import Device, Limits, Region
from tinyml_compress.support.sections import Section

_SOURCE = "assumed: a process has what it asks for"
PROGRAM = (Region("program", 0x00400000, 64 << 20, "code and constants of a process", _SOURCE),)
DATA = (Region("data", 0x10000000, 32 << 20, "memory that a process asks for", _SOURCE),)
_LIMITS = Limits(engines=("aot",), stack_bytes=64 << 10, reserved_flash_bytes=0, reserved_ram_bytes=0)


@dataclass(frozen=True)
class Linux:
    """What a TOML file of kind `linux` describes: a core with the memory of a process, and the table
    [linux].
    """

    process: Device
    cores: int
    memory_bytes: int
    source: str

    @property
    def name(self) -> str:
        return self.process.name

    @property
    def title(self) -> str:
        return self.process.title

    @property
    def digest(self) -> str:
        return self.process.digest


def linux_of(section: Section, machine: Device) -> Linux:
    """The table [linux] of that machine's file."""
    linux = Linux(
        replace(machine, limits=_LIMITS),
        section.integer("cores", 1, 64),
        section.integer("memory-mb", 64, 1 << 16) << 20,
        section.text("source"),
    )
    section.close()
    return linux
