"""Results in a notebook."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.lib.graphs import model, tensor
from tinyml_compress import benchmark, evaluate
from tinyml_compress.ir import Attrs
from tinyml_compress.support.notebook import Displayed, html_table


class Result(Displayed):
    def summary(self) -> str:
        return "all <done>\nsize   3 B\n  inner  a  b"


def test_lines_become_rows() -> None:
    shown = Result()._repr_html_()
    assert '<td style="text-align: left" colspan="2">all &lt;done&gt;</td>' in shown
    assert '<td style="text-align: left">size</td><td style="text-align: left">3 B</td>' in shown
    assert '<td style="text-align: left">inner</td><td style="text-align: left">a  b</td>' in shown


def test_a_head_and_short_rows() -> None:
    shown = html_table(("a", "b", "c"), [("1", "2", "3"), ("only",)])
    assert shown.count("<th>") == 3
    assert 'colspan="3">only<' in shown


def test_real_results(tmp_path: Path) -> None:
    file = tmp_path / "relu.tflite"
    file.write_bytes(model("RELU", [tensor("x", (1, 4), 0.5)], tensor("y", (1, 4), 0.5), Attrs()))
    np.savez(tmp_path / "set.npz", inputs=np.eye(4), labels=np.arange(4))
    shown = evaluate(file, tmp_path / "set.npz", task="classification")._repr_html_()
    assert "100.0%" in shown
    boards = benchmark(file, ["nucleo-l4r5zi", "raspberry-pi-pico"])._repr_html_()
    assert boards.count("(modelled)") == 2
    assert "raspberry-pi-pico" in boards
