"""What goes into a bundle, whatever its format: the model's sources, its self-test, and facts for READMEs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from tinyml_compress.ir import Program


class Runtime(Enum):
    """What executes the model on the device."""

    AOT = "aot"
    TFLM = "tflm"


@dataclass(frozen=True)
class SelfTest:
    """The golden vectors as a private header of the self-test."""

    count: int
    oracle: str
    """Whose outputs they are."""
    header: str


@dataclass(frozen=True)
class CalibrationPrograms:
    """Programs whose times tell what a core's instructions cost."""

    programs: Sequence[Program]
    digest: str
    """By which the one who asks for times knows them."""
    fill: int
    """Byte of which their inputs are."""


@dataclass(frozen=True)
class Bundle:
    """A model ready to be laid out; all texts are final but for the format's own files."""

    name: str
    """Prefix of all C symbols."""
    engine: Runtime
    release: str
    """Version of the library, as `1.0.0`."""
    author: str
    url: str
    """Its home page; empty where there is none."""
    model_sha256: str
    headers: Mapping[str, str]
    """Public headers of the model, by file name; the first is the one that a firmware includes."""
    sources: Mapping[str, str]
    """What has to be compiled."""
    vectors: SelfTest
    crc32: str
    """C expression of the weights' CRC-32."""
    arena_bytes: str
    """C expression of the RAM that the self-test needs."""
    arena_align: str
    stateful: bool
    """Whether the model keeps something from one inference to the next."""
    inputs: tuple[str, ...]
    """Each input described in words."""
    outputs: tuple[str, ...]
    hears: bool = False
    """Whether a front end makes the input of a sound's samples, and whole numbers come out."""
    calibration: CalibrationPrograms | None = None
    """Where the project shall have them."""
    firmware: tuple[str, ...] = ()
    """What its kernels want of the firmware's build and start-up, in sentences."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """More words for the README, by mark."""
