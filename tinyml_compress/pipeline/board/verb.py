"""`measure`: is the firmware this model's, are its outputs right, how fast is it, and what is it worth?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from msgspec import structs

from tinyml_compress import data as data_room
from tinyml_compress.devices import Device
from tinyml_compress.errors import MismatchError, UsageError
from tinyml_compress.ir import Program
from tinyml_compress.line import Identity, LineBoard
from tinyml_compress.pipeline.board.connection import connected, described
from tinyml_compress.pipeline.board.energy import energy as energy_of
from tinyml_compress.pipeline.board.outputs import evaluation, on_the_line, proven
from tinyml_compress.pipeline.board.probes import flash as flashed
from tinyml_compress.pipeline.board.windows import WINDOWS, milliseconds, windows
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.measure.kinds.board import Board
from tinyml_compress.pipeline.measure.model import GivenModel, given
from tinyml_compress.results import (
    Benchmark,
    Evaluation,
    Figure,
    Kind,
    Measurement,
    ModelFacts,
    SerialLine,
    Window,
)
from tinyml_compress.runners.vectors import pattern
from tinyml_compress.support.files import sha256
from tinyml_compress.support.instruction_sets import Isa
from tinyml_compress.support.progress import stage

RULES_S = 10.0
"""How long a window is at least, by MLPerf Tiny's rules."""


@dataclass(frozen=True)
class _Asked:
    """What to measure, and with how much patience."""

    port: str
    baud: int
    window: float
    timeout: float
    energy: Path | None


def measure(
    model: str | Path,
    port: str,
    *,
    baud: int = 115200,
    target: str | None = None,
    window: float = RULES_S,
    energy: str | Path | None = None,
    flash: str | Path | None = None,
    eval_data: str | Path | None = None,
    samples: int | None = None,
    timeout: float = 60.0,
    targets_dir: Path | None = None,
    data: str | None = None,
    seed: int = 0,
) -> Benchmark:
    """A model on the board at a serial port that runs what `export --format mlperf-tiny` wrote for it.

    `target` is the board's name in `targets`, for its clock; `window` how many seconds each of the five
    windows has at least. `energy` is the file that a power meter writes meanwhile, `flash` a firmware that
    pyOCD writes to the board first. `eval_data` is scored on the board, `samples` of it at most. `timeout` is
    how long an inference may be silent; `data` calibrates a model that is no .tflite yet.
    """
    place = None if target is None else described(target, targets_dir)
    with stage("read the model"):
        known = given(model, data, seed)
        facts = _facts(known)
        program = compile_model(known.content, known.name, (Isa.C,))
    asked = _Asked(port, baud, window, timeout, None if energy is None else Path(energy))
    if flash is not None:
        with stage("flash"):
            flashed(Path(flash))
    with connected(port, baud) as board:
        return _measured(board, asked, known, facts, program, place, _samples(eval_data, samples, seed))


def _measured(
    board: LineBoard,
    asked: _Asked,
    known: GivenModel,
    facts: ModelFacts,
    program: Program,
    place: Device | None,
    samples: data_room.DataSet | None,
) -> Benchmark:
    with stage("who is there") as shown:
        identity = board.identity()
        _check_model(board, identity, facts)
        if identity.is_emulated and asked.energy is not None:
            raise UsageError(
                "an emulated board has no power to measure",
                which=f"--energy {asked.energy}",
                found=board.name,
            )
        shown.note("self-test")
        right = board.self_test(asked.timeout)
        shown.note("golden vectors")
        exact = proven(board, identity.form, known.content, program, asked.timeout)
    board.load(on_the_line(pattern(program.inputs[0]), program.inputs[0], identity.form))
    with stage("performance") as shown:
        taken = windows(
            board, asked.window, asked.timeout, own_clock=not identity.is_emulated, note=shown.note
        )
    scored = None
    if samples is not None:
        with stage("accuracy", total=len(samples.inputs)) as shown:
            scored = evaluation(board, identity.form, program, facts, samples, asked.timeout, shown.advance)
    run = structs.replace(
        Board(place).described("aot") if place else Measurement(device=_name(asked.port), engine="aot"),
        fits=True,
        macs=sum(node.macs for node in program.nodes),
        figures=(
            *_figures(identity, taken, place, scored),
            *(() if asked.energy is None else (energy_of(asked.energy, taken),)),
        ),
        bit_exact=exact,
        line=SerialLine(
            port=asked.port,
            baud=asked.baud,
            maker=identity.maker,
            profile=identity.profile,
            self_test=right,
            windows=taken,
        ),
        evaluation=scored,
    )
    return Benchmark(model=facts, input_kind="pattern", runs=(run,), notes=tuple(_notes(identity, asked)))


def _facts(known: GivenModel) -> ModelFacts:
    return ModelFacts(
        name=known.name, source=known.source, sha256=sha256(known.content), nbytes=len(known.content)
    )


def _samples(spec: str | Path | None, most: int | None, seed: int) -> data_room.DataSet | None:
    if spec is None:
        return None
    loaded = data_room.load(spec)
    return loaded if most is None else loaded.take(most, seed)


def _check_model(board: LineBoard, identity: Identity, facts: ModelFacts) -> None:
    if identity.sha256 != facts.sha256:
        raise MismatchError(
            "the firmware on the board is of another model",
            which=board.name,
            found=f"{identity.model}, sha256 {identity.sha256[:16]}",
            allowed=f"{facts.source}, sha256 {facts.sha256[:16]}",
            next_step="flash what `export --format mlperf-tiny` writes for this model, or name the other one",
        )


def _name(port: str) -> str:
    """What a board without a name of its own is called in tables."""
    return Path(port).name


def _figures(
    identity: Identity, taken: tuple[Window, ...], place: Device | None, scored: Evaluation | None
) -> tuple[Figure, ...]:
    """By the board's clock: measured, unless the board is emulated, whose clock is a model of one."""
    kind = Kind.MODELLED if identity.is_emulated else Kind.MEASURED
    median, spread = milliseconds(taken)
    apart = None if identity.is_emulated else spread  # windows of a model are all the same
    figures = [Figure(name="ms", value=median, unit="ms", kind=kind, error=apart)]
    if place is not None:
        cycles = round(median * 1e-3 * place.clock_hz)
        figures.insert(0, Figure(name="cycles", value=cycles, unit="", kind=kind, error=apart))
    if scored is not None and scored.score is not None:
        about: dict[str, str | float] = {"data": scored.data, "samples": scored.score.total}
        worth = {"accuracy": scored.score.accuracy, "MAE": scored.score.mae, "AUC": scored.score.auc}
        figures += [
            Figure(name=name, value=value, unit="", kind=Kind.EXACT, about=about)
            for name, value in worth.items()
            if value is not None
        ]
    return tuple(figures)


def _notes(identity: Identity, asked: _Asked) -> Iterator[str]:
    if identity.is_emulated:
        yield "the firmware says that its board is emulated: times are modelled, nothing was measured"
    elif asked.window < RULES_S:
        yield f"{WINDOWS} windows of {asked.window:g} s: MLPerf Tiny's rules ask for {RULES_S:g} s each"
