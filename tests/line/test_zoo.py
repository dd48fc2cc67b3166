"""The zoo's nets on an emulated board: our own speaker of the protocol, and `measure`, over its port."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.lib.speaker import Speaker
from tinyml_compress import data
from tinyml_compress.evaluation import score, task_of
from tinyml_compress.models.zoo import STREAMS, ZOO
from tinyml_compress.pipeline.board.verb import measure
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.measure.model import given
from tinyml_compress.pipeline.serve import serve
from tinyml_compress.results import Kind
from tinyml_compress.runners import native
from tinyml_compress.runners.sides import dequantized, quantized
from tinyml_compress.support.instruction_sets import Isa

SAMPLES = 6


@pytest.mark.full
@pytest.mark.parametrize("name", [*ZOO, *STREAMS])
def test_a_net_of_the_zoo_is_what_it_is_on_the_host(name: str, tmp_path: Path) -> None:
    """Its bytes, its time as `serve` models it, and its score; those that stream frame by frame."""
    file = tmp_path / f"{name}.tflite"
    file.write_bytes(given(f"zoo:{name}").content)
    known = {**ZOO, **STREAMS}[name].data
    some = data.load(f"{known}:test").take(SAMPLES, 0)
    program = compile_model(file.read_bytes(), name, (Isa.C,))
    (net,) = native.load([program])
    (given_port,), (port,) = program.inputs, program.outputs
    elements = int(np.prod(given_port.shape))
    rows = []
    with serve(file, "nucleo-l4r5zi", name=name) as served:
        with Speaker(served.path) as speaker:
            assert speaker.ask("selftest")[-1] == "m-selftest-[passed]"
            for sample in some.inputs:
                net.reset()
                speaker.ask("forget")
                steps = quantized(sample, given_port).reshape(-1, elements)
                for step in steps:
                    speaker.load(step.tobytes())
                    speaker.ask("step" if program.state_bytes else "infer 1 0")
                    answer = net.step([step.reshape(given_port.shape)])
                assert answer is not None
                assert speaker.ask("output") == [f"m-output-[{answer[0].tobytes().hex()}]"]
                rows.append(answer[0][0])
        (run,) = measure(file, served.path, window=0.01, eval_data=f"{known}:test", samples=SAMPLES).runs
    assert run.bit_exact is not None
    assert run.bit_exact.mismatches == 0
    time = run.figure("ms", Kind.MODELLED)
    assert time is not None
    assert time.value == pytest.approx(served.facts.ms, abs=1e-3)
    outputs = dequantized(np.stack(rows), port)
    task = task_of(some.inputs, outputs, some.labels)
    assert run.evaluation is not None
    assert run.evaluation.score == score(task, some.inputs, outputs, some.labels)
