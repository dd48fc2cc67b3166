"""`tinyml-compress measure`: a model on a board at a serial port."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tinyml_compress.cli._options import (
    data_option,
    json_option,
    samples_option,
    seed_option,
    show,
    targets_dir_option,
)

EXAMPLES = """\b
Examples:
  tinyml-compress measure model.tflite --port /dev/ttyACM0
  tinyml-compress measure model.tflite --port /dev/ttyACM0 --target nucleo-l4r5zi --json-file board.json
  tinyml-compress measure kws.tflite --port COM3 --quick --eval-data sounds.toml:test
  tinyml-compress measure --fit-core --port /dev/ttyACM0 --target nucleo-l4r5zi -o mine/my-board.toml
"""


@click.command(epilog=EXAMPLES)
@click.argument("model", required=False)
@click.option("--port", required=True, help="The board's serial port; `doctor` lists them.")
@click.option(
    "--baud", type=click.IntRange(50, 4_000_000), default=115200, show_default=True, help="Its speed."
)
@click.option("--target", help="The board's name in `targets`: cycles from its clock, its title in reports.")
@click.option(
    "--window",
    type=click.FloatRange(0.01, 600),
    metavar="SECONDS",
    help="How long each of the five windows is at least: 10, as MLPerf Tiny's rules ask; with --fit-core 1.",
)
@click.option("--quick", "window", flag_value=1.0, help="Windows of one second.")
@click.option(
    "--energy",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What a power meter writes meanwhile: lines of seconds,watts or seconds,watts,pin.",
)
@click.option(
    "--flash",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write this firmware to the board first, by pyOCD.",
)
@data_option("--eval-data", required=False, what="Samples that are scored on the board")
@samples_option
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 3600),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long an inference, or the self-test, may be silent.",
)
@click.option(
    "--fit-core",
    is_flag=True,
    help="Time calibration programs instead (`export --calibration`), and fit the costs of the board's core.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --fit-core: the file of a board of your own, for --targets-dir; its core goes below cores/.",
)
@click.option(
    "--toolchain", type=click.Choice(["zig", "gcc"]), help="With --fit-core: what built the firmware."
)
@data_option(required=False, what="Calibration data, where MODEL is not a .tflite")
@seed_option
@targets_dir_option
@json_option
def command(
    model: str | None,
    port: str,
    baud: int,
    target: str | None,
    window: float | None,
    energy: Path | None,
    flash: Path | None,
    eval_data: str | None,
    samples: int | None,
    timeout: float,
    fit_core: bool,
    output: Path | None,
    toolchain: str | None,
    data: str | None,
    seed: int,
    targets_dir: Path | None,
) -> None:
    """Measure MODEL on the board that runs what `export --format mlperf-tiny` wrote for it.

    Proves that the firmware is this model's and its outputs are right to the byte, then takes the median of
    five windows by the board's clock. The result is that of `benchmark`, with figures that are measured.
    """
    line: dict[str, Any] = {"baud": baud, "timeout": timeout, "targets_dir": targets_dir}
    if window is not None:
        line["window"] = window
    if fit_core:
        if output is None or target is None or model is not None:
            raise click.UsageError("--fit-core takes --target BOARD and -o MY-BOARD.toml, and no model")
        from tinyml_compress.pipeline.board.fit_core import fit_core as fit

        show(fit(port, target, output, toolchain=toolchain, **line))
        return
    if model is None or output is not None or toolchain is not None:
        raise click.UsageError("say which MODEL is on the board; -o and --toolchain belong to --fit-core")
    from tinyml_compress.pipeline.board.verb import measure

    show(
        measure(
            model,
            port,
            target=target,
            energy=energy,
            flash=flash,
            eval_data=eval_data,
            samples=samples,
            data=data,
            seed=seed,
            **line,
        )
    )
