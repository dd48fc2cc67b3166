"""A net that `stream` told frame by frame, over the line: scored as from samples, and heard as recorded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.frontends.test_made import description, model
from tests.lib.speaker import Speaker
from tinyml_compress.codegen.answers import answers_program, frames_at_once
from tinyml_compress.data import load
from tinyml_compress.data.audio import in_16_bits, read_wav
from tinyml_compress.pipeline.board.verb import measure
from tinyml_compress.pipeline.compile.front_end import front_end
from tinyml_compress.pipeline.compile.verb import compile_model
from tinyml_compress.pipeline.evaluate.verb import evaluate
from tinyml_compress.pipeline.serve import serve
from tinyml_compress.pipeline.stream import told
from tinyml_compress.runners import native


@pytest.mark.full
def test_a_told_net_is_scored_and_hears_as_on_the_host(tmp_path: Path) -> None:
    content, _ = told(model(tmp_path).read_bytes(), steps=0)
    file, data = tmp_path / "told.tflite", tmp_path / "d.toml"
    file.write_bytes(content)
    description(tmp_path)
    done = load(data).preprocessing
    assert done.audio is not None
    program = compile_model(content, "told")
    front = front_end("told", program.inputs, done)
    assert front is not None
    cards, rows = tmp_path / "set" / "a", frames_at_once(program, done.audio)
    assert rows > 1
    with serve(file, "nucleo-l4r5zi", name="sww01", data=str(data), interface=cards) as board:
        (run,) = measure(file, board.path, window=0.01, eval_data=data).runs
        assert run.bit_exact is not None
        assert run.bit_exact.mismatches == 0
        assert run.evaluation is not None
        assert run.evaluation.score == evaluate(file, data, engine="aot").score
        assert board.facts.interface is not None
        with Speaker(board.path) as device, Speaker(board.facts.interface.path) as interface:
            for name in ("2.wav", "0.wav"):
                device.ask("start")
                interface.ask("record_detections")
                assert interface.ask(f"play {name}") == [f"Playing {name}"]
                said = device.ask("stop")
                samples = in_16_bits(read_wav(cards / name)[0])
                whole = answers_program(program, front, done.audio, len(samples), rows, rows)
                ((answers, count),) = native.answers(whole, [[samples]])
                wanted = np.asarray(answers[: count[0]]).reshape(int(count[0]), -1)[:, 0]
                assert "".join(said[3:]).strip("[]").split(",") == [str(score) for score in wanted]
