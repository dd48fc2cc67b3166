"""`stream`: a .tflite file on windows of time becomes one that takes the newest frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import MismatchError, UnsupportedOperator, UsageError
from tinyml_compress.frontend.reader import read
from tinyml_compress.frontend.writer import write
from tinyml_compress.ir import Graph
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.results import StreamCost, StreamedNet, Told
from tinyml_compress.runners import tflm
from tinyml_compress.runners.vectors import random
from tinyml_compress.streaming import Streamed, streamed
from tinyml_compress.support import files
from tinyml_compress.support.progress import stage

Array = npt.NDArray[np.generic]


def stream(
    model: str | Path,
    *,
    output: str | Path,
    frames: int = 1,
    axis: int = 1,
    approximate: bool = False,
    steps: int = 10,
    seed: int = 0,
) -> StreamedNet:
    """Write the form of a .tflite file that takes `frames` new frames at a time, or the multiple that
    its strides want, once its outputs were found equal to those of the file on windows for `steps` steps.

    Time runs along `axis` of the inputs. With `approximate` borders inside the window are what came before: a
    cheaper net with other outputs, which `evaluate` judges.
    """
    content, net = told(files.read_bytes(Path(model)), frames, axis, approximate, steps, seed)
    files.write_bytes(Path(output), content)
    return net


def told(
    content: bytes, frames: int = 1, axis: int = 1, approximate: bool = False, steps: int = 10, seed: int = 0
) -> tuple[bytes, StreamedNet]:
    """The file of the form, and what is to be said of it."""
    graph = read(content, "model")
    if frames < 1:
        raise UsageError("no number of frames", which="--frames", found=frames, allowed="1 or more")
    with stage("tell it frame by frame"):
        form = streamed(graph, axis=axis, frames=frames, causal=approximate)
        file = write(form.graph)
    compared = 0
    if not approximate and steps and tflm.available():
        with stage("compare with the net on windows"):
            compared = _compared(content, graph, file, form, axis, steps, seed)
    window, step = form.macs
    layers = tuple(
        Told(
            layer=layer.name,
            op=layer.op,
            way=layer.way.value,
            window_macs=layer.window,
            step_macs=layer.step,
            why=layer.why or None,
        )
        for layer in form.layers
    )
    return file, StreamedNet(
        frames=form.frames,
        window_frames=form.window,
        is_exact=not approximate,
        window=_cost(content, window),
        step=_cost(file, step),
        layers=layers,
        compared=compared,
    )


def _cost(content: bytes, macs: int) -> StreamCost:
    try:
        program = compile_model(content, "model")
    except UnsupportedOperator:
        return StreamCost(macs=macs, file=len(content))
    return StreamCost(macs=macs, arena=program.arena_bytes, state=program.state_bytes, file=len(content))


def _compared(
    content: bytes, graph: Graph, file: bytes, form: Streamed, axis: int, steps: int, seed: int
) -> int:
    """Runs both under TensorFlow Lite Micro on one random recording; MismatchError where they differ."""
    rng = np.random.default_rng(seed)
    moves = -(-form.window // form.frames) + steps
    lead = (slice(None),) * axis
    sounds = []
    for name in graph.inputs:
        tensor = graph.tensors[name]
        pieces = [random(tensor, rng) for _ in range(-(-moves * form.frames // form.window))]
        whole_sound = np.concatenate(pieces, axis=axis)
        sounds.append(np.take(whole_sound, range(moves * form.frames), axis=axis))

    def cut(first: int, last: int) -> list[Array]:
        place = (*lead, slice(first, last))
        return [np.ascontiguousarray(sound[place]) for sound in sounds]

    newest = tflm.Interpreter(file)
    ends = range(form.frames, moves * form.frames + 1, form.frames)
    told_outputs = [newest.step(cut(end - form.frames, end)) for end in ends]
    full = [(end, outputs) for end, outputs in zip(ends, told_outputs, strict=True) if end >= form.window]
    whole = tflm.run(content, [cut(end - form.window, end) for end, _ in full]).outputs
    for (end, stepped), wanted in zip(full, whole, strict=True):
        if stepped is None:
            raise MismatchError("frame by frame gives no output", which=f"frame {end}")
        for mine, theirs in zip(stepped, wanted, strict=True):
            if not np.array_equal(_last(theirs, mine.shape), mine):
                raise MismatchError("frame by frame gives another output", which=f"frame {end}")
    return len(full)


def _last(values: Array, shape: tuple[int, ...]) -> Array:
    """The last values along the axis in which a shape is shorter."""
    places = tuple(slice(have - want, have) for have, want in zip(values.shape, shape, strict=True))
    return np.asarray(values[places])
