"""The emulated core: memory as on the device, one inference per run, every misstep named."""

from __future__ import annotations

import ctypes
import logging
import time
from collections.abc import Sequence
from typing import Any

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

__all__ = ["Machine", "StoppedEarly"]

_log = logging.getLogger(__name__)
_ATTEMPTS = 3

_PAGE = 4096
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
        if core.unicorn is None:
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
        symbols = firmware.image.symbols
        self._arenas = tuple(symbols[f"tc_arena{one.suffix}"] for one in program.arenas)
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
        run.put_inputs(self._arenas, inputs)
        run.put_state(state)
        recorder = Recorder(
            self._code_start,
            self._owners,
            self._accesses,
            ReadWatch(self._firmware.memory, self._firmware.cache, self._owners),
            self._limit * _INSTRUCTION_BYTES,
            run.function_address("uc_emu_stop"),
            run.function_address("uc_reg_read"),
        )
        run.record(recorder)
        run.start(self._seconds, self._limit)
        self._check_alignment(recorder)
        image, is_riscv = self._firmware.image, self._firmware.core.is_riscv
        by_owner = count_blocks(recorder.blocks(), recorder.reads(), image, is_riscv=is_riscv)
        counts = summarize(by_owner, len(self._program.nodes))
        return Inference(run.outputs(self._arenas), run.stack_bytes(), counts, run.state())

    def run(self, inputs: Sequence[bytes], state: bytes | None = None) -> Inference:
        """One inference without hooks: several times faster."""
        if self._plain is None:
            self._plain = _Run(self._firmware, self._program)
        else:
            self._plain.reset()
        run = self._plain
        run.put_inputs(self._arenas, inputs)
        run.put_state(state)
        try:
            run.start(self._seconds, self._limit)
        except EmulationError:
            self._plain = None
            interruption.check()
            return self.counted(inputs, state)  # fails again, and then it knows in which node
        return Inference(run.outputs(self._arenas), run.stack_bytes(), None, run.state())

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
        import unicorn
        from unicorn import arm_const, riscv_const

        self._uc: Any = unicorn
        core, memory, image = firmware.core, firmware.memory, firmware.image
        self._firmware, self._program, self._image = firmware, program, image
        self._recorder: Recorder | None = None
        self._misstep: tuple[str, int | None, int] | None = None
        self.status = 0
        if core.is_riscv:
            self._engine = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
            self.pc_register, self._thumb = riscv_const.UC_RISCV_REG_PC, 0
            self._sp_register = riscv_const.UC_RISCV_REG_SP
        else:
            self._engine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
            model = str(core.unicorn).upper().replace("-", "_")
            self._engine.ctl_set_cpu_model(getattr(arm_const, f"UC_CPU_ARM_{model}"))
            self.pc_register, self._thumb = arm_const.UC_ARM_REG_PC, 1
            self._sp_register = arm_const.UC_ARM_REG_SP
            self._engine.mem_map(0xE000E000, _PAGE, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE)
        self._map(memory.flash_address, memory.flash_bytes, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        self._rams = ((memory.ram_address, memory.ram_bytes), *((m.address, m.nbytes) for m in memory.more))
        for address, nbytes in self._rams:
            self._map(address, nbytes, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE)
        for address, data in image.segments:
            self._engine.mem_write(address, data)
        self.reset()
        self._engine.hook_add(unicorn.UC_HOOK_MEM_INVALID, self._on_invalid)
        self._engine.hook_add(unicorn.UC_HOOK_INTR, self._on_interrupt)

    def reset(self) -> None:
        """Stack, arena and unused RAM hold garbage, as after power-on: changes show, reliance on zeros
        breaks.
        """
        for address, nbytes in self._rams:
            self._engine.mem_write(address, bytes([PAINT]) * nbytes)
        if not self._firmware.core.is_riscv:
            self._engine.reg_write(self._sp_register, self._image.symbols["tc_stack_top"])

    def _map(self, address: int, nbytes: int, rights: int) -> None:
        first = address // _PAGE * _PAGE
        last = -(-(address + nbytes) // _PAGE) * _PAGE
        self._engine.mem_map(first, last - first, rights)

    def function_address(self, name: str) -> int:
        """Of the emulator's own library, for the C hooks."""
        from unicorn.unicorn_py3.unicorn import uclib

        address = ctypes.cast(getattr(uclib, name), ctypes.c_void_p).value
        assert address is not None
        return address

    def record(self, recorder: Recorder) -> None:
        """Put the C hooks in."""
        from unicorn.unicorn_py3.unicorn import uclib

        self._recorder = recorder
        hooks: list[tuple[int, int | None, ctypes.Structure]] = [
            (self._uc.UC_HOOK_BLOCK, recorder.on_block, recorder.counter),
            (self._uc.UC_HOOK_CODE, recorder.on_instruction, recorder.watch),
        ]
        for kind, function, data in hooks:
            status = uclib.uc_hook_add(
                self._engine._uch,
                ctypes.byref(ctypes.c_size_t()),
                kind,
                ctypes.c_void_p(function),
                ctypes.cast(ctypes.byref(data), ctypes.c_void_p),
                ctypes.c_uint64(1),
                ctypes.c_uint64(0),
            )
            if status != self._uc.UC_ERR_OK:
                raise EmulationError("the emulator refuses a hook", found=self._uc.UcError(status))

    def put_inputs(self, arenas: Sequence[int], inputs: Sequence[bytes]) -> None:
        check_inputs(self._program, inputs)
        for port, data in zip(self._program.inputs, inputs, strict=True):
            self._engine.mem_write(arenas[port.arena] + port.offset, data)

    def put_state(self, state: bytes | None) -> None:
        for address, data in state_places(self._program, self._image.symbols, state).items():
            self._engine.mem_write(address, data)

    def state(self) -> bytes:
        """What the model remembers now."""
        size = self._program.state_bytes
        return bytes(self._engine.mem_read(self._image.symbols["tc_state"], size)) if size else b""

    def start(self, seconds: float, limit: int) -> None:
        """Run from reset to tc_done."""
        began, done = time.monotonic(), self._image.symbols["tc_done"]
        begin = self._image.symbols["tc_reset"] | self._thumb
        try:
            with interruption.running(self._engine.emu_stop):
                self._engine.emu_start(begin, done, timeout=int(seconds * 1e6))
        except self._uc.UcError as error:
            self._fail(str(error))
        if self._misstep is not None:
            self._fail("")
        pc = self._engine.reg_read(self.pc_register) & ~1
        if pc != done:
            self._endless(pc, seconds, limit, time.monotonic() - began)
        self.status = int.from_bytes(
            self._engine.mem_read(self._image.symbols["tc_status"], 4), "little", signed=True
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

    def outputs(self, arenas: Sequence[int]) -> tuple[bytes, ...]:
        if self.status == STOPPED:
            return ()
        return tuple(
            bytes(self._engine.mem_read(arenas[port.arena] + port.offset, port.nbytes))
            for port in self._program.outputs
        )

    def stack_bytes(self) -> int:
        """High-water mark."""
        bottom, top = self._image.symbols["tc_stack_bottom"], self._image.symbols["tc_stack_top"]
        return stack_high_water(bytes(self._engine.mem_read(bottom, top - bottom)))

    def _check_unused(self) -> None:
        symbols, memory = self._image.symbols, self._firmware.memory
        self._check_paint(symbols["tc_ram_used_end"], memory.ram_address + memory.ram_bytes)
        for one in memory.more:
            self._check_paint(symbols[used_end(one.name)], one.end)

    def _check_paint(self, start: int, end: int) -> None:
        changed = np.flatnonzero(np.frombuffer(self._engine.mem_read(start, end - start), np.uint8) != PAINT)
        if len(changed):
            raise EmulationError(
                "the emulated firmware wrote to RAM that belongs to nobody",
                which=f"{start + int(changed[0]):#010x}",
                found=f"{len(changed)} bytes behind the arena",
            )

    def _on_invalid(self, uc: Any, kind: int, address: int, size: int, value: int, data: Any) -> bool:
        memory, constants = self._firmware.memory, self._uc
        words = {
            constants.UC_MEM_READ_UNMAPPED: "read of",
            constants.UC_MEM_WRITE_UNMAPPED: "write to",
            constants.UC_MEM_FETCH_UNMAPPED: "jump to",
            constants.UC_MEM_WRITE_PROT: "write to flash,",
            constants.UC_MEM_READ_PROT: "read of",
            constants.UC_MEM_FETCH_PROT: "execution of RAM,",
        }
        what = f"{words.get(kind, 'access to')} address {address:#010x} ({size} bytes)"
        if memory.ram_address - _STACK_REACH <= address < memory.ram_address:
            what = f"stack overflow beyond {self._firmware.stack_bytes:,} bytes, {what}"
        self._misstep = (what, address, uc.reg_read(self.pc_register))
        return False

    def _on_interrupt(self, uc: Any, number: int, data: Any) -> None:
        names = {
            1: "undefined instruction",
            2: "supervisor call",
            3: "prefetch abort",
            4: "data abort",
            7: "breakpoint",
        }
        what = names.get(number, f"exception {number}")
        self._misstep = (what, None, uc.reg_read(self.pc_register))
        uc.emu_stop()

    def _fail(self, error: str) -> None:
        what, _, pc = self._misstep or (error, None, self._engine.reg_read(self.pc_register))
        raise EmulationError(
            f"the emulated firmware faulted: {what}",
            which=self._image.name_at(pc & ~1),
            found=self._where(),
            next_step=None
            if not what.startswith("stack overflow")
            else "raise limits.stack-bytes in the device's file",
        )

    def _where(self) -> str:
        return (
            "node not known"
            if self._recorder is None
            else f"in {_whose(self._recorder.owner, self._program)}"
        )
