"""`tinyml-compress shrink`: a smaller .tflite with the same outputs."""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_compress.cli._options import json_option, show, tflite_argument

EXAMPLES = """\b
Examples:
  tinyml-compress shrink model.tflite -o smaller.tflite
  tinyml-compress shrink model.tflite -o smaller.tflite --names-only --vectors 100 --json
"""


@click.command(epilog=EXAMPLES)
@tflite_argument()
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write."
)
@click.option(
    "--names-only",
    is_flag=True,
    help="Touch only what computes nothing: names, metadata, unread scales.",
)
@click.option(
    "--vectors", default=10, show_default=True, type=click.IntRange(0), help="Inputs to compare outputs on."
)
@json_option
def command(model: Path, output: Path, names_only: bool, vectors: int) -> None:
    """Rewrite a .tflite MODEL without its dead channels, and then without names and idle operators as well.

    A channel is dead when it is one value for every input, or when nobody reads it: pruned and trained-out
    ones, found by exact analysis, without data. The outputs stay the same; they are compared under TensorFlow
    Lite Micro before the file is written. A model without dead channels is written as it is, byte for byte.
    """
    from tinyml_compress.pipeline.shrinking import shrink

    show(shrink(model, output=output, names_only=names_only, vectors=vectors))
