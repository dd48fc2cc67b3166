"""The same objects under QEMU, relinked for a machine that it has: a second opinion.

A plugin counts blocks as the hooks of the built-in emulator do; semihosting brings the RAM back.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from tinyml_compress.devices import Core, QemuMap
from tinyml_compress.errors import EmulationError, MissingDependency, ProcessError
from tinyml_compress.ir import Program
from tinyml_compress.runners import toolchain
from tinyml_compress.runners.emulated.counting import (
    ENTRY,
    OUTSIDE,
    READS,
    Counts,
    ReadWatch,
    count_blocks,
    ordered,
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
from tinyml_compress.runners.emulated.places import places
from tinyml_compress.runners.toolchain import Build
from tinyml_compress.support import proc
from tinyml_compress.support.instruction_sets import Family
from tinyml_compress.support.resources import package_folder
from tinyml_compress.support.scratch import scratch

_ARM, _RISCV, _RISCV64 = "qemu-system-arm", "qemu-system-riscv32", "qemu-system-riscv64"
_PACKAGES = dict.fromkeys((_RISCV, _RISCV64), "qemu-system-misc (or qemu-system-riscv)")
_TIMEOUT = 600.0


def program_of(core: Core) -> str:
    """The one of QEMU's programs that has such cores."""
    if core.isa.startswith("rv64"):
        return _RISCV64
    return _RISCV if core.family is Family.RISCV else _ARM


def available(program: str = _ARM) -> bool:
    """Whether it is installed."""
    return shutil.which(program) is not None


@lru_cache(maxsize=3)
def version(program: str = _ARM) -> str:
    """Name and version, for reports and cache keys."""
    path = shutil.which(program)
    if path is None:
        raise MissingDependency(
            "QEMU is not installed",
            which=program,
            next_step=f"install {_PACKAGES.get(program, program)} with your system's package manager",
        )
    words = proc.run([path, "--version"], timeout=30, what=program).stdout.split()
    return f"qemu {words[words.index('version') + 1]}"


def map_for(core: Core) -> QemuMap:
    """The machine to relink for."""
    if core.qemu is None:
        raise MissingDependency(
            "QEMU has no machine with this core that is large enough",
            which=core.title,
            next_step="use --emulator unicorn",
        )
    return core.qemu


@dataclass(frozen=True)
class QemuMachine:
    """One firmware, linked for the core's QEMU machine with `stop_qemu.c`."""

    firmware: Firmware
    program: Program
    seconds: float = _TIMEOUT

    def counted(self, inputs: Sequence[bytes], state: bytes | None = None) -> Inference:
        """One inference with the counting plugin; it goes on from `state`."""
        return self._run(inputs, state, counted=True)

    def run(self, inputs: Sequence[bytes], state: bytes | None = None) -> Inference:
        """One inference without it."""
        return self._run(inputs, state, counted=False)

    def _run(self, inputs: Sequence[bytes], state: bytes | None, *, counted: bool) -> Inference:
        image, program = self.firmware.image, self.program
        check_inputs(program, inputs)
        start, end = image.symbols["tc_stack_bottom"], image.symbols["tc_ram_used_end"]
        given, taken = places(program, image.symbols)
        ram = bytearray([PAINT]) * (end - start)
        kept = state_places(program, image.symbols, state)
        for address, data in (*zip(given, inputs, strict=True), *kept.items()):
            ram[address - start : address - start + len(data)] = data
        with scratch() as folder:
            (folder / "ram.in").write_bytes(ram)
            words = self._command(folder, start, counted=counted)
            try:
                done = proc.run(words, timeout=self.seconds, what="QEMU", cwd=folder, check=False)
            except ProcessError as error:
                raise EmulationError("the emulated firmware does not end", found=error.found) from error
            result = folder / "ram.out"
            if done.returncode != 0 or not result.is_file():
                raise EmulationError(
                    "the emulated firmware faulted under QEMU",
                    which=self.firmware.core.title,
                    found=done.tail() or f"exit code {done.returncode}",
                    next_step="--emulator unicorn names the place" if self.firmware.core.built_in else None,
                )
            memory = result.read_bytes()
            counts = self._counts(folder) if counted else None
        if len(memory) != end - start:
            raise EmulationError(
                "QEMU gave back another amount of RAM", found=len(memory), allowed=end - start
            )
        at = image.symbols["tc_status"] - start
        status = int.from_bytes(memory[at : at + 4], "little", signed=True)
        if status not in (0, STOPPED):
            raise EmulationError("the generated code refused its arena", which=f"{program.prefix}_invoke")
        ends = [] if status == STOPPED else zip(taken, program.outputs, strict=True)
        outputs = tuple(memory[place - start : place - start + port.nbytes] for place, port in ends)
        kept_at = image.symbols["tc_state"] - start if program.state_bytes else 0
        stack = stack_high_water(memory[: image.symbols["tc_stack_top"] - start])
        return Inference(outputs, stack, counts, memory[kept_at : kept_at + program.state_bytes])

    def _command(self, folder: Path, ram_start: int, *, counted: bool) -> list[str]:
        core = self.firmware.core
        qemu = map_for(core)
        version(program_of(core))  # raises where QEMU is not installed
        words = [program_of(core), "-M", qemu.machine, "-nographic", "-monitor", "none", "-serial", "none"]
        if core.family is Family.RISCV:  # no firmware of QEMU's: the machine begins at the start of its RAM
            vectors = f",v=true,vlen={qemu.vector_bits},elen=64,vext_spec=v1.0" if qemu.vector_bits else ""
            words += ["-bios", "none", "-cpu", f"{core.isa[:4]}{vectors}"]
        words += ["-semihosting-config", "enable=on,target=native"]
        # Not -kernel: QEMU would clear the RAM that has no content in the ELF file.
        for number, (address, data) in enumerate(self.firmware.image.segments):
            (folder / f"flash{number}.in").write_bytes(data)
            words += ["-device", f"loader,file=flash{number}.in,addr={address:#x},force-raw=on"]
        words += ["-device", f"loader,file=ram.in,addr={ram_start:#x},force-raw=on"]
        if counted:
            start, table = owners(self.firmware.image, self.program)
            watch = ReadWatch(self.firmware.memory, self.firmware.cache, table)
            head = np.array([*watch.numbers(), start, len(table), *watch.rams()], "<u4").tobytes()
            (folder / "owners.bin").write_bytes(head + table.astype("<i2").tobytes())
            code = ",code=riscv" if core.family is Family.RISCV else ""
            words += ["-plugin", f"{_plugin()},map=owners.bin,out=counts.bin,reads=reads.bin{code}"]
        return words

    def _counts(self, folder: Path) -> Counts:
        paths = [folder / "counts.bin", folder / "reads.bin"]
        if not all(path.is_file() for path in paths):
            raise EmulationError(
                "QEMU's plugin wrote no counts", which=version(program_of(self.firmware.core))
            )
        entries, reads = (
            np.frombuffer(path.read_bytes(), kind) for path, kind in zip(paths, (ENTRY, READS), strict=True)
        )
        inside = entries[entries["owner"] != OUTSIDE]  # a machine's own start lies in no flash
        by_owner = count_blocks(ordered(inside), reads, self.firmware.image, self.firmware.core.family)
        return summarize(by_owner, len(self.program.nodes))


@lru_cache(maxsize=1)
def _plugin() -> Path:
    here = package_folder("tinyml_compress.runners.emulated.c")
    files = {name: (here / name).read_text() for name in ("qemu_plugin.c", "hooks.c")}
    zig = toolchain.zig()
    flags = ("-shared", "-fPIC", "-O2", *zig.host_flags)
    if sys.platform == "darwin":
        flags += ("-Wl,-undefined,dynamic_lookup",)  # QEMU itself has the functions that the plugin calls
    return toolchain.build(Build(zig, files, "plugin.so", flags, sources=("qemu_plugin.c",)))
