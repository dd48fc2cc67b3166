"""An emulated board behind a pseudo-terminal: any program that talks to a board talks to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from msgspec.structs import replace

from tinyml_compress import exporters
from tinyml_compress.devices import Device, hardware_cycles, load_board
from tinyml_compress.errors import TinymlError, UsageError
from tinyml_compress.exporters import Bundle, Format
from tinyml_compress.exporters.mlperf_tiny import SEMIHOSTING
from tinyml_compress.frontends.preprocessing import Preprocessing
from tinyml_compress.ir import ANYWHERE, Program
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.front_end import front_end
from tinyml_compress.pipeline.export.bundle import Metadata, aot_bundle
from tinyml_compress.pipeline.interface_board import InterfaceBoard, Wire
from tinyml_compress.pipeline.measure.front_end_cost import frame_cycles
from tinyml_compress.pipeline.measure.inputs import make_vectors
from tinyml_compress.pipeline.measure.model import given
from tinyml_compress.pipeline.measure.work import FLAGS
from tinyml_compress.results import Served, ServedInterface
from tinyml_compress.runners.emulated import (
    Characters,
    Costs,
    DeviceOnLine,
    Emulation,
    Line,
    build_firmware,
    emulate,
)
from tinyml_compress.support.c_names import check_c_name
from tinyml_compress.support.progress import stage
from tinyml_compress.support.pseudo_terminal import PseudoTerminal
from tinyml_compress.support.trust import trusting
from tinyml_compress.support.words import word

_COUNTED = "tc_counted_invoke"
_STEP_S = 0.05


class ServedBoard:
    """A board that is switched on, and its line."""

    def __init__(
        self, device: DeviceOnLine, terminal: PseudoTerminal, line: Characters, facts: Served
    ) -> None:
        self.facts = facts
        self._device, self._terminal, self._line = device, terminal, line
        self._failure: TinymlError | None = None
        # Not the thread itself: a `join` that Ctrl-C interrupts takes a running thread for one that is over.
        self._over = threading.Event()
        threading.Thread(target=self._run, name="board").start()
        while not self._over.is_set() and not device.waits.wait(_STEP_S):
            pass
        terminal.forget()

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
        self._terminal.hang_up()
        while not self._over.is_set():
            self._device.stop()
            self._over.wait(_STEP_S)
        self._terminal.close()

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
    interface: str | Path | None = None,
    trigger: str | Path | None = None,
    optimize: str = "balanced",
    pace: float = 0.0,
    targets_dir: Path | None = None,
    seed: int = 0,
    trust: bool = False,
) -> Iterator[ServedBoard]:
    """The firmware of `export --format mlperf-tiny` in the emulator, for as long as the block runs.

    Its clock is modelled: a runner reads what `benchmark` says of one inference. With `pace` 1 a second of
    that clock takes a second here at least; by default the emulator is as fast as it can. `interface` is the
    folder of recordings of an interface board, which gets a line of its own and plays them to a model that
    takes samples; `trigger`, what `evaluate --recording` wrote, says what the board reports as heard.
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
            known.content,
            words,
            known.preprocessing,
            device.core.kernels,
            level,
            ANYWHERE,
            device.core.prices,
            trigger,
        )
    folder = None if interface is None else _folder(Path(interface), bundle)
    line = _line(bundle, program, device)
    with stage("price one inference"):
        vector = make_vectors(program.inputs, "pattern", 1, seed).raw
        counted = emulate(program, device, vector, optimize=FLAGS[level])
        cycles = _cycles(program, device, counted)
        frame = 0 if folder is None else _frame_cycles(known.preprocessing, program, device, FLAGS[level])
    firmware = build_firmware(program, device, optimize=FLAGS[level], line=line)
    costs = Costs(cycles / device.clock_hz * 1e6, frame / device.clock_hz * 1e6)
    with ExitStack() as stack:
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
        if folder is None:
            board = ServedBoard(DeviceOnLine(firmware, line.host, costs, pace), terminal, terminal, facts)
        else:
            audio = known.preprocessing.audio
            assert audio is not None
            wire = Wire(terminal, audio.sample_rate)
            on_line = DeviceOnLine(firmware, line.host, costs, pace, wire)
            beside = InterfaceBoard(folder, audio.sample_rate, wire, on_line.clock_us)
            stack.callback(beside.switch_off)
            ms = frame / device.clock_hz * 1e3
            facts = replace(
                facts, interface=ServedInterface(path=beside.path, folder=str(folder), frame_ms=ms)
            )
            board = ServedBoard(on_line, terminal, wire, facts)
        stack.callback(board.switch_off)
        yield board


def _folder(folder: Path, bundle: Bundle) -> Path:
    if not folder.is_dir():
        raise UsageError("no such folder of recordings", which=f"--interface {folder}")
    if not bundle.hears:
        raise UsageError(
            "an interface board plays recordings, and this model takes no samples",
            which=f"--interface {folder}",
            allowed="a model whose front end is described, with outputs in whole numbers",
            next_step="give the set that it was trained with: --data SET",
        )
    return folder


def _frame_cycles(done: Preprocessing, program: Program, device: Device, optimize: str) -> int:
    """Of one frame of the front end."""
    front, form = front_end(program.prefix, program.inputs, done), done.stream
    assert front is not None
    assert form is not None
    return frame_cycles(front, form, device, optimize)


def _board(name: str, targets_dir: Path | None) -> Device:
    return load_board(name, targets_dir)


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
