"""Adding an operator: one folder, and nothing else in the package changes."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from tinyml_compress.ops import all_operators

REPO = Path(__file__).resolve().parents[2]
OP = """import numpy as np

from tinyml_compress.ir import Attrs, DType, NodeView
from tinyml_compress.ops._unary import UnaryOperator, all_values, count_variant, lookup_variant


def _results(view: NodeView) -> np.ndarray:
    return np.sign(all_values(DType.INT8) - view.quant(0).zero_point) + view.output_quant().zero_point


class Sign(UnaryOperator):
    name = "SIGN"
    attrs_type = Attrs
    dtypes = ("int8", "float32")
    types = (DType.INT8, DType.FLOAT32)
    variants = (lookup_variant(_results), count_variant("tc_f32_sign__c", DType.FLOAT32))


OPERATOR = Sign()
"""
KERNEL = """#include "tc_base.h"

TC_KERNEL void tc_f32_sign__c(const tc_count_params *p, const float *in, float *out) {
    for (int32_t i = 0; i < p->count; ++i) {
        out[i] = (float)((in[i] > 0.0f) - (in[i] < 0.0f));
    }
}
"""
USE = """
from dataclasses import replace
import numpy as np
from tests.lib.graphs import single
from tests.lib.stateful_nets import window_net
from tinyml_compress import frontend
from tinyml_compress.frontend import read
from tinyml_compress.ir import Attrs, DType, Node, Tensor
from tinyml_compress.ops import all_operators
from tinyml_compress.passes import run
from tinyml_compress.passes.remove_dead_channels import remove_dead_channels
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.streaming import streamed
from tinyml_compress.runners import native

x, y = (Tensor(name, (1, 3), DType.FLOAT32) for name in "xy")
file = frontend.write(single("SIGN", [x], y, Attrs()))
program = compile_model(file, "m")
(made,) = native.load([program])
(out,) = made.invoke([np.array([[-2.5, 0.0, 7.0]], np.float32)])
assert out.tolist() == [[-1.0, 0.0, 1.0]], out
assert [node.kernel for node in program.nodes] == ["tc_f32_sign__c"]

# Others learn what it is like: channels die through it, and a stream takes it frame by frame.
net = read(window_net(), "signs")
along = net.tensors["along1"]
nodes = [replace(n, inputs=tuple("s" if name == "along1" else name for name in n.inputs)) for n in net.nodes]
nodes.insert(3, Node("SIGN", ("along1",), ("s",), Attrs(), "sign"))
weights = net.tensors["pw1"].data.copy()
weights[..., [2, 3, 5, 6]] = 0
weights.setflags(write=False)
tensors = {**net.tensors, "s": replace(along, name="s"), "pw1": replace(net.tensors["pw1"], data=weights)}
net = net.rebuilt(nodes=tuple(nodes), tensors=tensors)
small = run(net, (remove_dead_channels,))
assert (along.shape[3], small.tensors["s"].shape[3]) == (8, 4), small.tensors["s"]
files = (frontend.write(small), frontend.write(streamed(small).graph))
whole, frames = native.load([compile_model(file, name) for file, name in zip(files, "ab")])
sound = np.random.default_rng(0).integers(-128, 128, (20, 2, 5), np.int8)
made = [frames.invoke([sound[None, at : at + 1]])[0].tobytes() for at in range(20)]
assert made[8:] == [whole.invoke([sound[None, at - 8 : at + 1]])[0].tobytes() for at in range(8, 20)]
print(len(all_operators()))
"""


SET = """    TOY = (
        "toy",
        _Row(
            "also four products at a time",
            ("armv8.1-m.main",),
            "cortex-m55",
            includes=("c",),
            forms=(Instructions(r"toydot", "multiply"),),
        ),
    )
"""
SET_KERNEL = """/* Fully-connected layer, four products at a time. */
#include "tc_fully_connected.h"

/* The instruction's twin in plain C. */
static TC_INLINE uint32_t tc_toy_dot(const int8_t *a, const int8_t *b, uint32_t sum) {
    return sum + (uint32_t)(a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]);
}

TC_KERNEL void tc_s8_fully_connected__toy(const tc_s8_fully_connected *p, const int8_t *in, int8_t *out) {
    for (int32_t b = 0; b < p->batch; b++, in += p->in_c) {
        const int8_t *w = p->weights;
        for (int32_t c = 0; c < p->out_c; c++, w += p->in_c) {
            uint32_t acc = 0;
            int32_t i = 0;
            for (; i + 4 <= p->in_c; i += 4) {
                acc = tc_toy_dot(in + i, w + i, acc);
            }
            for (; i < p->in_c; i++) {
                acc += (uint32_t)(in[i] * w[i]);
            }
            *out++ = tc_s8_finish((int32_t)acc, p->channels + 3 * c, p->out_zero, p->act_min, p->act_max);
        }
    }
}
"""
SET_USE = """
from tests.lib.aot import assert_bit_exact
from tests.lib.nets import NETS
from tinyml_compress import ops
from tinyml_compress.ops.base import Isa, Level
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native
from tinyml_compress.runners.vectors import mixed
from tinyml_compress.schedule import usual_prices

toy, kernel = Isa("toy"), "tc_s8_fully_connected__toy"
assert toy.sets == (Isa.C, toy)
for name, level in (("keyword", Level.BALANCED), ("keyword", Level.RAM), ("residual", Level.SPEED)):
    file = NETS[name]()
    plain, ours = (
        compile_model(file, word, one.sets, level, prices=usual_prices(toy.sets))
        for word, one in (("c", Isa.C), ("toy", toy))
    )
    assert kernel in [node.kernel for node in ours.nodes]
    assert kernel not in plain.source
    assert ours.arena_bytes == plain.arena_bytes
    for vector in mixed(ours.inputs, 5, 20):
        one, two = (made.invoke(vector) for made in native.load([plain, ours]))
        assert [out.tobytes() for out in one] == [out.tobytes() for out in two]
    assert_bit_exact([file], isas=toy.sets, level=level, count=20)
    asked = compile_model(file, "asked", toy.sets, level, (("*", "plain"),))
    assert kernel in [node.kernel for node in asked.nodes]
(of_dense,) = [row for row in ops.operator("FULLY_CONNECTED").variants if row.symbol == kernel]
assert of_dense.isa is toy
"""


def run(code: str, folder: Path) -> str:
    """What a program prints that finds the changed package in `folder`."""
    path = os.pathsep.join([str(folder), str(REPO)])
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def copy_package(folder: Path) -> Path:
    hidden = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(REPO / "tinyml_compress", folder / "tinyml_compress", ignore=hidden))


def touched(package: Path) -> tuple[int, int]:
    """Files that are new in a copy of the package, and those that are changed."""
    before, after = (
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*.*") if path.suffix != ".pyc"}
        for root in (REPO / "tinyml_compress", package)
    )
    changed = [path for path in before if before[path] != after[path]]
    return len(after) - len(before), len(changed)


def said(what: str) -> tuple[int, int]:
    """What CONTRIBUTING says of new and of changed files."""
    text = (REPO / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| an? {what} \| (\d) \| (\d) \|", text, re.MULTILINE)
    return int(row[0]), int(row[1])


def test_a_kernel_in_a_new_instruction_set(tmp_path: Path) -> None:
    """One C file and one row: it is found, preferred, run on the host, and gives the bytes of plain C and of
    TFLM.
    """
    package = copy_package(tmp_path)
    table = package / "support" / "instruction_sets.py"
    text, before = table.read_text(), "\n    _value_: str\n"
    assert text.count(before) == 1
    table.write_text(text.replace(before, SET + before))
    (package / "ops" / "fully_connected" / "tc_s8_fully_connected__toy.c").write_text(SET_KERNEL)
    run(SET_USE, tmp_path)
    said_by_help = run("from tinyml_compress.cli.compile import command; command(['--help'])", tmp_path)
    assert "toy: also four products" in " ".join(said_by_help.split())
    assert touched(package) == said("kernel in a new instruction set") == (1, 1)


def test_one_folder_is_all(tmp_path: Path) -> None:
    """It is read from files, written, compiled and run; SIGN is an operator of the schema that is
    not there.
    """
    assert "SIGN" not in all_operators(), "choose another operator for this test"
    package = copy_package(tmp_path)
    folder = package / "ops" / "sign"
    folder.mkdir()
    for file, text in (("__init__.py", ""), ("op.py", OP), ("tc_f32_sign__c.c", KERNEL)):
        (folder / file).write_text(text)
    assert int(run(USE, tmp_path)) == len(all_operators()) + 1
    assert touched(package) == said("operator")


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
