"""A net on windows, told frame by frame: from the filled window on, the same outputs; TFLM agrees at every
frame.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.lib.graphs import const
from tests.lib.nets import NETS
from tests.lib.stateful_nets import window_net
from tests.lib.streams import assert_streams_equal
from tests.lib.window_nets import Chain
from tinyml_compress.errors import UnsupportedOperator
from tinyml_compress.frontend import read, write
from tinyml_compress.ir import Attrs, Node
from tinyml_compress.ops.conv_2d.op import Conv2DAttrs
from tinyml_compress.ops.numerics import Activation, Padding
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.runners import native
from tinyml_compress.streaming import streamed


def _bent(*shape: int) -> bytes:
    """The net with a PRELU in it, which has so many factors."""
    net = read(window_net(), "bent")
    along = net.tensors["along0"]
    alpha = const("alpha", np.arange(math.prod(shape)).reshape(shape), 0.02, 0)
    bent = replace(along, name="bent")
    nodes = [
        replace(node, inputs=tuple("bent" if name == "along0" else name for name in node.inputs))
        for node in net.nodes
    ]
    nodes.insert(1, Node("PRELU", ("along0", "alpha"), ("bent",), Attrs(), "bend"))
    return write(net.rebuilt(nodes=tuple(nodes), tensors={**net.tensors, "alpha": alpha, "bent": bent}))


@pytest.mark.parametrize("window", [window_net(), _bent(1, 1, 5), _bent(7, 2, 5)])
def test_equal_to_the_net_on_windows(window: bytes) -> None:
    stream = write(streamed(read(window, "window")).graph)
    whole, frames = native.load([compile_model(window, "whole"), compile_model(stream, "stream")])
    rng = np.random.default_rng(0)
    sound = rng.integers(-128, 128, (30, 2, 5), np.int8)
    steps = read(window, "window").tensors["input"].shape[1]
    differing, last = 0, b""
    for end in range(1, len(sound) + 1):
        (made,) = frames.invoke([sound[None, end - 1 : end]])
        if end >= steps:
            (wanted,) = whole.invoke([sound[None, end - steps : end]])
            assert made.tobytes() == wanted.tobytes(), end
            differing += made.tobytes() != last
        last = made.tobytes()
    assert differing > 10
    assert_streams_equal([stream], frames=40)


def test_what_has_no_frames_is_refused() -> None:
    with pytest.raises(UnsupportedOperator, match="no axis of time"):
        streamed(read(NETS["autoencoder"](), "autoencoder"), axis=2)
    chain = Chain.of(np.random.default_rng(0), 12, 2, 3)
    with pytest.raises(UnsupportedOperator, match="no layer of the net can be told") as refusal:
        streamed(chain.ended(3))
    assert "takes all frames together" in str(refusal.value)
    chain = Chain.of(np.random.default_rng(0), 12, 2, 3)
    chain.sliding("CONV_2D", (3, 1), Conv2DAttrs(Padding.VALID, 1, 6, Activation.RELU), 4)
    with pytest.raises(UnsupportedOperator, match="as long as the window"):
        streamed(chain.ended(3), frames=12)
