"""Energy per inference: from the maker's current per MHz where there is one, absent where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinyml_compress.devices import Device, list_devices, load_device
from tinyml_compress.errors import ConfigError
from tinyml_compress.support.resources import targets_folder


def test_millijoules_of_cycles() -> None:
    device = load_device("nucleo-l4r5zi")
    assert isinstance(device, Device)
    assert device.energy is not None
    # 120 million cycles are one second at 120 MHz: 110 uA/MHz x 120 MHz = 13.2 mA at 3.3 V
    assert device.energy.millijoules(120_000_000) == pytest.approx(13.2 * 3.3)
    assert device.energy.millijoules(0) == 0.0


def test_every_figure_names_its_source_and_most_boards_have_none() -> None:
    boards = [device for device in list_devices() if isinstance(device, Device)]
    told = [device for device in boards if device.energy is not None]
    assert {device.name for device in told} == {"nucleo-l4r5zi", "nucleo-u575zi", "arduino-nano-33-ble"}
    for device in told:
        assert device.energy is not None
        assert "uA/MHz" in device.energy.source
        assert device.energy.mode


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("microamps-per-mhz = 110", "microamps-per-mhz = 0"),
        ("volts = 3.3", "volts = 33"),
        ("volts = 3.3", "volt = 3.3"),
        ('mode = "Run mode, internal regulator (LDO)"', 'mode = ""'),
    ],
)
def test_a_wrong_figure_is_refused(tmp_path: Path, line: str, wrong: str) -> None:
    text = (targets_folder() / "nucleo-l4r5zi.toml").read_text()
    assert line in text
    (tmp_path / "mine.toml").write_text(text.replace(line, wrong))
    with pytest.raises(ConfigError, match="mine.toml: energy"):
        load_device("mine", tmp_path)
