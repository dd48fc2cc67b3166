"""`tinyml-compress inspect`: what is in a model, and what it costs."""

from __future__ import annotations

import click

from tinyml_compress.cli._options import answer, data_option, json_option, trust_option

EXAMPLES = """\b
Examples:
  tinyml-compress inspect model.tflite --layers
  tinyml-compress inspect model.keras int8/model.tflite
  tinyml-compress inspect before.tflite after.tflite --json
  tinyml-compress inspect model.keras --sensitivity --data mine.npz
"""


@click.command(epilog=EXAMPLES)
@click.argument("models", nargs=-1, required=True)
@click.option(
    "--layers",
    is_flag=True,
    help="One line per operator or layer; of a .tflite file also why each gets its kernel.",
)
@click.option(
    "--sensitivity",
    is_flag=True,
    help="How far the outputs move when one Keras layer alone has zeros, or fewer channels, ranks or bits.",
)
@data_option(required=False, what="Calibration samples for --sensitivity, without labels")
@trust_option
@json_option
def command(models: tuple[str, ...], layers: bool, sensitivity: bool, data: str | None) -> None:
    """Show what is in MODELS, side by side: layers, parameters, MACs, zeros, bytes.

    A model is a .tflite file, of which quantization and memory plan are shown too, a .keras or .h5 file, a
    SavedModel folder, package.module:function, or zoo:NAME.
    """
    from tinyml_compress.data import load
    from tinyml_compress.errors import UsageError
    from tinyml_compress.pipeline.inspect.any_form import inspect
    from tinyml_compress.rendering.inspection import models_blocks
    from tinyml_compress.results import Inspections, encoded

    if sensitivity != (data is not None):
        raise UsageError(
            "--sensitivity and --data belong together",
            found="--data alone" if data is not None else "--sensitivity alone",
            next_step="give --sensitivity --data SET: calibration samples, labels are not needed",
        )
    samples = None if data is None else load(data)
    inspections = Inspections(models=tuple(inspect(model, samples) for model in models))
    answer("inspect", lambda: encoded(inspections), lambda: models_blocks(inspections.models, layers=layers))
