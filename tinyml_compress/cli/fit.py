"""`tinyml-compress fit`: search for a form of a model that fits a board's budget."""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_compress.cli._interruption import INTERRUPTED
from tinyml_compress.cli._options import (
    data_option,
    json_option,
    seed_option,
    show,
    targets_dir_option,
    trust_option,
)

EXAMPLES = """\b
Examples:
  tinyml-compress fit net.keras --data mine.npz --target nucleo-l4r5zi --max-flash 24K --max-ms 20 -o fit
  tinyml-compress fit zoo:ds_cnn --train 12 --data data:keywords --target nucleo-l4r5zi \\
    --max-flash 50% --max-ms 50% --max-drop 1 -o build/fit
  tinyml-compress fit zoo:resnet8 --estimate --target nucleo-g0b1re --max-ram 48K
"""


@click.command(epilog=EXAMPLES)
@click.argument("model")
@data_option(required=False, what="Training samples; a set with parts trains on :train, scores on :test")
@click.option("--eval-data", metavar="SET", help="Score on this set instead.")
@click.option("--target", required=True, help="The board, by the name that `targets` lists.")
@click.option(
    "--max-flash",
    metavar="BYTES",
    help="Of code and weights: 18000, 64K, 1M, or 50% of the int8 model as it is.",
)
@click.option("--max-ram", metavar="BYTES", help="Of arena, stack and statics; written as --max-flash.")
@click.option("--max-ms", metavar="MS", help="Per inference: 12.5, or 50% of the int8 model as it is.")
@click.option(
    "--max-drop",
    type=click.FloatRange(0, 100),
    metavar="POINTS",
    help="Points of score lost against the float model.",
)
@click.option(
    "--stream",
    is_flag=False,
    flag_value="1",
    type=click.IntRange(1),
    metavar="[FRAMES]",
    help="The product takes so many new frames at a step (1 where nothing is said): limits are on a step.",
)
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="Folder to write.")
@click.option(
    "--time-budget",
    type=click.FloatRange(min=0.1),
    default=15.0,
    show_default=True,
    metavar="MIN",
    help="Minutes to search.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Processes that work on trials.",
)
@click.option(
    "--storage",
    metavar="URL",
    envvar="TINYML_COMPRESS_STORAGE",
    show_envvar=True,
    help=(
        "Database of the study, shared by several processes or machines; by "
        "default study.db in the output folder."
    ),
)
@click.option(
    "--train", type=click.IntRange(min=1), help="First train the model from new weights for so many epochs."
)
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    default=30,
    show_default=True,
    help="Passes over the data of a winner's main training.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="Vary this dimension only (repeatable): keep, sparsity, qat, level, ...",
)
@click.option(
    "--estimate",
    is_flag=True,
    help="Train nothing: say in seconds what the model needs and which layers are to blame.",
)
@targets_dir_option
@seed_option
@json_option
@trust_option
def command(
    model: str,
    data: str | None,
    eval_data: str | None,
    target: str,
    max_flash: str | None,
    max_ram: str | None,
    max_ms: str | None,
    max_drop: float | None,
    output: Path | None,
    time_budget: float,
    workers: int,
    storage: str | None,
    train: int | None,
    epochs: int,
    only: tuple[str, ...],
    estimate: bool,
    stream: int | None,
    targets_dir: Path | None,
    seed: int,
) -> int:
    """Search for a form of MODEL that fits a board: pruned, narrower, thinner, clustered, trained in int8.

    Cost is that of the compiled model on the emulated board, known before anything is trained; score is
    measured after short training, and after full training for the best. The same command goes on after an
    interruption. Exit code 1: nothing fits; the report then says what is nearest and what would have to give.
    """
    from tinyml_compress.errors import UsageError
    from tinyml_compress.pipeline.fit.verb import fit

    if estimate and stream is not None:
        raise UsageError(
            "an estimate is of whole windows", which="--stream", next_step="leave out --estimate"
        )
    if estimate:
        from tinyml_compress.pipeline.fit.estimate import estimate as estimated

        needs = estimated(
            model,
            target,
            data=data,
            max_flash=max_flash,
            max_ram=max_ram,
            max_ms=max_ms,
            targets_dir=targets_dir,
            seed=seed,
        )
        show(needs)
        return 1 if needs.verdict == "cannot fit" else 0
    if data is None:
        raise UsageError(
            "a search needs data", which="--data", next_step="give --data, or --estimate to train nothing"
        )
    if output is None:
        raise UsageError(
            "no folder to write to", which="-o", next_step="give -o DIR, or --estimate to train nothing"
        )
    done = fit(
        model,
        data,
        target,
        output=output,
        eval_data=eval_data,
        max_flash=max_flash,
        max_ram=max_ram,
        max_ms=max_ms,
        max_drop=None if max_drop is None else max_drop / 100,
        minutes=time_budget,
        workers=workers,
        storage=storage,
        seed=seed,
        train=train or 0,
        epochs=epochs,
        only=only,
        stream=stream,
        targets_dir=targets_dir,
    )
    show(done, f"wrote      {output}")
    if done.interrupted:
        return INTERRUPTED
    return 0 if done.winner is not None else 1
