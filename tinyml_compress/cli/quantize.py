"""`tinyml-compress quantize`: a PyTorch model in int8, for PyTorch and as a .tflite file."""

from __future__ import annotations

import click

from tinyml_compress.cli._options import (
    data_option,
    json_option,
    name_option,
    output_option,
    samples_option,
    seed_option,
    show,
    trust_option,
)

EXAMPLES = """\b
Examples:
  tinyml-compress quantize torch:mine:net --calibration train.npz --data test.npz -o build/net
  tinyml-compress quantize torch:mine:net --calibration train.npz --scheme qat --train mine:tune -o build/net
"""


@click.command(epilog=EXAMPLES)
@click.argument("model")
@data_option("--calibration", what="Samples that the ranges of activations come from")
@click.option(
    "--scheme",
    type=click.Choice(["static", "dynamic", "qat"]),
    default="static",
    show_default=True,
    help="Ranges from the calibration, found as it runs, or after training on with the rounding in it.",
)
@click.option("--data", metavar="SET", help="What to score on; by default what calibrates.")
@click.option("--train", metavar="MODULE:FUNCTION", help="With qat: called with the model, trains it.")
@output_option
@name_option
@samples_option
@seed_option
@json_option
@trust_option
def command(model: str, calibration: str, **words: object) -> None:
    """Quantize a PyTorch MODEL, torch:package.module:function[@weights.safetensors], to int8.

    Written are an exported program (.pt2) that torch.export.load reads, and a .tflite file of the same graph;
    both are scored beside the float model, and how far they agree is said. Images are given as height, width,
    channels.
    """
    from tinyml_compress.pipeline.quantizing import quantize

    show(quantize(model, calibration, **words))  # type: ignore[arg-type]
