"""`tinyml-compress inspect`: what is in a .tflite file, and what it costs."""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_compress.cli._options import json_option, print_json
from tinyml_compress.cli._printing import say

EXAMPLES = """\b
Examples:
  tinyml-compress inspect model.tflite --layers
  tinyml-compress inspect before.tflite after.tflite --json
"""


@click.command(epilog=EXAMPLES)
@click.argument("models", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--layers", is_flag=True, help="One line per operator.")
@json_option
def command(models: tuple[Path, ...], layers: bool, as_json: bool) -> None:
    """Show operators, quantization, MACs, sparsity, bytes and memory plan of .tflite MODELS, side by side."""
    from tinyml_compress.pipeline.inspection import inspect_model

    inspections = [inspect_model(model) for model in models]
    if as_json:
        print_json({"models": [inspection.as_json() for inspection in inspections]}, "inspect")
        return
    from tinyml_compress.report.inspection import inspection_blocks

    say(*inspection_blocks(inspections, layers=layers))
