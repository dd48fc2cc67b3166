"""`tinyml-compress export`: a model as a library, component, module or pack for the build system of a
firmware.
"""

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
    seed_option,
    show,
    targets_dir_option,
    trigger_option,
    trust_option,
)

EXAMPLES = """\b
Examples:
  tinyml-compress export model.tflite --format plain -o build/firmware
  tinyml-compress export model.tflite --format arduino -o Keywords --device arduino-nano-33-ble
  tinyml-compress export model.tflite --format cmake -o build/small --device nucleo-l4r5zi --max-ram 20000
  tinyml-compress export model.tflite --format mlperf-tiny --name kws01 -o build/kws01
  tinyml-compress export zoo:ds_cnn --format zephyr -o modules/kws --engine tflm
"""


@click.command(epilog=EXAMPLES)
@click.argument("model")
@click.option(
    "--format",
    "layout",
    required=True,
    type=click.Choice(
        ["plain", "cmake", "arduino", "platformio", "zephyr", "esp-idf", "cmsis-pack", "mlperf-tiny"]
    ),
    help="The ecosystem whose layout and metadata the folder gets.",
)
@output_option
@name_option
@click.option(
    "--engine",
    type=click.Choice(["aot", "tflm"]),
    default="aot",
    show_default=True,
    help="Generated C, or the model's array and resolver for a project that has TensorFlow Lite Micro.",
)
@isa_option("Kernels; by default the device's, or c.")
@click.option("--device", help="A device from `tinyml-compress targets`: its kernels and its memories.")
@click.option(
    "--optimize",
    type=click.Choice(["size", "balanced", "speed", "ram"]),
    help="What to choose kernels for; by default balanced.",
)
@max_arena_option
@by_rows_option
@memory_options
@trigger_option
@frontend_option
@click.option(
    "--calibration",
    is_flag=True,
    help="With mlperf-tiny: the programs of `measure --fit-core` as well, 150 KB of flash.",
)
@data_option(required=False, what="Calibration data, where MODEL is not a .tflite, and its preprocessing")
@click.option(
    "--release", default="1.0.0", show_default=True, help="Version of the library, in its metadata."
)
@click.option("--author", default="unknown", show_default=True, help="Author, in its metadata.")
@click.option("--url", default="", help="Home page of the library, in its metadata.")
@seed_option
@targets_dir_option
@json_option
@trust_option
def command(
    model: str,
    layout: str,
    output: Path,
    name: str | None,
    engine: str,
    isa: str | None,
    device: str | None,
    optimize: str | None,
    max_ram: int | None,
    by_rows: tuple[str, ...],
    memory: tuple[str, ...],
    flash: tuple[str, ...],
    constants: str,
    trigger: Path | None,
    frontend: str,
    calibration: bool,
    data: str | None,
    release: str,
    author: str,
    url: str,
    seed: int,
    targets_dir: Path | None,
) -> None:
    """Write MODEL as a library that a firmware's build system takes as it is, with a self-test for boot.

    MODEL is a .tflite file, or anything that `convert` takes. The folder has the model, its kernels, an
    example that runs golden vectors and reports, the constants of the front end, licence and README.
    """
    from tinyml_compress.pipeline.export.verb import export

    done = export(
        model,
        output=output,
        format=layout,
        engine=engine,
        name=name,
        isa=isa,
        device=device,
        optimize=optimize,
        max_ram=max_ram,
        by_rows=by_rows,
        memory=memory,
        flash=flash,
        constants=constants,
        trigger=trigger,
        frontend=frontend,
        calibration=calibration,
        data=data,
        release=release,
        author=author,
        url=url,
        targets_dir=targets_dir,
        seed=seed,
    )
    show(done)
