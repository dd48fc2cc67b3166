"""An emulated board behind a pseudo-terminal: any program that talks to a board talks to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinyml_compress import exporters
from tinyml_compress.devices import Device, hardware_cycles, load_device
from tinyml_compress.errors import TinymlError, UsageError
from tinyml_compress.exporters import Bundle, Format
from tinyml_compress.exporters.mlperf_tiny import SEMIHOSTING
from tinyml_compress.ir import ANYWHERE, Program
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.export.bundle import Metadata, aot_bundle
from tinyml_compress.pipeline.measure.inputs import make_vectors
from tinyml_compress.pipeline.measure.model import given
from tinyml_compress.pipeline.measure.work import FLAGS
from tinyml_compress.results import Served
from tinyml_compress.runners.emulated import DeviceOnLine, Emulation, Line, build_firmware, emulate
from tinyml_compress.support.c_names import check_c_name
from tinyml_compress.support.progress import stage
from tinyml_compress.support.pseudo_terminal import PseudoTerminal
from tinyml_compress.support.trust import trusting
from tinyml_compress.support.words import word

_COUNTED = "tc_counted_invoke"
_STEP_S = 0.05


class ServedBoard:
    """A board that is switched on, and its line."""

    def __init__(self, device: DeviceOnLine, line: PseudoTerminal, facts: Served) -> None:
        self.facts = facts
        self._device, self._line = device, line
        self._failure: TinymlError | None = None
        # Not the thread itself: a `join` that Ctrl-C interrupts takes a running thread for one that is over.
        self._over = threading.Event()
        threading.Thread(target=self._run, name="board").start()
        while not self._over.is_set() and not device.waits.wait(_STEP_S):
            pass
        line.forget()

    @property
    def path(self) -> str:
        """Of the port."""
        return self.facts.path

    def wait(self) -> None:
        """Until the board fails, whose error this raises."""
        while not self._over.wait(_STEP_S):
            pass
        if self._failure is not None:
            raise self._failure

    def switch_off(self) -> None:
        self._line.hang_up()
        while not self._over.is_set():
            self._device.stop()
            self._over.wait(_STEP_S)
        self._line.close()

    def _run(self) -> None:
        try:
            self._device.run(self._line)
        except TinymlError as error:
            self._failure = error
        finally:
            self._over.set()


@contextmanager
def serve(
    model: str | Path,
    target: str,
    *,
    name: str | None = None,
    data: str | None = None,
    optimize: str = "balanced",
    pace: float = 0.0,
    targets_dir: Path | None = None,
    seed: int = 0,
    trust: bool = False,
) -> Iterator[ServedBoard]:
    """The firmware of `export --format mlperf-tiny` in the emulator, for as long as the block runs.

    Its clock is modelled: a runner reads what `benchmark` says of one inference. With `pace` 1 a second of
    that clock takes a second here at least; by default the emulator is as fast as it can.
    """
    level = word(Level, "optimize", optimize)
    if name is not None:
        check_c_name(name)
    device = _board(target, targets_dir)
    with stage("read the model"), trusting(trust):
        known = given(str(model), data, seed)
    words = Metadata(check_c_name(name or known.name), "1.0.0", "unknown", "")
    with stage("compile and run the golden vectors"):
        bundle, program = aot_bundle(
            known.content, words, known.preprocessing, device.core.kernels, level, ANYWHERE
        )
        line = _line(bundle, program, device)
    with stage("price one inference"):
        vector = make_vectors(program.inputs, "pattern", 1, seed).raw
        counted = emulate(program, device, vector, optimize=FLAGS[level])
    cycles = _cycles(program, device, counted)
    firmware = build_firmware(program, device, optimize=FLAGS[level], line=line)
    on_line = DeviceOnLine(firmware, line.host, cycles / device.clock_hz * 1e6, pace)
    terminal = PseudoTerminal()
    facts = Served(
        model=known.source,
        name=words.name,
        model_sha256=bundle.model_sha256,
        device=device.name,
        title=device.title,
        path=terminal.path,
        line="semihosting",
        clock_hz=device.clock_hz,
        cycles=cycles,
        ms=cycles / device.clock_hz * 1e3,
        compiler=firmware.compiler,
        emulator=counted.emulator,
    )
    board = ServedBoard(on_line, terminal, facts)
    try:
        yield board
    finally:
        board.switch_off()


def _board(name: str, targets_dir: Path | None) -> Device:
    described = load_device(name, targets_dir)
    if not isinstance(described, Device):
        raise UsageError(
            "only boards can be emulated",
            which=f"--target {name}",
            next_step="tinyml-compress targets lists them",
        )
    return described


def _line(bundle: Bundle, program: Program, device: Device) -> Line:
    """The exported firmware, whose main program is the emulated board's; its inferences are counted."""
    prefix = program.prefix
    files = {path: text.decode() for path, text in exporters.layout(Format.MLPERF_TINY, bundle).items()}
    header = f"{prefix}_mlperf.h"
    profile = f"emulated {device.name}: modelled time, not for submission"
    files[header] = (
        f'#define {prefix.upper()}_MLPERF_PROFILE "{profile}"\n'
        f"#define {prefix}_invoke {_COUNTED}\n{files[header]}"
    )
    files["main.c"] = files.pop(SEMIHOSTING)
    state = ", void *state" if program.state_bytes else ""
    config = (
        f"#define TC_INVOKE {prefix}_invoke\n"
        f"#define TC_COUNTED {_COUNTED}\n"
        f"#define TC_PARAMETERS void *arena{state}\n"
        f"#define TC_ARGUMENTS arena{state.replace('void *', '')}\n"
        f"#define TC_DEVICE_MAIN {prefix}_device_main\n"
    )
    beside = {path: text for path, text in files.items() if path.endswith((".c", ".h")) and "/" not in path}
    return Line(beside, config, f"{prefix}_host")


def _cycles(program: Program, device: Device, counted: Emulation) -> int:
    """Of one inference, as `benchmark` prices it."""
    counts = [
        *zip((node.op for node in program.nodes), counted.counts.nodes, strict=True),
        ("", counted.counts.between),
    ]
    return sum(
        round(hardware_cycles(device, op, count.instructions, count.classes, counted.waited(count)))
        for op, count in counts
    )
