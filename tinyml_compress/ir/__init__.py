"""The intermediate representation: frozen dataclasses and `verify`."""

from tinyml_compress.ir.graph import Attrs, Graph, Node, NodeView, Tensor, needed
from tinyml_compress.ir.memory import (
    ANYWHERE,
    ARENA_ALIGN,
    Arena,
    Buffer,
    ByRows,
    ConstantsIn,
    Home,
    Memories,
    Memory,
    MemoryPlan,
    memory_word,
)
from tinyml_compress.ir.program import ConstantArray, Port, Program, ProgramNode, Role, StateSlot
from tinyml_compress.ir.types import DType, Quant
from tinyml_compress.ir.verify import verify
from tinyml_compress.ir.work import KernelWork, Prices

__all__ = [
    "ANYWHERE",
    "ARENA_ALIGN",
    "Arena",
    "Attrs",
    "Buffer",
    "ByRows",
    "ConstantArray",
    "ConstantsIn",
    "DType",
    "Graph",
    "Home",
    "KernelWork",
    "Memories",
    "Memory",
    "MemoryPlan",
    "Node",
    "NodeView",
    "Port",
    "Prices",
    "Program",
    "ProgramNode",
    "Quant",
    "Role",
    "StateSlot",
    "Tensor",
    "memory_word",
    "needed",
    "verify",
]
