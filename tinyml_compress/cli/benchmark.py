"""`tinyml-compress benchmark`: a model on emulated devices, or on this host."""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_compress.cli._options import (
    answer,
    by_rows_option,
    byte_count,
    command_line,
    constants_option,
    data_option,
    frontend_option,
    json_file_option,
    json_text,
    seed_option,
    targets_dir_option,
    trust_option,
)

EXAMPLES = """\b
Examples:
  tinyml-compress benchmark model.tflite --target nucleo-l4r5zi
  tinyml-compress benchmark zoo:ds_cnn --target all --json result.json --html result.html
  tinyml-compress benchmark model.tflite --target nucleo-u575zi --every 1s --battery 1000mAh
  tinyml-compress benchmark model.tflite --target raspberry-pi-pico --max-ram 65536 --max-ms 250
"""


@click.command(epilog=EXAMPLES)
@click.argument("model", required=False)
@click.option(
    "--target", "targets", required=True, help="Devices, separated by commas; `all` is every emulated one."
)
@click.option(
    "--engine", type=click.Choice(["aot", "tflm"]), default="aot", show_default=True, help="What runs it."
)
@click.option(
    "--input",
    "input_kind",
    default="pattern",
    show_default=True,
    metavar="pattern|zeros|random|SET",
    help="First input vector; SET is a .npz or .npy file or a shipped set.",
)
@click.option(
    "--vectors",
    type=click.IntRange(1, 10000),
    default=10,
    show_default=True,
    help="How many inputs are compared.",
)
@data_option(required=False, what="Calibration data, where MODEL is not a .tflite")
@click.option(
    "--optimize",
    type=click.Choice(["size", "balanced", "speed", "ram"]),
    default="balanced",
    show_default=True,
    help="Goal.",
)
@click.option(
    "--toolchain",
    type=click.Choice(["zig", "gcc", "zig,gcc"]),
    help="Compiler; by default the device's. Both: one row each.",
)
@click.option(
    "--emulator",
    type=click.Choice(["auto", "unicorn", "qemu"]),
    default="auto",
    show_default=True,
    help="Emulator.",
)
@constants_option
@click.option("--max-flash", type=byte_count, metavar="BYTES", help="Fail when more flash is used.")
@click.option(
    "--max-ram",
    type=byte_count,
    metavar="BYTES",
    help="Arena, state, stack and statics: the fastest form of at most that, some layers strip by strip; "
    "fails where there is none.",
)
@by_rows_option
@click.option(
    "--max-ms", type=click.FloatRange(min=0), metavar="MS", help="Fail when the modelled time is longer."
)
@click.option(
    "--every",
    metavar="TIME",
    help="How often an inference runs: average power and battery life. 1s, 50ms, 5min.",
)
@click.option(
    "--trigger",
    type=click.Path(path_type=Path),
    help="What `evaluate --recording` wrote as JSON: the trigger stage is emulated too.",
)
@frontend_option
@click.option("--battery", metavar="CHARGE", help="With --every: the battery, such as 1000mAh.")
@click.option(
    "--json",
    "as_json",
    is_flag=False,
    flag_value="-",
    metavar="[PATH.json]",
    help="Print the result as JSON; with a path, write it there.",
)
@json_file_option
@click.option(
    "--html", "html_path", type=click.Path(path_type=Path, dir_okay=False), help="Write a web page."
)
@seed_option
@targets_dir_option
@trust_option
def command(
    model: str | None,
    targets: str,
    engine: str,
    input_kind: str,
    vectors: int,
    data: str | None,
    optimize: str,
    toolchain: str | None,
    emulator: str,
    constants: str,
    max_flash: int | None,
    max_ram: int | None,
    by_rows: tuple[str, ...],
    max_ms: float | None,
    every: str | None,
    battery: str | None,
    trigger: Path | None,
    frontend: str,
    as_json: str | None,
    html_path: Path | None,
    seed: int,
    targets_dir: Path | None,
) -> None:
    """Does MODEL fit the board, how fast is it, which layer costs most, and are its outputs right?

    MODEL is a .tflite file, or anything that `convert` takes. Instructions and bytes are exact, cycles and
    milliseconds modelled; the report says which is which.
    """
    from tinyml_compress.pipeline.measure.judgement import Budgets, check_budgets, judge
    from tinyml_compress.pipeline.measure.verb import benchmark
    from tinyml_compress.rendering import benchmark_blocks, benchmark_html
    from tinyml_compress.results import encoded
    from tinyml_compress.support import files

    if model is None and as_json not in (None, "-") and not as_json.endswith(".json"):
        model, as_json = as_json, "-"  # `--json MODEL`: the word behind the flag was not its own
    if model is None:
        raise click.UsageError("Missing argument 'MODEL'.")
    names = _listed(targets)
    result = benchmark(
        model,
        names,
        engine=engine,
        data=data,
        optimize=optimize,
        input=input_kind,
        vectors=vectors,
        toolchain=_listed(toolchain or ""),
        emulator=emulator,
        constants=constants,
        max_ram=max_ram,
        by_rows=by_rows,
        every=every,
        battery=battery,
        trigger=trigger,
        frontend=frontend,
        targets_dir=targets_dir,
        seed=seed,
    )
    if html_path is not None:
        files.write_text(html_path, benchmark_html(result, command_line()))
    if as_json not in (None, "-"):
        files.write_text(Path(as_json), json_text(encoded(result), "benchmark") + "\n")
    answer("benchmark", lambda: encoded(result), lambda: benchmark_blocks(result), as_json=as_json == "-")
    judge(result, survey="all" in names)
    check_budgets(result, Budgets(max_flash, max_ram, max_ms))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
