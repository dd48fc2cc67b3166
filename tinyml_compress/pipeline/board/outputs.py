"""What the board answers: golden vectors byte for byte, and a data set as `evaluate` scores it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tinyml_compress.data import DataSet
from tinyml_compress.errors import MismatchError
from tinyml_compress.evaluation import score, task_of
from tinyml_compress.ir import Port, Program
from tinyml_compress.line import InputForm, LineBoard
from tinyml_compress.pipeline.convert.golden_vectors import golden_vectors
from tinyml_compress.pipeline.evaluate.model_inputs import arrays_for
from tinyml_compress.results import BitExact, Engine, Evaluation, ModelFacts
from tinyml_compress.runners.sides import dequantized, quantized, stored_inputs

_VECTOR_BYTES = 16 * 1024


def on_the_line(stored: npt.NDArray[np.generic], port: Port, form: InputForm) -> bytes:
    """An input's stored values as the board takes them."""
    if form is InputForm.FLOATS:
        return dequantized(stored, port).astype("<f4").tobytes()
    data = np.ascontiguousarray(stored).astype(stored.dtype.newbyteorder("<")).tobytes()
    return bytes(byte ^ 0x80 for byte in data) if form is InputForm.PIXELS else data


def proven(board: LineBoard, form: InputForm, model: bytes, program: Program, timeout: float) -> BitExact:
    """Golden vectors over the line; those of a net with a memory are one sequence."""
    (port,), (output,) = program.inputs, program.outputs
    vectors = golden_vectors(model, program, _VECTOR_BYTES)
    given = [on_the_line(np.frombuffer(data, port.dtype.numpy), port, form) for data in vectors.inputs]
    if program.state_bytes:
        answers = [
            answer or bytes(output.nbytes)  # as golden vectors say that there is no result
            for answer in board.answers(given, timeout)
        ]
    else:
        answers = [board.answer(data, timeout) for data in given]
    for number, (answer, wanted) in enumerate(zip(answers, vectors.outputs, strict=True)):
        if answer != wanted:
            raise MismatchError(
                "the board's output is not the model's",
                which=f"golden vector {number} at {board.name}",
                found=_difference(answer, wanted, output),
                next_step="build the firmware from what `export` wrote for this model, with the flags of "
                "its README; when its self-test passes nevertheless, the input comes in another form",
            )
    return BitExact(vectors=len(vectors.inputs), mismatches=0)


def _difference(answer: bytes, wanted: bytes, output: Port) -> str:
    if len(answer) != len(wanted):
        return f"{len(answer)} bytes instead of {len(wanted)}"
    got, right = (np.frombuffer(data, output.dtype.numpy) for data in (answer, wanted))
    element = int(np.flatnonzero(got != right)[0])
    count = f"{int((got != right).sum())} of {right.size} differ"
    return f"element {element}: {got[element]} instead of {right[element]}; {count}"


def evaluation(
    board: LineBoard,
    form: InputForm,
    program: Program,
    facts: ModelFacts,
    data: DataSet,
    timeout: float,
    advance: Callable[[], None],
) -> Evaluation:
    """The set's samples over the line, one by one, scored as any engine's outputs are.

    A net with a memory gets a sample frame by frame where the set has more frames than the net takes; its
    last answer is the sample's.
    """
    (port,), (output,) = program.inputs, program.outputs
    rows: list[npt.NDArray[np.generic]] = []
    for steps in _steps(program, data):
        given = [on_the_line(stored, port, form) for stored in steps]
        answer = board.answer(given[0], timeout) if len(given) == 1 else board.answers(given, timeout)[-1]
        rows.append(_shaped(board, answer, output))
        advance()
    outputs = dequantized(np.stack(rows), output)
    task = task_of(data.inputs, outputs, data.labels)
    return Evaluation(
        model=facts.source,
        engine=Engine.AOT,
        model_sha256=facts.sha256,
        nbytes=facts.nbytes,
        device=board.name,
        data=data.name,
        data_sha256=data.sha256,
        task=task,
        score=score(task, data.inputs, outputs, data.labels),
        classes=data.classes or None,
    )


def _steps(program: Program, data: DataSet) -> Iterator[Sequence[npt.NDArray[np.generic]]]:
    """Of each sample what the net takes of it, one after the other."""
    (port,) = program.inputs
    frames, *rest = data.sample_shape
    taken, left = divmod(math.prod(port.shape), math.prod(rest))
    if not program.state_bytes or left or taken >= frames:
        yield from stored_inputs(program.inputs, arrays_for(data, program.inputs))
        return
    before = -frames % taken  # so that the last step ends with the last frame
    for sample in data.inputs:
        stored = quantized(sample, port).reshape(frames, -1)
        whole = np.concatenate([np.zeros((before, stored.shape[1]), stored.dtype), stored])
        yield list(whole.reshape(-1, *port.shape))


def _shaped(board: LineBoard, answer: bytes, output: Port) -> npt.NDArray[np.generic]:
    if len(answer) != output.nbytes:
        raise MismatchError(
            "the board's output has another size than the model's",
            which=board.name,
            found=f"{len(answer)} bytes",
            allowed=output.nbytes,
            next_step="flash what `export --format mlperf-tiny` writes for this model",
        )
    rows: npt.NDArray[np.generic] = np.frombuffer(answer, output.dtype.numpy).reshape(output.shape)[0]
    return rows
