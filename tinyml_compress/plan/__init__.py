"""Memory plan: lifetimes of tensors and scratch to arena offsets, proven by an independent checker."""

from tinyml_compress.plan.check import check
from tinyml_compress.plan.planner import plan

__all__ = ["check", "plan"]
