"""What is in a linked firmware: bytes to load, symbols by address, and the ledger of flash and RAM."""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass
from pathlib import Path

from tinyml_compress.errors import ToolchainError


@dataclass(frozen=True)
class SizedSymbol:
    """A symbol that takes room."""

    name: str
    address: int
    nbytes: int
    is_code: bool


@dataclass(frozen=True)
class FlashLedger:
    """Bytes of flash by what they are for; the rest is start-up code, memory functions, compiler helpers,
    padding.
    """

    kernels: int
    glue: int
    weights: int
    tables: int
    startup: int

    @property
    def total(self) -> int:
        return self.kernels + self.glue + self.weights + self.tables + self.startup


@dataclass(frozen=True)
class Image:
    """A linked firmware."""

    path: Path
    segments: tuple[tuple[int, bytes], ...]
    """Load address and bytes of everything that lies in flash."""
    parts: tuple[SizedSymbol, ...]
    """By address."""
    symbols: dict[str, int]
    flash_bytes: int
    static_bytes: int

    @property
    def code(self) -> range:
        """The addresses from the first function to the end of the last."""
        code = [part for part in self.parts if part.is_code]
        return range(min(part.address for part in code), max(part.address + part.nbytes for part in code))

    def part_at(self, address: int) -> SizedSymbol | None:
        """The function or table that holds `address`."""
        starts = [part.address for part in self.parts]
        index = bisect.bisect_right(starts, address) - 1
        if index < 0 or address >= self.parts[index].address + max(self.parts[index].nbytes, 1):
            return None
        return self.parts[index]

    def name_at(self, address: int) -> str:
        """`function + offset`, or the bare address."""
        part = self.part_at(address)
        if part is None:
            return f"{address:#010x}"
        return f"{part.name} + {address - part.address:#x} ({address:#010x})"

    def ledger(self, prefix: str) -> FlashLedger:
        """Flash by kind, from the names that generated code has (see ir.Program)."""
        sums = {"kernels": 0, "glue": 0, "weights": 0, "tables": 0}
        for part in self.parts:
            kind = _kind(part.name, prefix)
            if kind is not None and self._in_flash(part.address):
                sums[kind] += part.nbytes
        return FlashLedger(**sums, startup=self.flash_bytes - sum(sums.values()))

    def largest(self, count: int = 5) -> tuple[SizedSymbol, ...]:
        """The largest symbols, in flash or RAM."""
        return tuple(sorted(self.parts, key=lambda part: (-part.nbytes, part.name))[:count])

    def _in_flash(self, address: int) -> bool:
        return any(start <= address < start + len(data) for start, data in self.segments)


def _kind(name: str, prefix: str) -> str | None:
    own = re.escape(prefix)
    if re.match(rf"{own}_w\d", name):
        return "weights"
    if re.match(rf"{own}_[tpc]\d", name):
        return "tables"
    if re.match(rf"{own}_(node_\d+|body_\d+|invoke|input|output|init|reset|load)\b", name):
        return "glue"
    # Tables that belong to a kernel are part of it.
    return "kernels" if name.startswith("tc_") and not re.match(_FIRMWARE, name) else None


_FIRMWARE = (
    r"tc_(reset|start|main|done|fault|failed|vectors|arena\w*|state|go_on|status"
    r"|stack_\w+|data_\w+|bss_\w+|ram_used_end|used_end_\w+)$"
)


def read_image(path: Path) -> Image:
    """Read the ELF that the linker wrote."""
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    with path.open("rb") as file:
        elf = ELFFile(file)
        sections = [section for section in elf.iter_sections() if section["sh_type"] == "SHT_PROGBITS"]
        # A linker that finds room below the lowest region loads the file's own headers there.
        segments = tuple(
            (int(segment["p_paddr"]), segment.data())
            for segment in elf.iter_segments()
            if segment["p_type"] == "PT_LOAD"
            and segment["p_filesz"] > 0
            and any(segment.section_in_segment(section) for section in sections)
        )
        table = elf.get_section_by_name(".symtab")
        if not isinstance(table, SymbolTableSection):
            raise ToolchainError("the firmware has no symbol table", which=path.name)
        parts, symbols = [], {}
        for symbol in table.iter_symbols():
            kind, value = symbol["st_info"]["type"], int(symbol["st_value"])
            if symbol.name and symbol["st_shndx"] != "SHN_UNDEF":
                address = value & ~1 if kind == "STT_FUNC" else value
                symbols[symbol.name] = address
                if kind in ("STT_FUNC", "STT_OBJECT"):
                    parts.append(
                        SizedSymbol(symbol.name, address, int(symbol["st_size"]), kind == "STT_FUNC")
                    )
    static = (symbols["tc_data_end"] - symbols["tc_data_start"]) + (
        symbols["tc_bss_end"] - symbols["tc_bss_start"]
    )
    return Image(
        path=path,
        segments=segments,
        parts=tuple(sorted(parts, key=lambda part: (part.address, part.nbytes))),
        symbols=symbols,
        flash_bytes=sum(len(data) for _, data in segments),
        static_bytes=static,
    )
