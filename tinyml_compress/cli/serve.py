"""`tinyml-compress serve`: an emulated board on a serial port."""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_compress.cli._options import (
    data_option,
    json_option,
    name_option,
    seed_option,
    show,
    targets_dir_option,
    trigger_option,
    trust_option,
)
from tinyml_compress.cli._printing import say

EXAMPLES = """\b
Examples:
  tinyml-compress serve model.tflite --target nucleo-l4r5zi
  tinyml-compress serve kws.tflite --target nucleo-l4r5zi --name kws01 --json
  tinyml-compress serve kws.tflite --target nucleo-l4r5zi --name kws01 --pace 1
  tinyml-compress serve told.tflite --target nucleo-l4r5zi --name sww01 --interface recordings
"""


@click.command(epilog=EXAMPLES)
@click.argument("model")
@click.option("--target", required=True, help="A board from `tinyml-compress targets`.")
@name_option
@click.option(
    "--optimize",
    type=click.Choice(["size", "balanced", "speed", "ram"]),
    default="balanced",
    show_default=True,
    help="What to choose kernels for, and the compiler's level.",
)
@click.option(
    "--pace",
    type=click.FloatRange(0, 1000),
    default=0.0,
    show_default=True,
    help="Seconds here that a second of the board's clock takes at least; 1: no faster than the board.",
)
@click.option(
    "--interface",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="An interface board on a second port, which plays the .wav files of this folder to the model.",
)
@trigger_option
@data_option(required=False, what="Calibration data, where MODEL is not a .tflite, and its preprocessing")
@seed_option
@targets_dir_option
@json_option
@trust_option
def command(
    model: str,
    target: str,
    name: str | None,
    optimize: str,
    pace: float,
    interface: Path | None,
    trigger: Path | None,
    data: str | None,
    seed: int,
    targets_dir: Path | None,
) -> None:
    """Run MODEL's firmware for MLPerf Tiny's runner on an emulated board, and print the path of its port.

    Any program that talks to a board over a serial port talks to it (docs/mlperf-tiny.md). The board's clock
    is modelled: what the program reads is the time of `benchmark`, not that of this machine. Ctrl-C ends it.
    """
    from tinyml_compress.pipeline.serve import serve

    try:
        with serve(
            model,
            target,
            name=name,
            optimize=optimize,
            pace=pace,
            interface=interface,
            trigger=trigger,
            data=data,
            seed=seed,
            targets_dir=targets_dir,
        ) as board:
            say(
                f"{target} is emulated and its clock modelled: {board.facts.ms:.3f} ms an inference. "
                "What a program measures here is no measurement of a board. Ctrl-C ends it.",
                error=True,
            )
            show(board.facts)  # whoever has read the port has been told
            board.wait()
    except KeyboardInterrupt:
        say("switched off", error=True)
