"""The compiler wrapper: host libraries, target objects, errors, time-outs, the cache."""

from __future__ import annotations

import ctypes
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tinyml_compress.errors import MissingDependency, ToolchainError
from tinyml_compress.runners import toolchain
from tinyml_compress.runners.toolchain import Build

ADD = {
    "add.c": '#include "add.h"\nint add(int a, int b) { return a + b; }\n',
    "add.h": "int add(int a, int b);\n",
}


def test_library_for_ctypes() -> None:
    built = toolchain.library(ADD, flags=(*toolchain.HOST_FLAGS, *toolchain.WARNINGS))
    assert ctypes.CDLL(str(built)).add(40, 2) == 42


def test_second_build_comes_from_the_cache() -> None:
    first = toolchain.library(ADD)
    stamp = first.stat().st_mtime_ns
    assert toolchain.library(ADD) == first
    assert first.stat().st_mtime_ns == stamp
    assert toolchain.library(ADD, flags=("-O1",)) != first
    assert toolchain.library({**ADD, "add.c": ADD["add.c"] + "\n"}) != first


def test_program_runs() -> None:
    built = toolchain.executable({"main.c": "int main(void) { return 7; }\n"})
    assert subprocess.run([built], timeout=10, check=False).returncode == 7


def test_objects_for_a_core() -> None:
    flags = ("--target=thumb-freestanding-eabi", "-mcpu=cortex_m0plus", "-Os")
    built = toolchain.objects(ADD, flags=flags)
    assert built["add.c"].read_bytes()[:4] == b"\x7fELF"


def test_compiler_message_reaches_the_error() -> None:
    with pytest.raises(ToolchainError) as caught:
        toolchain.library({"bad.c": "int f(void) { return nothing; }\n"})
    assert "bad.c:1" in str(caught.value)
    assert "nothing" in str(caught.value)


def test_linker_message_reaches_the_error() -> None:
    with pytest.raises(ToolchainError, match="refused") as caught:
        toolchain.executable(
            {"main.c": "int missing_thing(void); int main(void) { return missing_thing(); }\n"}
        )
    assert "missing_thing" in str(caught.value)


def test_a_failed_build_leaves_nothing_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYML_COMPRESS_CACHE", str(tmp_path))
    with pytest.raises(ToolchainError):
        toolchain.objects({"bad.c": "int f(void) { return nothing; }\n"})
    assert not [path for path in (tmp_path / "builds").rglob("*") if path.is_file()]


def test_time_out_is_an_error() -> None:
    job = Build(
        toolchain.zig(), {"a.c": "int a;\n/* never built in time */\n"}, "a.o", ("-c",), timeout=0.001
    )
    with pytest.raises(ToolchainError, match="did not end"):
        toolchain.build(job)


def test_a_compiler_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = replace(toolchain.zig(), command=("no-such-compiler",), version="none 1")
    with pytest.raises(ToolchainError, match="could not be started"):
        toolchain.build(Build(gone, ADD, "a.o", ("-c",)))
    monkeypatch.setenv("PATH", "/no-such-folder")
    toolchain.arm_gcc.cache_clear()
    with pytest.raises(MissingDependency, match="arm-none-eabi-gcc"):
        toolchain.arm_gcc()
    toolchain.arm_gcc.cache_clear()
