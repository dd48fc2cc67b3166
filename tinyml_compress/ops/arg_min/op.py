"""ARG_MIN along an axis."""

from __future__ import annotations

from tinyml_compress.ops._arguments import ArgExtremeOperator
from tinyml_compress.ops.base import OptionField, Options


class ArgMin(ArgExtremeOperator):
    name = "ARG_MIN"
    options = Options("ArgMinOptions", (OptionField("output_type", "output_type"),))
    larger = False


OPERATOR = ArgMin()
