"""TensorFlow Lite's instructions on AArch64: a program stands for a Python of that architecture."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.lib.nets import NETS
from tinyml_compress.devices import load_core
from tinyml_compress.errors import EmulationError
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.results import Kind
from tinyml_compress.runners import toolchain
from tinyml_compress.runners.emulated import user_mode
from tinyml_compress.runners.toolchain import Build

needs_qemu = pytest.mark.skipif(
    shutil.which("qemu-aarch64") is None, reason="qemu-aarch64 is not installed here"
)
NAME = "tensorflow-lite 9.9"
_PROGRAM = """
static long call(long number, long a, const char *b, long c) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register const char *x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}
static void mark(void) { (void)call(173, 0, 0, 0); }
__attribute__((noinline)) static void turns(long left) {
    mark();
    mark();
    __asm__ volatile("1: subs %0, %0, #1\\nb.ne 1b" : "+r"(left) : : "cc");
    mark();
}
__attribute__((noreturn)) void _start(void) {
    turns(FIRST);
    turns(SECOND);
    (void)call(64, 1, NAME, sizeof NAME - 1);
    (void)call(93, 0, 0, 0);
    __builtin_unreachable();
}
"""


def _stand_in(first: int, second: int) -> Path:
    flags = ("--target=aarch64-linux-none", "-nostdlib", "-static", "-O1", "-fno-sanitize=undefined")
    text = f'#define NAME "{NAME}\\n"\n#define FIRST {first}\n#define SECOND {second}\n{_PROGRAM}'
    return toolchain.build(Build(toolchain.zig(), {"program.c": text}, "program", flags))


def test_nothing_is_said_without_such_a_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(user_mode.VARIABLE, raising=False)
    assert user_mode.counted(NETS["keyword"](), load_core("cortex-a72")) is None


@needs_qemu
def test_instructions_between_marks_are_a_figure_of_the_board(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(user_mode.VARIABLE, str(_stand_in(1002, 1000)))
    (run,) = measured(NETS["keyword"](), BenchmarkRequest(("raspberry-pi-4b",), vectors=1)).runs
    figure = run.figure("instructions, TensorFlow Lite, 1 thread", Kind.EXACT)
    assert figure is not None
    assert abs(figure.value - 2000) <= 10, "and a few around the loop"
    assert figure.by is not None
    assert figure.by.startswith(f"{NAME}, its own kernels, qemu ")


@needs_qemu
def test_counts_that_differ_are_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(user_mode.VARIABLE, str(_stand_in(1000, 1100)))
    with pytest.raises(EmulationError, match="different numbers"):
        user_mode.counted(NETS["keyword"](), load_core("cortex-a76"))


@needs_qemu
def test_an_interpreter_that_does_not_run_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(user_mode.VARIABLE, "/no/such/python")
    done = measured(NETS["keyword"](), BenchmarkRequest(("raspberry-pi-4b",), vectors=1))
    assert done.runs[0].figure("instructions, TensorFlow Lite, 1 thread") is None
    assert any("were not counted" in note for note in done.notes)
