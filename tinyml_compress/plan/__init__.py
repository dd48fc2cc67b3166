"""Memory plan: lifetimes of tensors and scratch to arena offsets, proven by an independent checker."""

from tinyml_compress.plan.check import check
from tinyml_compress.plan.homes import homes
from tinyml_compress.plan.planner import Planned, arena_of, needs, plan, plan_in_best_order
from tinyml_compress.plan.smallest import smallest_schedule
from tinyml_compress.plan.tiers import in_memories

__all__ = [
    "Planned",
    "arena_of",
    "check",
    "homes",
    "in_memories",
    "needs",
    "plan",
    "plan_in_best_order",
    "smallest_schedule",
]
