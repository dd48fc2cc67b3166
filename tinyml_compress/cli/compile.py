"""`tinyml-compress compile`: an int8 .tflite becomes self-contained C."""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_compress.cli._options import (
    data_option,
    isa_option,
    json_option,
    name_option,
    output_option,
    show,
    tflite_argument,
)

EXAMPLES = """\b
Examples:
  tinyml-compress compile model.tflite -o build/model
  tinyml-compress compile model.tflite -o build/model --name kws --isa dsp --optimize speed --json
  tinyml-compress compile model.tflite -o build/model --isa dsp --explain
  tinyml-compress compile model.tflite -o build/model --isa dsp --kernel 'ds_cnn/pointwise*=rows'
"""


@click.command(epilog=EXAMPLES)
@tflite_argument()
@output_option
@name_option
@isa_option("Kernels.", default="c")
@click.option(
    "--optimize",
    type=click.Choice(["size", "balanced", "speed", "ram"]),
    default="balanced",
    show_default=True,
    help="What to choose kernels for.",
)
@click.option("--explain", is_flag=True, help="Why each layer got its kernel, and the next best one's price.")
@click.option(
    "--kernel",
    "kernels",
    multiple=True,
    metavar="LAYER=FAMILY",
    help="A layer's kernel, for who knows better; names as --explain shows them. May be given again.",
)
@data_option(required=False, what="Whose front end to write too; else that of the manifest beside MODEL")
@json_option
def command(
    model: Path,
    output: Path,
    name: str | None,
    isa: str,
    optimize: str,
    explain: bool,
    kernels: tuple[str, ...],
    data: str | None,
) -> None:
    """Compile an int8 .tflite MODEL to one C file and one header, bit-exact with TensorFlow Lite Micro.

    The folder also gets a CMake project whose program runs golden vectors.
    """
    from tinyml_compress.pipeline.compile.verb import compile_c
    from tinyml_compress.rendering.kernels_text import kernel_table

    done = compile_c(model, output=output, name=name, isa=isa, optimize=optimize, kernels=kernels, data=data)
    show(done, *([kernel_table(done.nodes)] if explain else []))
