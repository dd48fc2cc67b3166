"""`tinyml-compress measure`: a model on a board at a serial port."""

from __future__ import annotations

from pathlib import Path

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
"""


@click.command(epilog=EXAMPLES)
@click.argument("model")
@click.option("--port", required=True, help="The board's serial port; `doctor` lists them.")
@click.option(
    "--baud", type=click.IntRange(50, 4_000_000), default=115200, show_default=True, help="Its speed."
)
@click.option("--target", help="The board's name in `targets`: cycles from its clock, its title in reports.")
@click.option(
    "--window",
    type=click.FloatRange(0.01, 600),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long each of the five windows is at least; MLPerf Tiny's rules ask for 10.",
)
@click.option("--quick", "window", flag_value=1.0, help="Windows of one second.")
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
@data_option(required=False, what="Calibration data, where MODEL is not a .tflite")
@seed_option
@targets_dir_option
@json_option
def command(
    model: str,
    port: str,
    baud: int,
    target: str | None,
    window: float,
    eval_data: str | None,
    samples: int | None,
    timeout: float,
    data: str | None,
    seed: int,
    targets_dir: Path | None,
) -> None:
    """Measure MODEL on the board that runs what `export --format mlperf-tiny` wrote for it.

    Proves that the firmware is this model's and its outputs are right to the byte, then takes the median of
    five windows by the board's clock. The result is that of `benchmark`, with figures that are measured.
    """
    from tinyml_compress.pipeline.board.verb import measure

    show(
        measure(
            model,
            port,
            baud=baud,
            target=target,
            window=window,
            eval_data=eval_data,
            samples=samples,
            timeout=timeout,
            targets_dir=targets_dir,
            data=data,
            seed=seed,
        )
    )
