"""The constant arrays of a generated source: named, aligned, and each content stored once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tinyml_compress.codegen.literals import array_body
from tinyml_compress.ir import ConstantArray, Role
from tinyml_compress.ops.base import Table

__all__ = ["Constants"]


@dataclass
class Constants:
    """Collects arrays while nodes are emitted; `text()` is their C. Equal arrays share one name."""

    prefix: str
    weight_bytes: int = 0
    table_bytes: int = 0
    _names: dict[tuple[str, bytes, int, Role], str] = field(default_factory=dict)
    arrays: list[ConstantArray] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)

    def add_table(self, node: int, table: Table) -> str:
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
        self._text.append(
            f"static const {ctype} {name}[{data.size}] TC_ALIGNED({align}) = {{\n{array_body(data)}\n}};\n"
        )
        return name

    def text(self) -> str:
        return "\n".join(self._text)
