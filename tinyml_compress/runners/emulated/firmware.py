"""From generated C to a bare-metal firmware for one device, and the error when it does not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tinyml_compress.devices import Core, DataCache, Device, MemoryMap
from tinyml_compress.errors import DoesNotFit, MissingDependency, ToolchainError
from tinyml_compress.ir import Program, memory_word
from tinyml_compress.runners import toolchain
from tinyml_compress.runners.emulated.image import Image, read_image
from tinyml_compress.runners.emulated.layout import linker_script
from tinyml_compress.runners.emulated.places import own, rows_config, with_rows
from tinyml_compress.runners.toolchain import Build, Toolchain
from tinyml_compress.support.instruction_sets import Family
from tinyml_compress.support.resources import package_folder

# Contraction off: a float node must give the bits of the reference, which rounds twice.
_COMMON = (
    "-std=gnu11",
    "-ffreestanding",
    "-fbuiltin",
    "-ffp-contract=off",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-asynchronous-unwind-tables",
    "-fno-unwind-tables",
    "-fno-stack-protector",
    "-fomit-frame-pointer",
    "-g0",
    "-I.",
)
_ONLY: Mapping[str, tuple[str, ...]] = {
    "zig": ("-fno-sanitize=undefined",),
    # Node functions must stay what they are called: no clones, no merging of equal ones.
    "gcc": ("-fno-ipa-icf", "-fno-ipa-cp", "-fno-ipa-sra", "-fno-tree-loop-distribute-patterns"),
}
_STARTUPS = {
    Family.THUMB: "startup_arm.c",
    Family.AARCH64: "startup_aarch64.c",
    Family.RISCV: "startup_riscv.c",
}
_ROOMY = 256 << 20


@dataclass(frozen=True)
class Firmware:
    """A linked firmware and where it belongs."""

    image: Image
    core: Core
    memory: MemoryMap
    stack_bytes: int
    compiler: str
    """Name, version and flags, for the report."""
    linked: Mapping[str, Path]
    """Object files by source name."""
    cache: DataCache | None = None
    """The board's, where its core prices the lines that miss it."""


@dataclass(frozen=True)
class Line:
    """What makes a firmware obey a line of characters."""

    files: Mapping[str, str]
    """All sources and headers, the model's too."""
    config: str
    """What `counted.c` is told of them."""
    host: str
    """The function by which the firmware calls its host."""


def _choose_toolchain(core: Core, name: str) -> Toolchain:
    """The compiler `name` for that core."""
    if name not in core.compilers:
        raise MissingDependency(
            f"no flags for --toolchain {name}",
            which=f"targets/cores/{core.name}.toml",
            allowed=", ".join(core.compilers),
        )
    return toolchain.zig() if name == "zig" else toolchain.arm_gcc()


def build_firmware(
    program: Program,
    device: Device,
    *,
    optimize: str = "-O2",
    toolchain_name: str | None = None,
    memory: MemoryMap | None = None,
    stop: str = "stop_loop.c",
    line: Line | None = None,
) -> Firmware:
    """Compile and link; `memory` replaces the device's map (the same objects, relinked for
    another emulator). With `line` the firmware obeys that instead of running one inference.
    """
    core, chosen = device.core, _choose_toolchain(device.core, toolchain_name or device.toolchain)
    place = memory or with_rows(device.tiered if program.plan.tiers else device.memory, program)
    target = (*core.compilers[chosen.name], *device.flags)
    flags = (*target, optimize, *_COMMON, *_ONLY[chosen.name])
    linked = _objects(program, core, chosen, flags, stop, line)
    compiler = f"{chosen.version} {' '.join((*target, optimize))}"
    stack = device.limits.stack_bytes
    try:
        image = _link(linked, chosen, target, place, stack)
    except ToolchainError as error:
        if not _is_overflow(error):
            raise
        roomy = MemoryMap(place.flash_address, _ROOMY, place.ram_address, _ROOMY)
        image = _link(linked, chosen, target, with_rows(roomy, program), stack)
        raise _does_not_fit(device, own(place), image, stack) from error
    return Firmware(image, core, place, stack, compiler, linked, device.cache)


def _objects(
    program: Program,
    core: Core,
    chosen: Toolchain,
    flags: tuple[str, ...],
    stop: str,
    line: Line | None,
) -> dict[str, Path]:
    here = package_folder("tinyml_compress.runners.emulated.c")
    startup = _STARTUPS[core.family]
    library = {name: (here / name).read_text() for name in ("string.h", "runtime.c", startup, stop)}
    # The memory functions must not be compiled into calls of themselves.
    built = toolchain.objects(library, flags=(*flags, "-fno-builtin"), toolchain=chosen)
    if line is None:
        main, config, files = "main.c", _config(program), program.files
    else:
        main, config, files = "counted.c", line.config, line.files
    string = {"string.h": library["string.h"]}
    around = {main: (here / main).read_text(), "tc_config.h": config, **string}
    built |= toolchain.objects(around, flags=flags, toolchain=chosen)
    built |= toolchain.objects({**files, **string}, flags=(*flags, *_sections(program)), toolchain=chosen)
    return built


def _config(program: Program) -> str:
    """What the main program of one inference is told."""
    config = f"#define TC_INVOKE {program.prefix}_invoke\n{_arenas(program)}"
    if program.loaded:
        config += f"#define TC_LOAD {program.prefix}_load\n"
    if program.state_bytes:
        config += (
            f"#define TC_INIT {program.prefix}_init\n#define TC_STATE_WORDS {program.state_bytes // 4}\n"
        )
    return config + rows_config(program)


def _arenas(program: Program) -> str:
    """What the firmware's main program is told of the arenas."""
    first, *more = program.arenas
    lines = [
        f"#define TC_ARENA_BYTES {max(first.nbytes, 1)}",
        f"#define TC_ARENA_ALIGN {program.arena_align}",
    ]
    if first.memory:
        lines.append(f'#define TC_ARENA_SECTION "{_section(first.memory)}"')
    if more:
        arenas = [
            f'__attribute__((section("{_section(one.memory)}"), used, aligned(TC_ARENA_ALIGN))) '
            f"uint8_t tc_arena{one.suffix}[{one.nbytes}];"
            for one in more
        ]
        lines += [
            f"#define TC_MORE_ARENAS {' '.join(arenas)}",
            f"#define TC_MORE_PARAMETERS {' '.join(f', void *arena{one.suffix}' for one in more)}",
            f"#define TC_MORE_ARGUMENTS {' '.join(f', tc_arena{one.suffix}' for one in more)}",
        ]
    return "\n".join([*lines, ""])


def _sections(program: Program) -> Iterator[str]:
    """The flags by which constants that an inference reads from RAM are put there."""
    for memory in program.loaded:
        macro = f"{program.prefix.upper()}_SECTION_{memory_word(memory).upper()}"
        yield f'-D{macro}=__attribute__((section("{_section(memory)}")))'


def _section(memory: str) -> str:
    return f".memory.{memory_word(memory)}"


def _link(
    linked: Mapping[str, Path], chosen: Toolchain, target: tuple[str, ...], memory: MemoryMap, stack: int
) -> Image:
    files: dict[str, str | bytes] = {f"{name}.o": path.read_bytes() for name, path in linked.items()}
    files["link.ld"] = linker_script(memory, stack)
    flags = (*target, "-nostartfiles", "-Tlink.ld", "-Wl,-e,tc_reset", "-Wl,--gc-sections")
    bare = (*flags, "-nostdlib")
    # GCC's mathematics is a package of its own (newlib); zig's compiler helpers cost ten seconds per core.
    # Most firmwares need neither.
    if chosen.name == "gcc":
        without = Build(chosen, files, "firmware.elf", bare, libraries=("-lgcc",))
        whole = Build(chosen, files, "firmware.elf", bare, libraries=("-lm", "-lgcc"))
    else:
        without = Build(chosen, files, "firmware.elf", bare)
        whole = Build(chosen, files, "firmware.elf", flags)
    try:
        return read_image(toolchain.build(without))
    except ToolchainError as error:
        if not re.search(r"undefined (symbol|reference)", error.found or ""):
            raise
    return read_image(toolchain.build(whole))


def _is_overflow(error: ToolchainError) -> bool:
    text = error.found or ""
    return "will not fit in region" in text or "overflowed by" in text


def _does_not_fit(device: Device, place: MemoryMap, image: Image, stack: int) -> DoesNotFit:
    ram = image.symbols["tc_ram_used_end"] - place.ram_address
    room = place.ram_bytes + sum(one.nbytes for one in place.more)
    biggest = [f"{part.name} {part.nbytes:,} B" for part in image.largest()]
    if stack:
        biggest.append(f"stack {stack:,} B")
    lacking = []
    if image.flash_bytes > place.flash_bytes:
        lacking.append(f"{image.flash_bytes - place.flash_bytes:,} B of flash")
    if ram > room:
        lacking.append(f"{ram - room:,} B of RAM")
    return DoesNotFit(
        f"does not fit {device.name}: {' and '.join(lacking)} too few",
        found=(
            f"needs {image.flash_bytes:,} of {place.flash_bytes:,} B flash, "
            f"{ram:,} of {room:,} B RAM; "
            f"the largest parts are {', '.join(biggest)}"
        ),
        next_step="compress further, --optimize size, or choose a larger device: tinyml-compress targets",
    )
