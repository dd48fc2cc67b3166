"""`benchmark`: the model on every target, several at once; what a target cannot do is an answer too."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from tinyml_compress.devices import Duty
from tinyml_compress.errors import DoesNotFit, MissingDependency, OutputError, TinymlError, UsageError
from tinyml_compress.frontends.preprocessing import Arithmetic
from tinyml_compress.ir import ByRows, ConstantsIn
from tinyml_compress.ops.base import Level
from tinyml_compress.pipeline.compile.places import check_floats
from tinyml_compress.pipeline.measure.model import given
from tinyml_compress.pipeline.measure.target import Target, left_out, targets
from tinyml_compress.pipeline.measure.work import BenchmarkRequest, Work
from tinyml_compress.results import Benchmark, Failure, Measurement, ModelFacts
from tinyml_compress.runners.emulated import interruptible
from tinyml_compress.support.files import sha256
from tinyml_compress.support.progress import stage
from tinyml_compress.support.trust import trusting
from tinyml_compress.support.words import several, word


def benchmark(
    model: str | Path,
    target: str | Sequence[str] = "all",
    *,
    engine: str = "aot",
    data: str | None = None,
    optimize: str = "balanced",
    input: str = "pattern",
    vectors: int = 10,
    toolchain: str | Sequence[str] = (),
    emulator: str = "auto",
    constants: str = "flash",
    max_ram: int | None = None,
    by_rows: Sequence[str] = (),
    every: str | None = None,
    battery: str | None = None,
    trigger: str | Path | None = None,
    frontend: str = "fixed",
    targets_dir: Path | None = None,
    seed: int = 0,
    trust: bool = False,
) -> Benchmark:
    """A model on one device, several, or all; `data` calibrates a model that is no .tflite yet, and says what
    front end it has.

    `input` is the first vector (pattern, zeros, random) or a set of them. Each `toolchain` (zig, gcc) gives a
    row; without one the device's own compiles. `every` ("1s") asks for power, `battery` ("1000mAh") for its
    life. `trigger` (the JSON of `evaluate --recording`) counts the trigger stage too. `constants` "ram"
    copies weights and tables to the fastest RAM at boot, as far as it has room. `max_ram` is what all of the
    RAM may come to: where it would be more, the fastest form of less is measured, some layers strip by strip.
    `by_rows` names the ends ("input", "output") of our C that come and go row by row. `frontend` "float"
    takes a front end in floats. `trust` is your word for a model file that holds code.
    """
    if by_rows and engine != "aot":
        raise UsageError("rows come and go in generated C only", which=f"--by-rows --engine {engine}")
    request = BenchmarkRequest(
        targets=several(target),
        engine=engine,
        input_kind=input,
        vectors=vectors,
        level=word(Level, "optimize", optimize),
        toolchains=several(toolchain) or (None,),
        emulator=emulator,
        constants=word(ConstantsIn, "constants", constants),
        max_ram=max_ram,
        ends=tuple(word(ByRows, "by-rows", one) for one in by_rows),
        targets_dir=targets_dir,
        seed=seed,
        calibration=data,
        duty=Duty.of(every, battery),
        trigger=None if trigger is None else Path(trigger),
        frontend=word(Arithmetic, "frontend", frontend),
    )
    with trusting(trust):
        return measured(str(model), request)


def measured(model: str | Path | bytes, request: BenchmarkRequest, name: str | None = None) -> Benchmark:
    """Run the model on every target. One that cannot run it says why; a broken model raises.

    `model` is the content of a .tflite file, its path, or whatever `convert` takes.
    """
    chosen = targets(request.targets, request.targets_dir, request.engine)
    if not chosen:
        raise UsageError("no target", next_step="--target takes names from `tinyml-compress targets`, or all")
    for one in chosen:
        check_floats(request.frontend, one)
    with stage("read the model"):
        known = given(model, request.calibration, request.seed)
    facts = ModelFacts(
        name=name or known.name,
        source=known.source,
        sha256=sha256(known.content),
        nbytes=len(known.content),
    )
    with stage("benchmark", total=len(chosen) * len(request.toolchains)) as shown:
        done = replace(known.preprocessing, generated=request.frontend)
        work = Work(known.content, facts, request, shown.note, done)
        for one in chosen:
            one.prepare(work)
        runs = _all(work, chosen, shown.advance)
    if request.duty is not None and not any(run.engine == "aot" for run in runs):
        work.notes.append("power and battery life are known of our C on emulated boards alone")
    if (others := left_out(request.targets, request.targets_dir)) is not None:
        work.notes.append(others)
    return Benchmark(
        model=facts, input_kind=request.input_kind, runs=runs, notes=tuple(dict.fromkeys(work.notes))
    )


def _all(work: Work, chosen: Sequence[Target], advance: Callable[[], None]) -> tuple[Measurement, ...]:
    """Several targets at once, in threads: the emulator and the compilers run outside Python's lock."""
    request = work.request
    pairs = [
        (one, toolchain) for one in chosen for toolchain in one.toolchains(request.engine, request.toolchains)
    ]
    pool = ThreadPoolExecutor(max(1, min(os.cpu_count() or 1, len(pairs))))
    runs: list[Measurement] = []
    with interruptible(lambda: pool.shutdown(cancel_futures=True)):
        for run in pool.map(lambda pair: _one(work, *pair), pairs):
            advance()
            runs.append(run)
    return tuple(runs)


def _one(work: Work, place: Target, toolchain: str | None) -> Measurement:
    """One target; what it cannot do is part of the answer."""
    engine = work.request.engine
    try:
        if place.refused_engine(engine) is not None:
            raise UsageError(f"{place.name} is not meant for engine {engine}")
        return place.measure(work, toolchain)
    except DoesNotFit as error:
        failure = Failure(reason=error.what, detail=error.found or "", next_step=error.next_step)
        return Measurement(device=place.name, engine=engine, fits=False, error=failure)
    except MissingDependency as error:
        reason = error.what if error.which is None else f"{error.what}: {error.which}"
        failure = Failure(reason=reason, detail=error.found or "", next_step=error.next_step)
    except (UsageError, OutputError):
        raise
    except TinymlError as error:
        reason, *rest = str(error).splitlines()
        failure = Failure(reason=reason, detail="\n".join(rest), is_defect=True)
    return Measurement(device=place.name, engine=engine, fits=True, error=failure)
