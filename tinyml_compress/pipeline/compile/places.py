"""What a device, or the user's own words, say of kernels and memories."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from tinyml_compress.errors import UsageError
from tinyml_compress.frontends.preprocessing import Arithmetic
from tinyml_compress.ir import ANYWHERE, ConstantsIn, Memories, Memory, Prices, memory_word
from tinyml_compress.pipeline.measure.target import Target, target
from tinyml_compress.support.instruction_sets import Isa
from tinyml_compress.support.words import word

_WORD = re.compile(r"(?P<name>[A-Za-z][\w-]*)(=(?P<count>[0-9]+)(?P<unit>[KM]?)B?)?")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20}
_FORM = "NAME=BYTES, such as dtcm=64K or psram=8M"


def kernels_for(isa: Isa | None, device: str | None, targets_dir: Path | None) -> tuple[Isa, ...]:
    """The kernels that were asked for, else those of the device."""
    if device is None:
        return (isa or Isa.C).sets
    kernels = target(device, targets_dir).kernels
    if isa is not None and isa not in kernels:
        raise UsageError(
            "the device has no such instructions",
            which=f"--isa {isa.value} with --device {device}",
            allowed=", ".join(one.value for one in kernels),
        )
    return kernels if isa is None else isa.sets


def numbers_for(frontend: str, device: str | None, targets_dir: Path | None) -> Arithmetic:
    """Those of the front end, which the device's core has, if one was named."""
    numbers = word(Arithmetic, "frontend", frontend)
    if device is not None:
        check_floats(numbers, target(device, targets_dir))
    return numbers


def check_floats(numbers: Arithmetic, place: Target) -> None:
    """That a front end in floats has a core for it."""
    if numbers is Arithmetic.FLOAT and not place.has_floats:
        raise UsageError(
            "the core has no floats: a front end in them would be many times slower than in whole numbers",
            which=f"--frontend float on {place.name}",
            allowed="boards whose core has an FPU",
            next_step="leave it out: whole numbers give the bytes of training",
        )


def prices_for(device: str | None, targets_dir: Path | None) -> Prices | None:
    """By which kernels are chosen: those of the device's core, if one was named."""
    return None if device is None else target(device, targets_dir).prices


def memories_for(
    device: str | None,
    targets_dir: Path | None,
    ram: Sequence[str],
    flash: Sequence[str],
    constants: ConstantsIn,
) -> Memories:
    """The RAM that was named, else the device's; constants in the fastest of it where they are asked to be,
    or in the flash that was named.
    """
    place = None if device is None else target(device, targets_dir)
    known = ANYWHERE if place is None else place.memories_with_constants
    given = known if constants is ConstantsIn.RAM or place is None else place.memories
    rams = tuple(_memory("--memory", one, known.ram) for one in ram) or given.ram
    flashes = tuple(_memory("--flash", one, ()) for one in flash)
    words = [memory_word(one.name) for one in (*rams, *flashes)]
    if len(set(words)) != len(words):
        raise UsageError("two memories of one name", found=", ".join(words))
    if constants is ConstantsIn.RAM and not rams:
        raise UsageError(
            "constants in RAM need a RAM that is named",
            which="--constants ram",
            allowed="--memory NAME=BYTES, or --device",
        )
    return Memories(rams, (*(rams[:1] if constants is ConstantsIn.RAM else ()), *flashes))


def _memory(option: str, word: str, known: Sequence[Memory]) -> Memory:
    match = _WORD.fullmatch(word)
    if match is None:
        raise UsageError("not a memory", which=f"{option} {word}", allowed=_FORM)
    own = next((one for one in known if one.name == match["name"]), None)
    if known and own is None:
        raise UsageError(
            "the device has no such memory",
            which=f"{option} {word}",
            allowed=", ".join(f"{one.name}={one.nbytes}" for one in known),
        )
    if match["count"] is None:
        if own is None:
            raise UsageError("a memory without a size", which=f"{option} {word}", allowed=_FORM)
        return own
    nbytes = int(match["count"]) * _UNITS[match["unit"]]
    if own is not None and nbytes > own.nbytes:
        raise UsageError(
            "the memory is smaller",
            which=f"{option} {word}",
            found=f"{nbytes:,} B",
            allowed=f"{own.nbytes:,} B: what stack and reserve leave of it",
        )
    return Memory(match["name"], nbytes, 0.0 if own is None else own.price)
