"""What a dual-beat vector unit spends: units of Helium's instructions, and halves that overlap."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from tests.emulated.programs import assembly, counted
from tests.lib.instructions import filled, forms
from tests.lib.random_states import assembled
from tinyml_compress.devices import CostClass
from tinyml_compress.runners.emulated.beats import _step, beat_count, loop_start

_HELIUM = Path(__file__).parent / "helium.txt"
_LOOP = ("vldrb.u8 q1,[r1],#16", "vmladava.s8 r2,q0,q1", "vldrb.u8 q2,[r3],#16", "vmladava.s8 r4,q0,q2")
_BLOCKS: tuple[tuple[tuple[str, ...], bool, tuple[int, int, int]], ...] = (
    (_LOOP, False, (4, 0, 0)),
    ((*_LOOP, "vldrb.u8 q0,[r5],#16", "1: le lr, 1b"), True, (5, 1, 0)),  # the last load meets the first
    ((*_LOOP, "vldrb.u8 q0,[r5],#16", "1: le lr, 1b"), False, (5, 0, 0)),
    (("vldrb.u8 q0,[r1]", "vldrb.u8 q1,[r2]", "vstrb.8 q0,[r3]"), False, (3, 2, 0)),
    (("vmul.i32 q0,q1,q2", "vadd.i32 q3,q4,q0", "vmul.i32 q5,q1,q2"), False, (3, 0, 0)),
    (("vadd.i32 q0,q1,q2", "vshl.s32 q3,q3,q0", "vmax.s32 q3,q3,q1"), False, (3, 2, 0)),
    (("vadd.i32 q0,q1,q2", "adds r1, #1", "vadd.i32 q3,q4,q5"), False, (3, 0, 0)),
    (("vldrb.u8 q0,[r1]", "ldr r2,[r3]"), False, (2, 1, 0)),
    (("vpst", "vldrbt.u8 q0,[r1]"), False, (1, 0, 0)),
    (("vldrb.s32 q0,[r1,q1]", "vstrw.32 q0,[q2]", "vldrw.u32 q3,[r1],#16"), False, (3, 2, 8)),
    (("vqrdmulh.s32 q0,q1,r2", "vmullb.s16 q3,q4,q5"), False, (2, 1, 0)),
    (("vdup.32 q0,r1", "vmov r2,r3,q0[2],q0[0]", "vadd.i32 q1,q1,q0"), False, (3, 0, 0)),
)
"""Instructions, whether the block goes on with itself, and slots, waits and elements of gathers."""


def _words(lines: Sequence[str]) -> Iterator[bytes]:
    """One instruction each."""
    code = assembled("\n".join((".syntax unified", ".thumb", *lines)))
    at = 0
    while at < len(code):
        size = 4 if int.from_bytes(code[at : at + 2], "little") >> 11 >= 0x1D else 2
        yield code[at : at + size]
        at += size


def test_halves_overlap_with_another_units() -> None:
    words = list(_words([line for lines, _, _ in _BLOCKS for line in lines]))
    ends = [0]
    for lines, _, _ in _BLOCKS:
        ends.append(ends[-1] + len(lines))
    for (lines, repeats, wanted), (start, end) in zip(_BLOCKS, pairwise(ends), strict=True):
        found = beat_count(tuple(words[start:end]), repeats)
        assert (found.slots, found.waits, found.elements) == wanted, lines


def test_every_form_is_in_its_unit() -> None:
    """By its name: memory, multiplication (sums over lanes too), other arithmetic."""
    chosen = random.Random(4)
    texts = [filled(form, chosen) for _, form in forms(_HELIUM)]
    texts = [text for text in texts if ";" not in text and "\n" not in text]
    for text, word in zip(texts, _words(texts), strict=True):
        name = text.split()[0].split(".")[0]
        if name in ("vctp", "vpnot") or ".p" in text:
            continue
        multiplies = re.match(r"v(r?mul|r?ml[as]|fm|cm[lu]|qr?dm|addl?v)", name)
        unit = "MEMORY" if re.match(r"v(ld|st)", name) else "MULTIPLY" if multiplies else "LANES"
        assert _step(word).unit.name == ("PLAIN" if name == "vmov" and "[" in text else unit), text


def test_the_end_of_a_hardware_loop_is_no_branch() -> None:
    loop = assembly("mov r12, lr", "movs r3, #5", "dls lr, r3", "1:", "adds r2, #1", "le lr, 1b", "bx r12")
    run = counted(loop, "cortex-m55")
    assert run.counts is not None
    classes = run.counts.nodes[0].classes
    assert classes[CostClass.BRANCH_TAKEN] == 1  # the return
    assert classes[CostClass.BEAT_SLOT] == 3 + 5 + 1


def test_where_a_loop_begins() -> None:
    nop, end, plain = _words(("1: nop", "le lr, 1b", "adds r1, #1"))
    assert loop_start(end, 0x1002) == 0x1000
    assert loop_start(plain, 0x1002) is None
    assert len(nop) == 2
