"""A plan for a hostile or absurd model is refused before it takes the machine's memory."""

from __future__ import annotations

import pytest

from tests.lib.graphs import model, tensor
from tinyml_compress.errors import PlanError
from tinyml_compress.ops import operator
from tinyml_compress.pipeline.compile.verb import compile_model


def test_tensors_of_hundreds_of_megabytes_are_refused() -> None:
    shape = (1, 1 << 14, 1 << 14, 1)
    file = model("RELU", [tensor("x", shape, 0.5)], tensor("y", shape, 0.5), operator("RELU").attrs_type())
    with pytest.raises(PlanError, match="too large for a microcontroller"):
        compile_model(file, "huge")
