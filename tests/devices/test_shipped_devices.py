"""The shipped device and core files: all load, and what they say is plausible and sourced."""

from __future__ import annotations

import pytest

from tinyml_compress.devices import Device, Host, list_devices, load_device
from tinyml_compress.errors import UsageError

NEEDED = (
    "alif-ensemble-e7-hp",
    "andes-d25f",
    "apollo510-evb",
    "arduino-nano-33-ble",
    "bluepill-f103c8",
    "ch32v307",
    "corstone-300",
    "cy8cproto-062",
    "disco-f746ng",
    "ek-ra8d1",
    "esp32-c3",
    "esp32-c6",
    "esp32-p4",
    "host",
    "microbit-v2",
    "nucleo-f767zi",
    "nucleo-g0b1re",
    "nucleo-l4r5zi",
    "nucleo-l4r5zi-p",
    "nucleo-u385rg",
    "nucleo-u575zi",
    "raspberry-pi-pico",
    "raspberry-pi-pico-2",
    "stm32h7a3",
    "stm32n6570-dk",
)


def test_all_are_there() -> None:
    assert set(NEEDED) <= {device.name for device in list_devices()}


@pytest.mark.parametrize("name", [name for name in NEEDED if name != "host"])
def test_a_board_is_complete(name: str) -> None:
    board = load_device(name)
    assert isinstance(board, Device)
    assert board.page.startswith("https://")
    assert 1e6 <= board.clock_hz <= 1e9
    assert board.core.built_in
    assert board.memory.ram_bytes == board.ram_bytes > board.limits.stack_bytes
    assert all(region.source and region.what for region in (*board.flash, *board.ram))
    assert set(board.core.costs.extra) == set(board.core.costs.sources)


def test_known_sizes() -> None:
    sizes = {}
    for device in list_devices():
        if isinstance(device, Device):
            sizes[device.name] = (
                device.flash_bytes // 1024,
                device.ram_bytes // 1024,
                device.clock_hz // 10**6,
            )
    assert sizes["nucleo-l4r5zi"] == (2048, 640, 120)
    assert sizes["bluepill-f103c8"] == (64, 20, 72)
    assert sizes["raspberry-pi-pico"] == (2047, 264, 133)  # 256 bytes hold the second-stage boot code
    assert sizes["apollo510-evb"] == (4032, 3072, 250)  # 64 KB hold the boot loader
    assert sizes["arduino-nano-33-ble"] == (960, 256, 64)  # 64 KB hold the boot loader


def test_adjoining_regions_make_one_stretch() -> None:
    board = load_device("nucleo-f767zi")
    assert isinstance(board, Device)
    assert (board.memory.ram_address, board.ram_bytes) == (0x20000000, 512 * 1024)
    apart = load_device("stm32h7a3")
    assert isinstance(apart, Device)
    assert (apart.memory.ram_address, apart.ram_bytes) == (0x24000000, 1024 * 1024)


def test_host_has_no_memory_map() -> None:
    assert isinstance(load_device("host"), Host)


@pytest.mark.parametrize("name", ["nucleo-l4r5", "NUCLEO-L4R5ZI"])
def test_unknown_device_names_the_nearest(name: str) -> None:
    with pytest.raises(UsageError, match="unknown device") as caught:
        load_device(name)
    assert caught.value.exit_code == 2
    assert "nucleo-l4r5zi" in str(caught.value.allowed)


def test_a_path_is_no_name() -> None:
    with pytest.raises(UsageError, match="unknown device"):
        load_device("../targets/host")
