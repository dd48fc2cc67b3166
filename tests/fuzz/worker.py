"""Feeds damaged files to the compiler within bounds of time and memory; prints what did not end as it must,
as JSON.

`python -m tests.fuzz.worker FIRST COUNT`. A process of its own, because memory can be bounded only for a
process.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import resource
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path
from types import FrameType

import numpy as np

from tests.fuzz.mutate import mutant
from tests.lib import layers, nets, stateful_nets
from tests.lib.graph_text import to_text
from tests.lib.messy import messy
from tinyml_compress import frontend, passes
from tinyml_compress.errors import TinymlError
from tinyml_compress.ir import Graph
from tinyml_compress.pipeline.compile.verb import compile_graph

SECONDS = 5
MEMORY = 1 << 30
"""On top of what the process holds when it starts."""
LONGEST_MESSAGE = 4000


class TooSlow(BaseException):
    """Not an Exception, so that no handler of the product swallows it."""


def bases() -> list[bytes]:
    """Sound files: the networks of the tests, and one or two models of every operator that has a test."""
    files = [make() for make in (*nets.NETS.values(), *stateful_nets.STREAMING.values())]
    files += [frontend.write(messy(seed)) for seed in range(12)]
    made = [make(np.random.default_rng(7)) for make in layers.MAKERS.values()]
    files += [frontend.write(graph) for graph in made]
    folder = Path(__file__).parents[1] / "ops"
    for module in sorted(module.name for module in pkgutil.iter_modules([str(folder)])):
        for _, make in inspect.getmembers(importlib.import_module(f"tests.ops.{module}"), inspect.isfunction):
            if make.__annotations__ == {"rng": "Rng", "return": "Graph"}:
                files += [frontend.write(make(np.random.default_rng(seed))) for seed in (1, 2)]
    return [file for file in files if len(file) < 20_000]


def try_file(file: bytes) -> str:
    """How far the file came: `read`, `compiled`, or which error of ours it ended in. All else is raised."""
    stage = "refused"
    try:
        graph = frontend.read(file, "fuzz")
        stage = "read"
        to_text(graph)
        _same_after_writing(graph)
        passes.run(graph)
        compile_graph(graph, "fuzz", model_sha256="0" * 64)
        return "compiled"
    except TinymlError as error:
        message = str(error)
        if len(message) > LONGEST_MESSAGE:
            raise AssertionError(f"a message of {len(message)} characters: {message[:200]}") from error
        return f"{stage}: {type(error).__name__}"


def _same_after_writing(graph: Graph) -> None:
    again = frontend.read(frontend.write(graph), "fuzz")
    assert [node.attrs for node in again.nodes] == [node.attrs for node in graph.nodes]
    assert to_text(again) == to_text(graph)


def _too_slow(number: int, frame: FrameType | None) -> None:
    raise TooSlow("".join(traceback.format_stack(frame)[-4:]))


def main(first: int, count: int) -> None:
    warnings.simplefilter("error")
    files = bases()
    for file in files:
        assert try_file(file) == "compiled", "the sound files must compile"
    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + MEMORY, in_use + MEMORY))
    signal.signal(signal.SIGALRM, _too_slow)
    ends: dict[str, int] = {}
    failures: list[dict[str, object]] = []
    slowest = 0.0
    for seed in range(first, first + count):
        file = mutant(files, seed)
        started = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            end = try_file(file)
        except (Exception, TooSlow) as error:
            end = "FAILED"
            where = traceback.extract_tb(error.__traceback__)[-1]
            found = f"{type(error).__name__}: {str(error)[:300]}"
            kept = Path("build") / "fuzz" / f"{seed}.tflite"
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(file)
            failures.append({"seed": seed, "found": found, "at": f"{where.filename}:{where.lineno}"})
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        slowest = max(slowest, time.monotonic() - started)
        ends[end] = ends.get(end, 0) + 1
    print(
        json.dumps({"ends": dict(sorted(ends.items())), "slowest": round(slowest, 2), "failures": failures})
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
