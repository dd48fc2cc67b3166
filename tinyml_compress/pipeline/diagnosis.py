"""What this machine has of all that the tool can use: found without importing anything heavy."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from tinyml_compress.errors import OutputError, ProcessError
from tinyml_compress.line import serial_ports
from tinyml_compress.pipeline.board.probes import probes
from tinyml_compress.pipeline.locks import locks
from tinyml_compress.results import Connected, Diagnosis, Part
from tinyml_compress.support import files, proc
from tinyml_compress.support.cache import cache_root

_TIMEOUT = 30.0


def diagnose() -> Diagnosis:
    """Look at packages by their metadata and at programs by their `--version`."""
    return Diagnosis(
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}",
        cache=str(cache_root()),
        cache_writable=_writable(cache_root()),
        parts=(*_packages(), *_programs()),
        locks=locks(),
        ports=tuple(Connected(*one) for one in serial_ports()),
        probes=tuple(Connected(*one) for one in probes()),
    )


def _packages() -> Iterable[Part]:
    runtime = "tflite-runtime" if sys.version_info < (3, 12) else "ai-edge-litert"
    for name, gives in (
        ("tensorflow", "load, train and convert models"),
        ("tf-keras", "the Keras that TensorFlow Model Optimization works on"),
        ("tensorflow-model-optimization", "pruning, clustering, quantization-aware training"),
        (runtime, "host latency, and LiteRT's side of comparisons"),
    ):
        yield Part(name, _package_version(name), gives, _by_pip(name), trains=True)
    for name, gives in (
        ("numpy", "arrays"),
        ("click", "the command line"),
        ("rich", "progress on the terminal, and how wide letters are"),
        ("tflite", "read and write .tflite files"),
        ("flatbuffers", "their bytes"),
        ("msgspec", "results as typed values"),
        ("ziglang", "the C compiler for this host and for every core"),
        ("unicorn", "emulated Cortex-M and RISC-V"),
        ("capstone", "instruction classes of the cycle model"),
        ("pyelftools", "flash and RAM by symbol"),
    ):
        yield Part(name, _package_version(name), gives, _by_pip(name), required=True)
    name = "vl-convert-python"
    yield Part(name, _package_version(name), "web pages and their charts", _by_pip(name))
    yield Part(
        "tflite-micro",
        _package_version("tflite-micro"),
        "the oracle of bit-exactness, and TFLM's arena",
        "pip install tflite-micro (Linux x86-64 only; without it that proof is missing)",
    )
    name = "pyserial"
    yield Part(name, _package_version(name), "`measure` at socket:// addresses and on Windows", _by_pip(name))
    yield Part(
        "litert-torch",
        _package_version("litert-torch"),
        "PyTorch models",
        "pip install litert-torch, best in an environment of its own",
    )


def _by_pip(name: str) -> str:
    return f"{sys.executable} -m pip install {name}"


def _programs() -> Iterable[Part]:
    for command, gives, get in (
        ("gcc", "sanitizers for kernel tests", "your system's package manager"),
        ("arm-none-eabi-gcc", "--toolchain gcc", "the package gcc-arm-none-eabi, or Arm's download"),
        (
            "qemu-system-arm",
            "--emulator qemu, a second opinion on every count",
            "the package qemu-system-arm",
        ),
        ("pyocd", "`measure --flash`", "pip install pyocd"),
        ("cmake", "the generated project as a firmware engineer builds it", "pip install cmake"),
    ):
        yield Part(command, _program_version(command), gives, get)


def _package_version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _program_version(command: str) -> str | None:
    path = shutil.which(command)
    if path is None:
        return None
    try:
        first = proc.run(
            [path, "--version"], timeout=_TIMEOUT, what=f"{command} --version"
        ).stdout.splitlines()
    except ProcessError:
        return None
    numbers = [word for word in (first[0] if first else "").split() if word[:1].isdigit()]
    return numbers[0].rstrip("),") if numbers else "found"


def _writable(folder: Path) -> bool:
    probe = folder / ".doctor"
    try:
        files.write_bytes(probe, b"")
        probe.unlink()
    except (OutputError, OSError):
        return False
    return True
