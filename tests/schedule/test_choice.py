"""Which kernel each node gets, what the graph can afford, and what the user may ask for."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.lib import layers
from tests.lib.aot import assert_bit_exact
from tests.lib.nets import NETS
from tinyml_compress.devices import load_core
from tinyml_compress.errors import UsageError
from tinyml_compress.ir import Graph
from tinyml_compress.ops import all_operators, operator
from tinyml_compress.ops.base import Level
from tinyml_compress.ops.numerics import Padding
from tinyml_compress.ops.work import plainest, work
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.schedule import decided, usual_prices
from tinyml_compress.schedule.options import family
from tinyml_compress.support.instruction_sets import Isa
from tinyml_compress.support.resources import package_folder

BOTH = Isa.DSP.sets


def test_families_are_what_sets_kernels_apart() -> None:
    assert family("tc_s8_conv_2d_words_relu__dsp", "CONV_2D") == "words"
    assert family("tc_s8_conv_2d_words__dsp", "CONV_2D") == "words"
    assert family("tc_s8_conv_2d__c", "CONV_2D") == "plain"
    assert family("tc_x8_lookup__c", "TANH") == "plain"


def test_kernels_of_a_set_with_a_plain_sister_are_fitted() -> None:
    """Else they cost what that one does, and are never taken."""
    fitted = {
        row.split()[0]
        for row in json.loads((package_folder("tinyml_compress.ops") / "work.json").read_text())
    }
    missing = [
        one.symbol
        for op in map(operator, all_operators())
        for one in op.variants
        if one.counts and plainest(one.symbol) not in fitted
        if f"{plainest(one.symbol).partition('__')[0]}__c" in fitted
    ]
    assert not missing


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("name", NETS)
def test_each_node_has_the_best_price_of_those_that_take_it(name: str, level: Level) -> None:
    program = compile_model(NETS[name](), name, BOTH, level)
    for node in program.nodes:
        assert node.why
        own = next(one for one in node.options if one.family == node.family)
        known = [one.cycles for one in node.options if one.cycles is not None]
        if node.why == "fewest cycles":
            assert own.cycles == min(known)
        if node.why == "the only one":
            assert {one.family for one in node.options} == {node.family}


def test_large_weights_need_room_in_the_graph() -> None:
    """Winograd's weights take 32 bytes for 9: a graph that has little else does without."""

    def conv() -> Graph:
        return layers.conv(
            np.random.default_rng(4),
            image=(8, 28),
            in_c=16,
            out_c=6,
            kernel=(3, 3),
            stride=(1, 1),
            dilation=(1, 1),
            padding=Padding.SAME,
            groups=1,
            plain=True,
        )

    dense = layers.fully_connected(np.random.default_rng(5), in_c=100, out_c=60, lead=(1,), plain=True)
    (alone,) = decided(conv(), BOTH, Level.SPEED, usual_prices(BOTH))
    assert alone.chosen.family == "words"
    assert "winograd" not in {one.family for one in alone.options}
    roomy = decided(layers.merged([conv(), dense]), BOTH, Level.SPEED, usual_prices(BOTH))[0]
    assert roomy.chosen.family == "winograd"
    assert roomy.chosen.weight_bytes == 32 * alone.chosen.weight_bytes // 9
    assert roomy.options[1].family == "words"


def test_the_user_may_know_better() -> None:
    file = NETS["residual"]()
    plain = compile_model(file, "net", BOTH, Level.SPEED)
    layer = next(node for node in plain.nodes if node.op == "CONV_2D")
    assert layer.family != "rows"
    asked = compile_model(file, "net", BOTH, Level.SPEED, ((layer.name, "rows"),))
    changed = next(node for node in asked.nodes if node.index == layer.index)
    assert (changed.kernel, changed.why) == ("tc_s8_conv_2d_rows__c", "as asked")
    assert [n.kernel for n in asked.nodes if n.name != layer.name] == [
        n.kernel for n in plain.nodes if n.name != layer.name
    ]
    smallest = compile_model(file, "net", BOTH, Level.RAM, (("*", "plain"),))
    assert {node.family for node in smallest.nodes} == {"plain"}


def test_what_the_user_asked_for_is_as_exact() -> None:
    assert_bit_exact([NETS["residual"]()], isas=BOTH, asked=(("*", "plain"),), count=5)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("nothing", "rows"), "no such layer"),
        (("*", "fast"), "has no such kernel"),
        (("*", "winograd"), "has no such kernel|does not take|is for --isa dsp"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(asked: tuple[str, str], says: str) -> None:
    with pytest.raises(UsageError, match=says) as raised:
        compile_model(NETS["residual"](), "net", (Isa.C,), Level.SPEED, (asked,))
    assert raised.value.allowed


def test_cycles_are_those_of_the_core() -> None:
    """The same counts at each core's prices."""
    file = NETS["residual"]()
    m4, m7 = (load_core(name).prices for name in ("cortex-m4", "cortex-m7"))
    programs = [compile_model(file, "net", BOTH, Level.SPEED, prices=prices) for prices in (None, m4, m7)]
    usual, slow, fast = (
        [node.options[0].cycles for node in program.nodes if node.options[0].cycles] for program in programs
    )
    assert usual == slow
    assert all(0.3 < one / other < 0.9 for one, other in zip(fast, slow, strict=True))
    assert [f"core={name}" in one.source for one in programs for name in ("cortex-m4", "cortex-m7")] == [
        *(False, False),
        *(True, False),
        *(False, True),
    ]


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m33", "cortex-m55"])
def test_a_kernel_that_was_not_fitted_counts_cycles(core: str) -> None:
    prices = load_core(core).prices
    assert prices.cycles(work("tc_s8_made_up__c", {"cycles": 100.0}, prices.code)) == pytest.approx(100.0)
