"""Adding an operator: one folder, and nothing else in the package changes."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from tinyml_compress.ops import all_operators

REPO = Path(__file__).resolve().parents[2]
OP = """from tinyml_compress.ir import Attrs, DType
from tinyml_compress.ops._unary import UnaryOperator, count_variant

__all__ = ["OPERATOR", "Sign"]


class Sign(UnaryOperator):
    name = "SIGN"
    attrs_type = Attrs
    dtypes = ("float32",)
    types = (DType.FLOAT32,)
    variants = (count_variant("tc_f32_sign__c", DType.FLOAT32),)


OPERATOR = Sign()
"""
KERNEL = """#include "tc_count.h"

TC_KERNEL void tc_f32_sign__c(const tc_count_params *p, const float *in, float *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = (float)((in[i] > 0.0f) - (in[i] < 0.0f));
    }
}
"""
USE = """
import numpy as np
from tests.lib.graphs import single
from tinyml_compress import frontend
from tinyml_compress.ir import Attrs, DType, Tensor
from tinyml_compress.ops import all_operators
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native

x, y = (Tensor(name, (1, 3), DType.FLOAT32) for name in "xy")
file = frontend.write(single("SIGN", [x], y, Attrs()))
program = compile_model(file, "m")
(made,) = native.load([program])
(out,) = made.invoke([np.array([[-2.5, 0.0, 7.0]], np.float32)])
assert out.tolist() == [[-1.0, 0.0, 1.0]], out
assert [node.kernel for node in program.nodes] == ["tc_f32_sign__c"]
print(len(all_operators()))
"""


def test_one_folder_is_all(tmp_path: Path) -> None:
    """It is read from files, written, compiled and run; SIGN is an operator of the schema that is
    not there.
    """
    assert "SIGN" not in all_operators(), "choose another operator for this test"
    hidden = shutil.ignore_patterns("__pycache__")
    shutil.copytree(REPO / "tinyml_compress", tmp_path / "tinyml_compress", ignore=hidden)
    folder = tmp_path / "tinyml_compress" / "ops" / "sign"
    folder.mkdir()
    for file, text in (("__init__.py", ""), ("op.py", OP), ("tc_f32_sign__c.c", KERNEL)):
        (folder / file).write_text(text)
    path = os.pathsep.join([str(tmp_path), str(REPO)])
    done = subprocess.run(
        [sys.executable, "-c", USE],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(all_operators()) + 1


@pytest.mark.parametrize("operator", all_operators().values(), ids=all_operators())
def test_attributes_are_values(operator: typing.Any) -> None:
    """Frozen, of plain types: a graph can be compared and kept, and no key is misspelt."""
    attrs = operator.attrs_type
    assert dataclasses.is_dataclass(attrs)
    assert attrs.__dataclass_params__.frozen
    for name, kind in typing.get_type_hints(attrs).items():
        parts = {kind, *typing.get_args(kind)}
        assert not {typing.Any, dict, list, set, object} & {
            typing.get_origin(part) or part for part in parts
        }, name
