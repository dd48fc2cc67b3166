"""Energy per inference and battery life: from set-ups with a source, absent where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import silicon
from tinyml_compress.devices import Device, Duty, list_devices, load_device
from tinyml_compress.errors import ConfigError, UsageError
from tinyml_compress.results.targets import Energy, SetUp, Sleep
from tinyml_compress.support.resources import targets_folder

SET_UP = SetUp(supply="a bench supply", volts=2.0, picojoules=100.0, error=0.1, source="a test")
SLEEP = Sleep(microamps=10.0, volts=2.0, mode="asleep", source="a test")


def board(name: str) -> Device:
    device = load_device(name)
    assert isinstance(device, Device)
    return device


def test_millijoules_of_cycles() -> None:
    # 1 million cycles at 100 pJ are 100 uJ
    assert SET_UP.millijoules(1_000_000) == pytest.approx(0.1)
    assert SET_UP.millijoules(0) == 0.0
    assert SET_UP.error_with(0.1) == pytest.approx(0.21)
    # 120 million cycles are one second at 120 MHz: 110 uA/MHz x 120 MHz = 13.2 mA at 3.3 V
    maker = Energy(microamps_per_mhz=110, volts=3.3, mode="running", source="a datasheet").set_up
    assert maker.millijoules(120_000_000) == pytest.approx(13.2 * 3.3)


def test_what_was_measured_goes_before_what_the_maker_says() -> None:
    assert [one.supply for one in board("nucleo-l4r5zi").set_ups] == ["1.8 V, internal regulator (LDO)"]
    (maker,) = board("arduino-nano-33-ble").set_ups
    assert maker.error is None
    assert board("raspberry-pi-pico").set_ups == ()


def test_every_figure_names_its_source_and_most_boards_have_none() -> None:
    boards = [device for device in list_devices() if isinstance(device, Device)]
    told = [device for device in boards if device.energy is not None]
    assert {device.name for device in told} == {"nucleo-l4r5zi", "nucleo-u575zi", "arduino-nano-33-ble"}
    for device in told:
        assert device.energy is not None
        assert "uA/MHz" in device.energy.source
        assert device.energy.mode
    assert {device.name for device in boards if device.sleep is not None} == {"arduino-nano-33-ble"}


PUBLISHED = {
    "nucleo-l4r5zi": ("STM32L4R5", "1.8 V"),
    "nucleo-l4r5zi-p": ("STM32L4R5", "3 V, external SMPS"),
    "nucleo-u385rg": ("STM32U385", "1.8 V, SMPS"),
    "nucleo-u575zi": ("STM32U575", "1.8 V, SMPS"),
    "stm32h7a3": ("STM32H7A3", "3 V, SMPS"),
}
"""Chip and supply, as targets/silicon.json has them."""


def test_only_published_boards_have_measured_set_ups() -> None:
    boards = [device for device in list_devices() if isinstance(device, Device)]
    assert {device.name for device in boards if device.measured} == set(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_picojoules_are_those_of_the_published_programs(name: str) -> None:
    """The middle of the convolutional nets, with a bar that holds every net and little more."""
    (set_up,) = board(name).measured
    programs = [
        program
        for program in silicon.read()
        if (program.chip, program.supply) == PUBLISHED[name] and program.microjoules is not None
    ]
    per_cycle = [(one.net, (one.microjoules or 0.0) / one.cycles * 1e6) for one in programs]
    nets = [value for net, value in per_cycle if net in ("kws", "ic", "vww")]
    assert len(nets) in (3, 6)
    assert set_up.picojoules == pytest.approx(float(np.mean(nets)), rel=0.005)
    off = max(abs(value / set_up.picojoules - 1) for _, value in per_cycle)
    assert set_up.error is not None
    assert off <= set_up.error < off + 0.012


def test_power_of_an_inference_every_so_often() -> None:
    duty = Duty(2.0, 1000.0)
    awake = duty.draw(SET_UP, None, millijoules=4.0, seconds=0.5)
    assert (awake.busy, awake.milliwatts) == (0.25, 2.0)
    assert awake.hours == pytest.approx(1000 * 2.0 / 2.0)
    assert str(awake) == "2 mW on average, without sleep; the battery lasts 42 days"
    slept = duty.draw(SET_UP, SLEEP, millijoules=4.0, seconds=0.5)
    assert slept.milliwatts == pytest.approx(2.0 + 0.02 * 0.75)
    assert "with 10 uA asleep" in str(slept)
    late = duty.draw(SET_UP, SLEEP, millijoules=4.0, seconds=3.0)
    assert (late.milliwatts, late.hours) == (None, None)
    assert str(late) == "cannot keep up: one inference takes 1.5 times as long"
    mains = Duty(2.0).draw(SET_UP, None, millijoules=4.0, seconds=0.5)
    assert str(mains) == "2 mW on average, without sleep"


@pytest.mark.parametrize(
    ("charge", "words"),
    [("1mAh", "1 h"), ("100mAh", "4 days"), ("20Ah", "2.3 years"), ("10 mAh", "10 h")],
)
def test_life_of_a_battery_in_its_unit(charge: str, words: str) -> None:
    duty = Duty.of("1s", charge)
    assert duty is not None
    assert str(duty.draw(SET_UP, None, millijoules=2.0, seconds=0.5)).endswith(f"lasts {words}")


@pytest.mark.parametrize(
    ("every", "seconds"), [("1s", 1.0), ("50ms", 0.05), ("1.5 min", 90.0), ("2h", 7200.0)]
)
def test_how_often(every: str, seconds: float) -> None:
    duty = Duty.of(every, None)
    assert duty is not None
    assert duty.seconds == pytest.approx(seconds)
    assert Duty.of(None, None) is None


@pytest.mark.parametrize(
    ("every", "battery", "option"),
    [
        ("0s", None, "--every"),
        ("1", None, "--every"),
        ("-1s", None, "--every"),
        ("1e3s", None, "--every"),
        ("nan s", None, "--every"),
        ("1 day", None, "--every"),
        ("1s", "5V", "--battery"),
        ("1s", "0mAh", "--battery"),
        (None, "1000mAh", "--battery"),
    ],
)
def test_what_is_no_amount(every: str | None, battery: str | None, option: str) -> None:
    with pytest.raises(UsageError) as caught:
        Duty.of(every, battery)
    assert caught.value.exit_code == 2
    assert caught.value.which == option


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("microamps-per-mhz = 110", "microamps-per-mhz = 0"),
        ("volts = 3.3", "volts = 33"),
        ("volts = 3.3", "volt = 3.3"),
        ('mode = "Run mode, internal regulator (LDO)"', 'mode = ""'),
        ("picojoules-per-cycle = 355", "picojoules-per-cycle = 0"),
        ("picojoules-per-cycle = 355", "picojoules = 355"),
        ("error = 0.1", "error = 'ten'"),
    ],
)
def test_a_wrong_figure_is_refused(tmp_path: Path, line: str, wrong: str) -> None:
    text = (targets_folder() / "nucleo-l4r5zi.toml").read_text()
    assert line in text
    (tmp_path / "mine.toml").write_text(text.replace(line, wrong))
    with pytest.raises(ConfigError, match=r"mine.toml: (energy|set-up)"):
        load_device("mine", tmp_path)
