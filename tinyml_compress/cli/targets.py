"""`tinyml-compress targets`: the devices that the tool knows."""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_compress.cli._options import json_option, show, targets_dir_option

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
def command(action: str | None, name: str | None, targets_dir: Path | None) -> None:
    """List the devices with flash, RAM and clock; `show DEVICE` tells all about one, with the sources."""
    from tinyml_compress.pipeline.measure.target import all_targets, target
    from tinyml_compress.results import TargetDetails, Targets

    if (action is None) != (name is None):
        raise click.UsageError("`targets` lists all devices, `targets show DEVICE` shows one")
    if name is not None:
        show(TargetDetails(device=target(name, targets_dir).details()))
    else:
        show(Targets(devices=tuple(one.facts() for one in all_targets(targets_dir))))
