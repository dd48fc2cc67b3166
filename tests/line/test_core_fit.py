"""Costs that are fitted to calibration programs, against boards whose costs are made up and hidden."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.lib.boards import speaking, words
from tests.lib.counted import BOARDS, PATH, counts_of, emulated
from tests.lib.nets import NETS
from tinyml_compress.devices import CostClass, Device, load_device, trust
from tinyml_compress.errors import UsageError
from tinyml_compress.frontend import read
from tinyml_compress.pipeline.board.calibration_nets import calibration_programs, digest
from tinyml_compress.pipeline.board.core_costs import CountedProgram, fit_costs
from tinyml_compress.pipeline.board.core_file import board_name, write_board
from tinyml_compress.pipeline.board.fit_core import fit_core
from tinyml_compress.pipeline.compile.verb import compile_graph
from tinyml_compress.pipeline.measure.verb import benchmark

Counted = Mapping[str, Mapping[str, Mapping[str, int]]]
RECORDED = json.loads(PATH.read_text())
DRAWS = 200
JITTER = 0.005
LACKING = (CostClass.CALL, CostClass.FLASH_LINE, CostClass.MULTIPLY_LONG)
"""What a hidden board charges and no term has."""


def program(name: str, counts: Mapping[str, int], cycles: float = 1.0) -> CountedProgram:
    classes = {CostClass(kind): count for kind, count in counts.items() if kind != "instructions"}
    return CountedProgram(name, counts["instructions"], classes, cycles)


class Hidden:
    """A made-up board: each price of the core times something, a few more, and one that is lacking."""

    def __init__(self, device: Device, rng: np.random.Generator) -> None:
        costs = device.costs
        self.clock_hz = device.clock_hz
        self.instruction = costs.instruction * rng.uniform(0.7, 1.4)
        self.extra = {kind: extra * rng.uniform(0.5, 2.0) for kind, extra in costs.extra.items()}
        for kind in (CostClass.STORE, CostClass.MULTIPLY, CostClass.FLOAT):
            self.extra[kind] = self.extra.get(kind, 0.0) + rng.uniform(0.0, 0.5)
        lacking = LACKING[rng.integers(len(LACKING))]
        self.extra[lacking] = self.extra.get(lacking, 0.0) + rng.uniform(0.2, 1.0)

    def cycles(self, one: CountedProgram) -> float:
        extras = sum(extra * one.classes.get(kind, 0) for kind, extra in self.extra.items())
        return self.instruction * one.instructions + extras

    def microseconds(self, one: CountedProgram, inferences: int, rng: np.random.Generator) -> int:
        """By a clock of microseconds, with jitter."""
        seconds = self.cycles(one) * inferences / self.clock_hz
        return int(1e6 * seconds * (1 + rng.normal(0, JITTER)))

    def timed(self, one: CountedProgram, rng: np.random.Generator) -> CountedProgram:
        micros = self.microseconds(one, 100, rng)
        return CountedProgram(one.name, one.instructions, one.classes, micros * 1e-8 * self.clock_hz)


def inside(counted: Counted, name: str) -> tuple[float, float]:
    """The share of predictions of unseen nets that keep within the bar, and the widest bar."""
    device = load_device(name)
    assert isinstance(device, Device)
    rng = np.random.default_rng(11)
    known = [program(*item) for item in counted["calibration"].items()]
    unseen = [program(*item) for item in counted["unseen"].items()]
    kept, bars = [], []
    for _ in range(DRAWS):
        board = Hidden(device, rng)
        fitted = fit_costs(device.costs, [board.timed(one, rng) for one in known])
        bars.append(fitted.bar)
        kept += [abs(fitted.cycles(one) / board.cycles(one) - 1) <= fitted.bar for one in unseen]
    return float(np.mean(kept)), max(bars)


@pytest.mark.parametrize(
    "name", [BOARDS[0], *(pytest.param(one, marks=pytest.mark.full) for one in BOARDS[1:])]
)
def test_unseen_nets_are_predicted_within_the_bar(name: str) -> None:
    kept, widest = inside(RECORDED[name], name)
    assert kept >= 0.95
    assert widest <= 0.10


@pytest.mark.full
@pytest.mark.parametrize("name", [*BOARDS, "nucleo-u575zi"])
def test_the_same_with_programs_of_today(name: str) -> None:
    kept, widest = inside(emulated(name), name)
    assert kept >= 0.95
    assert widest <= 0.10


def test_a_board_of_ones_own_is_two_files(tmp_path: Path) -> None:
    """They load, have the fitted costs, and say what they rest on."""
    for name in BOARDS:
        device = load_device(name)
        assert isinstance(device, Device)
        rng = np.random.default_rng(3)
        board = Hidden(device, rng)
        known = [program(*item) for item in RECORDED[name]["calibration"].items()]
        fitted = fit_costs(device.costs, [board.timed(one, rng) for one in known])
        paths = write_board(tmp_path / f"my-{name}.toml", device, fitted, len(known), None)
        mine = load_device(f"my-{name}", tmp_path)
        assert isinstance(mine, Device)
        assert all(path.is_file() for path in paths)
        assert (mine.ram, mine.clock_hz) == (device.ram, device.clock_hz)
        assert mine.core.compilers == device.core.compilers
        for one in known:
            predicted = mine.costs.cycles(one.instructions, one.classes)
            assert predicted == pytest.approx(fitted.cycles(one), rel=1e-3)
        assert trust(mine).error == fitted.bar
        assert f"calibrated on {len(known)} programs" in trust(mine).sentence
    with pytest.raises(UsageError, match="not a board's file"):
        board_name(tmp_path / "My Board.toml")


@pytest.mark.full
def test_a_made_up_board_is_fitted_over_the_line(tmp_path: Path) -> None:
    """And `benchmark` predicts a net on it that it has not seen."""
    device = load_device(BOARDS[0])
    assert isinstance(device, Device)
    rng = np.random.default_rng(5)
    board, programs = Hidden(device, rng), calibration_programs(device.core.kernels)
    known = [program(one.prefix, counts_of(one, device)) for one in programs]

    def speaker(command: str) -> bytes:
        first, rest = command.split()[:1], command.split()[1:]
        answers = {
            "name": ["m-name-dut-[made up]"],
            "profile": ["m-profile-[emulated]", "m-model-[x]", f"m-sha256-[{'0' * 64}]", "m-input-[stored]"],
        }
        if first == ["calibrate"] and rest:
            micros = board.microseconds(known[int(rest[0])], int(rest[1]), rng)
            return words("m-lap-us-7", f"m-lap-us-{7 + micros}", "m-calibrate-done")
        if first == ["calibrate"]:
            return words(f"m-calibration-[{digest(programs)}]")
        return words(*answers.get(command, []))

    with speaking(speaker) as port:
        result = fit_core(port, device.name, tmp_path / "mine.toml", window=0.2)
    assert result.error <= 0.10
    assert result.emulated
    assert f"±{result.error:.1%}" in result.summary()
    model = tmp_path / "net.tflite"
    model.write_bytes(NETS["residual"]())
    run = benchmark(model, "mine", targets_dir=tmp_path).runs[0]
    net = compile_graph(
        read(NETS["residual"](), "net"), "net", model_sha256="0" * 64, isas=device.core.kernels
    )
    assert run.cycles == pytest.approx(board.cycles(program("net", counts_of(net, device))), rel=result.error)


def test_a_bar_grows_with_what_no_term_explains() -> None:
    """Times that follow no cost at all."""
    device = load_device(BOARDS[0])
    assert isinstance(device, Device)
    rng = np.random.default_rng(2)
    known = [program(*item) for item in RECORDED[BOARDS[0]]["calibration"].items()]
    wild = [
        CountedProgram(one.name, one.instructions, one.classes, one.instructions * rng.uniform(1, 4))
        for one in known
    ]
    assert fit_costs(device.costs, wild).bar > 0.3


def test_a_board_like_the_core_keeps_its_prices() -> None:
    device = load_device(BOARDS[0])
    assert isinstance(device, Device)
    costs = device.costs
    known = [program(*item) for item in RECORDED[BOARDS[0]]["calibration"].items()]
    same = [
        CountedProgram(one.name, one.instructions, one.classes, costs.cycles(one.instructions, one.classes))
        for one in known
    ]
    table = fit_costs(costs, same).table
    assert table.instruction == pytest.approx(costs.instruction, rel=1e-3)
    for kind, extra in costs.extra.items():
        assert table.extra[kind] == pytest.approx(extra, rel=0.02), kind
