"""Instructions per multiplication of the zoo's int8 nets on AArch64: of convolutions, and of everything.

Usage: python -m benchmarks.aarch64 [NET ...]

Counted in the built-in emulator; the goals are 0.25 for convolutions with dot products (Cortex-A76) and 0.45
without (Cortex-A72).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from benchmarks.kernels import zoo_model
from tinyml_compress.models.zoo import ZOO
from tinyml_compress.pipeline.measure.judgement import raise_for
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.results import NodeCost

GOALS = {"raspberry-pi-5": 0.25, "raspberry-pi-4b": 0.45}


def ratio(nodes: Sequence[NodeCost]) -> float | None:
    """Instructions per multiplication; None where nothing is multiplied."""
    macs = sum(node.macs for node in nodes)
    return sum(node.instructions for node in nodes) / macs if macs else None


def rows(names: Sequence[str]) -> Iterator[tuple[str, str, float | None, float | None]]:
    """Net, board, ratio of its convolutions and of the whole net."""
    for name in names:
        for run in measured(zoo_model(name), BenchmarkRequest(tuple(GOALS), vectors=1), name).runs:
            if run.error is not None:
                raise_for(run, detail=run.error.detail, which=run.device)
            nodes = run.nodes or ()
            yield name, run.device, ratio([one for one in nodes if one.op == "CONV_2D"]), ratio(nodes)


def main() -> None:
    print("| net | board | convolutions | goal | whole net |\n|---|---|---|---|---|")
    for name, board, convolutions, whole in rows(sys.argv[1:] or list(ZOO)):
        shown = ("-" if one is None else f"{one:.2f}" for one in (convolutions, GOALS[board], whole))
        print(f"| {name} | {board} | {' | '.join(shown)} |", flush=True)


if __name__ == "__main__":
    main()
