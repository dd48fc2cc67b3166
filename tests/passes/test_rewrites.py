"""What each pass rewrites, and what it must leave alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.lib import layers
from tests.lib.aot import assert_bit_exact
from tests.lib.graphs import const, quant
from tests.lib.messy import Messy
from tinyml_compress.errors import GraphError
from tinyml_compress.frontend import write
from tinyml_compress.ir import DType, Graph, Tensor
from tinyml_compress.ops._products import axis_window
from tinyml_compress.ops.conv_2d.op import Conv2DAttrs
from tinyml_compress.ops.depthwise_conv_2d.op import DepthwiseConv2DAttrs
from tinyml_compress.ops.numerics import Activation, Padding
from tinyml_compress.passes import PASSES, fold_constants, run
from tinyml_compress.passes.dense_pixels import dense_pixels
from tinyml_compress.passes.fold_padding import fold_padding
from tinyml_compress.passes.fuse_activations import fuse_activations
from tinyml_compress.passes.remove_dead_nodes import remove_dead_nodes
from tinyml_compress.passes.remove_noops import remove_noops
from tinyml_compress.passes.single_channels import single_channels
from tinyml_compress.pipeline.compile.verb import compile_graph
from tinyml_compress.support.instruction_sets import Isa

BORDER = [[0, 0], [1, 2], [0, 1], [0, 0]]


def _ops(graph: Graph) -> list[str]:
    return [node.op for node in graph.nodes]


def _pads(graph: Graph, index: int = 0) -> tuple[int, int, int, int] | None:
    attrs = graph.nodes[index].attrs
    assert isinstance(attrs, Conv2DAttrs | DepthwiseConv2DAttrs)
    return attrs.pads


def _scheme(graph: Graph) -> tuple[int, ...]:
    """What the last node's padding scheme adds, as its kernels have it: the smaller half in front."""
    view = graph.views()[-1]
    attrs = view.node.attrs
    assert isinstance(attrs, Conv2DAttrs | DepthwiseConv2DAttrs)
    rows = (attrs.stride_h, attrs.dilation_h)
    columns = (attrs.stride_w, attrs.dilation_w)
    found: list[int] = []
    for size, kernel, (stride, dilation) in zip(
        view.input(0).shape[1:], view.input(1).shape[1:], (rows, columns), strict=False
    ):
        out, front = axis_window(attrs.padding, size, kernel, stride, dilation)
        reach = (out - 1) * stride + (kernel - 1) * dilation + 1
        found += [front, max(0, reach - size) - front]
    return tuple(found)


def test_a_depthwise_convolution_of_one_channel() -> None:
    """Bytes are compared in tests/ops/test_products.py, which draws such ones too."""
    one, several = (layers.depthwise(np.random.default_rng(1), in_c=n, multiplier=8) for n in (1, 2))
    made = run(one, (single_channels,))
    assert _ops(made) == ["CONV_2D"]
    assert made.views()[0].input(1).shape[::3] == (8, 1)
    assert run(several, (single_channels,)) is several
    for isa, kind in ((Isa.DSP, "CONV_2D"), (Isa.MVE, "DEPTHWISE_CONV_2D")):  # what runs faster there
        program = compile_graph(one, "m", model_sha256="", isas=isa.sets)
        assert [node.op for node in program.nodes] == [kind]


@pytest.mark.parametrize("kernel", [(5, 1), (1, 4), (3, 7)])
def test_a_convolution_of_one_window(kernel: tuple[int, int]) -> None:
    """Which is its whole input, as where a net has kept some frames; more than one, or a border, stay."""
    nets = [_conv(seed, kernel, kernel) for seed in range(8)]
    wholes = [net for net in nets if net.views()[0].input(1).quantized.per_channel]
    assert len(wholes) > 2
    for whole in wholes:
        assert _ops(run(whole, (dense_pixels,))) == ["RESHAPE", "FULLY_CONNECTED"]
    assert_bit_exact(map(write, wholes), isas=Isa.DSP.sets)
    longer = _conv(0, (kernel[0] + 1, kernel[1]), kernel)
    assert run(longer, (dense_pixels,)) is longer


def _conv(seed: int, image: tuple[int, int], kernel: tuple[int, int]) -> Graph:
    return layers.conv(
        np.random.default_rng(seed),
        image=image,
        kernel=kernel,
        stride=(1, 1),
        dilation=(1, 1),
        padding=Padding.VALID,
        groups=1,
        out_c=12,
    )


# --- padding ---


def test_pad_goes_into_a_convolution() -> None:
    net = Messy(1)
    graph = run(net.graph(net.conv(net.pad(net.input, BORDER), Padding.VALID)), (fold_padding,))
    assert len(graph.nodes) == 1
    assert _pads(graph) == (1, 2, 0, 1)
    assert graph.nodes[0].inputs[0] == "input"


def test_chains_and_the_scheme_of_the_convolution_add_up() -> None:
    odd = 0
    for seed in range(30):
        net = Messy(seed)
        before = net.graph(net.conv(net.pad(net.pad(net.input, BORDER), BORDER), Padding.SAME))
        graph = run(before, (fold_padding,))
        assert len(graph.nodes) == 1
        own = _scheme(before)
        assert _pads(graph) == tuple(np.add(own, (2, 4, 0, 2)))
        odd += own[1] > own[0] or own[3] > own[2]
    assert odd > 3, "no scheme with an odd border was among them"


def test_all_readers_must_be_convolutions() -> None:
    net = Messy(2)
    padded = net.pad(net.input, BORDER)
    both = net.graph(net.conv(padded), net.conv(padded))
    assert len(run(both, (fold_padding,)).nodes) == 2
    net = Messy(2)
    padded = net.pad(net.input, BORDER)
    mixed = net.graph(net.conv(padded), net.relu(padded, rescale=True))
    assert run(mixed, (fold_padding,)) is mixed


@pytest.mark.parametrize("case", ["output", "channels", "value", "quantization"])
def test_padding_that_stays(case: str) -> None:
    net = Messy(3)
    amounts = [[0, 0], [1, 1], [0, 0], [0, 1]] if case == "channels" else BORDER
    padded = net.pad(net.input, amounts, value=9 if case == "value" else None)
    if case == "quantization":
        padded = replace(padded, quant=quant(0.5, 3))
        net.tensors[padded.name] = padded
    made = net.conv(padded)
    graph = net.graph(made, padded) if case == "output" else net.graph(made)
    assert run(graph, (fold_padding,)) is graph


# --- activations ---


def test_activations_go_into_their_maker() -> None:
    net = Messy(4)
    graph = run(net.graph(net.relu(net.relu(net.conv(net.input, activation=Activation.NONE)), six=True)))
    assert len(graph.nodes) == 1
    assert graph.nodes[0].attrs.activation is Activation.RELU6  # type: ignore[attr-defined]
    assert graph.nodes[0].outputs == graph.outputs


@pytest.mark.parametrize("case", ["read twice", "output", "rescales", "no maker"])
def test_activations_that_stay(case: str) -> None:
    net = Messy(5)
    made = net.input if case == "no maker" else net.conv(net.input, activation=Activation.NONE)
    done = net.relu(made, rescale=case == "rescales")
    if case == "read twice":
        done = net.add(done, made)
    graph = net.graph(done, made) if case == "output" else net.graph(done)
    assert run(graph, (fuse_activations,)) is graph


# --- nothing to do ---


@pytest.mark.parametrize("kind", ["requantize", "reshape", "transpose", "concat", "whole", "pad"])
@pytest.mark.parametrize("at_end", [False, True])
def test_noops_vanish(kind: str, at_end: bool) -> None:
    net = Messy(6)
    made = net.relu(net.input, rescale=True)
    same = {
        "requantize": lambda: net.requantize(made),
        "reshape": lambda: net.reshape(made, made.shape),
        "transpose": lambda: net.transpose(made, (0, 1, 2, 3)),
        "concat": lambda: net.concat(made),
        "whole": lambda: net.whole(made),
        "pad": lambda: net.pad(made, [[0, 0]] * 4),
    }[kind]()
    graph = net.graph(same) if at_end else net.graph(net.relu(same, rescale=True))
    after = run(graph, (remove_noops,))
    assert _ops(after) == (["RELU"] if at_end else ["RELU", "RELU"])
    assert after.outputs == graph.outputs
    assert after.inputs == graph.inputs


def test_noops_between_input_and_output_stay() -> None:
    net = Messy(7)
    graph = net.graph(net.requantize(net.input))
    assert run(graph, (remove_noops,)) is graph
    net = Messy(7)
    made = net.relu(net.input, rescale=True)
    twice = run(net.graph(made, net.requantize(made), net.requantize(made)), (remove_noops,))
    assert _ops(twice) == ["RELU", "QUANTIZE", "QUANTIZE"]


def test_chains_of_noops_and_their_other_readers() -> None:
    net = Messy(8)
    made = net.relu(net.input, rescale=True)
    end = net.concat(net.requantize(net.whole(made)))
    graph = run(net.graph(end, net.relu(made, rescale=True)), (remove_noops,))
    assert _ops(graph) == ["RELU", "RELU"]


def test_moving_and_rescaling_are_no_noops() -> None:
    net = Messy(9)
    x = net.transpose(net.input, (0, 2, 1, 3))
    x = net.reshape(x, (1, 6, 5, 3))
    x = net.requantize(x, same=False)
    graph = net.graph(net.reshape(x, x.shape, rescale=True))  # the same bytes, read by another scale
    assert run(graph, (remove_noops,)) is graph


# --- dead ends and constants ---


def test_dead_ends_go_with_what_only_they_read() -> None:
    net = Messy(10)
    net.conv(net.relu(net.input, rescale=True))
    graph = run(net.graph(net.relu(net.input)), (remove_dead_nodes,))
    assert _ops(graph) == ["RELU"]
    assert set(graph.tensors) == {"input", graph.outputs[0]}


def test_constants_fold_through_chains() -> None:
    net = Messy(11)
    graph = run(net.graph(net.add_folded(net.input)), (fold_constants,))
    assert _ops(graph) == ["ADD"]
    (held,) = (tensor for tensor in graph.tensors.values() if tensor.is_const)
    assert held.dtype is DType.INT8
    assert held.shape == (1, 1, 1, 3)


def test_dequantize_of_a_constant_is_exact() -> None:
    net = Messy(12)
    stored = const("k", np.arange(-128, 128), 0.1, 5)
    real = net.emit("DEQUANTIZE", [stored], (256,), Tensor("", (), DType.FLOAT32))
    again = net.emit("QUANTIZE", [real], (256,), Tensor("", (), DType.INT8, quant(0.1, 5)))
    graph = run(net.graph(again, net.relu(net.input)), (fold_constants,))
    assert _ops(graph) == ["RELU"]
    data = graph.tensors[again.name].data
    assert data is not None
    assert np.array_equal(data, np.arange(-128, 128))


def test_what_would_fill_the_flash_is_not_folded() -> None:
    net = Messy(13)
    big = Tensor("k", (1 << 20, 2), DType.INT8, quant(0.1), _zeros((1 << 20, 2)))
    graph = net.graph(net.reshape(big, (2, 1 << 20)))
    assert run(graph, (fold_constants,)) is graph


def _zeros(shape: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
    data = np.zeros(shape, np.int8)
    data.setflags(write=False)
    return data


# --- the order, and the checks between ---


def test_passes_have_nothing_left_to_do_after_one_round() -> None:
    from tests.lib.messy import messy

    for seed in range(40):
        once = run(messy(seed))
        assert [node.op for node in run(once).nodes] == [node.op for node in once.nodes]


def test_a_pass_that_breaks_the_graph_is_caught() -> None:
    net = Messy(14)
    graph = net.graph(net.relu(net.input))
    with pytest.raises(GraphError, match="nothing makes"):
        run(graph, (*PASSES, lambda given: replace(given, nodes=())))
