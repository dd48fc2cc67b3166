"""DEPTHWISE_CONV_2D with packed int4 weights, which its kernels unpack as they need them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinyml_compress.ir import NodeView, Role
from tinyml_compress.ops._forms import ProductForm, only, packed_rows
from tinyml_compress.ops._products import weight_values
from tinyml_compress.ops.base import Call, Consts, Scratch
from tinyml_compress.ops.depthwise_conv_2d import node
from tinyml_compress.ops.depthwise_conv_2d.plane import counts_any, plane_variant, walk_any


def _emit(view: NodeView, symbol: str) -> tuple[Call, ...]:
    """The kernel tap by tap, with its weights packed and scratch to unpack them into."""
    (call,) = node.TAPS.emit_narrow(view, symbol)
    stored = weight_values(view).reshape(1, -1).astype(np.int64)
    tables = (Consts("weights", "int8_t", packed_rows(stored), Role.WEIGHTS), *call.tables[1:])
    return (replace(call, arguments=(*call.arguments, Scratch()), tables=tables),)


VARIANTS = only(
    ProductForm.S4,
    node.TAPS.variant("tc_s8_depthwise_conv_2d_s4__c", _emit, lambda view: view.input(1).elements),
    plane_variant("tc_s8_depthwise_conv_2d_s4_plane__dsp", walk_any, counts_any, True, four=True),
)
