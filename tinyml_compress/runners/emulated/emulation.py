"""One program on one device, from sources to numbers; results are kept by content."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from tinyml_compress.devices import Core, CostClass, Device, MemoryMap
from tinyml_compress.errors import DataError
from tinyml_compress.ir import Program
from tinyml_compress.runners.emulated import qemu
from tinyml_compress.runners.emulated.counting import Count, Counts
from tinyml_compress.runners.emulated.firmware import Firmware, build_firmware
from tinyml_compress.runners.emulated.image import FlashLedger
from tinyml_compress.runners.emulated.machine import Machine
from tinyml_compress.runners.emulated.qemu import QemuMachine
from tinyml_compress.support.cache import cached_folder, key_of
from tinyml_compress.support.producers import EMULATION


class Emulator(Enum):
    """Who executes the firmware."""

    AUTO = "auto"
    """The built-in one where it has the core, else QEMU."""
    UNICORN = "unicorn"
    QEMU = "qemu"


@dataclass(frozen=True)
class Emulation:
    """What an emulated device did. All exact."""

    outputs: tuple[tuple[bytes, ...], ...]
    """Per vector."""
    counts: Counts
    """Of the first vector."""
    stack_bytes: int
    """Largest of all vectors."""
    static_bytes: int
    flash: FlashLedger
    compiler: str
    emulator: str
    memory: MemoryMap
    """Of the firmware that ran."""

    def waited(self, count: Count) -> float:
        """Cycles for reads of RAM that has a price."""
        return self.memory.waited(count.ram_words)


def emulate(
    program: Program,
    device: Device,
    vectors: Sequence[Sequence[bytes]],
    *,
    optimize: str = "-O2",
    toolchain: str | None = None,
    emulator: Emulator = Emulator.AUTO,
    progress: Callable[[str], None] = lambda text: None,
) -> Emulation:
    """Build the firmware, run every vector (the first one counted), and read the ledgers.

    A model with state takes the vectors as one sequence, from its start on.
    """
    if not vectors:
        raise DataError("nothing to run", found="no input vector", allowed="at least one")
    core = device.core
    with_qemu = emulator is Emulator.QEMU or (emulator is Emulator.AUTO and not core.built_in)
    by = qemu.version(qemu.program_of(core)) if with_qemu else _built_in(core)
    progress("building the firmware")
    firmware = build_firmware(program, device, optimize=optimize, toolchain_name=toolchain)
    if with_qemu:
        # It had to fit the device first; now the same objects go to where QEMU's machine has memory.
        ran = build_firmware(
            program,
            device,
            optimize=optimize,
            toolchain_name=toolchain,
            memory=qemu.map_for(core).memory,
            stop="stop_qemu.c",
        )
    else:
        ran = firmware

    def make(folder: Path) -> None:
        progress(f"running under {by}")
        engine = QemuMachine(ran, program) if with_qemu else Machine(ran, program)
        first = engine.counted(vectors[0])
        done = [first]
        for vector in vectors[1:]:
            done.append(engine.run(vector, done[-1].state if program.state_bytes else None))
        assert first.counts is not None
        result = {
            "outputs": [[output.hex() for output in run.outputs] for run in done],
            "stack": max(run.stack_bytes for run in done),
            "nodes": [_as_json(count) for count in first.counts.nodes],
            "between": _as_json(first.counts.between),
        }
        (folder / "run.json").write_text(json.dumps(result))

    stored = json.loads(
        (cached_folder("runs", _key(ran, program, vectors, by), make) / "run.json").read_text()
    )
    return Emulation(
        outputs=tuple(tuple(bytes.fromhex(text) for text in row) for row in stored["outputs"]),
        counts=Counts(tuple(_from_json(count) for count in stored["nodes"]), _from_json(stored["between"])),
        stack_bytes=stored["stack"],
        static_bytes=firmware.image.static_bytes,
        flash=firmware.image.ledger(program.prefix),
        compiler=firmware.compiler,
        emulator=by,
        memory=ran.memory,
    )


def _key(firmware: Firmware, program: Program, vectors: Sequence[Sequence[bytes]], by: str) -> str:
    """Everything a run depends on: the firmware's bytes, the core, the inputs, and this emulator."""
    core = firmware.core
    parts: list[bytes | str] = [firmware.image.path.read_bytes(), repr(firmware.memory), str(core.unicorn)]
    parts += [
        core.alignment.value,
        repr(firmware.cache),
        repr(program.nodes),
        repr(program.inputs),
        repr(program.outputs),
    ]
    parts += [str(program.state_bytes)]
    parts += [by, EMULATION.stamp()]
    parts += [data for vector in vectors for data in vector]
    return key_of(*parts)


def _built_in(core: Core) -> str:
    if core.interpreter:
        return "built-in interpreter"
    import unicorn

    return f"unicorn {unicorn.__version__}"


def _as_json(count: Count) -> dict[str, object]:
    return {
        "instructions": count.instructions,
        "classes": {kind.value: n for kind, n in count.classes.items()},
        "ram_words": count.ram_words,
    }


def _from_json(stored: dict[str, Any]) -> Count:
    classes = {CostClass(kind): n for kind, n in stored["classes"].items()}
    return Count(stored["instructions"], classes, tuple(stored["ram_words"]))
