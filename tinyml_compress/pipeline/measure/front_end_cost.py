"""What the front end costs on a board: one frame of samples emulated, stage by stage."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyml_compress.codegen.front_end import ring_bytes
from tinyml_compress.devices import Device, hardware_cycles
from tinyml_compress.devices.trust import likeness, trust
from tinyml_compress.frontends.preprocessing import StreamForm
from tinyml_compress.ir import Program
from tinyml_compress.pipeline.compile.front_end import rows_of
from tinyml_compress.pipeline.measure.work import FLAGS, Work
from tinyml_compress.results import Figure, FrontEndCost, Kind, StageCost
from tinyml_compress.runners.emulated import Emulation, Emulator, emulate

_LOUDNESS = 3000
_BETWEEN = "between stages"


def front_end_cost(work: Work, device: Device, toolchain: str | None, net_ms: float) -> FrontEndCost | None:
    """None for a model without a front end of ours."""
    program, form = work.front_end, work.preprocessing.stream
    if program is None or form is None:
        return None
    samples, request = _noise(form), work.request
    done = emulate(
        program,
        device,
        [(samples.tobytes(),)],
        optimize=FLAGS[request.level],
        toolchain=toolchain,
        emulator=Emulator(request.emulator),
        progress=lambda text: work.progress(f"{device.name}, front end: {text}"),
    )
    (row,) = done.outputs[0]
    wanted = rows_of(samples, work.preprocessing, form, program.outputs[0])
    counts = [(node.name, count) for node, count in zip(program.nodes, done.counts.nodes, strict=True)]
    stages = tuple(
        StageCost(
            name=name,
            instructions=count.instructions,
            cycles=round(hardware_cycles(device, "", count.instructions, count.classes)),
        )
        for name, count in (*counts, (_BETWEEN, done.counts.between))
    )
    ram = {"frame": program.arena_bytes, "ring": ring_bytes(form), "stack": done.stack_bytes}
    return FrontEndCost(
        sample_rate=form.sample_rate,
        every_ms=form.every_ms,
        figures=_figures(device, form, done, stages, ram, net_ms),
        stages=stages,
        as_in_training=row == wanted.tobytes(),
    )


def frame_cycles(program: Program, form: StreamForm, device: Device, optimize: str) -> int:
    """Modelled, of one frame."""
    done = emulate(program, device, [(_noise(form).tobytes(),)], optimize=optimize)
    counts = (*done.counts.nodes, done.counts.between)
    return sum(round(hardware_cycles(device, "", count.instructions, count.classes)) for count in counts)


def _noise(form: StreamForm) -> npt.NDArray[np.int16]:
    noise = np.random.default_rng(0).normal(0, _LOUDNESS, form.frame_samples)
    return np.asarray(np.round(noise), np.int16)


def _figures(
    device: Device,
    form: StreamForm,
    done: Emulation,
    stages: tuple[StageCost, ...],
    ram: dict[str, int],
    net_ms: float,
) -> tuple[Figure, ...]:
    """Of one frame; how busy the core is at the sample rate, alone and with an inference per frame."""
    cycles = sum(stage.cycles for stage in stages)
    ms, every_ms = cycles / device.clock_hz * 1e3, form.every_ms
    error = trust(device, likeness(0, 0, cycles)).error  # no published program is like it
    flash = {"code": done.flash.kernels + done.flash.glue, "tables": done.flash.tables}
    modelled = [
        ("cycles", cycles, ""),
        ("ms", ms, "ms"),
        ("busy", ms / every_ms, ""),
        ("busy with an inference per frame", (ms + net_ms) / every_ms, ""),
    ]
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
