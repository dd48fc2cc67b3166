"""AVERAGE_POOL_2D."""

from __future__ import annotations

from tinyml_compress.ir import NodeView
from tinyml_compress.ops._pool import Pool, PoolAttrs, pool_call, pool_overlap
from tinyml_compress.ops.base import Call, Variant

__all__ = ["OPERATOR", "PoolAttrs"]

_SYMBOL = "tc_s8_average_pool_2d__c"


def _any(view: NodeView) -> bool:
    return True


def _emit(view: NodeView) -> tuple[Call, ...]:
    return pool_call(view, _SYMBOL)


class AveragePool2D(Pool):
    name = "AVERAGE_POOL_2D"
    variants = (Variant(_SYMBOL, _any, _emit, overlap=pool_overlap),)


OPERATOR = AveragePool2D()
