"""What the board answers: golden vectors byte for byte, and a data set as `evaluate` scores it."""

from __future__ import annotations

from collections.abc import Callable

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
from tinyml_compress.runners.sides import dequantized, stored_inputs

_VECTOR_BYTES = 16 * 1024


def on_the_line(stored: npt.NDArray[np.generic], port: Port, form: InputForm) -> bytes:
    """An input's stored values as the board takes them."""
    if form is InputForm.FLOATS:
        return dequantized(stored, port).astype("<f4").tobytes()
    data = np.ascontiguousarray(stored).astype(stored.dtype.newbyteorder("<")).tobytes()
    return bytes(byte ^ 0x80 for byte in data) if form is InputForm.PIXELS else data


def proven(
    board: LineBoard, form: InputForm, model: bytes, program: Program, timeout: float
) -> BitExact | None:
    """Golden vectors over the line; None for a net with a memory, whose vectors are one sequence that the
    board's own self-test has run.
    """
    if program.state_bytes:
        return None
    (port,), (output,) = program.inputs, program.outputs
    vectors = golden_vectors(model, program, _VECTOR_BYTES)
    for number, (given, wanted) in enumerate(zip(vectors.inputs, vectors.outputs, strict=True)):
        stored = np.frombuffer(given, port.dtype.numpy)
        answer = board.answer(on_the_line(stored, port, form), timeout)
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
    """The set's samples over the line, one by one, scored as any engine's outputs are."""
    (port,), (output,) = program.inputs, program.outputs
    rows: list[npt.NDArray[np.generic]] = []
    for (stored,) in stored_inputs(program.inputs, arrays_for(data, program.inputs)):
        answer = board.answer(on_the_line(stored, port, form), timeout)
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
