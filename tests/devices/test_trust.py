"""How true milliseconds are: the bar that holds for a net on a board, and the sentence that says why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tinyml_compress.devices import Device, Likeness, likeness, list_devices, load_device, trust


def board(name: str) -> Device:
    device = load_device(name)
    assert isinstance(device, Device)
    return device


@pytest.mark.parametrize(
    ("name", "like", "error", "words"),
    [
        ("nucleo-l4r5zi", Likeness.LIKE, 0.10, "calibrated on 19 programs of 2 vendors on this chip"),
        ("nucleo-u385rg", Likeness.LIKE, 0.10, "calibrated on 5 programs of 1 vendor on this chip"),
        ("nucleo-u575zi", Likeness.UNLIKE, 0.13, "on this chip; other operators than in those programs"),
        ("stm32h7a3", Likeness.LIKE, 0.15, "calibrated on 16 programs of 2 vendors on this chip"),
        ("stm32h7a3", Likeness.FLOAT, 0.50, "with integers; this net is float"),
        ("nucleo-g0b1re", Likeness.LIKE, 0.15, "calibrated on 8 programs of 1 vendor on this chip"),
        ("cy8cproto-062", Likeness.LIKE, 0.17, "core calibrated on 19 programs, this board's flash is not"),
        ("nucleo-f767zi", Likeness.UNLIKE, 0.17, "core calibrated on 25 programs, this board's flash is not"),
        (
            "raspberry-pi-pico",
            Likeness.LIKE,
            0.25,
            "on 8 programs, this board's flash is not",
        ),
        ("esp32-c3", Likeness.FLOAT, 0.35, "rv32imc is not calibrated"),
    ],
)
def test_the_bar_and_the_reason(name: str, like: Likeness, error: float, words: str) -> None:
    found = trust(board(name), like)
    assert found.error == error
    assert words in found.sentence
    assert str(found).startswith(f"±{error:.0%}: ")


def test_every_board_says_it_in_one_sentence() -> None:
    for device in list_devices():
        if isinstance(device, Device):
            assert 20 < len(trust(device).sentence) < 110
            assert "\n" not in trust(device).sentence


def test_a_core_without_a_list_of_chips() -> None:
    device = board("nucleo-l4r5zi")
    calibration = replace(device.core.calibration, chips={}, error=0.2)
    own = replace(device, core=replace(device.core, calibration=calibration))
    assert trust(own).error == 0.2
    assert trust(own).sentence.startswith("core calibrated")


@pytest.mark.parametrize(
    ("fitted", "floating", "like"),
    [
        (100, 0, Likeness.LIKE),
        (90, 0, Likeness.LIKE),
        (89, 0, Likeness.UNLIKE),
        (90, 10, Likeness.LIKE),
        (80, 11, Likeness.FLOAT),
        (0, 100, Likeness.FLOAT),
    ],
)
def test_what_is_like_the_nets_of_the_fit(fitted: int, floating: int, like: Likeness) -> None:
    assert likeness(fitted, floating, 100) is like
