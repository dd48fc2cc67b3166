"""A core that Unicorn has."""

from __future__ import annotations

import ctypes
from typing import Any

from tinyml_compress.errors import EmulationError
from tinyml_compress.runners.emulated.counting import Recorder
from tinyml_compress.runners.emulated.firmware import Firmware
from tinyml_compress.runners.emulated.misstep import Misstep

_PAGE = 4096
_SYSTEM = 0xE000E000


class UnicornCore:
    """Memory, registers and hooks of one engine."""

    def __init__(self, firmware: Firmware) -> None:
        import unicorn
        from unicorn import arm_const, riscv_const

        self._uc: Any = unicorn
        self.misstep: Misstep | None = None
        core, memory = firmware.core, firmware.memory
        if core.is_riscv:
            self._engine = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
            self._pc, self._thumb = riscv_const.UC_RISCV_REG_PC, 0
        else:
            self._engine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
            model = str(core.unicorn).upper().replace("-", "_")
            self._engine.ctl_set_cpu_model(getattr(arm_const, f"UC_CPU_ARM_{model}"))
            self._pc, self._thumb = arm_const.UC_ARM_REG_PC, 1
            self._engine.mem_map(_SYSTEM, _PAGE, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE)
        self._map(memory.flash_address, memory.flash_bytes, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        for address, nbytes in memory.rams:
            self._map(address, nbytes, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE)
        for address, data in firmware.image.segments:
            self.write(address, data)
        self._engine.hook_add(unicorn.UC_HOOK_MEM_INVALID, self._on_invalid)
        self._engine.hook_add(unicorn.UC_HOOK_INTR, self._on_interrupt)

    def _map(self, address: int, nbytes: int, rights: int) -> None:
        first = address // _PAGE * _PAGE
        last = -(-(address + nbytes) // _PAGE) * _PAGE
        self._engine.mem_map(first, last - first, rights)

    @property
    def pc(self) -> int:
        return int(self._engine.reg_read(self._pc)) & ~1

    @property
    def for_hooks(self) -> tuple[int, int]:
        """Addresses of the functions that stop it and read its registers."""
        return self._function("uc_emu_stop"), self._function("uc_reg_read")

    def _function(self, name: str) -> int:
        from unicorn.unicorn_py3.unicorn import uclib

        address = ctypes.cast(getattr(uclib, name), ctypes.c_void_p).value
        assert address is not None
        return address

    def write(self, address: int, data: bytes) -> None:
        self._engine.mem_write(address, data)

    def read(self, address: int, nbytes: int) -> bytes:
        return bytes(self._engine.mem_read(address, nbytes))

    def set_stack(self, address: int) -> None:
        from unicorn import arm_const

        if self._thumb:
            self._engine.reg_write(arm_const.UC_ARM_REG_SP, address)

    def called(self) -> tuple[int, int, int]:
        """At the start of a function: its first two arguments, and where it returns to."""
        from unicorn import arm_const, riscv_const

        arm = (arm_const.UC_ARM_REG_R0, arm_const.UC_ARM_REG_R1, arm_const.UC_ARM_REG_LR)
        riscv = (riscv_const.UC_RISCV_REG_A0, riscv_const.UC_RISCV_REG_A1, riscv_const.UC_RISCV_REG_RA)
        first, second, back = (int(self._engine.reg_read(one)) for one in (arm if self._thumb else riscv))
        return first, second, back & ~1

    def answer(self, value: int) -> None:
        """What the function gives."""
        from unicorn import arm_const, riscv_const

        self._engine.reg_write(arm_const.UC_ARM_REG_R0 if self._thumb else riscv_const.UC_RISCV_REG_A0, value)

    def record(self, recorder: Recorder) -> None:
        """Put the C hooks in."""
        from unicorn.unicorn_py3.unicorn import uclib

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

    def run(self, begin: int, done: int, seconds: float | None) -> None:
        """Until `done`, a misstep, a stop, or the time is up."""
        try:
            self._engine.emu_start(begin | self._thumb, done, timeout=int((seconds or 0) * 1e6))
        except self._uc.UcError as error:
            self.misstep = self.misstep or Misstep(str(error), self.pc)

    def stop(self) -> None:
        self._engine.emu_stop()

    def _on_invalid(self, uc: Any, kind: int, address: int, size: int, value: int, data: Any) -> bool:
        constants = self._uc
        words = {
            constants.UC_MEM_READ_UNMAPPED: "read of",
            constants.UC_MEM_WRITE_UNMAPPED: "write to",
            constants.UC_MEM_FETCH_UNMAPPED: "jump to",
            constants.UC_MEM_WRITE_PROT: "write to flash,",
            constants.UC_MEM_READ_PROT: "read of",
            constants.UC_MEM_FETCH_PROT: "execution of RAM,",
        }
        self.misstep = Misstep(words.get(kind, "access to"), self.pc, address, size)
        return False

    def _on_interrupt(self, uc: Any, number: int, data: Any) -> None:
        names = {
            1: "undefined instruction",
            2: "supervisor call",
            3: "prefetch abort",
            4: "data abort",
            7: "breakpoint",
        }
        self.misstep = Misstep(names.get(number, f"exception {number}"), self.pc)
        uc.emu_stop()
