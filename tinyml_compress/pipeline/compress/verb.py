"""`compress`: a recipe, run on a model."""

from __future__ import annotations

from dataclasses import replace as changed
from pathlib import Path

from tinyml_compress.data import DataSet
from tinyml_compress.errors import UsageError
from tinyml_compress.pipeline.compress.inputs import all_parts
from tinyml_compress.pipeline.compress.plan import boards_of, find_recipe, refuse_for_device
from tinyml_compress.pipeline.compress.run import CompressRequest, RecipeRun
from tinyml_compress.pipeline.compress.verdict import DEFAULT_DROP
from tinyml_compress.results import Compression
from tinyml_compress.support.trust import trusting
from tinyml_compress.techniques.recipe import Recipe, read

AUTO = "auto"
"""The name of the recipe that is chosen for each model."""


def compress(
    model: str | Path,
    recipe: str | Path | Recipe,
    data: str | Path | DataSet | None = None,
    *,
    output: Path,
    eval_data: str | Path | DataSet | None = None,
    device: str | None = None,
    seed: int | None = None,
    train: int = 0,
    use_cache: bool = True,
    log_file: Path | None = None,
    targets_dir: Path | None = None,
    trust: bool = False,
    accept_drop: float | None = None,
    teacher: bool = True,
    folds: int = 1,
) -> Compression:
    """Run `recipe` on `model` and write every stage's model, the artifacts and the report into `output`. The
    recipe `auto` is chosen here, by what it costs and loses.

    `data` trains and calibrates; scores come from `eval_data`, else from the set's own test part, else from a
    fifth of it that is kept out of training. `train` > 0 first trains the model from new weights for so many
    epochs. Stages that train follow the float model's outputs too, unless `teacher` is False; without labels
    they follow these alone. `trust` is your word for a model file that holds code. The last stage is judged
    against the float model: it may lose `accept_drop` points, else what the recipe's guard says, else 2; more
    than that, beyond doubt, is a TrainingError. With `folds` the recipe runs as many times, another part
    of `data` kept out each time: the verdict is that of all samples, what is written is the first run's.
    """
    if recipe == AUTO:
        if data is None or train or folds > 1 or not (use_cache and teacher) or log_file is not None:
            raise UsageError(
                "recipe 'auto' chooses the stages itself",
                found="no data" if data is None else "train, folds, log_file, use_cache or teacher given",
                allowed="data, eval_data, output, device, targets_dir, seed, accept_drop, trust",
            )
        from tinyml_compress.pipeline.compress.automatic import AutoLimits, compress_automatically

        limits = AutoLimits() if accept_drop is None else AutoLimits(drop=accept_drop / 100)
        return compress_automatically(
            model, data, output=output, limits=limits, eval_data=eval_data, device=device,
            targets_dir=targets_dir, seed=seed or 0, trust=trust,
        )  # fmt: skip
    chosen = recipe if isinstance(recipe, Recipe) else read(find_recipe(recipe))
    chosen = chosen if seed is None else changed(chosen, seed=seed)
    chosen = chosen.with_training(train) if train else chosen
    chosen = chosen if teacher else chosen.without_teacher()
    if device is not None:
        refuse_for_device(chosen, device, targets_dir)
    boards = boards_of(chosen, device, targets_dir)
    parts, *others = all_parts(data, eval_data, chosen, folds)
    given = chosen.guard.max_drop if accept_drop is None else accept_drop / 100
    allowed = DEFAULT_DROP if given is None else given
    with trusting(trust):
        return RecipeRun(
            CompressRequest(
                str(model), chosen, *parts, output, use_cache, log_file, boards, targets_dir, allowed, others
            )
        ).go()
