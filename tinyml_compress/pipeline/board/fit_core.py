"""`measure --fit-core`: calibration programs on a board, and the costs of its core that explain them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from tinyml_compress.devices import CostClass, Device
from tinyml_compress.errors import MismatchError
from tinyml_compress.ir import Program
from tinyml_compress.line import LineBoard
from tinyml_compress.pipeline.board.calibration_nets import FILL, calibration_programs, digest
from tinyml_compress.pipeline.board.connection import connected, described
from tinyml_compress.pipeline.board.core_costs import CountedProgram, FittedCosts, fit_costs
from tinyml_compress.pipeline.board.core_file import board_name, write_board
from tinyml_compress.pipeline.board.windows import Clocked, filled, inferences_in
from tinyml_compress.results import CoreFit, FittedCost, FittedProgram
from tinyml_compress.runners.emulated import emulate
from tinyml_compress.support.progress import stage

FIT_S = 1.0
"""How long a calibration program runs at least."""


def fit_core(
    port: str,
    target: str,
    output: str | Path,
    *,
    baud: int = 115200,
    window: float = FIT_S,
    timeout: float = 60.0,
    toolchain: str | None = None,
    targets_dir: Path | None = None,
) -> CoreFit:
    """Time the calibration programs of `export --calibration` on a board, and write what its core costs.

    `target` is a board of `targets` with the same chip, or at least core: its memories and clock are taken.
    The file `output` is a board of its own, with its core below `cores/`: `benchmark --targets-dir` finds
    both. `toolchain` (zig, gcc) is the one that built the firmware.
    """
    place = described(target, targets_dir)
    name = board_name(Path(output))
    programs = calibration_programs(place.core.kernels)
    with connected(port, baud) as board:
        with stage("who is there"):
            identity = board.identity()
            _check_programs(board, programs, place)
        with stage("calibration programs", total=len(programs)) as shown:
            micros = []
            for number in range(len(programs)):
                shown.note(f"program {number + 1} of {len(programs)}")
                micros.append(_microseconds(board, number, window, timeout, own=not identity.is_emulated))
                shown.advance()
    with stage("count what they execute", total=len(programs)) as shown:
        counted = []
        for program, one in zip(programs, micros, strict=True):
            counted.append(_counted(program, place, toolchain, one * 1e-6 * place.clock_hz))
            shown.advance()
    fitted = fit_costs(place.costs, counted)
    written = write_board(Path(output), place, fitted, len(counted), targets_dir)
    return _result(name, place, fitted, counted, written, port, emulated=identity.is_emulated)


def _check_programs(board: LineBoard, programs: Sequence[Program], place: Device) -> None:
    there, here = board.calibration(), digest(programs)
    if there != here:
        words = "+".join(kernel.value for kernel in place.core.kernels)
        raise MismatchError(
            "the board's calibration programs are not those of this version for this core",
            which=board.name,
            found=there[:16],
            allowed=f"{here[:16]}, with {words} kernels",
            next_step=f"flash what `export --format mlperf-tiny --calibration --device {place.name}` writes",
        )


def _microseconds(board: LineBoard, number: int, window: float, timeout: float, *, own: bool) -> float:
    """Of one inference of a program."""
    clocked = Clocked(board.name, partial(board.calibrated, number), 1, own)
    timed, count = filled(clocked, inferences_in(clocked, window, timeout), window, timeout)
    return timed.microseconds / count


def _counted(program: Program, place: Device, toolchain: str | None, cycles: float) -> CountedProgram:
    """What a program executes; cycles for slow RAM, which costs do not explain, are taken off."""
    given = tuple(bytes([FILL]) * port.nbytes for port in program.inputs)
    done = emulate(program, place, [given], toolchain=toolchain)
    parts = [*done.counts.nodes, done.counts.between]
    classes = {kind: sum(part.classes.get(kind, 0) for part in parts) for kind in CostClass}
    waited = sum(done.waited(part) for part in parts)
    title = "+".join(node.op.lower() for node in program.nodes) or program.prefix
    floats = any(node.kernel.startswith("tc_f32_") for node in program.nodes)
    instructions = sum(part.instructions for part in parts)
    name = f"{title}, float" if floats else title
    return CountedProgram(name, instructions, classes, max(1.0, cycles - waited))


def _result(
    name: str,
    place: Device,
    fitted: FittedCosts,
    counted: Sequence[CountedProgram],
    written: Sequence[Path],
    port: str,
    *,
    emulated: bool,
) -> CoreFit:
    before = replace(place.costs)
    costs = []
    for term in fitted.terms:
        (kind,) = term.extra or (None,)
        costs.append(
            FittedCost(
                name=term.name,
                before=before.instruction if kind is None else before.of(kind),
                cycles=term.factor * (term.instruction + sum(term.extra.values())),
            )
        )
    programs = tuple(
        FittedProgram(name=one.name, instructions=one.instructions, cycles=round(one.cycles), off=off)
        for one, off in zip(counted, fitted.off, strict=True)
    )
    return CoreFit(
        board=name,
        like=place.name,
        core=place.core.name,
        port=port,
        clock_hz=place.clock_hz,
        emulated=emulated or None,
        error=fitted.bar,
        costs=tuple(costs),
        programs=programs,
        files=tuple(written),
    )
