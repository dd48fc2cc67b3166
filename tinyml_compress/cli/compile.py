"""`tinyml-compress compile`: an int8 .tflite becomes self-contained C."""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_compress.cli._options import (
    by_rows_option,
    data_option,
    frontend_option,
    isa_option,
    json_option,
    max_arena_option,
    memory_options,
    name_option,
    output_option,
    show,
    targets_dir_option,
    tflite_argument,
    trigger_option,
)

EXAMPLES = """\b
Examples:
  tinyml-compress compile model.tflite -o build/model
  tinyml-compress compile model.tflite -o build/model --name kws --isa dsp --optimize speed --json
  tinyml-compress compile model.tflite -o build/model --isa dsp --explain
  tinyml-compress compile model.tflite -o build/model --isa dsp --kernel 'ds_cnn/pointwise*=rows'
  tinyml-compress compile model.tflite -o build/model --device nucleo-l4r5zi --max-ram 20000
  tinyml-compress compile model.tflite -o build/model --device stm32h7a3 --constants ram
  tinyml-compress compile model.tflite -o build/model --memory sram=200K --memory psram=4M
"""


@click.command(epilog=EXAMPLES)
@tflite_argument()
@output_option
@name_option
@isa_option("Kernels; by default the device's, or c.")
@click.option(
    "--device",
    help="A device from `tinyml-compress targets`: its kernels and its memories.",
)
@click.option(
    "--optimize",
    type=click.Choice(["size", "balanced", "speed", "ram"]),
    default="balanced",
    show_default=True,
    help="What to choose kernels for.",
)
@click.option("--explain", is_flag=True, help="Why each layer got its kernel, and the next best one's price.")
@max_arena_option
@by_rows_option
@click.option(
    "--kernel",
    "kernels",
    multiple=True,
    metavar="LAYER=FAMILY",
    help="A layer's kernel, for who knows better; names as --explain shows them. May be given again.",
)
@trigger_option
@frontend_option
@data_option(required=False, what="Whose front end to write too; else that of the manifest beside MODEL")
@memory_options
@targets_dir_option
@json_option
def command(
    model: Path,
    output: Path,
    name: str | None,
    isa: str | None,
    device: str | None,
    optimize: str,
    explain: bool,
    max_ram: int | None,
    by_rows: tuple[str, ...],
    kernels: tuple[str, ...],
    trigger: Path | None,
    frontend: str,
    data: str | None,
    memory: tuple[str, ...],
    flash: tuple[str, ...],
    constants: str,
    targets_dir: Path | None,
) -> None:
    """Compile an int8 .tflite MODEL to one C file and one header, bit-exact with TensorFlow Lite Micro.

    The folder also gets a CMake project whose program runs golden vectors.
    """
    from tinyml_compress.pipeline.compile.call import compile_c
    from tinyml_compress.rendering.kernels_text import kernel_table

    done = compile_c(
        model,
        output=output,
        name=name,
        isa=isa,
        device=device,
        optimize=optimize,
        kernels=kernels,
        max_ram=max_ram,
        by_rows=by_rows,
        memory=memory,
        flash=flash,
        constants=constants,
        trigger=trigger,
        frontend=frontend,
        data=data,
        targets_dir=targets_dir,
    )
    show(done, *([kernel_table(done.nodes)] if explain else []))
