"""`targets/<device>.toml` and `targets/cores/<core>.toml` into values, with every mistake named."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path
from typing import TypeAlias

from tinyml_compress.devices.flags import compiler_flags
from tinyml_compress.devices.linux import DATA, PROGRAM, Linux, linux_of
from tinyml_compress.devices.model import (
    Alignment,
    Calibration,
    Core,
    CostClass,
    CostTable,
    DataCache,
    Device,
    Fitted,
    Host,
    Limits,
    MemoryMap,
    QemuMap,
    Region,
)
from tinyml_compress.devices.npu import Npu, npu_of
from tinyml_compress.errors import ConfigError, UsageError
from tinyml_compress.results.targets import Energy, SetUp, Sleep
from tinyml_compress.support.instruction_sets import Isa
from tinyml_compress.support.resources import targets_folder
from tinyml_compress.support.sections import Section, nearest, parse

Described: TypeAlias = "Device | Host | Linux | Npu"
_MANUAL = "targets/README.md"
_ADDRESS_MAX = (1 << 32) - 1
_TOOLCHAINS = ("zig", "gcc")
_ENGINES = ("aot", "tflm")
_MOST_TIERS = 4
_OTHER_ERRORS = ("elsewhere", "unlike", "float")
_UNICORN = (
    *("cortex-m0", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "rv32"),
    *("cortex-a8", "cortex-a53", "cortex-a72", "max"),
)


def list_devices(targets_dir: Path | None = None) -> tuple[Described, ...]:
    """Every device, by name; those in `targets_dir` stand beside the shipped ones and win over them."""
    return tuple(load_device(name, targets_dir) for name in _names(targets_dir, ""))


def load_board(name: str, targets_dir: Path | None = None) -> Device:
    """The device of that name, where nothing but a board that is emulated will do."""
    described = load_device(name, targets_dir)
    if not isinstance(described, Device):
        raise UsageError(
            "this needs an emulated board",
            which=name,
            found=described.title,
            next_step="`tinyml-compress targets` lists them",
        )
    return described


def load_device(name: str, targets_dir: Path | None = None) -> Described:
    """The device of that name."""
    path = _find(name, targets_dir, "", "device", "tinyml-compress targets lists them")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise ConfigError(
            "a device's file name becomes a make goal",
            which=path,
            allowed="small letters, digits and hyphens",
        )
    top, data = parse(path, _MANUAL)
    make = _KINDS[top.text("kind", "board", one_of=_KINDS)]
    described = make(top, name, hashlib.sha256(data).hexdigest(), targets_dir)
    top.close()
    return described


def _host(top: Section, name: str, digest: str, targets_dir: Path | None) -> Host:
    return Host(name, top.text("title"), top.text("notes", ""), digest)


def _board(top: Section, name: str, digest: str, targets_dir: Path | None) -> Device:
    return _device(top, name, digest, targets_dir, _regions(top, "flash"), _regions(top, "ram"))


def _device(
    top: Section,
    name: str,
    digest: str,
    targets_dir: Path | None,
    flash: tuple[Region, ...],
    ram: tuple[Region, ...],
) -> Device:
    device = Device(
        name=name,
        title=top.text("title"),
        page=_url(top, "page"),
        core=load_core(top.text("core"), targets_dir, top),
        clock_hz=round(top.number("clock-mhz", 0.001, 5000) * 1e6),
        flash=flash,
        ram=ram,
        toolchain=top.text("toolchain", "zig", one_of=_TOOLCHAINS),
        flags=compiler_flags(top, "flags", ()),
        limits=_limits(top.optional_section("limits")),
        sources=_sources(top.section("sources"), ("core", "clock-mhz")),
        notes=top.text("notes", ""),
        digest=digest,
        chip=top.text("chip", ""),
        cache=_data_cache(top.section("data-cache"), ram) if top.has("data-cache") else None,
        energy=_energy(top.section("energy")) if top.has("energy") else None,
        measured=tuple(map(_set_up, top.sections("set-up"))) if top.has("set-up") else (),
        sleep=_sleep(top.section("sleep")) if top.has("sleep") else None,
    )
    _check(top, device)
    return device


def _npu(top: Section, name: str, digest: str, targets_dir: Path | None) -> Npu:
    return npu_of(top.section("npu"), _board(top, name, digest, targets_dir))


def _linux(top: Section, name: str, digest: str, targets_dir: Path | None) -> Linux:
    return linux_of(top.section("linux"), _device(top, name, digest, targets_dir, PROGRAM, DATA))


_KINDS: Mapping[str, Callable[[Section, str, str, Path | None], Described]] = {
    "board": _board,
    "host": _host,
    "linux": _linux,
    "npu": _npu,
}


def load_core(name: str, targets_dir: Path | None = None, asked_by: Section | None = None) -> Core:
    """The core of that name; `asked_by` is the device file that names it, for the error."""
    try:
        path = _find(name, targets_dir, "cores", "core", "targets/README.md says how to add one")
    except UsageError as error:
        if asked_by is None:
            raise
        raise asked_by.error("unknown core", "core", found=name, allowed=error.allowed) from error
    top, data = parse(path, _MANUAL)
    emulator = top.section("emulator")
    core = Core(
        name=name,
        title=top.text("title"),
        isa=top.text("isa", one_of=Isa.C.row.architectures),
        kernels=_kernels(top),
        fpu=top.flag("fpu"),
        alignment=Alignment(emulator.text("unaligned-faults", one_of=[kind.value for kind in Alignment])),
        compilers=_compilers(top.section("compiler")),
        unicorn=emulator.text("unicorn", one_of=_UNICORN) if emulator.has("unicorn") else None,
        interpreter=emulator.flag("interpreter", False),
        qemu=_qemu(top.section("qemu")) if top.has("qemu") else None,
        costs=_costs(top.optional_section("cost")),
        calibration=_calibration(top.section("calibration")),
        digest=hashlib.sha256(data).hexdigest(),
    )
    top.text("source")
    emulator.close()
    top.close()
    if not core.built_in and core.qemu is None:
        raise top.error(
            "nothing can run this core",
            "emulator",
            allowed="unicorn or interpreter in [emulator], or a [qemu] table",
        )
    return core


def _kernels(top: Section) -> tuple[Isa, ...]:
    isa = top.text("isa", one_of=Isa.C.row.architectures)
    words = _words(top, "kernels", tuple(one.value for one in Isa if isa in one.row.architectures))
    kernels = tuple(map(Isa, words))
    needed = dict.fromkeys(inside for one in kernels for inside in one.sets)
    if len(needed) > len(kernels):
        raise top.error(
            "a core runs what its instruction sets include",
            "kernels",
            found=words,
            allowed=", ".join(one.value for one in needed),
        )
    return kernels


def _find(name: str, targets_dir: Path | None, below: str, what: str, hint: str) -> Path:
    for folder in _folders(targets_dir):
        path = folder / below / f"{name}.toml"
        if re.fullmatch(r"[\w.-]+", name) and path.is_file():
            return path
    raise UsageError(
        f"unknown {what}", which=name, allowed=nearest(name, _names(targets_dir, below)), next_step=hint
    )


def _names(targets_dir: Path | None, below: str) -> list[str]:
    names = {path.stem for folder in _folders(targets_dir) for path in (folder / below).glob("*.toml")}
    return sorted(names)


def _folders(targets_dir: Path | None) -> list[Path]:
    if targets_dir is None:
        return [targets_folder()]
    if not targets_dir.is_dir():
        raise UsageError(
            "no such folder", which=targets_dir, next_step="--targets-dir takes a folder with *.toml"
        )
    return [targets_dir, targets_folder()]


def _url(top: Section, key: str) -> str:
    text = top.text(key)
    if not re.match(r"https?://[^\s/]+", text):
        raise top.error("not a web address", key, found=text, allowed="https://...")
    return text


def _words(section: Section, key: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    words = section.texts(key)
    for word in words:
        if word not in allowed:
            raise section.error("unknown word", key, found=word, allowed=nearest(word, allowed))
    if not words or len(set(words)) != len(words):
        raise section.error("each word once, at least one", key, found=list(words))
    return words


def _regions(top: Section, key: str) -> tuple[Region, ...]:
    regions = []
    for section in top.sections(key):
        has_price = section.has("price")
        if has_price:
            section.text("price-source")
        region = Region(
            section.text("name"),
            section.integer("address", 0, _ADDRESS_MAX),
            section.integer("bytes", 256, 1 << 30),
            section.text("what"),
            section.text("source"),
            section.integer("wait-states", 0, 100) if section.has("wait-states") else None,
            section.text("hidden-by", ""),
            section.number("price", 0, 1000) if has_price else None,
            section.flag("tightly-coupled", False),
        )
        section.close()
        if region.end > _ADDRESS_MAX + 1:
            raise section.error("region ends beyond the 32-bit address space", "bytes", found=hex(region.end))
        if region.tightly_coupled and key != "ram":
            raise section.error("only RAM is coupled tightly", "tightly-coupled", found=region.name)
        if region.address % 8 or region.nbytes % 8:
            raise section.error("address and bytes must be multiples of 8", found=hex(region.address))
        regions.append(region)
    return tuple(regions)


def _data_cache(section: Section, ram: tuple[Region, ...]) -> DataCache:
    names = {region.name: region for region in ram}
    through = section.texts("ram") if section.has("ram") else ()
    for name in through:
        if name not in names:
            raise section.error("no such RAM", "ram", found=name, allowed=nearest(name, names))
    cache = DataCache(
        section.integer("bytes", 256, 1 << 20),
        section.integer("ways", 1, 64),
        tuple(names[name] for name in through),
        section.text("source"),
    )
    section.close()
    if cache.sets < 1 or cache.nbytes % (32 * cache.ways):
        raise section.error("no whole number of sets of 32-byte lines", "bytes", found=cache.nbytes)
    return cache


def _limits(section: Section) -> Limits:
    limits = Limits(
        _words(section, "engines", _ENGINES) if section.has("engines") else _ENGINES,
        section.integer("stack-bytes", 256, 1 << 20, 4096),
        section.integer("reserved-flash-bytes", 0, 1 << 30, 0),
        section.integer("reserved-ram-bytes", 0, 1 << 30, 0),
    )
    section.close()
    if limits.stack_bytes % 8 or limits.reserved_ram_bytes % 8 or limits.reserved_flash_bytes % 256:
        raise section.error(
            "sizes must keep the alignment", allowed="stack and RAM: multiples of 8; flash: multiples of 256"
        )
    return limits


def _sources(section: Section, needed: tuple[str, ...]) -> dict[str, str]:
    sources = {key: section.text(key) for key in needed}
    section.close()
    return sources


def _energy(section: Section) -> Energy:
    energy = Energy(
        microamps_per_mhz=section.number("microamps-per-mhz", 0.1, 10_000),
        volts=section.number("volts", 0.5, 10),
        mode=section.text("mode"),
        source=section.text("source"),
    )
    section.close()
    return energy


def _set_up(section: Section) -> SetUp:
    set_up = SetUp(
        supply=section.text("supply"),
        volts=section.number("volts", 0.5, 10),
        picojoules=section.number("picojoules-per-cycle", 0.1, 100_000),
        error=section.number("error", 0.0, 2.0),
        source=section.text("source"),
    )
    section.close()
    return set_up


def _sleep(section: Section) -> Sleep:
    sleep = Sleep(
        microamps=section.number("microamps", 0.001, 100_000),
        volts=section.number("volts", 0.5, 10),
        mode=section.text("mode"),
        source=section.text("source"),
    )
    section.close()
    return sleep


def _check(top: Section, device: Device) -> None:
    for one, two in combinations((*device.flash, *device.ram), 2):
        if one.address < two.end and two.address < one.end:
            raise top.error(
                "memory regions overlap",
                found=(
                    f"{one.name} {one.address:#x}..{one.end:#x} and {two.name} {two.address:#x}..{two.end:#x}"
                ),
                allowed="regions that share no byte",
            )
    names = [region.name for region in (*device.flash, *device.ram)]
    if len(set(names)) != len(names):
        raise top.error("two memory regions have one name", found=", ".join(names))
    if device.flash_bytes <= 0:
        raise top.error("nothing is left of the flash", "limits.reserved-flash-bytes")
    if device.ram_bytes <= device.limits.stack_bytes:
        raise top.error("nothing is left of the RAM beside stack and reserve", "limits.stack-bytes")
    for region in device.cache.ram if device.cache else ():
        if region.price is not None:
            raise top.error("RAM behind the data cache is charged by lines", "price", found=region.name)
    if len(device.tiers) > _MOST_TIERS:
        raise top.error(
            "too many RAMs of different speed", "ram", found=len(device.tiers), allowed=_MOST_TIERS
        )
    if device.tiers and device.memories.ram[0].nbytes <= 0:
        raise top.error(
            "nothing is left of the fastest RAM beside stack and reserve",
            "limits.stack-bytes",
            found=f"{device.tiers[0].name}: {device.tiers[0].nbytes:,} B",
        )
    if device.toolchain not in device.core.compilers:
        raise top.error(
            f"core {device.core.name} has no flags for this toolchain",
            "toolchain",
            found=device.toolchain,
            allowed=", ".join(device.core.compilers),
        )


def _compilers(section: Section) -> dict[str, tuple[str, ...]]:
    flags = {name: compiler_flags(section, name) for name in _TOOLCHAINS if section.has(name)}
    section.close()
    if not flags:
        raise section.error("no compiler flags", allowed=" or ".join(_TOOLCHAINS))
    return flags


def _qemu(section: Section) -> QemuMap:
    memory = MemoryMap(
        section.integer("flash-address", 0, _ADDRESS_MAX),
        section.integer("flash-bytes", 256, 1 << 30),
        section.integer("ram-address", 0, _ADDRESS_MAX),
        section.integer("ram-bytes", 256, 1 << 30),
    )
    machine = section.text("machine")
    if not re.fullmatch(
        r"[a-z0-9][a-z0-9._-]*", machine
    ):  # behind a comma QEMU takes options that name files
        raise section.error(
            "not the name of a machine", "machine", found=machine, allowed="letters, digits, hyphens"
        )
    has_vectors = section.has("vector-bits")
    qemu = QemuMap(machine, memory, section.integer("vector-bits", 128, 1024) if has_vectors else None)
    section.text("source")
    section.close()
    return qemu


def _costs(section: Section) -> CostTable:
    extra: dict[CostClass, float] = {}
    sources: dict[CostClass, str] = {}
    instruction = 1.0
    if section.has("instruction"):
        entry = section.section("instruction")
        instruction = entry.number("cycles", 0, 100)
        entry.text("source")
        entry.close()
    for cost_class in CostClass:
        if section.has(cost_class.value):
            entry = section.section(cost_class.value)
            extra[cost_class] = entry.number("extra", 0, 1000)
            sources[cost_class] = entry.text("source")
            entry.close()
    section.close()
    return CostTable(extra, sources, instruction)


def _calibration(section: Section) -> Calibration:
    per_operator = section.optional_section("by-operator")
    by_operator = {key: per_operator.number(key, 0.01, 100) for key in per_operator}
    errors = section.optional_section("errors")
    others = {key: errors.number(key, 0.0, 2.0) if errors.has(key) else None for key in _OTHER_ERRORS}
    errors.close()
    calibration = Calibration(
        section.number("scale", 0.01, 100),
        by_operator,
        section.number("error", 0.0, 2.0),
        section.flag("calibrated"),
        section.text("against"),
        _fitted(section),
        *others.values(),
    )
    section.close()
    return calibration


def _fitted(section: Section) -> dict[str, Fitted]:
    """Of a core without any, an empty table."""
    chips = {}
    for entry in section.sections("chips") if section.has("chips") else ():
        name = entry.text("chip")
        chips[name] = Fitted(entry.integer("programs", 1, 10_000), entry.integer("vendors", 1, 100))
        entry.close()
    return chips
