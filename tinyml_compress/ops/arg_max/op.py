"""ARG_MAX along an axis."""

from __future__ import annotations

from tinyml_compress.ops._arguments import ArgExtremeOperator
from tinyml_compress.ops.base import Options


class ArgMax(ArgExtremeOperator):
    name = "ARG_MAX"
    options = Options("ArgMaxOptions")
    larger = True


OPERATOR = ArgMax()
