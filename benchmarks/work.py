"""What kernels do for one of each thing that their families count: `tinyml_compress/ops/work.json`, by which
kernels are chosen.

Runs layers with every kernel that takes them on emulated boards: layers made for this, nets of the zoo, and
the two published ones where `../shared/models` is there. Fits `KernelWork` that is never negative to the
instructions, loads, ... that the emulator counts, and to the cycles of each core's price list; writes the
table, and prints where a layer's estimate picks a kernel that is not its fastest.

Runs are kept (`support/cache.py`), each under its firmware: a run that was stopped goes on where it was, and
after a change of one family only programs with its kernels run again. `--models kws,dense` and
`--cores cortex-m4` choose what runs; the table is written when all of it did. `--cores rv32-v128` is a fit of
its own, under QEMU: it writes the rows of the kernels with vectors of RISC-V, and leaves the others.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, astuple, dataclass, fields, replace
from functools import partial
from glob import escape
from multiprocessing import get_context
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.kernels import BOARDS, PUBLISHED, zoo_model
from tests.lib.forms import int4, int16
from tests.lib.graphs import quant, single
from tests.lib.layers import conv, depthwise, fully_connected, merged
from tests.lib.proof import Maker, Rng
from tinyml_compress import frontend, passes
from tinyml_compress.devices import CostClass, Device, hardware_cycles, load_device
from tinyml_compress.errors import ToolchainError
from tinyml_compress.ir import DType, Graph, KernelWork, NodeView, Prices, Tensor
from tinyml_compress.ops import operator
from tinyml_compress.ops._addsub import FusedAttrs
from tinyml_compress.ops.base import Level
from tinyml_compress.ops.numerics import Padding
from tinyml_compress.ops.work import CALL, Counts, plainest
from tinyml_compress.pipeline.compile.verb import compile_graph
from tinyml_compress.runners.emulated import Count, emulate
from tinyml_compress.runners.vectors import mixed
from tinyml_compress.schedule import options, usual_prices
from tinyml_compress.support.files import write_text
from tinyml_compress.support.instruction_sets import Isa
from tinyml_compress.support.resources import package_folder

TABLE = package_folder("tinyml_compress.ops") / "work.json"
CORES = ("cortex-m4", "cortex-m7", "cortex-m0plus", "rv32imc", "cortex-m55")
"""A Cortex-M33 runs what a Cortex-M4 does, at other prices."""
VECTORS: Mapping[str, tuple[str, str]] = {"rv32-v128": ("generic-rv32-v128", "__rvv")}
"""Cores that give the rows of one instruction set: a board, and how its kernels' names end. The others keep
those of other cores.
"""
_ZOO = ("mobilenet_v1_025", "autoencoder", "wake_word", "digits_cnn", "unet", "speech_codec")
"""Nets with layers that no other has."""
_OF_VECTORS = ("conv", "depthwise", "dense", "mobilenet_v1_025", "wake_word", "digits_cnn")
"""Nets with layers that kernels with vectors of RISC-V take."""
Reals = npt.NDArray[np.float64]

# --- layers -------------------------------------------------------------------------------------------------
# Image, input and output channels, kernel, stride.
_CONVOLUTIONS = (
    ((8, 8), 8, 8, (3, 3), 1), ((8, 8), 16, 16, (1, 1), 1), ((12, 6), 4, 8, (3, 3), 2),
    ((9, 7), 3, 12, (3, 3), 1), ((6, 6), 32, 16, (3, 3), 1), ((16, 16), 8, 16, (3, 3), 1),
    ((4, 4), 64, 32, (1, 1), 1), ((1, 1), 128, 32, (1, 1), 1), ((49, 10), 1, 16, (10, 4), 2),
    ((1, 20), 16, 24, (1, 3), 1), ((12, 12), 24, 6, (5, 5), 2), ((10, 10), 5, 7, (2, 2), 1),
    ((2, 2), 48, 64, (3, 3), 1), ((20, 20), 8, 4, (1, 1), 1), ((24, 1), 1, 16, (9, 1), 2),
    ((6, 6), 128, 64, (1, 1), 1), ((32, 32), 3, 16, (3, 3), 1),
)  # fmt: skip
# Image, input and output channels, kernel, part of the weights that is not zero or the numbers of a book.
_SPARSE = (
    ((8, 8), 16, 16, (3, 3), 0.1), ((8, 8), 32, 32, (1, 1), 0.2), ((8, 8), 32, 16, (1, 1), 0.05),
    ((6, 6), 64, 32, (3, 3), 0.1), ((12, 12), 16, 16, (3, 3), 0.3), ((1, 20), 64, 16, (1, 3), 0.1),
    ((4, 4), 128, 64, (1, 1), 0.1), ((16, 16), 16, 8, (3, 3), 0.05), ((8, 8), 64, 64, (1, 1), 0.3),
    ((3, 3), 32, 32, (3, 3), 0.2), ((1, 1), 256, 64, (1, 1), 0.1),
)  # fmt: skip
_CLUSTERED = (
    ((8, 8), 16, 16, (3, 3), 4), ((8, 8), 32, 32, (1, 1), 8), ((6, 6), 32, 16, (3, 3), 16),
    ((12, 12), 16, 16, (3, 3), 8), ((4, 4), 64, 64, (1, 1), 16), ((9, 9), 16, 8, (3, 3), 4),
    ((2, 2), 64, 64, (3, 3), 16),
)  # fmt: skip
_BLOCKS = (
    ((8, 8), 16, 16, (3, 3), 0.1), ((8, 8), 32, 32, (1, 1), 0.2), ((6, 6), 64, 32, (3, 3), 0.1),
    ((12, 12), 16, 16, (3, 3), 0.3), ((4, 4), 128, 64, (1, 1), 0.2), ((16, 16), 16, 8, (3, 3), 0.15),
    ((8, 8), 64, 64, (1, 1), 0.4), ((5, 5), 32, 30, (3, 3), 0.5), ((1, 20), 64, 16, (1, 3), 0.2),
)  # fmt: skip
"""Blocks of two output and four input channels."""
# Image, channels, kernel, stride, output channels per input channel.
_DEPTHWISE = (
    ((8, 8), 8, (3, 3), 1, 1), ((16, 16), 16, (3, 3), 1, 1), ((16, 16), 8, (3, 3), 2, 1),
    ((25, 5), 64, (3, 3), 1, 1), ((6, 6), 32, (3, 3), 1, 1), ((3, 3), 64, (3, 3), 1, 1),
    ((12, 12), 8, (5, 5), 1, 1), ((12, 12), 8, (5, 5), 2, 1), ((24, 1), 16, (9, 1), 1, 1),
    ((1, 30), 8, (1, 5), 1, 1), ((12, 12), 6, (3, 3), 1, 2), ((10, 9), 5, (3, 3), 1, 1),
    ((8, 1), 32, (8, 1), 1, 1), ((5, 5), 64, (5, 5), 1, 1), ((20, 20), 4, (2, 2), 2, 1),
    ((48, 48), 8, (3, 3), 2, 1),
)  # fmt: skip
# Frames, channels, taps: along one axis, without padding.
_FRAMES = (
    (30, 32, 5), (48, 16, 3), (21, 64, 10), (16, 8, 9), (25, 24, 2), (12, 128, 4), (40, 40, 21), (9, 16, 8),
    (33, 48, 7), (19, 96, 15),
)  # fmt: skip
# Inputs, outputs, rows.
_DENSE = (
    (64, 10, 1), (128, 128, 1), (8, 4, 1), (4, 1, 1), (640, 128, 1), (128, 8, 1), (8, 128, 1), (31, 17, 1),
    (64, 12, 3), (256, 64, 1), (16, 16, 20), (300, 10, 1), (130, 3, 1), (128, 640, 1),
)  # fmt: skip
_SPARSE_DENSE = (
    (640, 128, 0.1), (128, 128, 0.1), (128, 64, 0.3), (256, 32, 0.05), (64, 64, 0.2), (128, 8, 0.2),
    (512, 16, 0.1), (128, 640, 0.1), (256, 64, 0.1), (300, 100, 0.15), (640, 128, 0.2),
)  # fmt: skip
# Image, input and output channels, kernel; a dense layer's inputs and outputs.
_OTHER_FORMS = (
    ((8, 8), 8, 8, (3, 3), 64, 10), ((6, 6), 16, 12, (1, 1), 128, 64), ((12, 12), 3, 16, (5, 5), 256, 17),
    ((8, 8), 32, 7, (1, 1), 31, 32), ((6, 6), 5, 20, (3, 3), 16, 8), ((12, 12), 24, 4, (1, 1), 300, 4),
)  # fmt: skip
# Shapes of both inputs of sums, differences and products.
_PAIRS = (
    ((16, 16, 16), (16, 16, 16)), ((4, 8), (4, 8)), ((9, 7, 5), (9, 7, 5)), ((999,), (999,)), ((33,), (33,)),
    ((8, 8, 32), (1, 1, 32)), ((20, 20, 9), (20, 20, 1)), ((1, 1, 48), (5, 5, 48)), ((6, 6, 16), (6, 6, 1)),
    ((64, 24), (24,)), ((25, 5, 64), (1, 1, 64)),
)  # fmt: skip


def _plain(maker: Callable[..., Graph], **known: Any) -> Maker:
    def made(rng: Rng) -> Graph:
        return maker(rng, plain=True, **known)

    return made


def _convolution(
    image: object, ins: int, outs: int, kernel: object, stride: int = 1, **more: object
) -> Maker:
    known = {"image": image, "in_c": ins, "out_c": outs, "kernel": kernel, "stride": (stride,) * 2}
    return _plain(conv, dilation=(1, 1), groups=1, **known, **more)


def _depthwise(image: object, ins: int, kernel: object, stride: int = 1, times: int = 1) -> Maker:
    known = {"image": image, "in_c": ins, "kernel": kernel, "stride": (stride,) * 2}
    return _plain(depthwise, multiplier=times, dilation=(1, 1), **known)


def _frames(count: int, channels: int, taps: int) -> Maker:
    known = {"image": (count, 1), "in_c": channels, "kernel": (taps, 1), "stride": (1, 1), "multiplier": 1}
    return _plain(depthwise, padding=Padding.VALID, dilation=(1, 1), **known)


def _dense(ins: int, outs: int, rows: int = 1, **more: Any) -> Maker:
    return _plain(fully_connected, in_c=ins, out_c=outs, lead=(rows,), **more)


def _pair(op: str, sizes: Sequence[tuple[int, ...]], dtype: DType, scales: Sequence[float]) -> Maker:
    """Scales are those of both inputs; int16 has no zero points."""
    zeros = (0, 0, 0) if dtype is DType.INT16 else (3, -9, 5)
    after = 150 * np.prod(scales) if op == "MUL" else np.sum(scales)
    quants = [quant(float(one), zero) for one, zero in zip((*scales, after), zeros, strict=True)]
    shapes = (*sizes, np.broadcast_shapes(*sizes))

    def made(rng: Rng) -> Graph:
        sides = zip("aby", shapes, quants, strict=True)
        one, other, out = (Tensor(name, shape, dtype, own) for name, shape, own in sides)
        return single(op, [one, other], out, FusedAttrs())

    return made


def _pairs(dtype: DType) -> list[Maker]:
    flat = [sizes for sizes in _PAIRS if sizes[0] == sizes[1]]
    rows = [_pair("MUL", sizes, dtype, (0.0312873, 0.0171941)) for sizes in _PAIRS]
    for scales in ((0.0312873, 0.0171941), (0.0071941, 0.0312873)):
        rows += [_pair(op, sizes, dtype, scales) for op in ("ADD", "SUB") for sizes in flat]
    return rows


def _of_each() -> list[Maker]:
    made: list[Maker] = []
    for image, ins, outs, kernel, dense_ins, dense_outs in _OTHER_FORMS:
        made += [_convolution(image, ins, outs, kernel), _depthwise(image, ins, kernel)]
        made.append(_dense(dense_ins, dense_outs))
    return made


MADE: Mapping[str, Sequence[Maker]] = {
    "conv": [_convolution(*row) for row in _CONVOLUTIONS],
    "sparse": [_convolution(*row, density=part) for *row, part in _SPARSE],
    "sparse_blocks": [_convolution(*row, density=part, block=(2, 4)) for *row, part in _BLOCKS],
    "clustered": [_convolution(*row, clusters=count) for *row, count in _CLUSTERED],
    "depthwise": [_depthwise(*row) for row in _DEPTHWISE],
    "frames": [_frames(*row) for row in _FRAMES],
    "dense": [_dense(*row) for row in _DENSE],
    "sparse_dense": [_dense(*row, density=part) for *row, part in _SPARSE_DENSE],
    "int4": [int4(make, one_scale=True) for make in _of_each()],
    "int16": [int16(make) for make in _of_each()],
    "pairs": _pairs(DType.INT8),
    "pairs_int16": _pairs(DType.INT16),
}  # fmt: skip


def nets() -> dict[str, Callable[[], Graph]]:
    def read(load: Callable[[], bytes]) -> Graph:
        return passes.run(frontend.read(load(), "net"), passes.PASSES)

    def made(makers: Sequence[Maker], rng: Rng) -> bytes:
        return frontend.write(merged([make(rng) for make in makers]))

    files = {"kws": "kws_ref_model.tflite", "ic": "pretrainedResnet_quant.tflite"}
    there = {name: PUBLISHED / file for name, file in files.items() if (PUBLISHED / file).is_file()}
    return {
        **{name: partial(read, partial(made, rows, np.random.default_rng(0))) for name, rows in MADE.items()},
        **{name: partial(read, path.read_bytes) for name, path in there.items()},
        **{name: partial(read, partial(zoo_model, name)) for name in _ZOO},
    }


# --- runs ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """One layer with one kernel on one core."""

    net: str
    layer: str
    core: str
    kernel: str
    row: str
    """Of the table: the kernel, and the architecture where that makes other instructions of it than most."""
    alone: bool
    """No other layer has the kernel: compilers build the layer's numbers into it, so it tells less."""
    counts: Counts
    seen: KernelWork
    cycles: float


def roomy(core: str) -> Device:
    """A board of that core where slow kernels with large weights fit too."""
    device = load_device(VECTORS[core][0] if core in VECTORS else BOARDS[core])
    assert isinstance(device, Device)
    flash, ram = (replace(one, nbytes=4 << 20) for one in (device.flash[0], device.ram[0]))
    return replace(device, flash=(flash,), ram=(ram,))


def runs(net: str, cores: Sequence[str]) -> list[Run]:
    """Every layer with each of its kernels on cores that have the same ones."""
    graph, devices = nets()[net](), {core: roomy(core) for core in cores}
    kernels = devices[cores[0]].core.kernels
    views = {view.node.name: view for view in graph.views()}
    seen_there: dict[tuple[str, str, str], Run] = {}
    for chosen in _programs({name: _kernels(view, kernels) for name, view in views.items()}):
        asked = tuple((escape(name), kernel) for name, kernel in chosen.items())
        program = compile_graph(
            graph, "net", model_sha256="", isas=kernels, level=Level.SPEED, using=(), asked=asked
        )
        vector = [value.tobytes() for value in next(iter(mixed(program.inputs, 1, 1)))]
        uses = Counter(node.kernel for node in program.nodes)
        for core, device in devices.items():
            try:
                done = emulate(program, device, [vector], optimize="-O3")
            except ToolchainError as error:  # assembly may lack registers in a kernel of one layer
                print(f"{net}, {core}: {error}")
                continue
            for node, count in zip(program.nodes, done.counts.nodes, strict=True):
                counts, place = _counts(views[node.name], node.kernel), (core, node.name, node.kernel)
                if counts is None or (place in seen_there and uses[node.kernel] == 1):
                    continue
                seen_there[place] = Run(
                    net,
                    node.name,
                    core,
                    node.kernel,
                    _row(node.kernel, device.core.prices.code),
                    uses[node.kernel] == 1,
                    counts,
                    seen(count),
                    hardware_cycles(device, node.op, count.instructions, count.classes),
                )
    return list(seen_there.values())


def _kernels(view: NodeView, isas: Sequence[Isa]) -> Sequence[str]:
    """Those to run, in an order that no estimate moves."""
    return sorted(one.variant.symbol for one in options(view, isas, usual_prices(isas)))


def _programs(able: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """A kernel for each layer, as often as it takes until each layer had each of its kernels. Layers that can
    have a kernel have it at once, as compilers build the numbers of a lone one into its code.
    """
    layers: dict[str, list[str]] = {}
    for layer, kernels in able.items():
        for kernel in kernels:
            layers.setdefault(kernel, []).append(layer)
    programs: list[dict[str, str]] = []
    for kernel, users in sorted(layers.items(), key=lambda one: (-len(one[1]), one[0])):
        free = next((one for one in programs if one.keys().isdisjoint(users)), None)
        if free is None:
            programs.append(free := {})
        free |= dict.fromkeys(users, kernel)
    first = {layer: kernels[0] for layer, kernels in able.items()}
    return [first | one for one in programs]


def _row(kernel: str, code: str) -> str:
    apart = {"armv6-m": ("c",), "rv32imc": ("c",), "armv8.1-m.main": ("c", "dsp")}.get(code, ())
    return plainest(kernel) + f" {code}" * kernel.endswith(tuple(f"__{isa}" for isa in apart))


def _counts(view: NodeView, kernel: str) -> Counts | None:
    """None where nobody counts: of an only kernel, or where nothing is left to do."""
    rows = operator(view.node.op).variants
    row = next((one for one in rows if one.symbol == kernel and one.accepts(view)), None)
    return None if row is None or row.counts is None else {CALL: 1.0, **row.counts(view)}


def seen(count: Count) -> KernelWork:
    of = Counter(count.classes)
    pairs = of[CostClass.LOAD_PAIR] + of[CostClass.STORE_PAIR]
    lists = of[CostClass.LOAD_MULTIPLE_REGISTER] + of[CostClass.STORE_MULTIPLE_REGISTER]
    return KernelWork(
        instructions=count.instructions,
        slots=of[CostClass.ISSUE_SLOT],
        loads=of[CostClass.LOAD_RUN] or of[CostClass.LOAD],
        registers=2 * pairs + lists,
        flash=of[CostClass.FLASH_WORD],
        branches=of[CostClass.BRANCH_TAKEN],
    )


# --- the fit ------------------------------------------------------------------------------------------------

_OF_COUNTS = 0.15
"""What a count weighs beside cycles."""
_LEAST = 0.003
"""A smaller part of every layer is left out."""
_REAL = 4.0
"""What nets weigh beside layers made for this."""
_FIELDS = tuple(field.name for field in fields(KernelWork))
Table = dict[str, dict[str, KernelWork]]


def fitted(measured: Sequence[Run]) -> Table:
    rows: dict[str, list[Run]] = {}
    for run in measured:
        rows.setdefault(run.row, []).append(run)
    return {row: _of_kernel(_telling(own)) for row, own in sorted(rows.items())}


def _telling(own: Sequence[Run]) -> Sequence[Run]:
    """Those of layers that share the kernel, where they differ enough to fit by."""
    shared = [run for run in own if not run.alone]
    return shared if len({tuple(run.counts.values()) for run in shared}) > len(own[0].counts) else own


def _off(table: Table, own: Sequence[Run]) -> float:
    """By how much a row's estimates are usually off."""
    return float(np.sqrt(np.mean([(cycles(table, run) / run.cycles - 1) ** 2 for run in own])))


def _of_kernel(own: Sequence[Run]) -> dict[str, KernelWork]:
    """Parts of the cycles, and of each kind of count, made of all things that the family counts."""
    things = list(dict.fromkeys(thing for run in own for thing in run.counts))
    left, right = [], []
    for run in own:
        weight = 1.0 if run.net in MADE else _REAL
        times = np.array([run.counts.get(thing, 0.0) for thing in things])
        left.append(weight * np.outer(times, astuple(PRICES[run.core].each)).ravel() / run.cycles)
        right.append(weight)
        for place, seen_of_it in enumerate(astuple(run.seen)):
            unit = np.eye(len(_FIELDS))[place] / max(seen_of_it, 0.02 * run.seen.instructions)
            left.append(_OF_COUNTS * np.outer(times, unit).ravel())
            right.append(_OF_COUNTS * seen_of_it * unit[place])
    sides, target = np.array(left), np.array(right)
    priced = np.sum([astuple(PRICES[run.core].each) for run in own], axis=0) > 0
    sides[:, ~np.tile(priced, len(things))] = 0.0
    amounts = never_negative(sides, target)
    small = np.array([np.max(sides[:, one] * amount) < _LEAST for one, amount in enumerate(amounts)])
    sides[:, small] = 0.0
    amounts = never_negative(sides, target).reshape(len(things), len(_FIELDS))
    rows = {
        thing: KernelWork(*(float(f"{amount:.3g}") for amount in row))
        for thing, row in zip(things, amounts, strict=True)
    }
    return {thing: row for thing, row in rows.items() if row != KernelWork()}


def never_negative(left: Reals, right: Reals) -> Reals:
    """Least squares of amounts that are none or more: one after the other may be more than none, those that
    would be less are none again (Lawson and Hanson).
    """
    size = np.sqrt((left**2).sum(axis=0))
    used, size[size == 0] = size > 0, 1.0
    scaled = left / size
    gram, wanted, amounts = scaled.T @ scaled, scaled.T @ right, np.zeros(left.shape[1])
    free = np.zeros(len(amounts), bool)
    for _ in range(4 * len(amounts)):
        slope = np.where(used & ~free, wanted - gram @ amounts, 0.0)
        if slope.max() <= 1e-9:
            break
        free[slope.argmax()] = True
        while True:
            best = np.zeros(len(amounts))
            best[free] = np.linalg.lstsq(gram[np.ix_(free, free)], wanted[free], rcond=None)[0]
            below = free & (best <= 0)
            if not below.any():
                break
            amounts += np.min(amounts[below] / (amounts - best)[below]) * (best - amounts)
            free &= amounts > 1e-12
            amounts[~free] = 0.0
        amounts = best
    return amounts / size


# --- what it is worth ---------------------------------------------------------------------------------------


def cycles(table: Table, run: Run) -> float:
    done = KernelWork()
    for thing, times in run.counts.items():
        done += table[run.row].get(thing, KernelWork()) * times
    return PRICES[run.core].cycles(done)


def report(table: Table, measured: Sequence[Run]) -> list[str]:
    """The layers that lose most by what the table says, and how far it is off for each kernel."""
    layers: dict[tuple[str, str, str], list[Run]] = {}
    for run in measured:
        layers.setdefault((run.net, run.layer, run.core), []).append(run)
    lost = []
    for (net, layer, core), row in layers.items():
        best, chosen = min(row, key=lambda run: run.cycles), min(row, key=lambda run: cycles(table, run))
        loss = chosen.cycles / best.cycles - 1
        lost.append((loss, f"{loss:6.1%} {net} {layer} {core}: {chosen.kernel}, best {best.kernel}"))
    lines = [text for _, text in sorted(lost, reverse=True)[:10]]
    for name in table:
        own = [run for run in measured if run.row == name]
        most = max((cycles(table, run) / run.cycles - 1 for run in own), key=abs)
        lines.append(f"{name}: {len(own)} runs, off by {_off(table, own):.1%}, at most {most:+.0%}")
    return lines


def text(table: Table) -> str:
    """One line per kernel and thing."""
    kernels = []
    for kernel, rows in table.items():
        amounts = {
            thing: {name: one for name, one in asdict(row).items() if one} for thing, row in rows.items()
        }
        lines = [f"  {json.dumps(thing)}: {json.dumps(row)}" for thing, row in amounts.items()]
        kernels.append(f" {json.dumps(kernel)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(kernels) + "\n}\n"


PRICES: Mapping[str, Prices] = {core: roomy(core).core.prices for core in (*CORES, *VECTORS)}


def _written(table: Table, cores: Sequence[str]) -> Table:
    """With rows that are those of other cores, as they were."""
    ends = tuple(end for core, (_, end) in VECTORS.items() if core in cores)
    stored = json.loads(TABLE.read_text(encoding="utf-8"))
    others = tuple(end for _, end in VECTORS.values()) if not ends else ()
    kept = {
        kernel: {thing: KernelWork(**row) for thing, row in rows.items()}
        for kernel, rows in stored.items()
        if (kernel.endswith(others) if others else not kernel.endswith(ends))
    }
    own = {kernel: rows for kernel, rows in table.items() if not ends or kernel.endswith(ends)}
    return dict(sorted({**kept, **own}.items()))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", default=None, help="names separated by commas; all unless told")
    parser.add_argument("--cores", default=",".join(CORES), help="names separated by commas")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    arguments = parser.parse_args()
    cores = arguments.cores.split(",")
    usual = _OF_VECTORS if cores == list(VECTORS) else tuple(nets())
    names = usual if arguments.models is None else tuple(arguments.models.split(","))
    alike: dict[tuple[Isa, ...], list[str]] = {}
    for core in cores:
        alike.setdefault(roomy(core).core.kernels, []).append(core)
    measured: list[Run] = []
    with ProcessPoolExecutor(arguments.jobs, mp_context=get_context("spawn")) as pool:
        jobs = {pool.submit(runs, name, row): (name, row) for name in names for row in alike.values()}
        for job in as_completed(jobs):
            name, row = jobs[job]
            print(f"{name}: {', '.join(row)}", flush=True)
            measured += job.result()
    measured.sort(key=lambda run: (run.net, run.layer, run.core, run.kernel))
    table = fitted(measured)
    print("\n".join(report(table, measured)))
    if set(names) == set(usual) and cores in (list(CORES), list(VECTORS)):
        write_text(TABLE, text(_written(table, cores)))
        print(f"wrote {TABLE.name}")


if __name__ == "__main__":
    main()
