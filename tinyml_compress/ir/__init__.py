"""The intermediate representation: frozen dataclasses and `verify`."""

from tinyml_compress.ir.graph import Attrs, Graph, Node, NodeView, Tensor, needed
from tinyml_compress.ir.memory import ARENA_ALIGN, Buffer, MemoryPlan
from tinyml_compress.ir.program import ConstantArray, Port, Program, ProgramNode, Role, StateSlot
from tinyml_compress.ir.types import DType, Quant
from tinyml_compress.ir.verify import verify

__all__ = [
    "ARENA_ALIGN",
    "Attrs",
    "Buffer",
    "ConstantArray",
    "DType",
    "Graph",
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
    "needed",
    "verify",
]
