"""Options of custom operators: read as they were written, by this tool and by others, or refused with the
reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from flatbuffers import flexbuffers

from tests.lib.graphs import const, single, tensor
from tinyml_compress.errors import ModelError
from tinyml_compress.frontend import flex, read, write
from tinyml_compress.ir import Attrs, DType
from tinyml_compress.ops.base import FLEXBUFFER, OptionField, Options
from tinyml_compress.ops.signal_window.op import SignalWindowAttrs


@dataclass(frozen=True)
class Several(Attrs):
    whole: int = 0
    flag: bool = False
    real: float = 0.0


OPTIONS = Options(
    FLEXBUFFER,
    {},
    (OptionField("whole", "w", int), OptionField("flag", "flag", bool), OptionField("real", "a_real", float)),
)


def made(fill: Callable[[flexbuffers.Builder], None]) -> bytes:
    builder = flexbuffers.Builder()
    with builder.Map():
        fill(builder)
    return bytes(builder.Finish())


@pytest.mark.parametrize("whole", [0, 1, -1, 127, -129, 40000, -(1 << 31), (1 << 31) - 1])
def test_values_come_back(whole: int) -> None:
    attrs = Several(whole, True, -0.1)
    values = flex.custom_values(flex.packed(attrs, OPTIONS), OPTIONS, Several, "x")
    assert values == {"whole": whole, "flag": True, "real": pytest.approx(-0.1, rel=1e-6)}
    assert Several(**values) == Several(whole, True, values["real"])  # type: ignore[arg-type]


def test_a_whole_file_keeps_them() -> None:
    window = const("w", np.ones(4), dtype=DType.INT16)
    x, y = (tensor(name, (4,), dtype=DType.INT16) for name in "xy")
    before = single("SignalWindow", [x, window], y, SignalWindowAttrs(300))
    after = read(write(before), "m")
    assert (after.nodes[0].op, after.nodes[0].attrs) == ("SignalWindow", SignalWindowAttrs(300))


def test_no_options_are_the_defaults_or_refused() -> None:
    assert flex.custom_values(b"", OPTIONS, Several, "x") == {}
    window = Options(FLEXBUFFER, {}, (OptionField("shift", "shift", int),))
    with pytest.raises(ModelError, match="no options"):
        flex.custom_values(b"", window, SignalWindowAttrs, "x")


def _other_kind(builder: flexbuffers.Builder) -> None:
    builder.Float("shift", 1.5)


def _text(builder: flexbuffers.Builder) -> None:
    builder.String("shift", "12")


def _high_unsigned(builder: flexbuffers.Builder) -> None:
    builder.UInt("shift", 200)


def _too_many(builder: flexbuffers.Builder) -> None:
    builder.Int("shift", 1)
    builder.Int("also", 2)


def _other_name(builder: flexbuffers.Builder) -> None:
    builder.Int("shifts", 1)


def _large(builder: flexbuffers.Builder) -> None:
    builder.Int("shift", 1 << 40)


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (_other_kind, "another kind"),
        (_text, "damaged"),
        (_high_unsigned, "different ways"),
        (_too_many, "other options"),
        (_other_name, "other options"),
        (_large, "out of range"),
    ],
)
def test_refuses(fill: Callable[[flexbuffers.Builder], None], words: str) -> None:
    window = Options(FLEXBUFFER, {}, (OptionField("shift", "shift", int),))
    with pytest.raises(ModelError, match=words):
        flex.custom_values(made(fill), window, SignalWindowAttrs, "x")


def test_damage_is_an_error_of_ours() -> None:
    """Every single byte changed, and every shorter buffer: a value or a ModelError, nothing else."""
    raw = flex.packed(Several(70000, True, 0.5), OPTIONS)
    refused = 0
    hostile = [raw[:length] for length in range(1, len(raw))]
    hostile += [
        raw[:at] + bytes([value]) + raw[at + 1 :] for at in range(len(raw)) for value in (0, 1, 127, 255)
    ]
    for damaged in hostile:
        try:
            flex.custom_values(damaged, OPTIONS, Several, "x")
        except ModelError:
            refused += 1
    assert refused > len(hostile) // 3
