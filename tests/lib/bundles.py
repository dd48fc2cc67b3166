"""Firmware bundles for tests: exported models, and their examples built and run on this host."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.lib.nets import NETS
from tinyml_compress.pipeline.export.verb import export
from tinyml_compress.results import Exported
from tinyml_compress.runners import toolchain
from tinyml_compress.support import proc

CAREFUL = ("-O1", *toolchain.WARNINGS)


def exported(
    folder: Path,
    layout: str,
    *,
    net: str | bytes = "keyword",
    engine: str = "aot",
    isa: str = "c",
    **more: object,
) -> Exported:
    """The bundle of one of the small networks or of a given file, in `folder`/out; its name is kws if not
    given.
    """
    model = folder / "model.tflite"
    model.write_bytes(NETS[net]() if isinstance(net, str) else net)
    named = {"name": "kws", "isa": None if engine == "tflm" else isa, **more}
    return export(model, output=folder / "out", format=layout, engine=engine, **named)  # type: ignore[arg-type]


def host_compiler() -> dict[str, str]:
    """The compiler that came with the tool, as build systems take it from the environment."""
    chosen = toolchain.zig()
    return {"CC": " ".join((*chosen.command, *chosen.host_flags)), **chosen.environment()}


def run_sources(sources: Mapping[str, str], flags: tuple[str, ...] = CAREFUL) -> proc.Finished:
    """A program for this host, run."""
    path = toolchain.executable(sources, flags=flags)
    return proc.run([path], timeout=60, what="the example", check=False)


def damaged_vector(header: str) -> str:
    """The vectors with one other bit in the last expected byte."""
    found = list(re.finditer(r"0x([0-9a-f]{2})", header))[-1]
    return f"{header[: found.start()]}0x{int(found[1], 16) ^ 1:02x}{header[found.end() :]}"


def damaged_weights(source: str) -> str:
    """The source with one other weight: the last number of the last array of weights."""
    array = list(re.finditer(r"static const \w+ kws_w\w+\[\d+\][^=]*= \{\n(?P<body>[^}]*)\};", source))[-1]
    number = list(re.finditer(r"-?\d+", array["body"]))[-1]
    start, end = array.start("body") + number.start(), array.start("body") + number.end()
    return f"{source[:start]}{int(number[0]) ^ 1}{source[end:]}"


def cmake_tools(folder: Path) -> list[str]:
    """Options that make CMake use the compiler that came with the tool, through scripts in `folder`."""
    chosen = toolchain.zig()
    folder.mkdir(parents=True, exist_ok=True)
    options = ["-DCMAKE_C_COMPILER_FORCED=TRUE"]  # no trial programs
    for variable, words in {
        "C_COMPILER": (*chosen.command, *chosen.host_flags),
        "CXX_COMPILER": (*chosen.cxx_command, *chosen.host_flags),
        "AR": (*chosen.command[:-1], "ar"),
        "RANLIB": (*chosen.command[:-1], "ranlib"),
    }.items():
        script = folder / variable.lower()
        script.write_text("#!/bin/sh\nexec " + " ".join(f"'{word}'" for word in words) + ' "$@"\n')
        script.chmod(0o755)
        options.append(f"-DCMAKE_{variable}={script}")
    return options


def command(name: str) -> str | None:
    """The path of a program, of this Python environment first; None where it is not installed."""
    beside = str(Path(sys.executable).parent)
    return shutil.which(name, path=os.pathsep.join((beside, os.environ.get("PATH", ""))))
