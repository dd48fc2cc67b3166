"""`tinyml-compress compress`: run a recipe on a model."""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_compress.cli._options import (
    answer,
    data_option,
    json_option,
    targets_dir_option,
    trust_option,
)
from tinyml_compress.cli._printing import say

EXAMPLES = """\b
Examples:
  tinyml-compress compress net.keras --recipe prune80-pqat-int8 --data mine.npz -o build/net
  tinyml-compress compress zoo:digits_cnn --train 20 --recipe channels-half-qat --data data:digits -o digits
  tinyml-compress compress net.keras --recipe my.toml --dry-run
"""


@click.command(epilog=EXAMPLES)
@click.argument("model")
@click.option("--recipe", required=True, help="A shipped recipe's name, or a path that ends with .toml.")
@data_option(
    required=False,
    what="Training and calibration samples; a set with parts trains on :train, scores on :test",
)
@click.option("--eval-data", metavar="SET", help="Score on this set instead.")
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), help="Folder to write.")
@click.option(
    "--train", type=click.IntRange(min=1), help="First train the model from new weights for so many epochs."
)
@click.option("--device", help="Refuse stages whose result this board's engines cannot run.")
@targets_dir_option
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Instead of the recipe's seed.")
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
@click.option("--no-cache", is_flag=True, help="Run every stage, even those whose result is known.")
@click.option(
    "--accept-drop",
    type=click.FloatRange(0, 100),
    metavar="POINTS",
    help="What the result may lose against the float model, in points; else what the recipe says, else 2.",
)
@click.option("--no-teacher", is_flag=True, help="Train by labels alone, without following the float model.")
@click.option(
    "--log-file", type=click.Path(dir_okay=False, path_type=Path), help="Append every epoch and result here."
)
@json_option
@trust_option
def command(
    model: str,
    recipe: str,
    data: str | None,
    eval_data: str | None,
    output: Path | None,
    train: int | None,
    device: str | None,
    targets_dir: Path | None,
    seed: int | None,
    dry_run: bool,
    no_cache: bool,
    log_file: Path | None,
    accept_drop: float | None,
    no_teacher: bool,
) -> None:
    """Run a recipe on MODEL stage by stage and write every stage's model, the artifacts and a report.

    MODEL is a .keras or .h5 file, a SavedModel folder, package.module:function, or zoo:NAME. Finished stages
    are kept in the cache: after an interruption, the same command goes on at the first unfinished stage.
    """
    from tinyml_compress.errors import UsageError
    from tinyml_compress.pipeline.compression import compress
    from tinyml_compress.pipeline.compression_plan import find_recipe, plan_blocks
    from tinyml_compress.techniques.recipe import read

    if dry_run:
        from dataclasses import replace

        chosen = read(find_recipe(recipe))
        chosen = chosen if seed is None else replace(chosen, seed=seed)
        say(*plan_blocks(model, chosen.with_training(train) if train else chosen, device, targets_dir))
        return
    if output is None:
        raise UsageError(
            "no folder to write to", which="-o", next_step="give -o DIR, or --dry-run to see the plan"
        )
    done = compress(
        model,
        recipe,
        data,
        output=output,
        eval_data=eval_data,
        device=device,
        seed=seed,
        train=train or 0,
        use_cache=not no_cache,
        log_file=log_file,
        targets_dir=targets_dir,
        accept_drop=accept_drop,
        teacher=not no_teacher,
    )
    answer("compress", done.as_json, done.blocks)
