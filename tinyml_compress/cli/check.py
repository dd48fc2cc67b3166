"""`tinyml-compress check`: what a device and engine would refuse of a model, and the fix."""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_compress.cli._options import (
    byte_count,
    data_option,
    json_option,
    show,
    targets_dir_option,
    trust_option,
)

EXAMPLES = """\b
Examples:
  tinyml-compress check model.tflite --target nucleo-l4r5zi
  tinyml-compress check model.keras --data data:digits --target all --engine aot --json
"""


@click.command(epilog=EXAMPLES)
@click.argument("model")
@click.option(
    "--target", "targets", required=True, help="Devices, separated by commas; `all` is every emulated one."
)
@click.option(
    "--engine",
    type=click.Choice(["aot", "tflm", "both"]),
    default="both",
    show_default=True,
    help="Whose contract to look at.",
)
@click.option(
    "--max-ram",
    type=byte_count,
    metavar="BYTES",
    help="What generated C may take: arena, state and stack.",
)
@data_option(required=False, what="Calibration data, where MODEL is not a .tflite")
@json_option
@targets_dir_option
@trust_option
def command(
    model: str,
    targets: str,
    engine: str,
    max_ram: int | None,
    data: str | None,
    targets_dir: Path | None,
) -> None:
    """Would the device and engine take MODEL? Every layer that is refused, what is allowed, and the fix.

    Exits with 1 when any of the contracts does not hold. `benchmark` then counts what this cannot know: code
    and time.
    """
    from tinyml_compress.pipeline.checking import check

    names = [name.strip() for name in targets.split(",") if name.strip()]
    engines = ("aot", "tflm") if engine == "both" else engine
    checked = check(model, names, engine=engines, targets_dir=targets_dir, data=data, max_ram=max_ram)
    show(checked)
    if not checked.holds:
        raise click.exceptions.Exit(1)
