"""One run of a firmware, whoever emulated it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tinyml_compress.errors import DataError
from tinyml_compress.ir import Program
from tinyml_compress.runners.emulated.counting import Counts

PAINT = 0xA5
"""What RAM holds before the run: what is written shows, and what is relied on breaks."""


@dataclass(frozen=True)
class Inference:
    """Outputs of one run; counts when they were asked for."""

    outputs: tuple[bytes, ...]
    """None at all where the model took its inputs but has no result yet."""
    stack_bytes: int
    counts: Counts | None
    state: bytes = b""
    """After the run; the next one goes on from it."""


def check_inputs(program: Program, inputs: Sequence[bytes]) -> None:
    """Refuse inputs that are not the program's."""
    ports = program.inputs
    if len(inputs) != len(ports):
        raise DataError("wrong number of inputs", found=len(inputs), allowed=len(ports))
    for port, data in zip(ports, inputs, strict=True):
        if len(data) != port.nbytes:
            raise DataError("input of another size", which=port.name, found=len(data), allowed=port.nbytes)


STOPPED = 2
"""The status of an inference that ended early: the model waits for more."""


def state_places(program: Program, symbols: Mapping[str, int], state: bytes | None) -> dict[int, bytes]:
    """What to lay into the RAM, by address, so that a run goes on from `state`, or starts afresh where it is
    None.
    """
    if not program.state_bytes:
        return {}
    if state is None:
        return {symbols["tc_go_on"]: bytes(4)}
    return {symbols["tc_go_on"]: (1).to_bytes(4, "little"), symbols["tc_state"]: state}


def stack_high_water(stack: bytes) -> int:
    """From the top down to the lowest byte that lost its paint."""
    painted = np.frombuffer(stack, np.uint8) == PAINT
    return int(len(painted) - (len(painted) if painted.all() else int(np.argmin(painted))))
