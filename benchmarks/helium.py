"""What each operator takes on a Cortex-M55 with Helium and without: `python benchmarks/helium.py`.

Each is a net of one node, of int8 where nothing else is said, run on an emulated corstone-300. Writes
helium.json: instructions, counted, elements of the input, multiply-accumulates. docs/tables.py shows it.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.lib import layers
from tests.lib.forms import int16
from tests.lib.graphs import const, quant, single
from tests.lib.proof import ints
from tests.ops import test_svdf
from tests.ops import test_unidirectional_sequence_lstm as test_lstm
from tinyml_compress import __version__
from tinyml_compress.devices import Device, load_device
from tinyml_compress.frontend import write
from tinyml_compress.ir import Attrs, DType, Graph, Quant, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.ops._addsub import FusedAttrs
from tinyml_compress.ops._pool import PoolAttrs
from tinyml_compress.ops._reduce import ReduceAttrs
from tinyml_compress.ops._resize import ResizeAttrs
from tinyml_compress.ops.base import Isa, Level
from tinyml_compress.ops.concatenation.op import ConcatenationAttrs
from tinyml_compress.ops.numerics import Padding
from tinyml_compress.ops.softmax.op import SoftmaxAttrs
from tinyml_compress.ops.split.op import SplitAttrs
from tinyml_compress.ops.transpose_conv.op import TransposeConvAttrs
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners.emulated import emulate
from tinyml_compress.runners.vectors import mixed
from tinyml_compress.support import files

HERE = Path(__file__).parent
BOARD = "corstone-300"
IMAGE = (1, 16, 16, 16)
SOURCE = quant(0.0312873, 3)


@dataclass(frozen=True)
class Row:
    """Instructions of one node."""

    operator: str
    elements: int
    macs: int
    before: int
    after: int


def main() -> int:
    """Make, measure, print."""
    rows = []
    for name, graph in ones().items():
        rows.append(_row(name, graph))
        print(rows[-1], flush=True)
    told = {"version": __version__, "date": date.today().isoformat(), "board": BOARD}
    files.write_text(
        HERE / "helium.json", json.dumps({**told, "rows": [asdict(row) for row in rows]}, indent=1)
    )
    return 0


def ones() -> dict[str, Graph]:
    """Nets of one node, by what the table calls them."""
    size, first, second = IMAGE, SOURCE, quant(0.0171941, -9)
    unary = ("LOGISTIC", "TANH", "HARD_SWISH", "RELU")
    made = {name: _one(name, Attrs(), _target(name)) for name in unary}
    for name in ("ADD", "SUB", "MUL"):
        inputs = [Tensor("a", size, DType.INT8, first), Tensor("b", size, DType.INT8, second)]
        made[name] = single(name, inputs, Tensor("y", size, DType.INT8, quant(0.0408127, 5)), FusedAttrs())
    for name, after in (("MEAN", quant(0.02, 1)), ("REDUCE_MAX", first)):
        made[name] = single(
            name,
            [Tensor("x", size, DType.INT8, first), ints("axes", [1, 2])],
            Tensor("y", (1, size[3]), DType.INT8, after),
            ReduceAttrs(False),
        )
    for name in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        attrs = PoolAttrs(filter_h=3, filter_w=3)
        made[name] = _one(name, attrs, first, (1, size[1] - 2, size[2] - 2, size[3]))
    made["SOFTMAX"] = _one("SOFTMAX", SoftmaxAttrs(), quant(1 / 256, -128))
    return _of_int8() | made | _moved() | _products()


def _of_int8() -> dict[str, Graph]:
    """The products that most nets consist of."""
    rng = np.random.default_rng(1)
    window = {"image": (32, 32), "in_c": 64, "stride": (1, 1), "dilation": (1, 1), "padding": Padding.SAME}
    conv = partial(layers.conv, rng, out_c=64, groups=1, plain=True, **window)
    return {
        "CONV_2D 3x3, 32x32x64 to 64": conv(kernel=(3, 3)),
        "CONV_2D 1x1, 32x32x64 to 64": conv(kernel=(1, 1)),
        "DEPTHWISE_CONV_2D 3x3, 32x32x64": layers.depthwise(
            rng, multiplier=1, kernel=(3, 3), plain=True, **window
        ),
        "FULLY_CONNECTED 512 to 256": layers.fully_connected(rng, in_c=512, out_c=256, lead=(1,), plain=True),
    }


def _moved() -> dict[str, Graph]:
    """Bytes that change places, and what is chosen of them."""
    x, (_, height, width, depth) = Tensor("x", IMAGE, DType.INT8, SOURCE), IMAGE
    border = const("border", [[0, 0], [1, 1], [1, 1], [0, 0]], dtype=DType.INT32)
    pair = [Tensor(name, IMAGE, DType.INT8, SOURCE) for name in ("a", "b")]
    half = [Tensor(name, (1, height, width, depth // 2), DType.INT8, SOURCE) for name in ("y", "z")]
    twice = Tensor("y", (1, 2 * height, 2 * width, depth), DType.INT8, SOURCE)
    made = {
        "PAD": single(
            "PAD", [x, border], replace(x, name="y", shape=(1, height + 2, width + 2, depth)), Attrs()
        ),
        "TRANSPOSE": single(
            "TRANSPOSE",
            [x, ints("order", [0, 3, 1, 2])],
            replace(x, name="y", shape=(1, depth, height, width)),
            Attrs(),
        ),
        "SPLIT": single("SPLIT", [ints("axis", 3), x], half, SplitAttrs(2)),
        "CONCATENATION": single(
            "CONCATENATION",
            pair,
            replace(x, name="y", shape=(1, height, width, 2 * depth)),
            ConcatenationAttrs(3),
        ),
        "MAXIMUM": single("MAXIMUM", pair, replace(x, name="y"), Attrs()),
    }
    for name in ("RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR"):
        made[name] = single(name, [x, ints("size", [2 * height, 2 * width])], twice, ResizeAttrs())
    return made


def _products() -> dict[str, Graph]:
    """Of int16, of transposed windows, and over time."""
    rng = np.random.default_rng(1)
    one, side, same = (1, 1), (16, 16), Padding.SAME
    window = {"image": side, "in_c": 16, "stride": one, "dilation": one, "padding": same, "kernel": (3, 3)}
    conv = int16(lambda rng: layers.conv(rng, out_c=16, groups=1, plain=True, **window))
    depthwise = int16(lambda rng: layers.depthwise(rng, multiplier=1, plain=True, **window))
    kernel = const("w", rng.integers(-127, 128, (16, 2, 2, 16)), [0.01 + i / 999 for i in range(16)], axis=0)
    size = (1, 32, 32, 16)
    spread = [ints("shape", size), kernel, Tensor("x", IMAGE, DType.INT8, SOURCE)]
    return {
        "CONV_2D of int16": conv(rng),
        "DEPTHWISE_CONV_2D of int16": depthwise(rng),
        "TRANSPOSE_CONV": single(
            "TRANSPOSE_CONV",
            spread,
            Tensor("y", size, DType.INT8, quant(0.05, 3)),
            TransposeConvAttrs(same, 2, 2),
        ),
        "SVDF": test_svdf.of_size(rng, DType.INT16, (1, 64, 16), (64, 1)),
        "LSTM": test_lstm.of_size(rng, DType.INT8, (1, 8, 32), 32),
        "LSTM of int16": test_lstm.of_size(rng, DType.INT16, (1, 8, 32), 32),
    }


def _target(name: str) -> Quant:
    return {"LOGISTIC": quant(1 / 256, -128), "TANH": quant(1 / 128)}.get(name, quant(0.03, -128))


def _one(name: str, attrs: Attrs, after: Quant, shape: tuple[int, ...] = IMAGE) -> Graph:
    source = Tensor("x", IMAGE, DType.INT8, SOURCE)
    return single(name, [source], Tensor("y", shape, DType.INT8, after), attrs)


def _row(name: str, graph: Graph) -> Row:
    """The elements are those of the largest input; the others are shapes, axes and weights of few."""
    elements = max(int(np.prod(graph.tensors[source].shape)) for source in graph.inputs)
    macs = sum(operator(view.node.op).macs(view) for view in graph.views())
    return Row(name, elements, macs, *(_instructions(graph, isa) for isa in (Isa.DSP, Isa.MVE)))


def _instructions(graph: Graph, isa: Isa) -> int:
    device = load_device(BOARD)
    assert isinstance(device, Device)
    program = compile_model(write(graph), "m", isa.sets, Level.SPEED)
    vector = next(iter(mixed(program.inputs, 1, 1)))
    done = emulate(program, device, [[np.asarray(value).tobytes() for value in vector]])
    return sum(node.instructions for node in done.counts.nodes)


if __name__ == "__main__":
    raise SystemExit(main())
