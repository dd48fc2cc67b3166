"""A board whose chip has an NPU of Arm's Ethos-U family beside the core, and how Vela is told of it."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.devices.model import Device, Region
from tinyml_compress.support.sections import Section, nearest

_ACCELERATORS = (
    *(f"ethos-u55-{macs}" for macs in (32, 64, 128, 256)),
    *(f"ethos-u65-{macs}" for macs in (256, 512)),
    *(f"ethos-u85-{macs}" for macs in (128, 256, 512, 1024, 2048)),
)


@dataclass(frozen=True)
class Npu:
    """What a TOML file of kind `npu` describes: a board, and the table [npu]."""

    board: Device
    accelerator: str
    """As Vela calls it; the number is that of its multipliers."""
    system: str
    """Vela's system configuration: speed and latency of the memories at the NPU's two ports."""
    memory_mode: str
    """Vela's: which of them holds what."""
    clock_hz: int
    sram: Region
    """Where the NPU's tensors lie."""
    source: str

    @property
    def is_apart(self) -> bool:
        """Whether the SRAM is the NPU's own, a cache of tensors that lie with the constants."""
        return self.memory_mode.startswith("Dedicated")

    @property
    def name(self) -> str:
        return self.board.name

    @property
    def title(self) -> str:
        return self.board.title

    @property
    def digest(self) -> str:
        return self.board.digest


def npu_of(section: Section, board: Device) -> Npu:
    """The table [npu] of that board's file."""
    regions = {region.name: region for region in board.ram}
    named = section.text("sram")
    if named not in regions:
        raise section.error("no such RAM", "sram", found=named, allowed=nearest(named, regions))
    npu = Npu(
        board,
        section.text("accelerator", one_of=_ACCELERATORS),
        _word(section, "system-config"),
        _word(section, "memory-mode"),
        round(section.number("clock-mhz", 0.001, 5000) * 1e6),
        regions[named],
        section.text("source"),
    )
    section.close()
    return npu


def _word(section: Section, key: str) -> str:
    """A name of Vela's, which becomes a word of its command line."""
    text = section.text(key)
    if not text.isidentifier():
        raise section.error("not a name of Vela's", key, found=text, allowed="letters, digits, underscores")
    return text
