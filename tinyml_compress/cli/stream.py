"""`tinyml-compress stream`: a net on windows of time takes the newest frames alone."""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_compress.cli._options import json_option, seed_option, show, tflite_argument

EXAMPLES = """\b
Examples:
  tinyml-compress stream wake_word.tflite -o wake_word_stream.tflite
  tinyml-compress stream keywords.tflite -o stream.tflite --frames 4 --steps 100 --json
  tinyml-compress stream keywords.tflite -o cheaper.tflite --approximate
"""


@click.command(epilog=EXAMPLES)
@tflite_argument()
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write."
)
@click.option(
    "--frames",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="New frames at each step; strides along time may want a multiple.",
)
@click.option(
    "--axis",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="Of the inputs, along which time runs.",
)
@click.option(
    "--approximate",
    is_flag=True,
    help="Take what came before for the borders inside the window: cheaper, other outputs.",
)
@click.option(
    "--steps",
    default=10,
    show_default=True,
    type=click.IntRange(0),
    help="Steps behind the first full window on which outputs are compared.",
)
@seed_option
@json_option
def command(
    model: Path, output: Path, frames: int, axis: int, approximate: bool, steps: int, seed: int
) -> None:
    """Rewrite a .tflite MODEL on windows of time into one that is given the newest frames alone.

    From the frame on that fills the window its outputs are those of MODEL on the last frames, byte for byte:
    they are compared under TensorFlow Lite Micro before the file is written. It remembers what layers
    need; where borders are in sight, the few frames near the window's ends are computed anew at each step.
    """
    from tinyml_compress.pipeline.stream import stream

    show(
        stream(
            model, output=output, frames=frames, axis=axis, approximate=approximate, steps=steps, seed=seed
        )
    )
