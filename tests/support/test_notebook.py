"""Results in a notebook: the same parts as in the terminal, as tables of HTML."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.lib.graphs import model, tensor
from tinyml_compress import benchmark, evaluate
from tinyml_compress.ir import Attrs
from tinyml_compress.support.table import Block, Column, Layout, Noted, Table, facts
from tinyml_compress.support.table_markup import blocks_html, table_markdown

NUMBER, TEXT = ('<td style="text-align: right">', '<td style="text-align: left">')


def _blocks() -> list[Block]:
    columns = (Column("layer <x>"), Column("MACs", "{:,}"), Column("state"))
    rows = (("a  b", 1234, ("one", "two")), ("c", None, Noted("did not run", "no <emulator>")))
    sides = Table(columns, rows, layout=Layout.SIDE_BY_SIDE)
    return [
        "all <done>\nreally",
        facts([("size", "3 B")]),
        Table(columns, rows, foot=("all", 1234, None)),
        sides,
    ]


def test_parts_become_paragraphs_and_tables() -> None:
    shown = blocks_html(_blocks())
    assert "<p>all &lt;done&gt;<br>really</p>" in shown
    assert f"{TEXT}size</td>{TEXT}3 B</td>" in shown
    assert '<th style="text-align: right">MACs</th>' in shown
    assert f"{TEXT}a  b</td>{NUMBER}1,234</td>{TEXT}one<br>two</td>" in shown
    assert f"<tfoot><tr>{TEXT}all</td>" in shown


def test_reasons_stand_below_their_table() -> None:
    shown = blocks_html(_blocks())
    assert shown.count("did not run [1]") == 2
    assert shown.count("<p>[1] no &lt;emulator&gt;</p>") == 2


def test_things_stand_side_by_side() -> None:
    sides = blocks_html(_blocks()).rpartition("<table>")[2]
    assert f"{TEXT}MACs</td>{NUMBER}1,234</td>{NUMBER}</td>" in sides


def test_the_same_as_markdown() -> None:
    columns = (Column("layer"), Column("MACs", "{:,}"), Column("state"))
    rows = (("a|b", 1234, ("one", "two")), ("c", None, Noted("did not run", "no [emulator]")))
    assert table_markdown(Table(columns, rows, "Layers", ("exact",))).splitlines() == [
        "Layers",
        "",
        "| layer | MACs | state |",
        "|---|---:|---|",
        "| a\\|b | 1,234 | one<br>two |",
        "| c |  | did not run \\[1\\] |",
        "",
        "\\[1\\] no \\[emulator\\]",
        "",
        "exact",
    ]


def test_real_results(tmp_path: Path) -> None:
    file = tmp_path / "relu.tflite"
    file.write_bytes(model("RELU", [tensor("x", (1, 4), 0.5)], tensor("y", (1, 4), 0.5), Attrs()))
    np.savez(tmp_path / "set.npz", inputs=np.eye(4), labels=np.arange(4))
    shown = evaluate(file, tmp_path / "set.npz", task="classification")._repr_html_()
    assert "100.0%" in shown
    boards = benchmark(file, ["nucleo-l4r5zi", "raspberry-pi-pico"])._repr_html_()
    assert boards.rpartition("<table>")[2].count("<tr>") == 3
    assert f"{TEXT}raspberry-pi-pico</td>" in boards
