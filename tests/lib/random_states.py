"""Short pieces of code that start from random registers, flags and memory; what they leave, by emulator."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress.devices import MemoryMap
from tinyml_compress.runners import toolchain
from tinyml_compress.runners.emulated.interpreter import CoreInterpreter
from tinyml_compress.runners.toolchain import Build
from tinyml_compress.support import proc
from tinyml_compress.support.scratch import scratch

_MEMORY = MemoryMap(0, 0x80000, 0x20000000, 0x80000)
_CODE = 0x100
_STATES = 0x20000000
STATE = 200
DATA, DATA_BYTES = 0x20070000, 4096
"""What the pieces load and store; r6 to r10 point into its middle."""
_FLAGS = 33  # of the words of a state, the one with the FPSCR
_MARKS = 0x9F  # its marks of exceptions, which the interpreter does not keep

_START = """
    .syntax unified
    .thumb
    movw r0, #0xED88
    movt r0, #0xE000
    mov.w r1, #0xF00000
    str r1, [r0]
    dsb
    isb
    movw r0, #0x0000
    movt r0, #0x2000
    mov sp, r0
"""
_BEFORE = """
    vldmia sp!, {d0-d15}
    ldr r0, [sp], #4
    vmsr vpr, r0
    ldr r0, [sp], #4
    vmsr fpscr, r0
    ldr r0, [sp], #4
    msr apsr_nzcvqg, r0
    ldmia.w sp!, {r0-r12, lr}
"""
_AFTER = """
    stmdb.w sp!, {r0-r12, lr}
    mrs r0, apsr
    str r0, [sp, #-4]!
    vmrs r0, fpscr
    str r0, [sp, #-4]!
    vmrs r0, vpr
    str r0, [sp, #-4]!
    vstmdb sp!, {d0-d15}
    add.w sp, sp, #200
"""
_END = """
    nop
    b.w 1f
    1:
    mov.w r0, #1
    adr.w r1, 2f
    bkpt 0xAB
    adr.w r1, 3f
    mov r2, sp
    add sp, #16
    str r0, [sp]
    mov.w r3, #0x20000000
    str r3, [sp, #4]
    mov.w r3, #0x80000
    str r3, [sp, #8]
    mov r1, sp
    mov.w r0, #5
    bkpt 0xAB
    mov r1, sp
    mov.w r0, #2
    bkpt 0xAB
    movw r1, #0x0026
    movt r1, #0x0002
    mov.w r0, #0x18
    bkpt 0xAB
    .balign 4
    2: .word 0x2007F000, 5, 7
    3: .word 0
"""
_NAME = 0x2007F000


@dataclass(frozen=True)
class Pieces:
    """Assembled, with the start and the end that load and store the state around each."""

    texts: tuple[str, ...]
    code: bytes
    end: int

    @staticmethod
    def of(texts: Sequence[str]) -> Pieces:
        parts = [_START]
        for text in texts:
            parts += [_BEFORE, text, _AFTER]
        code = assembled("\n".join(parts) + _END)
        return Pieces(tuple(texts), code, _CODE + code.rindex(assembled(_END)[:12]) + 6)

    def memory(self, seed: int) -> npt.NDArray[np.uint8]:
        """RAM before a run."""
        chosen = random.Random(seed)
        ram = np.zeros(_MEMORY.ram_bytes, np.uint8)
        for number in range(len(self.texts)):
            words = np.array(_state(chosen), np.uint32)
            ram[number * STATE : number * STATE + words.nbytes] = words.view(np.uint8)
        start = DATA - _MEMORY.ram_address
        ram[start : start + DATA_BYTES] = np.frombuffer(chosen.randbytes(DATA_BYTES), np.uint8)
        name = _NAME - _MEMORY.ram_address
        ram[name : name + 8] = np.frombuffer(b"ram.out\0", np.uint8)
        return ram

    @property
    def _flash(self) -> bytes:
        vectors = np.full(_CODE // 4, _CODE | 1, np.uint32)
        vectors[0] = 0x20080000
        return vectors.tobytes() + self.code

    def interpreted(self, seed: int) -> npt.NDArray[np.uint32]:
        """What the interpreter leaves: a row of words for each state, then the data."""
        core = CoreInterpreter(_MEMORY, [(0, self._flash)], range(_CODE, _CODE + len(self.code)))
        core.write(_MEMORY.ram_address, self.memory(seed).tobytes())
        core.run(_CODE, self.end, 60.0)
        assert core.misstep is None, f"{core.misstep} at {core.misstep.pc:#x}, {self.at(core.misstep.pc)}"
        assert core.pc == self.end
        return self._left(core.read(_MEMORY.ram_address, _MEMORY.ram_bytes))

    def under_qemu(self, seed: int) -> npt.NDArray[np.uint32]:
        """The same from QEMU."""
        with scratch() as folder:
            (folder / "flash.in").write_bytes(self._flash)
            (folder / "ram.in").write_bytes(self.memory(seed).tobytes())
            words = [
                "qemu-system-arm",
                "-M",
                "mps3-an547",
                "-nographic",
                "-monitor",
                "none",
                "-serial",
                "none",
            ]
            words += ["-semihosting-config", "enable=on,target=native"]
            for name, address in (("flash", 0), ("ram", _MEMORY.ram_address)):
                words += ["-device", f"loader,file={name}.in,addr={address:#x},force-raw=on"]
            proc.run(words, timeout=100, what="QEMU", cwd=folder)
            return self._left((folder / "ram.out").read_bytes())

    def _left(self, ram: bytes) -> npt.NDArray[np.uint32]:
        words = np.frombuffer(ram, np.uint32).copy()
        states = words[: len(self.texts) * STATE // 4].reshape(-1, STATE // 4)
        states[:, _FLAGS] &= ~np.uint32(_MARKS)
        start = (DATA - _MEMORY.ram_address) // 4
        return np.concatenate([states.ravel(), words[start : start + DATA_BYTES // 4]])

    def differing(self, one: npt.NDArray[np.uint32], two: npt.NDArray[np.uint32]) -> list[int]:
        """Numbers of the pieces; one more than there are: the data."""
        return sorted({int(word) // (STATE // 4) for word in np.flatnonzero(one != two)})

    def at(self, address: int) -> str:
        """The piece whose code is there, by trying: the last whose code starts before."""
        sizes = [len(assembled("\n".join([_BEFORE, text, _AFTER]))) for text in self.texts]
        place = _CODE + len(assembled(_START))
        for size, text in zip(sizes, self.texts, strict=True):
            if place <= address < place + size:
                return text
            place += size
        return "outside"


def _state(chosen: random.Random) -> list[int]:
    """Vectors, VPR, FPSCR, APSR, r0 to r12, LR."""
    interesting = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
    floats = (0x3F800000, 0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 0x00000001, 0x80000000, 0x3C003C00)

    def word() -> int:
        kind = chosen.randrange(12)
        if kind < 6:
            return chosen.getrandbits(32)
        if kind < 8:
            return int.from_bytes(bytes(chosen.choice((0, 1, 0x7F, 0x80, 0xFF)) for _ in range(4)), "little")
        if kind < 9:
            return chosen.choice((0x7FFF, 0x8000, 1, 0)) | chosen.choice((0x7FFF, 0x8000, 0xFFFF, 0)) << 16
        if kind < 10:
            return chosen.choice(interesting)
        if kind < 11:
            return chosen.choice(floats)
        return chosen.getrandbits(chosen.randrange(1, 9))

    vectors = [word() for _ in range(32)]
    # q6: offsets within the data, q7: addresses
    vectors[24:28] = [chosen.randrange(0, 64) * 4 for _ in range(4)]
    vectors[28:32] = [DATA + 1024 + chosen.randrange(0, 64) * 8 for _ in range(4)]
    vpr = chosen.getrandbits(16)
    if chosen.randrange(3) == 0:
        vpr |= chosen.getrandbits(8) << 16
    if chosen.randrange(4) == 0:
        vpr = chosen.choice((0, 0xFFFF))
    fpscr = chosen.getrandbits(5) << 27 | 4 << 16
    apsr = chosen.getrandbits(5) << 27 | chosen.getrandbits(4) << 16
    registers = [word() for _ in range(13)]
    for number in (6, 7, 8, 9, 10):
        registers[number] = DATA + 1024 + 8 * chosen.randrange(0, 128)
    registers[11] = chosen.randrange(0, 40)
    registers[12] = chosen.randrange(0, 256)
    return [*vectors, vpr, fpscr, apsr, *registers, chosen.randrange(0, 20)]


def assembled(text: str) -> bytes:
    """Of a Cortex-M55 with Helium."""
    from elftools.elf.elffile import ELFFile

    zig = toolchain.zig()
    flags = ("--target=thumb-freestanding-eabihf", "-mcpu=cortex_m55+fp_armv8d16+mve_fp+fullfp16", "-c")
    lines = "\n".join(f'"{line.strip()}\\n"' for line in text.splitlines() if line.strip())
    source = f"__attribute__((naked)) void pieces(void) {{\n__asm__ volatile(\n{lines}\n);\n}}\n"
    path: Path = toolchain.build(Build(zig, {"pieces.c": source}, "pieces.o", flags))
    section = ELFFile(BytesIO(path.read_bytes())).get_section_by_name(".text")
    data = section.data()
    assert isinstance(data, bytes)
    return data


def shown(row: npt.NDArray[np.uint32]) -> str:
    """A state as text."""
    names = [f"q{number // 4}[{number % 4}]" for number in range(32)]
    names += ["vpr", "fpscr", "apsr", *(f"r{number}" for number in range(13)), "lr"]
    return " ".join(f"{name}={int(word):08x}" for name, word in zip(names, row, strict=False))
