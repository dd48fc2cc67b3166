"""The intermediate representation: frozen dataclasses and `verify`."""

from tinyml_compress.ir.graph import Attrs, Graph, Node, NodeView, Tensor, needed
from tinyml_compress.ir.memory import ARENA_ALIGN, Arena, Buffer, Memory, MemoryPlan, memory_word
from tinyml_compress.ir.program import ConstantArray, Port, Program, ProgramNode, Role, StateSlot
from tinyml_compress.ir.types import DType, Quant
from tinyml_compress.ir.verify import verify

__all__ = [
    "ARENA_ALIGN",
    "Arena",
    "Attrs",
    "Buffer",
    "ConstantArray",
    "DType",
    "Graph",
    "Memory",
    "MemoryPlan",
    "Node",
    "NodeView",
    "Port",
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
