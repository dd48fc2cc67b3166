"""What a run of a recipe would do: which recipe, for which boards, stage by stage, before anything is
trained.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tinyml_compress.devices import Host, load_device
from tinyml_compress.errors import UsageError
from tinyml_compress.pipeline.compress.allocation import board_of
from tinyml_compress.support import resources
from tinyml_compress.support.table import Block
from tinyml_compress.techniques.convert_stage import ConvertOptions
from tinyml_compress.techniques.pruning import PruneOptions
from tinyml_compress.techniques.recipe import Recipe
from tinyml_compress.techniques.registry import technique


def find_recipe(name: str | Path) -> Path:
    """A file of that path, or a shipped recipe of that name."""
    path = Path(name)
    if path.suffix == ".toml":
        if not path.is_file():
            raise UsageError(
                "no such recipe file", which=path, next_step="shipped recipes are named without .toml"
            )
        return path
    folder = resources.recipes_folder()
    known = sorted(file.stem for file in folder.glob("*.toml"))
    if str(name) not in known:
        close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.3)
        raise UsageError(
            "no such recipe",
            which=name,
            allowed=", ".join(known) + ", auto, or a path that ends with .toml",
            next_step=f"did you mean {close[0]}?" if close else None,
        )
    return folder / f"{name}.toml"


def plan_blocks(
    model: str | Path, recipe: Recipe, device: str | None = None, targets_dir: Path | None = None
) -> list[Block]:
    """What `--dry-run` prints: the stages with all their options, and the plan of int8 training layer by
    layer.
    """
    if device is not None:
        refuse_for_device(recipe, device, targets_dir)
    boards_of(recipe, device, targets_dir)
    blocks: list[Block] = [f"{recipe.name}: {recipe.title} (seed {recipe.seed})"]
    loaded = loaded_for(model, recipe)
    for number, stage in enumerate(recipe.stages, start=1):
        options = ", ".join(f"{key} = {_toml(value)}" for key, value in asdict(stage.options).items())
        guard = (
            ""
            if stage.guard.max_drop is None
            else f"; at most {stage.guard.max_drop:.1%} below the float model"
        )
        blocks.append(f"{number}. {stage.name} ({stage.use}): {options}{guard}")
        blocks += technique(stage.use).plan(stage.options, loaded.model)
    return blocks


def _toml(value: object) -> str:
    return json.dumps(value) if isinstance(value, (str, bool, dict, list, tuple)) else f"{value:g}"


def refuse_for_device(recipe: Recipe, device: str, targets_dir: Path | None) -> None:
    """Formats that no engine of the device runs, before anything is trained."""
    target = load_device(device, targets_dir)
    if isinstance(target, Host):
        return
    for stage in recipe.stages:
        if isinstance(stage.options, ConvertOptions) and stage.options.mode in ("dynamic", "float16"):
            raise UsageError(
                f"the engines of {device} cannot run what this stage makes",
                which=f"{recipe.name}: {stage.name}",
                found=f"mode = {stage.options.mode!r}",
                allowed="mode = 'int8' or 'int16x8' for TensorFlow Lite Micro and generated C",
                next_step="change the stage's mode, or use --device host",
            )


def boards_of(recipe: Recipe, device: str | None, targets_dir: Path | None) -> dict[str, str]:
    """Per stage that shares zeros out for a board, which one: known before anything is trained."""
    return {
        stage.name: board_of(stage.options, device, f"{recipe.name}: {stage.name}", targets_dir)
        for stage in recipe.stages
        if isinstance(stage.options, PruneOptions) and stage.options.allocate
    }


def loaded_for(spec: str | Path, recipe: Recipe) -> Any:
    """The model, with layers if a stage needs any."""
    from tinyml_compress import models

    loaded = models.load(spec)
    if any(not isinstance(stage.options, ConvertOptions) for stage in recipe.stages):
        loaded.require_layers()
    return loaded
