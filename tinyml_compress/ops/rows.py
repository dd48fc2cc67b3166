"""Rows for kernels that are called once: their parameters are all that is left to say of the call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tinyml_compress.ir import DType, NodeView
from tinyml_compress.ops.base import Argument, Call, Consts, In, Out, Overlap, ParamValue, Ref, Variant

Params = tuple[tuple[str, ParamValue | Consts], ...]
"""The fields of a struct; a table is the constant that the field points to."""
NAMES = {
    DType.INT8: "s8",
    DType.UINT8: "u8",
    DType.BOOL: "u8",
    DType.INT16: "s16",
    DType.INT32: "s32",
    DType.INT64: "s64",
    DType.FLOAT32: "f32",
}
"""Element types in the symbols of kernels."""


def takes(dtype: DType) -> Callable[[NodeView], bool]:
    """Nodes whose first input has that element type."""
    return lambda view: view.input(0).dtype is dtype


def called(
    symbol: str,
    struct: str,
    params: Callable[[NodeView], Params],
    arguments: tuple[Argument, ...] = (In(0), Out()),
    *,
    accepts: Callable[[NodeView], bool] = lambda view: True,
    overlap: Callable[[NodeView], tuple[Overlap, ...]] = lambda view: (),
    scratch: Callable[[NodeView], int] = lambda view: 0,
) -> Variant:
    """The row of such a kernel."""

    def emit(view: NodeView) -> tuple[Call, ...]:
        given = params(view)
        tables = tuple(value for _, value in given if isinstance(value, Consts))
        values = tuple((name, Ref(one.name) if isinstance(one, Consts) else one) for name, one in given)
        return (Call(symbol, struct, values, arguments, tables),)

    return Variant(symbol, accepts, emit, overlap=overlap, scratch=scratch)


def each_type(
    symbol: str,
    types: Sequence[DType],
    struct: str,
    params: Callable[[NodeView], Params],
    arguments: tuple[Argument, ...] = (In(0), Out()),
    overlap: Callable[[NodeView], tuple[Overlap, ...]] = lambda view: (),
) -> tuple[Variant, ...]:
    """A row per element type of the first input, whose name stands in place of `{}` in the symbol."""
    rows = {dtype: called(symbol.format(NAMES[dtype]), struct, params, arguments) for dtype in types}
    return tuple(replace(row, accepts=takes(dtype), overlap=overlap) for dtype, row in rows.items())
