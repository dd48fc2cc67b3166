"""What each operator takes beside a bare loop over its loads and stores: `python benchmarks/elementwise.py`.

Nets of one node at `--optimize speed` on an emulated board of every core, and `bare.c`, whose loops move as
much with one operation in between, by the same compiler with the same flags. Instructions per element (the
larger of input and output), or per multiply-accumulate. `--only SPLIT,MEAN` and `--cores cortex-m4` choose
what is measured anew; what a row took when it was first recorded stays as `before`. Writes elementwise.json,
which docs/tables.py shows. Floats run where the core has them, on values of a normal distribution;
integers lie at the low end.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from enum import Enum
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.helium import IMAGE, SOURCE, ones
from benchmarks.kernels import BOARDS, zoo_model
from tests.lib import layers
from tests.lib.forms import float32, int16
from tests.lib.graphs import quant, single
from tests.lib.proof import Maker, Rng, ints
from tests.ops import test_svdf
from tests.ops import test_unidirectional_sequence_lstm as test_lstm
from tinyml_compress import __version__, frontend
from tinyml_compress.devices import Device, load_device
from tinyml_compress.errors import EmulationError
from tinyml_compress.ir import Attrs, DType, Graph, Program, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.ops._addsub import FusedAttrs
from tinyml_compress.ops._pool import PoolAttrs
from tinyml_compress.ops._reduce import ReduceAttrs
from tinyml_compress.ops.base import Isa, Level
from tinyml_compress.ops.numerics import Padding
from tinyml_compress.ops.softmax.op import SoftmaxAttrs
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners.emulated import emulate
from tinyml_compress.runners.vectors import mixed
from tinyml_compress.support import files

HERE = Path(__file__).parent
_MOST = 2.0
"""More times the bare loop than this is looked into."""


class Loop(Enum):
    """A function of bare.c."""

    MAP = "map"
    PAIR = "pair"
    MOVE = "move"
    FEW = "few"
    MANY = "many"
    PRODUCTS = "products"


@dataclass(frozen=True)
class Case:
    """A net, and the loop that moves what it does: types of its values, how many it reads and writes."""

    graph: Graph
    loop: Loop
    loads: int
    stores: int
    dtype: DType

    @property
    def elements(self) -> int:
        return max(self.loads, self.stores)


@dataclass(frozen=True)
class Row:
    """Instructions of one operator on one core."""

    operator: str
    core: str
    elements: int
    bare: int
    before: int
    now: int


def main() -> int:
    """Make, measure, record, print what is far from its loop."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="operators separated by commas; default: all")
    parser.add_argument("--cores", default=",".join(BOARDS), help="names separated by commas")
    arguments = parser.parse_args()
    wanted = {word for word in arguments.only.split(",") if word}
    path = HERE / "elementwise.json"
    before = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else []
    rows = {(row["operator"], row["core"]): Row(**row) for row in before}
    for name, case in cases().items():
        for core in arguments.cores.split(",") if not wanted or name in wanted else ():
            if case.dtype is DType.FLOAT32 and not _board(core).core.fpu:
                continue
            try:
                row = _row(name, core, case)
            except EmulationError as error:  # the emulator lacks doubles of the Cortex-M7
                print(f"{name}, {core}: {error.what}", flush=True)
                continue
            first = rows.get((name, core), row)
            rows[name, core] = replace(row, before=first.before)
            if row.now > _MOST * row.bare:
                print(f"{row.now / row.bare:5.1f} times: {rows[name, core]}", flush=True)
    order, cores = list(cases()), list(BOARDS)
    told = [
        asdict(rows[key]) for key in sorted(rows, key=lambda key: (order.index(key[0]), cores.index(key[1])))
    ]
    head = {"version": __version__, "date": date.today().isoformat(), "boards": BOARDS}
    files.write_text(path, json.dumps({**head, "rows": told}, indent=1) + "\n")
    return 0


# --- what is run --------------------------------------------------------------------------------------------


def cases() -> dict[str, Case]:
    """All of them, in the table's order."""
    return {**_of_int8(), **_of_others(), **_of_products()}


def _of_int8() -> dict[str, Case]:
    graphs, n, made = ones(), int(np.prod(IMAGE)), {}
    for name in ("LOGISTIC", "TANH", "HARD_SWISH", "RELU", "SOFTMAX"):
        made[name] = Case(graphs[name], Loop.MAP, n, n, DType.INT8)
    for name in ("ADD", "SUB", "MUL", "MAXIMUM"):
        made[name] = Case(graphs[name], Loop.PAIR, n, n, DType.INT8)
    for name in ("MEAN", "REDUCE_MAX"):
        made[name] = Case(graphs[name], Loop.FEW, n, IMAGE[-1], DType.INT8)
    made["SUM"] = Case(_over_space("SUM", DType.INT8), Loop.FEW, n, IMAGE[-1], DType.INT8)
    made["AVERAGE_POOL_2D"] = Case(_pool("AVERAGE_POOL_2D", DType.INT8), Loop.FEW, n, n // 4, DType.INT8)
    made["MAX_POOL_2D"] = Case(_pool("MAX_POOL_2D", DType.INT8), Loop.FEW, n, n // 4, DType.INT8)
    for name in ("TRANSPOSE", "SPLIT", "PAD"):
        made[name] = Case(graphs[name], Loop.MOVE, n, n, DType.INT8)
    made["CONCATENATION"] = Case(graphs["CONCATENATION"], Loop.MOVE, 2 * n, 2 * n, DType.INT8)
    for name in ("RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR"):
        made[name] = Case(graphs[name], Loop.MANY, n, 4 * n, DType.INT8)
    return made


def _of_others() -> dict[str, Case]:
    """Of int16 and of float."""
    n, made = int(np.prod(IMAGE)), {}
    for dtype, word in ((DType.INT16, "int16"), (DType.FLOAT32, "float")):
        for name in ("ADD", "SUB", "MUL"):
            made[f"{name} of {word}"] = Case(_both(name, dtype), Loop.PAIR, n, n, dtype)
        for name in ("LOGISTIC", "TANH"):
            made[f"{name} of {word}"] = Case(_each(name, Attrs(), dtype), Loop.MAP, n, n, dtype)
        made[f"MEAN of {word}"] = Case(_over_space("MEAN", dtype), Loop.FEW, n, IMAGE[-1], dtype)
        for name in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
            made[f"{name} of {word}"] = Case(_pool(name, dtype), Loop.FEW, n, n // 4, dtype)
    made["SOFTMAX of float"] = Case(
        _each("SOFTMAX", SoftmaxAttrs(), DType.FLOAT32), Loop.MAP, n, n, DType.FLOAT32
    )
    return made


def _of_products() -> dict[str, Case]:
    """Per multiply-accumulate."""
    rng = np.random.default_rng(1)
    gru = frontend.read(zoo_model("activity_gru"), "net")
    made = {
        "SVDF": _products(test_svdf.of_size(rng, DType.INT16, (1, 64, 16), (64, 1)), DType.INT8),
        "LSTM": _products(test_lstm.of_size(rng, DType.INT8, (1, 8, 32), 32), DType.INT8),
        "LSTM of int16": _products(test_lstm.of_size(rng, DType.INT16, (1, 8, 32), 32), DType.INT16),
        "GRU, unrolled": _products(gru, DType.INT8),
    }
    for dtype, form, word in ((DType.INT16, int16, "int16"), (DType.FLOAT32, float32, "float")):
        made |= {f"{name} of {word}": _products(form(make)(rng), dtype) for name, make in _layers().items()}
    return made


def _layers() -> dict[str, Maker]:
    window = {"image": (16, 16), "in_c": 16, "stride": (1, 1), "dilation": (1, 1), "padding": Padding.SAME}

    def conv(rng: Rng) -> Graph:
        return layers.conv(rng, out_c=16, groups=1, plain=True, kernel=(3, 3), **window)

    def depthwise(rng: Rng) -> Graph:
        return layers.depthwise(rng, multiplier=1, plain=True, kernel=(3, 3), **window)

    def dense(rng: Rng) -> Graph:
        return layers.fully_connected(rng, in_c=256, out_c=64, lead=(1,), plain=True)

    return {"CONV_2D": conv, "DEPTHWISE_CONV_2D": depthwise, "FULLY_CONNECTED": dense}


def _products(graph: Graph, dtype: DType) -> Case:
    macs = sum(operator(view.node.op).macs(view) for view in graph.views())
    return Case(graph, Loop.PRODUCTS, macs, 64, dtype)


def _value(name: str, shape: tuple[int, ...], dtype: DType, times: float = 1.0) -> Tensor:
    """int16 has the scale that tables of sigmoids want, times something."""
    kept = {DType.INT8: quant(times * SOURCE.scale, 3), DType.INT16: quant(times * 2.0**-12)}.get(dtype)
    return Tensor(name, shape, dtype, kept)


def _both(name: str, dtype: DType) -> Graph:
    pair = [_value("a", IMAGE, dtype), _value("b", IMAGE, dtype, 0.6180339)]
    return single(name, pair, _value("y", IMAGE, dtype, 1.4142136), FusedAttrs())


def _each(name: str, attrs: Attrs, dtype: DType) -> Graph:
    after = Tensor("y", IMAGE, dtype, quant(2.0**-15) if dtype is DType.INT16 else None)
    return single(name, [_value("x", IMAGE, dtype)], after, attrs)


def _over_space(name: str, dtype: DType) -> Graph:
    y = _value("y", (1, IMAGE[3]), dtype, 0.7)
    return single(name, [_value("x", IMAGE, dtype), ints("axes", [1, 2])], y, ReduceAttrs(False))


def _pool(name: str, dtype: DType) -> Graph:
    """Windows that do not overlap: each value is read once."""
    _, height, width, depth = IMAGE
    attrs = PoolAttrs(filter_h=2, filter_w=2, stride_h=2, stride_w=2)
    y = _value("y", (1, height // 2, width // 2, depth), dtype)
    return single(name, [_value("x", IMAGE, dtype)], y, attrs)


# --- how it is counted --------------------------------------------------------------------------------------


def _row(name: str, core: str, case: Case) -> Row:
    device = _board(core)
    program = compile_model(frontend.write(case.graph), "m", device.core.kernels, Level.SPEED)
    now = _instructions(program, device)
    return Row(name, core, case.elements, _instructions(_bare(case), device), now, now)


def _board(core: str) -> Device:
    device = load_device(BOARDS[core])
    assert isinstance(device, Device)
    return device


def _instructions(program: Program, device: Device) -> int:
    rng, vector = np.random.default_rng(1), next(iter(mixed(program.inputs, 1, 1)))
    near = [
        rng.normal(0.0, 3.0, value.shape).astype(value.dtype) if value.dtype == np.float32 else value
        for value in vector
    ]
    sides = [np.asarray(value).tobytes() for value in near]
    done = emulate(program, device, [sides], optimize="-O3")
    return sum(node.instructions for node in done.counts.nodes)


def _bare(case: Case) -> Program:
    """The loop in the place of a net of one node with as many bytes on both sides."""
    word = case.dtype.numpy.itemsize
    size = (1, max(case.elements, 1) if case.loop is not Loop.PRODUCTS else -(-case.loads // case.stores))
    pair = [Tensor(side, size, DType.INT32) for side in ("a", "b")]
    holder = compile_model(
        frontend.write(single("MAXIMUM", pair, Tensor("y", size, DType.INT32), Attrs())),
        "m",
        Isa.C.sets,
        Level.SPEED,
    )
    types = {1: "int8_t", 2: "int16_t", 4: "float"}
    known: Mapping[str, object] = {
        **dict.fromkeys(("A", "B", "Y"), types[word]),
        "SUM": "float" if case.dtype is DType.FLOAT32 else "int32_t",
        "LOADS": case.loads,
        "STORES": case.stores,
        "LOOP": case.loop.value,
        "NODE": holder.nodes[0].function,
        "INVOKE": f"{holder.prefix}_invoke",
        "IN": holder.inputs[0].offset,
        "SECOND": holder.inputs[1].offset,
        "OUT": holder.outputs[0].offset,
    }
    lines = [f"#define {word} {value}" for word, value in known.items()]
    text = "\n".join([*lines, (HERE / "bare.c").read_text(encoding="utf-8")])
    return replace(holder, files={**holder.files, "m.c": text})


if __name__ == "__main__":
    raise SystemExit(main())
