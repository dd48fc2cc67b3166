"""What the front end costs on a board: one frame of samples, or a picture, emulated stage by stage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_compress.codegen.front_end import ring_bytes
from tinyml_compress.codegen.resampler import resampler_program
from tinyml_compress.devices import Device, hardware_cycles
from tinyml_compress.devices.trust import likeness, trust
from tinyml_compress.frontends.camera import picture_of
from tinyml_compress.frontends.camera_form import CameraForm
from tinyml_compress.frontends.preprocessing import (
    Arithmetic,
    AudioForm,
    ImageForm,
    Preprocessing,
    StreamForm,
)
from tinyml_compress.frontends.resampling import resampler
from tinyml_compress.ir import Program
from tinyml_compress.pipeline.compile.front_end import rows_of
from tinyml_compress.pipeline.measure.work import FLAGS, Work
from tinyml_compress.results import Figure, FrontEndCost, Kind, StageCost
from tinyml_compress.runners.emulated import Emulation, Emulator, emulate
from tinyml_compress.runners.sides import quantized

_LOUDNESS = 3000
_BETWEEN = "between stages"


@dataclass(frozen=True)
class _Part:
    """A program of the front end, what goes in, and what training would make of it."""

    program: Program
    given: bytes
    wanted: bytes
    ram: dict[str, int]


def front_end_cost(work: Work, device: Device, toolchain: str | None, net_ms: float) -> FrontEndCost | None:
    """None for a model without a front end of ours."""
    program, request, duty = work.front_end, work.request, work.request.duty
    if program is None:
        return None
    form = work.preprocessing.stream
    parts = _parts(work.facts.name, program, work.preprocessing)
    runs = [
        emulate(
            part.program,
            device,
            [(part.given,)],
            optimize=FLAGS[request.level],
            toolchain=toolchain,
            emulator=Emulator(request.emulator),
            progress=lambda text: work.progress(f"{device.name}, front end: {text}"),
        )
        for part in parts
    ]
    ram = {word: nbytes for part in parts for word, nbytes in part.ram.items()}
    every_ms = form.every_ms if form is not None else 1e3 * duty.seconds if duty is not None else None
    stages = _stages(device, parts, runs)
    return FrontEndCost(
        sample_rate=None if form is None else form.sample_rate,
        every_ms=every_ms,
        figures=_figures(
            device, every_ms, runs, stages, {**ram, "stack": max(run.stack_bytes for run in runs)}, net_ms
        ),
        stages=stages,
        as_in_training=all(run.outputs[0][0] == part.wanted for part, run in zip(parts, runs, strict=True)),
        steps_off=_steps_off(program, runs[-1], parts[-1].wanted)
        if work.preprocessing.generated is Arithmetic.FLOAT
        else None,
    )


def _steps_off(program: Program, run: Emulation, wanted: bytes) -> float:
    """How far the row is from training's, in steps of int8."""
    dtype = program.outputs[0].dtype
    rows = (np.frombuffer(one, dtype.numpy).astype(np.int64) for one in (run.outputs[0][0], wanted))
    difference = np.abs(np.subtract(*rows)).max()
    return float(difference / 256 ** (dtype.itemsize - 1))


def frame_cycles(program: Program, form: StreamForm, device: Device, optimize: str) -> int:
    """Modelled, of one frame."""
    done = emulate(program, device, [(_noise(form.frame_samples).tobytes(),)], optimize=optimize)
    counts = (*done.counts.nodes, done.counts.between)
    return sum(round(hardware_cycles(device, "", count.instructions, count.classes)) for count in counts)


def _noise(samples: int) -> npt.NDArray[np.int16]:
    noise = np.random.default_rng(0).normal(0, _LOUDNESS, samples)
    return np.asarray(np.round(noise), np.int16)


def _parts(name: str, program: Program, done: Preprocessing) -> list[_Part]:
    form, image, camera = done.stream, done.image, done.camera
    if form is None:
        assert image is not None
        assert camera is not None
        return [_picture(program, done, image, camera)]
    samples = _noise(form.frame_samples)
    wanted = rows_of(samples, done, form, program.outputs[0]).tobytes()
    ram = {"frame": program.arena_bytes, "ring": ring_bytes(form)}
    frame = _Part(program, samples.tobytes(), wanted, ram)
    return [*([_resampling(name, done.audio)] if done.audio and done.audio.source_rate else []), frame]


def _resampling(name: str, form: AudioForm) -> _Part:
    """As many samples of the microphone as lie between two frames."""
    program = resampler_program(name, form.source_rate, form.sample_rate, form.hop)
    (given,), (resampled,) = program.inputs, program.outputs
    samples = _noise(given.shape[0])
    wanted = resampler(form.source_rate, form.sample_rate).resampled(samples)
    return _Part(
        program,
        samples.tobytes(),
        wanted.tobytes(),
        {"resampler": program.arena_bytes - resampled.offset},
    )


def _picture(program: Program, done: Preprocessing, image: ImageForm, camera: CameraForm) -> _Part:
    """A whole one; in RAM are the rows that the front end keeps, for a camera hands it one at a time."""
    (row,) = program.outputs
    pixels = np.random.default_rng(0).integers(0, 256, (camera.height, camera.stride)).astype(np.uint8)
    wanted = quantized(done.apply(picture_of(pixels, image, camera)), row)
    return _Part(program, pixels.tobytes(), wanted.tobytes(), {"rows": row.offset})


def _stages(device: Device, parts: list[_Part], runs: list[Emulation]) -> tuple[StageCost, ...]:
    counts = [
        (node.name, count)
        for part, run in zip(parts, runs, strict=True)
        for node, count in zip(part.program.nodes, run.counts.nodes, strict=True)
    ]
    stages = [
        StageCost(
            name=name,
            instructions=count.instructions,
            cycles=round(hardware_cycles(device, "", count.instructions, count.classes)),
        )
        for name, count in (*counts, *((_BETWEEN, run.counts.between) for run in runs))
    ]
    own, between = stages[: len(counts)], stages[len(counts) :]
    rest = StageCost(
        name=_BETWEEN,
        instructions=sum(stage.instructions for stage in between),
        cycles=sum(stage.cycles for stage in between),
    )
    return (*own, rest)


def _figures(
    device: Device,
    every_ms: float | None,
    runs: list[Emulation],
    stages: tuple[StageCost, ...],
    ram: dict[str, int],
    net_ms: float,
) -> tuple[Figure, ...]:
    """Of one frame; how busy the core is at the sample rate, alone and with an inference per frame."""
    cycles = sum(stage.cycles for stage in stages)
    ms = cycles / device.clock_hz * 1e3
    error = trust(device, likeness(0, 0, cycles)).error  # no published program is like it
    flash = {
        "code": sum(run.flash.kernels + run.flash.glue for run in runs),
        "tables": sum(run.flash.tables for run in runs),
    }
    modelled = [("cycles", cycles, ""), ("ms", ms, "ms")]
    if every_ms is not None:
        modelled.append(("busy", ms / every_ms, ""))
        modelled.append(("busy with an inference per frame", (ms + net_ms) / every_ms, ""))
        if device.set_ups:
            modelled.append(("mJ per second", device.set_ups[0].millijoules(cycles) * 1e3 / every_ms, "mJ"))
    return (
        Figure(name="flash", value=sum(flash.values()), unit="B", kind=Kind.EXACT, parts=flash),
        Figure(name="RAM", value=sum(ram.values()), unit="B", kind=Kind.EXACT, parts=ram),
        Figure(
            name="instructions", value=sum(stage.instructions for stage in stages), unit="", kind=Kind.EXACT
        ),
        *(
            Figure(name=name, value=value, unit=unit, kind=Kind.MODELLED, error=error)
            for name, value, unit in modelled
        ),
    )
