"""`tinyml-compress inspect`: what is in a model, and what it costs."""

from __future__ import annotations

import click

from tinyml_compress.cli._options import answer, json_option, trust_option

EXAMPLES = """\b
Examples:
  tinyml-compress inspect model.tflite --layers
  tinyml-compress inspect model.keras int8/model.tflite
  tinyml-compress inspect before.tflite after.tflite --json
"""


@click.command(epilog=EXAMPLES)
@click.argument("models", nargs=-1, required=True)
@click.option("--layers", is_flag=True, help="One line per operator or layer.")
@trust_option
@json_option
def command(models: tuple[str, ...], layers: bool) -> None:
    """Show what is in MODELS, side by side: layers, parameters, MACs, zeros, bytes.

    A model is a .tflite file, of which quantization and memory plan are shown too, a .keras or .h5 file, a
    SavedModel folder, package.module:function, or zoo:NAME.
    """
    from tinyml_compress.pipeline.keras_inspection import inspect_any
    from tinyml_compress.rendering.inspection import inspection_blocks

    inspections = [inspect_any(model) for model in models]
    answer(
        "inspect",
        lambda: {"models": [inspection.as_json() for inspection in inspections]},
        lambda: inspection_blocks(inspections, layers=layers),
    )
