"""A long recording through the generated front end and net to a trigger stage, against what happens in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt

from tinyml_compress import data as data_room
from tinyml_compress.codegen.answers import answers_program, frames_at_once
from tinyml_compress.codegen.trigger import check_scores
from tinyml_compress.data.audio import in_16_bits, sound_of
from tinyml_compress.errors import DataError, UsageError
from tinyml_compress.evaluation.events import Event, Heard, events_of, matched, rate_interval
from tinyml_compress.evaluation.metrics import wilson
from tinyml_compress.frontends.preprocessing import Arithmetic
from tinyml_compress.frontends.trigger import Watch, checked, heard, smoothed
from tinyml_compress.ir import Port
from tinyml_compress.ops.numerics import dtype_range
from tinyml_compress.pipeline.compile.front_end import front_end, manifest_preprocessing
from tinyml_compress.pipeline.compile.trigger import trigger_in
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.results import Listening, OperatingPoint, WatchedClass
from tinyml_compress.runners import native
from tinyml_compress.support import files
from tinyml_compress.support.c_names import c_name
from tinyml_compress.support.json_file import read_json
from tinyml_compress.support.progress import stage
from tinyml_compress.support.words import word

Whole = npt.NDArray[np.int64]
_TRIED = 64
"""Thresholds of a curve."""
_HOUR = 3600


@dataclass(frozen=True, eq=False)
class _Heard:
    """Scores of every step, and when each of them was known."""

    scores: Whole
    """(steps, outputs), counted from the lowest that their type can store."""
    times: npt.NDArray[np.float64]
    """Seconds from the start of the recording."""
    step_s: float
    seconds: float
    port: Port


@dataclass(frozen=True)
class _Judge:
    """What happens in the recording, and what belongs to it."""

    run: _Heard
    tolerance: float

    def point(self, sums: Whole, watch: Watch, events: Sequence[Event]) -> tuple[OperatingPoint, Heard]:
        """What a threshold gives."""
        run = self.run
        times = [float(run.times[step]) for step in heard(sums, watch.threshold, watch.refractory)]
        told = matched(times, events, self.tolerance)
        quant, low = run.port.quant, dtype_range(run.port.dtype)[0]
        stored = watch.threshold / watch.smoothing + low
        real = stored if quant is None else (stored - quant.zero_point) * quant.scale
        point = OperatingPoint(
            threshold=watch.threshold,
            score=real,
            false_accepts=told.false_accepts,
            per_hour=told.false_accepts / run.seconds * _HOUR,
            missed=told.missed,
        )
        return point, told

    def watched(self, watch: Watch, events: Sequence[Event], allowed: float | None) -> WatchedClass:
        """The curve of a class; with `allowed` false accepts per hour, its threshold is chosen from it."""
        sums = smoothed(self.run.scores[:, watch.output], watch.smoothing)
        curve = tuple(
            self.point(sums, replace(watch, threshold=threshold), events)[0] for threshold in _tried(sums)
        )
        if allowed is not None:
            watch = replace(watch, threshold=_chosen(curve, allowed).threshold)
        chosen, told = self.point(sums, watch, events)
        hours = self.run.seconds / _HOUR
        low, high = rate_interval(chosen.false_accepts)
        many = len(events)
        return WatchedClass(
            name=watch.name,
            output=watch.output,
            smoothing=watch.smoothing,
            refractory=watch.refractory,
            events=many,
            chosen=chosen,
            per_hour_interval=(low / hours, high / hours),
            missed_share=chosen.missed / many if many else None,
            missed_interval=wilson(chosen.missed, many) if many else None,
            delay=median(told.delays) if told.delays else None,
            curve=curve,
        )


def listen(
    model: str | Path,
    recording: str | Path,
    events: str | Path,
    *,
    data: str | None = None,
    frontend: str = "fixed",
    trigger: str | Path | None = None,
    smoothing: int = 10,
    refractory_ms: float = 750.0,
    tolerance_ms: float = 500.0,
    false_accepts: float = 1.0,
    every: int = 1,
) -> Listening:
    """What a .tflite file hears in a .wav file: false accepts per hour and missed events, by class.

    `events` is a JSON file of starts, ends and labels. The front end is that of `data`, else of the manifest
    beside the model; the set also has the names of the classes. Every class that occurs is watched, and gets
    the threshold that misses the fewest events at `false_accepts` an hour; `trigger`, a result of this very
    function, gives thresholds that were chosen on another recording. A net on windows answers after `every`
    frames.
    """
    path = Path(model)
    content = files.read_bytes(path)
    with stage("run the recording"):
        numbers = word(Arithmetic, "frontend", frontend)
        run, names, samples = _run(path, content, Path(recording), data, every, numbers)
    happens = events_of(read_json(Path(events), "cannot read the events"), events)
    if happens and happens[-1].start > run.seconds:
        raise DataError(
            "an event starts behind the end of the recording",
            which=events,
            found=f"{happens[-1].start:g} s",
            allowed=f"{run.seconds:g} s",
        )
    outputs = run.scores.shape[1]
    labelled = [(event, _place(event.label, names, outputs, events)) for event in happens]
    if trigger is None:
        steps = max(1, round(refractory_ms / 1e3 / run.step_s))
        watched = tuple(
            Watch(place, names[place] if names else str(place), smoothing, 0, steps)
            for place in sorted({place for _, place in labelled})
        )
    else:
        watched = trigger_in(Path(trigger), content)
    checked(watched, outputs)
    judge, allowed = _Judge(run, tolerance_ms / 1e3), false_accepts if trigger is None else None
    told = tuple(
        judge.watched(one, [event for event, place in labelled if place == one.output], allowed)
        for one in watched
    )
    false = sum(one.chosen.false_accepts for one in told)
    return Listening(
        model=str(model),
        model_sha256=files.sha256(content),
        recording=str(recording),
        recording_sha256=files.sha256(samples.tobytes()),
        nbytes=len(content),
        sample_rate=round(len(samples) / run.seconds),
        seconds=run.seconds,
        steps=len(run.scores),
        step_ms=1e3 * run.step_s,
        tolerance_ms=tolerance_ms,
        allowed_per_hour=allowed,
        false_accepts=false,
        per_hour=false / run.seconds * _HOUR,
        missed=sum(one.chosen.missed for one in told),
        events=sum(one.events for one in told),
        watched=told,
    )


def _run(
    path: Path, content: bytes, recording: Path, data: str | None, every: int, numbers: Arithmetic
) -> tuple[_Heard, tuple[str, ...], npt.NDArray[np.int16]]:
    program = compile_model(content, c_name(path.stem))
    loaded = None if data is None else data_room.load(data)
    done = manifest_preprocessing(path) if loaded is None else loaded.preprocessing
    front = front_end(program.prefix, program.inputs, replace(done, generated=numbers))
    audio = done.audio
    if front is None or audio is None:
        raise UsageError(
            "no front end in whole numbers is described for this model",
            which=path,
            next_step="give the set that it was trained with: --data SET",
        )
    check_scores(program.outputs[0])
    samples = in_16_bits(sound_of(recording, audio))
    rows = frames_at_once(program, audio)
    stride = rows if program.state_bytes else every
    whole = answers_program(program, front, audio, len(samples), stride, rows)
    ((scores, count),) = native.answers(whole, [[samples]])
    steps = int(count[0])
    if steps == 0:
        raise DataError("the recording is too short for one answer", which=recording)
    port = program.outputs[0]
    counted = scores[:steps].reshape(steps, -1).astype(np.int64) - dtype_range(port.dtype)[0]
    ends = (rows - 1 + stride * np.arange(steps)) * audio.hop + audio.frame_samples
    run = _Heard(
        counted,
        ends / audio.sample_rate,
        stride * audio.hop / audio.sample_rate,
        len(samples) / audio.sample_rate,
        port,
    )
    return run, () if loaded is None else loaded.classes, samples


def _place(label: str, names: Sequence[str], outputs: int, which: object) -> int:
    """The output of a label: by the name of its class, else by its number."""
    if label in names:
        return names.index(label)
    if not names and label.isascii() and label.isdigit() and int(label[:9]) < outputs:
        return int(label)
    allowed = ", ".join(names) if names else f"0 to {outputs - 1}, or names with --data SET"
    raise DataError("an event of no class", which=which, found=label, allowed=allowed)


def _tried(sums: Whole) -> Sequence[int]:
    """Thresholds over the sums that occur, and one that nothing reaches."""
    known = np.unique(sums)
    places = np.unique(np.round(np.linspace(0, len(known) - 1, _TRIED)).astype(np.int64))
    return [*(int(known[place]) for place in places), int(known[-1]) + 1]


def _chosen(curve: Sequence[OperatingPoint], allowed: float) -> OperatingPoint:
    """The fewest missed events within the false accepts; of equal ones the fewest of those."""
    within = [point for point in curve if point.per_hour <= allowed]
    return min(within, key=lambda point: (point.missed, point.false_accepts, -point.threshold))
