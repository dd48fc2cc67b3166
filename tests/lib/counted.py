"""What calibration programs, and nets that no fit has seen, execute on emulated boards:
`python -m tests.lib.counted` writes tests/line/counted.json anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tests.lib.nets import NETS, Layers
from tinyml_compress.devices import CostClass, Device, load_device
from tinyml_compress.frontend import read
from tinyml_compress.ir import Program
from tinyml_compress.pipeline.board.calibration_nets import calibration_programs
from tinyml_compress.pipeline.compile.verb import compile_graph
from tinyml_compress.runners.emulated import emulate
from tinyml_compress.runners.vectors import pattern

PATH = Path(__file__).parents[1] / "line" / "counted.json"
BOARDS = ("nucleo-l4r5zi", "raspberry-pi-pico", "nucleo-f767zi")


def wide() -> bytes:
    """Separable blocks of many channels."""
    net = Layers(4, (1, 16, 16, 3))
    net.conv(16, 3, stride=2)
    for channels in (24, 32):
        net.depthwise(3)
        net.conv(channels, 1)
    net.depthwise(3, stride=2)
    net.pool()
    net.flatten()
    net.dense(10)
    net.softmax()
    return net.file()


UNSEEN = {**NETS, "wide": wide}


def counts_of(program: Program, device: Device) -> dict[str, int]:
    """Instructions and classes of one inference."""
    done = emulate(program, device, [tuple(pattern(port).tobytes() for port in program.inputs)])
    parts = [*done.counts.nodes, done.counts.between]
    classes = {kind.value: sum(one.classes.get(kind, 0) for one in parts) for kind in CostClass}
    return {"instructions": sum(one.instructions for one in parts), **{k: v for k, v in classes.items() if v}}


def emulated(name: str) -> dict[str, dict[str, dict[str, int]]]:
    """Of a board: calibration programs, and the others."""
    device = load_device(name)
    assert isinstance(device, Device)
    kernels = device.core.kernels

    def others() -> Iterator[tuple[str, Program]]:
        for net, make in UNSEEN.items():
            yield net, compile_graph(read(make(), net), net, model_sha256="0" * 64, isas=kernels)

    programs = calibration_programs(kernels)
    return {
        "calibration": {one.prefix: counts_of(one, device) for one in programs},
        "unseen": {net: counts_of(one, device) for net, one in others()},
    }


if __name__ == "__main__":
    PATH.write_text(json.dumps({name: emulated(name) for name in BOARDS}, indent=1) + "\n")
