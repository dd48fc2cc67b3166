"""Where the C of a kernel stands: a file of its own, `<symbol>.c`, or a row in the table of its family.

A table, `*.inc`, holds one text for kernels that differ in a few words, and a row for each:

    ROWS    NAME            T
            tc_x8_move__c   uint8_t
            tc_x16_move__c  uint16_t
    TC_KERNEL void NAME(const tc_move_params *p, const T *in, T *out) {

Columns are parted by two spaces or more. Several such pieces may follow one another in a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PIECE = re.compile(
    r"^ROWS +(?P<columns>.*)\n(?P<rows>(?: +\S.*\n)+)(?P<text>(?:(?!ROWS ).*\n)+)", re.MULTILINE
)
_GAP = re.compile(r" {2,}")


@dataclass(frozen=True)
class KernelSource:
    """The C of one kernel, and the file that it stands in."""

    symbol: str
    path: Path
    text: str


@cache
def sources_in(folder: Path) -> dict[str, KernelSource]:
    """All kernels of a folder, by symbol."""
    files = (KernelSource(path.stem, path, path.read_text("utf-8")) for path in folder.glob("tc_*__*.c"))
    rows = (row for path in folder.glob("*.inc") for row in _rows(path))
    return {source.symbol: source for source in sorted((*files, *rows), key=lambda source: source.symbol)}


def _rows(path: Path) -> Iterator[KernelSource]:
    for piece in _PIECE.finditer(path.read_text("utf-8")):
        columns = _GAP.split(piece["columns"].strip())
        word = re.compile(rf"\b({'|'.join(columns)})\b")
        for line in piece["rows"].splitlines():
            values = dict(zip(columns, _GAP.split(line.strip()), strict=True))
            text = word.sub(lambda match, values=values: values[match[0]], piece["text"])
            yield KernelSource(values["NAME"], path, text)
