"""A program for a bare core, built with the tool's compiler and run in the emulator to its end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyml_compress.devices import Device, load_device
from tinyml_compress.runners import toolchain
from tinyml_compress.runners.emulated.image import Image, read_image
from tinyml_compress.runners.emulated.layout import linker_script
from tinyml_compress.runners.toolchain import Build
from tinyml_compress.support.resources import package_folder

_FLAGS = (
    "-O2",
    "-ffreestanding",
    "-fbuiltin",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
    "-fno-stack-protector",
    "-fno-sanitize=undefined",
    "-g0",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-I.",
)
_CXX = ("-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-nostdinc++")
_SECONDS = 60


def built(sources: Mapping[str, str], device: str) -> Image:
    """The sources with reset code and memory functions, linked for `device`; they define tc_main."""
    board = load_device(device)
    assert isinstance(board, Device)
    zig, target = toolchain.zig(), board.core.compilers["zig"]
    here = package_folder("tinyml_compress.runners.emulated.c")
    runtime = {
        name: (here / name).read_text() for name in ("string.h", "runtime.c", "startup_arm.c", "stop_loop.c")
    }
    common = {**sources, "string.h": runtime["string.h"]}
    plain = {name: text for name, text in common.items() if not name.endswith(".cpp")}
    plus = {name: text for name, text in common.items() if not name.endswith(".c")}
    plus["string.h"] = 'extern "C" {\n' + runtime["string.h"].replace("restrict ", "") + "}\n"
    objects: dict[str, Path] = toolchain.objects(runtime, flags=(*target, *_FLAGS, "-fno-builtin"))
    objects |= toolchain.objects(plain, flags=(*target, *_FLAGS, "-std=gnu11"))
    objects |= toolchain.objects(plus, flags=(*target, *_FLAGS, *_CXX, "-std=gnu++17"))
    files: dict[str, str | bytes] = {f"{name}.o": path.read_bytes() for name, path in objects.items()}
    files["link.ld"] = linker_script(board.memory, board.limits.stack_bytes)
    flags = (*target, "-nostartfiles", "-Tlink.ld", "-Wl,-e,tc_reset", "-Wl,--gc-sections")
    if "m0" not in board.core.name:  # the smallest core divides with the compiler's helpers
        flags += ("-nostdlib",)
    return read_image(toolchain.build(Build(zig, files, "firmware.elf", flags)))


def ran(image: Image, device: str) -> Any:
    """The emulator after the program came to tc_done; `mem_read` reads what it left."""
    import unicorn
    from unicorn import arm_const

    board = load_device(device)
    assert isinstance(board, Device)
    engine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
    model = str(board.core.unicorn).upper().replace("-", "_")
    engine.ctl_set_cpu_model(getattr(arm_const, f"UC_CPU_ARM_{model}"))
    engine.mem_map(0xE000E000, 4096)
    engine.mem_map(
        board.memory.flash_address, board.memory.flash_bytes, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC
    )
    engine.mem_map(
        board.memory.ram_address, board.memory.ram_bytes, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE
    )
    for address, data in image.segments:
        engine.mem_write(address, data)
    engine.reg_write(arm_const.UC_ARM_REG_SP, image.symbols["tc_stack_top"])
    engine.emu_start(image.symbols["tc_reset"] | 1, image.symbols["tc_done"], timeout=_SECONDS * 1_000_000)
    assert engine.reg_read(arm_const.UC_ARM_REG_PC) & ~1 == image.symbols["tc_done"], "it did not end"
    return engine
