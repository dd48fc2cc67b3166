"""`tinyml-compress targets`: the devices that the tool knows."""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_compress.cli._options import json_option, targets_dir_option
from tinyml_compress.cli._printing import say

EXAMPLES = """\b
Examples:
  tinyml-compress targets --json
  tinyml-compress targets show nucleo-l4r5zi
"""


@click.command(epilog=EXAMPLES)
@click.argument("action", required=False, type=click.Choice(["show"]), metavar="[show]")
@click.argument("name", required=False, metavar="[DEVICE]")
@json_option
@targets_dir_option
def command(action: str | None, name: str | None, as_json: bool, targets_dir: Path | None) -> None:
    """List the devices with flash, RAM and clock; `show DEVICE` tells all about one, with the sources."""
    from tinyml_compress.devices import list_devices, load_device
    from tinyml_compress.report import device_blocks, device_json, devices_json, devices_table

    if (action is None) != (name is None):
        raise click.UsageError("`targets` lists all devices, `targets show DEVICE` shows one")
    if name is not None:
        device = load_device(name, targets_dir)
        say(*([device_json(device)] if as_json else device_blocks(device)))
        return
    devices = list_devices(targets_dir)
    say(devices_json(devices) if as_json else devices_table(devices))
