"""MLPerf Tiny's own runner, its files unchanged, with a port that has no USB id: that of `serve`, or of any
serial adapter that the runner's list of devices does not know.

    python examples/mlperf_tiny_runner.py tiny/benchmark/runner --port /dev/pts/7 -- -m a -s datasets
    python examples/mlperf_tiny_runner.py tiny/benchmark/runner --port /dev/pts/7 -- -m p -s datasets
    python examples/mlperf_tiny_runner.py tiny/benchmark/runner --interface /dev/pts/8 -- -m p -s datasets

What stands behind `--` is the runner's. It looks for ports by their USB id, so the port is shown to it under
the id of the first device of type `dut` in its list (`-d`, or devices.yaml), and that of an interface board
(`--interface`) under the id of the first interface; without `--port` it talks to the board through that one.
Paths may be relative to this folder: they are made absolute before the runner's folder becomes the current
one, where it writes `sessions/`.

It needs what the runner imports: pyserial, pyyaml, pyusb, numpy, scikit-learn, matplotlib.
"""

from __future__ import annotations

import argparse
import os
import runpy
import sys
from itertools import pairwise
from pathlib import Path

import usb.core
import yaml
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

PATHS = ("-d", "--device_list", "-t", "--test_script", "-s", "--dataset_path")


def main() -> None:
    """Show it the ports, then run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runner", type=Path, help="its folder, with main.py")
    parser.add_argument("--port", help="of the device under test")
    parser.add_argument("--interface", help="of the interface board, for streaming")
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    given = parser.parse_args(sys.argv[1:end])
    if not given.port and not given.interface:
        parser.error("which port? --port, --interface, or both")
    if not (given.runner / "main.py").is_file():
        parser.error(f"no main.py in {given.runner}: that is the folder benchmark/runner of its repository")
    arguments = absolute(sys.argv[end + 1 :])
    os.chdir(given.runner)
    devices = yaml.safe_load(Path(device_list(arguments)).read_text())
    wanted = {"dut": given.port, "interface": given.interface}
    shown = [port(path, kind, devices) for kind, path in wanted.items() if path]
    list_ports.comports = lambda include_links=False: shown
    usb.core.find = lambda find_all=False, **wanted: []  # meters, which need a library of the system
    sys.argv = ["main.py", *arguments]
    sys.path.insert(0, os.getcwd())
    runpy.run_path("main.py", run_name="__main__")


def absolute(arguments: list[str]) -> list[str]:
    """The paths among the runner's arguments, where they exist from here."""
    after = zip(["", *arguments], arguments, strict=False)
    return [
        str(Path(one).resolve()) if before in PATHS and Path(one).exists() else one for before, one in after
    ]


def device_list(arguments: list[str]) -> str:
    """The file that says which devices there are."""
    after = dict(pairwise(arguments))
    return after.get("-d") or after.get("--device_list") or "devices.yaml"


def port(path: str, kind: str, devices: list[dict[str, object]]) -> ListPortInfo:
    """The port under the USB id of the first device of that kind."""
    device = next(one for one in devices if one["type"] == kind)
    ids = device["usb"]
    assert isinstance(ids, dict)
    vendor, product = next(iter(ids.items()))
    shown = ListPortInfo(path)
    shown.vid, shown.pid = vendor, product[0] if isinstance(product, list) else product
    shown.description = f"{device['name']} at {path}"
    return shown


if __name__ == "__main__":
    main()
