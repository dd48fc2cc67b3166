"""Costs that are fitted to calibration programs, against boards whose costs are made up and hidden."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pytest

from tests.lib.counted import BOARDS, PATH, emulated
from tinyml_compress.devices import CostClass, Device, load_device
from tinyml_compress.devices.core_fit import CountedProgram, fit_costs

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


@pytest.mark.parametrize("name", BOARDS)
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
