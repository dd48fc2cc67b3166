"""ARG_MIN along an axis."""

from __future__ import annotations

from tinyml_compress.ops._arguments import ArgExtremeOperator
from tinyml_compress.ops.base import Options


class ArgMin(ArgExtremeOperator):
    name = "ARG_MIN"
    options = Options("ArgMinOptions")
    larger = False


OPERATOR = ArgMin()
