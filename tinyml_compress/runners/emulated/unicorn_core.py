"""A core that Unicorn has."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

from tinyml_compress.devices import Core
from tinyml_compress.errors import EmulationError
from tinyml_compress.runners.emulated.counting import Recorder
from tinyml_compress.runners.emulated.firmware import Firmware
from tinyml_compress.runners.emulated.misstep import Misstep
from tinyml_compress.support.instruction_sets import Family

_PAGE = 4096
_SYSTEM = 0xE000E000


@dataclass(frozen=True)
class _Kind:
    """What Unicorn calls things in a family of cores."""

    constants: Any
    architecture: int
    mode: int
    pc: int
    call: tuple[int, int, int]
    """Registers of a function's first two arguments, the first of which is its answer, and of its return."""
    stack: int | None = None
    """None: code sets it at reset."""
    models: str = ""
    """What the constants of CPU models begin with; none: there is one."""
    brand: str = ""
    """What they leave away of its name."""
    thumb: int = 0
    has_system_page: bool = False
    """Whether code reaches the core's own registers as memory."""


def _kind(core: Core) -> _Kind:
    import unicorn
    from unicorn import arm64_const, arm_const, riscv_const

    if core.family is Family.RISCV:
        return _Kind(
            riscv_const,
            unicorn.UC_ARCH_RISCV,
            unicorn.UC_MODE_RISCV32,
            riscv_const.UC_RISCV_REG_PC,
            (riscv_const.UC_RISCV_REG_A0, riscv_const.UC_RISCV_REG_A1, riscv_const.UC_RISCV_REG_RA),
        )
    if core.family is Family.AARCH64:
        return _Kind(
            arm64_const,
            unicorn.UC_ARCH_ARM64,
            unicorn.UC_MODE_ARM,
            arm64_const.UC_ARM64_REG_PC,
            (arm64_const.UC_ARM64_REG_X0, arm64_const.UC_ARM64_REG_X1, arm64_const.UC_ARM64_REG_LR),
            arm64_const.UC_ARM64_REG_SP,
            "UC_CPU_ARM64_",
            "cortex-",
        )
    return _Kind(
        arm_const,
        unicorn.UC_ARCH_ARM,
        unicorn.UC_MODE_THUMB | (0 if core.is_application else unicorn.UC_MODE_MCLASS),
        arm_const.UC_ARM_REG_PC,
        (arm_const.UC_ARM_REG_R0, arm_const.UC_ARM_REG_R1, arm_const.UC_ARM_REG_LR),
        arm_const.UC_ARM_REG_SP,
        "UC_CPU_ARM_",
        thumb=1,
        has_system_page=not core.is_application,
    )


class UnicornCore:
    """Memory, registers and hooks of one engine."""

    def __init__(self, firmware: Firmware) -> None:
        import unicorn

        self._uc: Any = unicorn
        self.misstep: Misstep | None = None
        core, memory = firmware.core, firmware.memory
        self._kind = kind = _kind(core)
        self._engine = unicorn.Uc(kind.architecture, kind.mode)
        if kind.models:
            model = str(core.unicorn).removeprefix(kind.brand).upper().replace("-", "_")
            self._engine.ctl_set_cpu_model(getattr(kind.constants, f"{kind.models}{model}"))
        if kind.has_system_page:
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
        return int(self._engine.reg_read(self._kind.pc)) & ~1

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
        if self._kind.stack is not None:
            self._engine.reg_write(self._kind.stack, address)

    def called(self) -> tuple[int, int, int]:
        """At the start of a function: its first two arguments, and where it returns to."""
        first, second, back = (int(self._engine.reg_read(one)) for one in self._kind.call)
        return first, second, back & ~1

    def answer(self, value: int) -> None:
        """What the function gives."""
        self._engine.reg_write(self._kind.call[0], value)

    def record(self, recorder: Recorder) -> None:
        """Put the C hooks in."""
        from unicorn.unicorn_py3.unicorn import uclib

        hooks: list[tuple[int, int | None, ctypes.Structure]] = [
            (self._uc.UC_HOOK_BLOCK, recorder.on_block, recorder.counter),
        ]
        if recorder.watches:
            hooks.append((self._uc.UC_HOOK_CODE, recorder.on_instruction, recorder.watch))
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
            self._engine.emu_start(begin | self._kind.thumb, done, timeout=int((seconds or 0) * 1e6))
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
