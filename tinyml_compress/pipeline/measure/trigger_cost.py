"""What the trigger stage costs on a board: its first step emulated, which is like all others."""

from __future__ import annotations

import numpy as np

from tinyml_compress.devices import Device, hardware_cycles
from tinyml_compress.frontends.trigger import heard, smoothed
from tinyml_compress.ops.numerics import dtype_range
from tinyml_compress.pipeline.measure.work import FLAGS, Work
from tinyml_compress.results import TriggerCost
from tinyml_compress.runners.emulated import Emulator, emulate


def trigger_cost(work: Work, device: Device, toolchain: str | None) -> TriggerCost | None:
    """None where no trigger stage is asked for."""
    if work.trigger is None:
        return None
    watched, program = work.trigger
    port = program.inputs[0]
    low, high = dtype_range(port.dtype)
    scores = np.random.default_rng(0).integers(low, high + 1, port.shape[-1]).astype(port.dtype.numpy)
    request = work.request
    done = emulate(
        program,
        device,
        [(scores.tobytes(),)],
        optimize=FLAGS[request.level],
        toolchain=toolchain,
        emulator=Emulator(request.emulator),
        progress=lambda text: work.progress(f"{device.name}, trigger: {text}"),
    )
    wanted = 0
    for bit, one in enumerate(watched):
        sums = smoothed(scores[[one.output]].astype(np.int64) - low, one.smoothing)
        wanted |= len(heard(sums, one.threshold, one.refractory)) << bit
    (step,) = done.counts.nodes
    return TriggerCost(
        classes=len(watched),
        instructions=step.instructions,
        cycles=round(hardware_cycles(device, "", step.instructions, step.classes)),
        ram=program.plan.tensors["trigger"].nbytes + done.stack_bytes,
        as_in_python=int.from_bytes(done.outputs[0][0], "little") == wanted,
    )
