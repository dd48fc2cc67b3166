"""`tinyml-compress compress`: run a recipe on a model."""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_compress.cli._options import (
    data_option,
    json_option,
    show,
    targets_dir_option,
    trust_option,
)
from tinyml_compress.cli._printing import say

EXAMPLES = """\b
Examples:
  tinyml-compress compress net.keras --recipe prune80-pqat-int8 --data mine.npz -o build/net
  tinyml-compress compress zoo:digits_cnn --train 20 --recipe channels-half-qat --data data:digits -o digits
  tinyml-compress compress net.keras --recipe my.toml --dry-run
  tinyml-compress compress net.keras --auto --data mine.npz --accept-drop 1 --time-budget 5 -o build/net
"""


@click.command(epilog=EXAMPLES)
@click.argument("model")
@click.option("--recipe", help="A shipped recipe's name, a path that ends with .toml, or `auto`: as --auto.")
@click.option("--auto", is_flag=True, help="Choose the recipe: the cheapest first, within --accept-drop.")
@click.option(
    "--max-weights",
    type=click.IntRange(min=1),
    metavar="BYTES",
    help="With --auto: stop at the first recipe whose weights take no more; else the smallest is chosen.",
)
@click.option(
    "--time-budget", type=click.FloatRange(min=0.01), metavar="MINUTES", help="With --auto; 10 by default."
)
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
@click.option(
    "--folds",
    type=click.IntRange(2, 20),
    metavar="N",
    help="Run N times, each time with another part of --data kept out, and judge by all samples.",
)
@click.option("--no-teacher", is_flag=True, help="Train by labels alone, without following the float model.")
@click.option(
    "--log-file", type=click.Path(dir_okay=False, path_type=Path), help="Append every epoch and result here."
)
@json_option
@trust_option
def command(
    model: str,
    recipe: str | None,
    auto: bool,
    max_weights: int | None,
    time_budget: float | None,
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
    folds: int | None,
    no_teacher: bool,
) -> None:
    """Run a recipe on MODEL stage by stage and write every stage's model, the artifacts and a report.

    MODEL is a .keras or .h5 file, a SavedModel folder, package.module:function, or zoo:NAME. Finished stages
    are kept in the cache: after an interruption, the same command goes on at the first unfinished stage.
    """
    from dataclasses import replace

    from tinyml_compress.errors import UsageError
    from tinyml_compress.pipeline.compress.plan import find_recipe, plan_blocks
    from tinyml_compress.pipeline.compress.verb import compress
    from tinyml_compress.techniques.recipe import read

    is_auto = auto or recipe == "auto"
    if (auto and recipe not in (None, "auto")) or (recipe is None and not auto):
        raise UsageError(
            "one recipe is needed",
            which="--recipe, --auto",
            found="both" if auto else "neither",
            next_step="give --recipe NAME, or --auto",
        )
    if not is_auto and (max_weights is not None or time_budget is not None):
        raise UsageError("--max-weights and --time-budget go with --auto", next_step="give --auto")
    if is_auto:
        from tinyml_compress.pipeline.compress.automatic import AutoLimits, compress_automatically

        fixed = {"--train": train, "--dry-run": dry_run, "--no-cache": no_cache, "--no-teacher": no_teacher}
        fixed |= {"--folds": folds, "--log-file": log_file is not None}
        needed = [] if data is not None else ["--data"]
        needed += [] if output is not None else ["-o"]
        if needed or any(fixed.values()):
            raise UsageError(
                "--auto chooses the stages itself",
                found=", ".join([f"no {name}" for name in needed] + [name for name in fixed if fixed[name]]),
                allowed="--data, -o, --eval-data, --device, --seed, --accept-drop and the options of --auto",
            )
        assert data is not None
        assert output is not None
        limits = AutoLimits(weights=max_weights)
        limits = limits if accept_drop is None else replace(limits, drop=accept_drop / 100)
        limits = limits if time_budget is None else replace(limits, seconds=60 * time_budget)
        chosen = compress_automatically(
            model, data, output=output, limits=limits, eval_data=eval_data, device=device,
            targets_dir=targets_dir, seed=seed or 0,
        )  # fmt: skip
        show(chosen)
        return
    assert recipe is not None
    if dry_run:
        plan = read(find_recipe(recipe))
        plan = plan if seed is None else replace(plan, seed=seed)
        say(*plan_blocks(model, plan.with_training(train) if train else plan, device, targets_dir))
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
        folds=folds or 1,
    )
    show(done)
