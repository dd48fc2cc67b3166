"""The emulated core: memory as on the device, one inference per run, every misstep named."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

import numpy as np

from tinyml_compress.devices import Alignment
from tinyml_compress.errors import EmulationError, MissingDependency
from tinyml_compress.ir import Program
from tinyml_compress.runners.emulated import interruption
from tinyml_compress.runners.emulated.alignment import accesses
from tinyml_compress.runners.emulated.counting import (
    BETWEEN,
    OUTSIDE,
    ReadWatch,
    Recorder,
    count_blocks,
    owners,
    summarize,
)
from tinyml_compress.runners.emulated.executor import new_core
from tinyml_compress.runners.emulated.firmware import Firmware
from tinyml_compress.runners.emulated.inference import (
    PAINT,
    STOPPED,
    Inference,
    check_inputs,
    stack_high_water,
    state_places,
)
from tinyml_compress.runners.emulated.layout import used_end
from tinyml_compress.runners.emulated.misstep import Misstep
from tinyml_compress.runners.emulated.places import places

_log = logging.getLogger(__name__)
_ATTEMPTS = 3

_INSTRUCTION_BYTES = 4
_STACK_REACH = 1 << 20
"""An access this far below the RAM is taken for a stack overflow."""


class StoppedEarly(EmulationError):
    """Seen once in many thousand runs, under load: Unicorn returns without error amid the program.

    A fresh engine runs through, and counts are taken from whole runs only.
    """


class Machine:
    """One firmware on one emulated core."""

    def __init__(
        self,
        firmware: Firmware,
        program: Program,
        *,
        limit_instructions: int | None = None,
        seconds: float = 600.0,
    ) -> None:
        core = firmware.core
        if not core.built_in:
            raise MissingDependency(
                "the built-in emulator does not have this core",
                which=core.title,
                next_step="use --emulator qemu",
            )
        self._firmware = firmware
        self._program = program
        macs = sum(node.macs for node in program.nodes)
        self._limit = limit_instructions or 200_000_000 + 400 * macs
        self._seconds = seconds
        self._code_start, self._owners = owners(firmware.image, program)
        self._accesses = accesses(firmware.image, self._code_start, len(self._owners), core)
        self._plain: _Run | None = None
        """Kept between runs without hooks, with the code that it has translated."""

    def counted(self, inputs: Sequence[bytes], state: bytes | None = None) -> Inference:
        """One inference, counted, with every access checked for alignment; it goes on from `state`."""
        for attempt in range(1, _ATTEMPTS):
            try:
                return self._counted(inputs, state)
            except StoppedEarly as error:
                _log.info("attempt %d: %s", attempt, error)
        return self._counted(inputs, state)

    def _counted(self, inputs: Sequence[bytes], state: bytes | None) -> Inference:
        run = _Run(self._firmware, self._program)
        run.put_inputs(inputs)
        run.put_state(state)
        recorder = Recorder(
            self._code_start,
            self._owners,
            self._accesses,
            ReadWatch(self._firmware.memory, self._firmware.cache, self._owners),
            self._limit * _INSTRUCTION_BYTES,
            *run.core.for_hooks,
        )
        run.record(recorder)
        run.start(self._seconds, self._limit)
        self._check_alignment(recorder)
        image, family = self._firmware.image, self._firmware.core.family
        by_owner = count_blocks(recorder.blocks(), recorder.reads(), image, family)
        counts = summarize(by_owner, len(self._program.nodes))
        return Inference(run.outputs(), run.stack_bytes(), counts, run.state())

    def run(self, inputs: Sequence[bytes], state: bytes | None = None) -> Inference:
        """One inference without hooks: several times faster."""
        if self._plain is None:
            self._plain = _Run(self._firmware, self._program)
        else:
            self._plain.reset()
        run = self._plain
        run.put_inputs(inputs)
        run.put_state(state)
        try:
            run.start(self._seconds, self._limit)
        except EmulationError:
            self._plain = None
            interruption.check()
            return self.counted(inputs, state)  # fails again, and then it knows in which node
        return Inference(run.outputs(), run.stack_bytes(), None, run.state())

    def _check_alignment(self, recorder: Recorder) -> None:
        policy = self._firmware.core.alignment
        for access in recorder.unaligned():
            raise EmulationError(
                "unaligned memory access, which faults on the silicon",
                which=f"{access.nbytes} bytes at {access.address:#010x}",
                found=(
                    f"at {self._firmware.image.name_at(access.pc)}, in {_whose(access.owner, self._program)}"
                ),
                allowed="multiples of the access size"
                if policy is Alignment.ALL
                else "multiples of 4 for LDRD, STRD, LDM, STM, VLDR and VSTR",
            )


def _whose(owner: int, program: Program) -> str:
    if owner == OUTSIDE:
        return "the code around the inference"
    if owner == BETWEEN:
        return "the code between nodes"
    node = program.nodes[owner]
    return f"node {node.index} ({node.op} {node.name})".replace(" )", ")")


class _Run:
    """One engine, from reset to the end."""

    def __init__(self, firmware: Firmware, program: Program) -> None:
        self._firmware, self._program, self._image = firmware, program, firmware.image
        self._recorder: Recorder | None = None
        self.status = 0
        self._inputs, self._outputs = places(program, firmware.image.symbols)
        self.core = new_core(firmware)
        self.reset()

    def reset(self) -> None:
        """Stack, arena and unused RAM hold garbage, as after power-on: changes show, reliance on zeros
        breaks.
        """
        for address, nbytes in self._firmware.memory.rams:
            self.core.write(address, bytes([PAINT]) * nbytes)
        self.core.set_stack(self._image.symbols["tc_stack_top"])

    def record(self, recorder: Recorder) -> None:
        """Count what runs."""
        self._recorder = recorder
        self.core.record(recorder)

    def put_inputs(self, inputs: Sequence[bytes]) -> None:
        check_inputs(self._program, inputs)
        for address, data in zip(self._inputs, inputs, strict=True):
            self.core.write(address, data)

    def put_state(self, state: bytes | None) -> None:
        for address, data in state_places(self._program, self._image.symbols, state).items():
            self.core.write(address, data)

    def state(self) -> bytes:
        """What the model remembers now."""
        size = self._program.state_bytes
        return self.core.read(self._image.symbols["tc_state"], size) if size else b""

    def start(self, seconds: float, limit: int) -> None:
        """Run from reset to tc_done."""
        began, done = time.monotonic(), self._image.symbols["tc_done"]
        with interruption.running(self.core.stop):
            self.core.run(self._image.symbols["tc_reset"] & ~1, done, seconds)
        if self.core.misstep is not None:
            self._fail(self.core.misstep)
        pc = self.core.pc
        if pc != done:
            self._endless(pc, seconds, limit, time.monotonic() - began)
        self.status = int.from_bytes(
            self.core.read(self._image.symbols["tc_status"], 4), "little", signed=True
        )
        if self.status not in (0, STOPPED):
            raise EmulationError(
                "the generated code refused its arena", found=f"{self._program.prefix}_invoke: {self.status}"
            )
        self._check_unused()

    def _endless(self, pc: int, seconds: float, limit: int, taken: float) -> None:
        ran_out = self._recorder is not None and self._recorder.ran_out
        if not ran_out and taken < seconds / 2:
            raise StoppedEarly(
                "the emulator stopped before the end and gives no reason",
                which=self._image.name_at(pc),
                found=f"after {taken:.1f} s, in {self._where().removeprefix('in ')}",
                next_step="run it again; a defect of the emulator, not of the model",
            )
        if self._recorder is not None and self._recorder.ran_out:
            reason, pc = f"still running after {limit:,} instructions", self._recorder.last_address
        else:
            reason = f"still running after {seconds:g} s"
        raise EmulationError(
            "the emulated firmware does not end",
            which=self._image.name_at(pc),
            found=f"{reason}, {self._where()}",
            next_step="an endless loop, or a model too slow for this core",
        )

    def outputs(self) -> tuple[bytes, ...]:
        if self.status == STOPPED:
            return ()
        ports = self._program.outputs
        return tuple(
            self.core.read(address, port.nbytes) for address, port in zip(self._outputs, ports, strict=True)
        )

    def stack_bytes(self) -> int:
        """High-water mark."""
        bottom, top = self._image.symbols["tc_stack_bottom"], self._image.symbols["tc_stack_top"]
        return stack_high_water(self.core.read(bottom, top - bottom))

    def _check_unused(self) -> None:
        symbols, memory = self._image.symbols, self._firmware.memory
        self._check_paint(symbols["tc_ram_used_end"], memory.ram_address + memory.ram_bytes)
        for one in memory.more:
            self._check_paint(symbols[used_end(one.name)], one.end)

    def _check_paint(self, start: int, end: int) -> None:
        changed = np.flatnonzero(np.frombuffer(self.core.read(start, end - start), np.uint8) != PAINT)
        if len(changed):
            raise EmulationError(
                "the emulated firmware wrote to RAM that belongs to nobody",
                which=f"{start + int(changed[0]):#010x}",
                found=f"{len(changed)} bytes behind the arena",
            )

    def _fail(self, misstep: Misstep) -> None:
        lowest = self._firmware.memory.ram_address
        overflows = misstep.address is not None and lowest - _STACK_REACH <= misstep.address < lowest
        what = str(misstep)
        if overflows:
            what = f"stack overflow beyond {self._firmware.stack_bytes:,} bytes, {what}"
        raise EmulationError(
            f"the emulated firmware faulted: {what}",
            which=self._image.name_at(misstep.pc & ~1),
            found=self._where(),
            next_step="raise limits.stack-bytes in the device's file" if overflows else None,
        )

    def _where(self) -> str:
        return (
            "node not known"
            if self._recorder is None
            else f"in {_whose(self._recorder.owner, self._program)}"
        )
