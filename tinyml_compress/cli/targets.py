"""`tinyml-compress targets`: the devices that the tool knows."""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_compress.cli._options import json_option, print_json, targets_dir_option
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
    from tinyml_compress.pipeline.measure.target import all_targets, target
    from tinyml_compress.report import devices_table

    if (action is None) != (name is None):
        raise click.UsageError("`targets` lists all devices, `targets show DEVICE` shows one")
    if name is not None:
        one = target(name, targets_dir)
        if as_json:
            print_json({"device": one.shown_as_json()}, "targets show")
        else:
            say(*one.shown())
        return
    known = all_targets(targets_dir)
    if as_json:
        print_json({"devices": [one.facts() for one in known]}, "targets")
    else:
        say(devices_table(one.row() for one in known))
