"""Whether a model fits a board under TensorFlow Lite Micro: one answer from every verb, with what
it assumes.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.lib.nets import NETS
from tests.lib.schema import validate
from tinyml_compress.cli.benchmark import command as benchmark_command
from tinyml_compress.cli.check import command as check_command
from tinyml_compress.devices import Device, TflmNeed, list_devices, load_device
from tinyml_compress.errors import BudgetError, DoesNotFit
from tinyml_compress.pipeline.checking import check
from tinyml_compress.pipeline.measure.judgement import Budgets, check_budgets
from tinyml_compress.pipeline.measure.verb import measured
from tinyml_compress.pipeline.measure.work import BenchmarkRequest
from tinyml_compress.runners import tflm

BOARDS = tuple(device for device in list_devices() if isinstance(device, Device))
pytestmark = pytest.mark.skipif(not tflm.available(), reason="TensorFlow Lite Micro is not installed")


def of_size(nbytes: int) -> bytes:
    """A sound file of that size: what lies behind a flatbuffer is not read."""
    file = NETS["keyword"]()
    assert len(file) <= nbytes
    return file.ljust(nbytes, b"\0")


@pytest.mark.parametrize("nbytes", [12_000, 256_000, 480_000])
def test_every_verb_gives_the_same_answer(nbytes: int) -> None:
    """256,000 B on a board of 262,144 B once was: fits (benchmark), fits (check), needs 47 KB more flash
    (demo).
    """
    file = of_size(nbytes)
    names = [board.name for board in BOARDS]
    runs = measured(file, BenchmarkRequest(targets=tuple(names), engine="tflm")).runs
    contracts = check(file, names, engine="tflm").contracts
    arena = tflm.arena_bytes(file)
    for board, run, contract in zip(BOARDS, runs, contracts, strict=True):
        need = TflmNeed(board, nbytes, arena)
        assert contract.holds is need.fits
        assert [demand.needed for demand in contract.memory] == [need.flash_bytes, need.ram_bytes]
        assert contract.assumptions == need.assumptions
        if need.fits:
            assert run.error is None
            assert run.figures == need.figures()
        else:
            assert run.error is not None
            assert not run.fits
            assert str(need) in run.error.detail
            assert need.assumptions[0] in run.error.detail


def test_the_sum() -> None:
    board = load_device("nucleo-l4r5zi")
    assert isinstance(board, Device)
    flash, ram = board.flash_bytes, board.ram_bytes
    exactly = TflmNeed(board, flash - 54_000, ram - board.limits.stack_bytes)
    assert exactly.fits
    assert str(exactly) == "fits"
    over = TflmNeed(board, flash - 54_000 + 1, ram - board.limits.stack_bytes + 1025)
    assert str(over) == "needs 1 KB more flash and 2 KB more RAM"
    assert over.lacking == {"flash": 1, "RAM": 1025}
    blind = TflmNeed(board, 1000, None)
    assert blind.fits
    assert "not installed" in blind.assumptions[-1]


def test_assumptions_stand_in_text_and_json(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(of_size(12_000))
    words = [str(path), "--target", "nucleo-l4r5zi", "--engine", "tflm"]
    run = CliRunner().invoke(benchmark_command, [*words, "--json", str(tmp_path / "b.json")])
    told = CliRunner().invoke(check_command, words)
    shown = CliRunner().invoke(check_command, [*words, "--json"])
    assert (run.exit_code, told.exit_code, shown.exit_code) == (0, 0, 0)
    measured, checked = json.loads((tmp_path / "b.json").read_text()), json.loads(shown.output)
    validate(measured)
    validate(checked)
    (row,), (contract,) = measured["runs"], checked["contracts"]
    assert row["flash"] == {"total": 66_000, "model": 12_000, "runtime": 54_000}
    assert row["ram"]["total"] == row["ram"]["arena"] + row["ram"]["stack"]
    assert row["assumptions"] == contract["assumptions"]
    assert len(row["assumptions"]) == 3
    for text in (run.output, told.output):
        assert "54,000" in text
        assert "estimate" in text
        assert "upper bound" in text
    assert [part["needed"] for part in contract["memory"]] == [row["flash"]["total"], row["ram"]["total"]]


def test_budgets_count_the_same_sum() -> None:
    result = measured(of_size(12_000), BenchmarkRequest(targets=("nucleo-l4r5zi",), engine="tflm"))
    check_budgets(result, Budgets(flash=66_000))
    with pytest.raises(BudgetError, match="over budget") as caught:
        check_budgets(result, Budgets(flash=65_999))
    assert "66,000 B is over" in str(caught.value)


def test_too_small_is_an_error_with_the_sum(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(of_size(65_536))
    done = CliRunner().invoke(
        benchmark_command, [str(path), "--target", "bluepill-f103c8", "--engine", "tflm"]
    )
    assert isinstance(done.exception, DoesNotFit)
    assert "needs 53 KB more flash" in str(done.exception)
    assert "119,536 of 65,536 B" in str(done.exception)
