"""The constant arrays of a generated source: named, aligned, and each content stored once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from tinyml_compress.codegen.literals import array_body
from tinyml_compress.codegen.statements import Code, Statement, copy
from tinyml_compress.ir import ConstantArray, Home, Role, memory_word
from tinyml_compress.ops.base import Consts


@dataclass(frozen=True)
class _Body:
    """Of an array's definition."""

    ctype: str
    count: int
    align: int
    values: str


@dataclass
class Constants:
    """Collects arrays while nodes are emitted; `text()` is their C. Equal arrays share one name."""

    prefix: str
    weight_bytes: int = 0
    table_bytes: int = 0
    _names: dict[tuple[str, bytes, int, Role], str] = field(default_factory=dict)
    arrays: list[ConstantArray] = field(default_factory=list)
    _bodies: list[_Body] = field(default_factory=list)

    def add_table(self, node: int, table: Consts) -> str:
        """The C name of a node's table."""
        letter = "w" if table.role is Role.WEIGHTS else "t"
        return self._add(
            f"{self.prefix}_{letter}{node}_{table.name}",
            table.ctype,
            table.data,
            table.align,
            table.role,
            node,
        )

    def add_constant(self, index: int, ctype: str, data: npt.NDArray[np.generic]) -> str:
        """The C name of a constant tensor that a kernel reads as one of its inputs."""
        return self._add(f"{self.prefix}_c{index}", ctype, data, 8, Role.TABLE)

    def _add(
        self,
        name: str,
        ctype: str,
        data: npt.NDArray[np.generic],
        align: int,
        role: Role,
        node: int | None = None,
    ) -> str:
        if data.size == 0:
            data = np.zeros(1, data.dtype)  # C has no empty arrays; nothing reads it
        key = (ctype, data.tobytes(), align, role)
        if key in self._names:
            return self._names[key]
        self._names[key] = name
        if role is Role.WEIGHTS:
            self.weight_bytes += data.nbytes
        else:
            self.table_bytes += data.nbytes
        content = data.astype(data.dtype.newbyteorder("<")).tobytes()
        self.arrays.append(ConstantArray(name, content, role, node))
        self._bodies.append(_Body(ctype, data.size, align, array_body(data)))
        return name

    def settle(self, homes: Mapping[str, Home]) -> None:
        """Give arrays their memories, by name."""
        self.arrays = [replace(array, home=homes.get(array.symbol)) for array in self.arrays]

    def text(self) -> str:
        return "\n".join(map(self._definition, self.arrays, self._bodies))

    def _definition(self, array: ConstantArray, body: _Body) -> str:
        name, home = array.symbol, array.home
        place = f"[{body.count}] TC_ALIGNED({body.align})"
        values = f" = {{\n{body.values}\n}};\n"
        section = self._section("" if home is None else home.memory)
        if home is None or not home.is_ram:
            return f"static const {section}{body.ctype} {name}{place}{values}"
        kept = f"static const {self._section(home.kept)}{body.ctype} {_kept(name)}{place}{values}"
        return f"{kept}static {section}{body.ctype} {name}{place};\n"

    def _section(self, memory: str) -> str:
        return f"{section_macro(self.prefix, memory)} " if memory else ""

    def load(self) -> list[Statement]:
        """Copies what lies in RAM from where it is kept."""
        return [
            copy(Code(array.symbol), Code(_kept(array.symbol)), len(array.content))
            for array in self.arrays
            if array.home is not None and array.home.is_ram
        ]


def section_macro(prefix: str, memory: str) -> str:
    """What stands before definitions that belong into that memory."""
    return f"{prefix.upper()}_SECTION_{memory_word(memory).upper()}"


def _kept(name: str) -> str:
    """The copy in flash of a constant that lies in RAM."""
    return f"{name}_kept"
