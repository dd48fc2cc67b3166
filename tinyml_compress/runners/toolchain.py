"""C compilers behind one door: `zig cc` from PyPI for the host and for every core, GCC by choice.

A build is a value (compiler, flags, files by name); its result is a folder in the cache, found again by
content. Nothing outside the build's own files is read, so that equal builds give equal bytes on every
machine.
"""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from tinyml_compress.errors import MissingDependency, ProcessError, ToolchainError
from tinyml_compress.support import proc
from tinyml_compress.support.cache import cache_room, cached_folder, key_of
from tinyml_compress.support.producers import TOOLCHAIN
from tinyml_compress.support.resources import package_folder

WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror")
"""What generated C must compile under without a word."""

HOST_FLAGS = ("-O2", "-ffp-contract=off")
"""Contraction off: a float model must give the same bits whether or not the host has fused multiply-add."""

_TIMEOUT = 300.0
_SOURCE_SUFFIXES = (".c", ".S", ".cpp")


@dataclass(frozen=True)
class Toolchain:
    """A compiler driver: how to call it, and which one it is, for cache keys and reports."""

    name: str
    """`zig` or `gcc`, as in `--toolchain`."""
    command: tuple[str, ...]
    cxx_command: tuple[str, ...]
    version: str
    host_flags: tuple[str, ...] = ()
    """Flags for building for this machine, independent of its exact CPU."""

    def environment(self) -> dict[str, str]:
        """Zig keeps its own cache; it goes below ours, because the home folder may not be writable."""
        if self.name != "zig":
            return {}
        root = cache_room("zig")
        return {"ZIG_GLOBAL_CACHE_DIR": str(root / "global"), "ZIG_LOCAL_CACHE_DIR": str(root / "local")}


@lru_cache(maxsize=1)
def zig() -> Toolchain:
    """The compiler that `pip install` brought."""
    try:
        version = importlib.metadata.version("ziglang")
    except importlib.metadata.PackageNotFoundError:
        raise MissingDependency(
            "the C compiler is not installed",
            which="ziglang",
            next_step=f"{sys.executable} -m pip install ziglang",
        ) from None
    # Not `python -m ziglang`, which would look for modules in the current folder first.
    driver = (str(package_folder("ziglang") / "zig"),)
    # Without -O zig turns undefined behaviour into traps; and it compiles for the very CPU it runs on.
    host = ("-mcpu=baseline", "-fno-sanitize=undefined")
    return Toolchain("zig", (*driver, "cc"), (*driver, "c++"), f"zig cc {version}", host)


@lru_cache(maxsize=1)
def arm_gcc() -> Toolchain:
    """Arm's GCC for bare metal."""
    name, cxx = "arm-none-eabi-gcc", "arm-none-eabi-g++"
    path = shutil.which(name)
    if path is None:
        raise MissingDependency(
            "the C compiler is not installed",
            which=name,
            next_step="install gcc-arm-none-eabi, or use --toolchain zig",
        )
    first = proc.run([path, "--version"], timeout=30, what=f"{name} --version").stdout.splitlines()[0]
    number = re.search(r"\d+\.\d+\.\d+", re.sub(r"\([^)]*\)", "", first))
    return Toolchain("gcc", (path,), (shutil.which(cxx) or cxx,), f"{name} {number[0] if number else first}")


@dataclass(frozen=True)
class Build:
    """One call of the compiler: `files` are laid into an empty folder, `sources` of them are compiled to
    `output`.

    `flags` may name files of the build (`-Tlink.ld`, `-I.`) by relative paths only.
    """

    toolchain: Toolchain
    files: Mapping[str, str | bytes]
    output: str
    flags: tuple[str, ...] = ()
    sources: tuple[str, ...] | None = None
    """Default: every .c, .S, .cpp and .o file, in sorted order."""
    libraries: tuple[str, ...] = ()
    """Words that stand behind the sources: `-lm`, `-lgcc`."""
    timeout: float = _TIMEOUT

    def compiled(self) -> tuple[str, ...]:
        if self.sources is not None:
            return self.sources
        return tuple(sorted(name for name in self.files if name.endswith((*_SOURCE_SUFFIXES, ".o"))))

    def arguments(self) -> tuple[str, ...]:
        """What stands behind the compiler's name."""
        return (*self.flags, *self.compiled(), "-o", self.output, *self.libraries)

    def key(self) -> str:
        parts: list[str | bytes] = [TOOLCHAIN.stamp(), self.toolchain.version, *self.arguments()]
        for name in sorted(self.files):
            parts += [name, self.files[name]]
        return key_of(*parts)


def build(job: Build) -> Path:
    """The path of `job.output`, compiled now or taken from the cache."""

    def make(folder: Path) -> None:
        for name, content in job.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        plus = any(PurePosixPath(name).suffix == ".cpp" for name in job.compiled())
        command = job.toolchain.cxx_command if plus else job.toolchain.command
        try:
            done = proc.run(
                [*command, *job.arguments()],
                timeout=job.timeout,
                what="the C compiler",
                cwd=folder,
                env=job.toolchain.environment(),
                check=False,
            )
        except ProcessError as error:
            raise ToolchainError(
                error.what, which=job.toolchain.version, found=error.found, next_step=error.next_step
            ) from error
        if done.returncode != 0 or not (folder / job.output).is_file():
            raise ToolchainError(
                f"{job.toolchain.version} refused",
                which=" ".join(job.compiled()),
                found=_first_errors(done.stderr + done.stdout)
                or f"exit code {done.returncode} and no message",
            )
        for path in folder.rglob("*"):  # the sources are in the key
            if path.is_file() and path != folder / job.output:
                path.unlink()

    return cached_folder("builds", job.key(), make) / job.output


def library(
    files: Mapping[str, str | bytes], *, flags: Iterable[str] = HOST_FLAGS, toolchain: Toolchain | None = None
) -> Path:
    """A shared library for this machine, for ctypes."""
    chosen = toolchain or zig()
    suffix = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
    fixed = ("-shared", "-fPIC", "-I.", *chosen.host_flags)
    return build(Build(chosen, files, f"library{suffix}", (*fixed, *flags), libraries=("-lm",)))


def executable(
    files: Mapping[str, str | bytes], *, flags: Iterable[str] = HOST_FLAGS, toolchain: Toolchain | None = None
) -> Path:
    """A program for this machine."""
    chosen = toolchain or zig()
    return build(Build(chosen, files, "program", ("-I.", *chosen.host_flags, *flags), libraries=("-lm",)))


def objects(
    files: Mapping[str, str | bytes], *, flags: Iterable[str] = (), toolchain: Toolchain | None = None
) -> dict[str, Path]:
    """One object file per source, by source name; `flags` choose the target."""
    chosen = toolchain or zig()
    built: dict[str, Path] = {}
    for source in sorted(name for name in files if name.endswith(_SOURCE_SUFFIXES)):
        headers = {name: text for name, text in files.items() if not name.endswith(_SOURCE_SUFFIXES)}
        job = Build(
            chosen, {**headers, source: files[source]}, f"{source}.o", ("-c", "-I.", *flags), (source,)
        )
        built[source] = build(job)
    return built


def _first_errors(output: str) -> str:
    """The compiler's complaints without the notes that follow each."""
    lines = output.strip().splitlines()
    wanted = [line for line in lines if re.search(r"(error|undefined|warning|cannot find)\b", line)]
    return "\n".join((wanted or lines)[:12])
