"""The generated C as a value: made by `codegen/`, written by `pipeline`, compiled and run by `runners/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from tinyml_compress.ir.memory import Arena, Home, MemoryPlan
from tinyml_compress.ir.types import DType, Quant


@dataclass(frozen=True)
class Port:
    """One input or output of the model: `nbytes` bytes at `offset` in the arena."""

    name: str
    shape: tuple[int, ...]
    dtype: DType
    quant: Quant | None
    offset: int
    nbytes: int
    span: tuple[int, int] | None = None
    """Of an input that picks entries of a table: the smallest and largest number that does."""
    arena: int = 0
    """Which of the program's arenas it lies in, where there are several."""
    row_bytes: int = 0
    """Of the rows by which the caller gives or takes it during the inference; 0: it lies in the arena."""


@dataclass(frozen=True)
class StateSlot:
    """One stretch of the state that the caller keeps between inferences: a variable, or what a node needs
    itself.
    """

    name: str
    dtype: DType
    count: int
    offset: int
    fill: int
    """Every byte of it at the start."""
    survives: bool
    """A reset leaves it as it is."""

    @property
    def nbytes(self) -> int:
        return self.count * self.dtype.itemsize


@dataclass(frozen=True)
class KernelPrice:
    """A kernel that can run a node, and what it would cost there."""

    family: str
    """What sets it apart from the operator's other kernels; `plain` takes every shape."""
    kernel: str
    cycles: float | None
    """Estimated, for choosing; None where nothing is known."""
    weight_bytes: int
    """Flash of the node's weights as it wants them."""


@dataclass(frozen=True)
class ProgramNode:
    """One node function in the generated C, in execution order."""

    index: int
    op: str
    name: str
    function: str
    """C symbol of the node function (static, never inlined)."""
    kernel: str
    """C symbol of the kernel variant that it calls."""
    shape: tuple[int, ...]
    """Shape of its first output."""
    macs: int
    encoding: str = ""
    """How its weights lie in flash (`dense`, `sparse-delta8`, `codebook4`, ...); none where it has no
    weights.
    """
    zeros: float | None = None
    """Which part of its weights is zero in the model."""
    family: str = ""
    """What sets its kernel apart from the operator's others."""
    options: tuple[KernelPrice, ...] = ()
    """Every kernel that could run it, the cheapest first."""
    why: str = ""
    """Why it is this one."""


class Role(Enum):
    """What a constant table is, for the flash ledger."""

    WEIGHTS = "weights"
    TABLE = "table"


@dataclass(frozen=True)
class ConstantArray:
    """One array of weights or other constants in the generated C."""

    symbol: str
    content: bytes
    """As it lies in the memory of a little-endian core."""
    role: Role
    node: int | None = None
    """Whose it is; what kernels read as inputs belongs to none, though one alone may read it."""
    home: Home | None = None
    """The memory that it was given; None: it lies with the code."""


@dataclass(frozen=True)
class Program:
    """C sources of one model and all a runner needs to know about them.

    Symbols: weights are `<prefix>_w<node>_*`, other tables `<prefix>_t<node>_*` and `<prefix>_p<node>`,
    shared constants `<prefix>_c*`, node functions `<prefix>_node_<index>`, kernels `tc_*`,
    bodies of control flow `<prefix>_body_<number>`, public functions `<prefix>_invoke`, `<prefix>_input`,
    `<prefix>_output`, with state `<prefix>_init` and `<prefix>_reset`, with constants in RAM `<prefix>_load`.
    """

    prefix: str
    files: Mapping[str, str]
    """`<prefix>.c` and `<prefix>.h`, by file name."""
    model_sha256: str
    arena_align: int
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    nodes: tuple[ProgramNode, ...]
    plan: MemoryPlan
    weight_bytes: int
    table_bytes: int
    constants: tuple[ConstantArray, ...] = field(default=(), repr=False)
    """All arrays of the source, in its order."""
    state: tuple[StateSlot, ...] = ()
    state_bytes: int = 0
    """Size of the struct `<prefix>_state_t`; 0 for a model that keeps nothing between inferences."""
    state_align: int = 1

    @property
    def arena_bytes(self) -> int:
        return self.plan.arena_bytes

    @property
    def loaded(self) -> dict[str, int]:
        """Bytes of constants that are copied to RAM before the first inference, by memory."""
        loaded: dict[str, int] = {}
        for array in self.constants:
            if array.home is not None and array.home.is_ram:
                loaded[array.home.memory] = loaded.get(array.home.memory, 0) + len(array.content)
        return loaded

    @property
    def arenas(self) -> tuple[Arena, ...]:
        """What the caller gives an inference, in order; one where no memories were named."""
        return self.plan.arenas

    @property
    def node_constants(self) -> dict[int, int]:
        """Bytes of weights and tables by node; what several nodes share belongs to none."""
        sizes: dict[int, int] = {}
        for array in self.constants:
            if array.node is not None:
                sizes[array.node] = sizes.get(array.node, 0) + len(array.content)
        return sizes

    def weight_bytes_of(self, node: int) -> int:
        """Bytes of one node's weights."""
        return sum(
            len(array.content)
            for array in self.constants
            if array.node == node and array.role is Role.WEIGHTS
        )

    @property
    def source(self) -> str:
        return self.files[f"{self.prefix}.c"]

    @property
    def header(self) -> str:
        return self.files[f"{self.prefix}.h"]
