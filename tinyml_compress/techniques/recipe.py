"""Recipes: TOML files that list compression stages in order. Every key is checked before anything runs."""

from __future__ import annotations

import difflib
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from itertools import takewhile
from pathlib import Path
from typing import Any

from tinyml_compress.errors import ConfigError
from tinyml_compress.support import files
from tinyml_compress.support.sections import shown
from tinyml_compress.techniques.augmentation import augmented, words_of
from tinyml_compress.techniques.convert_stage import ConvertOptions
from tinyml_compress.techniques.fine_tuning import TrainOptions
from tinyml_compress.techniques.registry import all_techniques, technique
from tinyml_compress.techniques.technique import StageOptions

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TEACH = 0.5
"""How much a stage that trains follows the float model where the recipe says nothing."""
ON_BREACH = ("stop", "back_off")
_COMMON = ("use", "name", "max_drop", "on_breach", "teach", "temperature")


@dataclass(frozen=True)
class Guard:
    """How much score a stage may cost, against the float model."""

    max_drop: float | None = None
    on_breach: str = "stop"


@dataclass(frozen=True)
class TaskOptions:
    """What the recipe says about training; None leaves it to model and data."""

    kind: str | None = None
    loss: str | None = None
    optimizer: str | None = None
    batch_size: int | None = None
    augment: str | None = None
    module: str | None = None


@dataclass(frozen=True)
class Stage:
    """One step: which technique, its options, its guard, and how much its training follows the
    float model.
    """

    use: str
    name: str
    options: StageOptions
    guard: Guard
    teach: float | None = None
    """None: TEACH where the stage trains and a float model is there to follow."""
    temperature: float = 4.0

    @property
    def follows(self) -> float:
        """How much its training follows the float model's outputs instead of the labels."""
        return TEACH if self.teach is None else self.teach


@dataclass(frozen=True)
class Recipe:
    """A checked recipe."""

    name: str
    title: str
    seed: int
    task: TaskOptions
    guard: Guard
    stages: tuple[Stage, ...]

    def with_training(self, epochs: int) -> Recipe:
        """The recipe with a first stage that trains the model from new weights."""
        first = Stage("train", "train", TrainOptions(epochs=epochs, fresh=True), Guard())
        names = {stage.name for stage in self.stages}
        return replace(
            self, stages=(replace(first, name="train-first" if "train" in names else "train"), *self.stages)
        )

    @property
    def trains(self) -> bool:
        """Whether any stage does."""
        return any(stage.options.trains for stage in self.stages)

    @property
    def needs_labels(self) -> bool:
        """Whether a stage trains without following the float model, or makes it."""
        leading = list(takewhile(lambda stage: isinstance(stage.options, TrainOptions), self.stages))
        alone = [stage for stage in self.stages if stage.options.trains and not stage.follows]
        return any(stage.options.trains for stage in leading) or any(one.use != "distil" for one in alone)

    def without_teacher(self) -> Recipe:
        """The recipe with every stage learning from labels alone."""
        return replace(self, stages=tuple(replace(stage, teach=0.0) for stage in self.stages))


def read(path: Path) -> Recipe:
    """The recipe in the file `path`."""
    try:
        text = files.content(path, 16 << 20).decode()
    except OSError as error:
        raise ConfigError("cannot read the recipe", which=path, found=error.strerror) from error
    except UnicodeDecodeError as error:
        raise ConfigError("the recipe is not UTF-8 text", which=path, found=str(error)) from error
    return parse(text, path.stem)


def parse(text: str, name: str) -> Recipe:
    """The recipe in `text`; `name` appears in errors."""
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits, and endless levels
        raise ConfigError("the recipe is not valid TOML", which=name, found=str(error)) from error
    _only_known(table, ("title", "seed", "task", "guard", "stage"), name)
    stages = table.get("stage")
    if not isinstance(stages, list) or not stages or not all(isinstance(row, dict) for row in stages):
        raise ConfigError(
            "a recipe needs stages",
            which=name,
            found="none",
            next_step="add [[stage]] tables, each with a `use`",
        )
    guard = _guard(_table(table, "guard", name), Guard(), f"{name}: [guard]", ("max_drop", "on_breach"))
    recipe = Recipe(
        name=name,
        title=_checked(table.get("title", name), str, f"{name}: title"),
        seed=_checked(table.get("seed", 0), int, f"{name}: seed", 0, 2**32 - 1),
        task=_task(_table(table, "task", name), name),
        guard=guard,
        stages=tuple(_stage(row, place, name, guard) for place, row in enumerate(stages, start=1)),
    )
    _check_order(recipe)
    return recipe


def dump(recipe: Recipe) -> str:
    """The recipe as the TOML text that `parse` reads; what has its default value is left out."""
    lines = [f"title = {json.dumps(recipe.title)}", f"seed = {recipe.seed}"]
    for head, value, default in (("task", recipe.task, TaskOptions()), ("guard", recipe.guard, Guard())):
        rows = _changed(value, default)
        lines += ["", f"[{head}]", *rows] if rows else []
    for place, stage in enumerate(recipe.stages, start=1):
        lines += ["", "[[stage]]", f'use = "{stage.use}"']
        lines += [f"name = {json.dumps(stage.name)}"] if stage.name != stage_name(place, stage.use) else []
        lines += _changed(stage.options, type(stage.options)())
        lines += _changed(stage.guard, recipe.guard)
        plain = Stage(stage.use, stage.name, stage.options, stage.guard)
        lines += [
            f"{key} = {json.dumps(getattr(stage, key))}"
            for key in ("teach", "temperature")
            if getattr(stage, key) != getattr(plain, key)
        ]
    return "\n".join(lines) + "\n"


def _changed(value: Any, default: Any) -> list[str]:
    pairs = ((item.name, getattr(value, item.name), getattr(default, item.name)) for item in fields(value))
    return [f"{name} = {_toml(now)}" for name, now, before in pairs if now != before and now is not None]


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return (
            "{ "
            + ", ".join(f"{json.dumps(key)} = {json.dumps(number)}" for key, number in value.items())
            + " }"
        )
    return json.dumps(list(value) if isinstance(value, tuple) else value)


def stage_name(place: int, use: str) -> str:
    """What a stage is called that has no name of its own."""
    return f"{place:02d}-{use}"


def _table(table: Mapping[str, Any], key: str, name: str) -> Mapping[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise ConfigError("must be a table", which=f"{name}: {key}", found=shown(value), allowed=f"[{key}]")
    return value


def _task(table: Mapping[str, Any], name: str) -> TaskOptions:
    where = f"{name}: [task]"
    _only_known(table, [field.name for field in fields(TaskOptions)], where)
    choices = {
        "kind": ("classification", "binary classification", "regression", "autoencoder"),
        "optimizer": ("adam", "rmsprop", "sgd"),
        "loss": ("crossentropy", "mae", "mse"),
    }
    values = {}
    for key, value in table.items():
        if key == "batch_size":
            values[key] = _checked(value, int, f"{where} {key}", 1, 65536)
        else:
            values[key] = _checked(value, str, f"{where} {key}")
            if key in choices:
                _one_of(value, choices[key], f"{where} {key}")
            elif key == "augment" and words_of(value):
                augmented(words_of(value), f"{where} {key}")
            elif ":" not in value:
                raise ConfigError(
                    "must name a function", which=f"{where} {key}", found=value, allowed="module:function"
                )
    return TaskOptions(**values)


def _guard(table: Mapping[str, Any], default: Guard, where: str, known: tuple[str, ...]) -> Guard:
    _only_known(table, known, where)
    drop, action = table.get("max_drop", default.max_drop), table.get("on_breach", default.on_breach)
    if drop is not None:
        drop = _checked(drop, float, f"{where} max_drop", 0.0, 1.0)
    _one_of(_checked(action, str, f"{where} on_breach"), ON_BREACH, f"{where} on_breach")
    return Guard(drop, action)


def _stage(table: Mapping[str, Any], place: int, recipe: str, guard: Guard) -> Stage:
    where = f"{recipe}: stage {place}"
    use = table.get("use")
    if use is None:
        raise ConfigError(
            "a stage needs to say what it uses", which=where, allowed=", ".join(all_techniques())
        )
    _one_of(_checked(use, str, f"{where} use"), tuple(all_techniques()), f"{where} use")
    where = f"{where} ({use})"
    kind = technique(use).options
    known = [field.name for field in fields(kind)]
    _only_known(table, [*known, *_COMMON], where)
    values = {}
    for field in fields(kind):
        if field.name in table:
            values[field.name] = _option(table[field.name], field, f"{where} {field.name}")
    common = {key: table[key] for key in ("max_drop", "on_breach") if key in table}
    name = _checked(table.get("name", stage_name(place, use)), str, f"{where} name")
    if name.startswith(".") or not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise ConfigError(
            "names a folder and cannot be used", which=f"{where} name", found=name, allowed="a-z 0-9 - _ ."
        )
    options = kind(**values)
    problem = options.problem()
    if problem is not None:
        raise ConfigError(problem, which=where)
    return Stage(
        use=use,
        name=name,
        options=options,
        guard=_guard(common, guard, where, ("max_drop", "on_breach")),
        teach=_checked(table["teach"], float, f"{where} teach", 0.0, 1.0) if "teach" in table else None,
        temperature=_checked(table.get("temperature", 4.0), float, f"{where} temperature", 0.1, 100.0),
    )


def _option(value: Any, field: Any, where: str) -> Any:
    meta = field.metadata
    kind = meta["kind"]
    if kind is dict:
        if not isinstance(value, dict):
            raise ConfigError("must be a table", which=where, found=shown(value))
        return {
            key: _checked(number, float, f"{where} {key}", meta["low"], meta["high"])
            for key, number in value.items()
        }
    if kind is list:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ConfigError("must be a list of names", which=where, found=shown(value))
        return tuple(value)
    checked = _checked(value, kind, where, meta.get("low"), meta.get("high"))
    if meta.get("choices"):
        _one_of(checked, meta["choices"], where)
    return checked


def _checked(value: Any, kind: Any, where: str, low: float | None = None, high: float | None = None) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value) if abs(value) < 1e300 else (math.inf if value > 0 else -math.inf)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        words = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
        raise ConfigError("of the wrong type", which=where, found=shown(value), allowed=words[kind])
    if low is not None and high is not None and not low <= value <= high:
        raise ConfigError("out of range", which=where, found=shown(value), allowed=f"{low:g} to {high:g}")
    return value


def _one_of(value: str, choices: tuple[str, ...], where: str) -> None:
    if value not in choices:
        raise ConfigError(
            "no such choice",
            which=where,
            found=value,
            allowed=", ".join(choices),
            next_step=_nearest(value, choices),
        )


def _only_known(table: Mapping[str, Any], known: Any, where: str) -> None:
    for key in table:
        if key not in known:
            raise ConfigError(
                "unknown key",
                which=where,
                found=key,
                allowed=", ".join(known),
                next_step=_nearest(key, known),
            )


def _nearest(word: str, known: Any) -> str | None:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.3)
    return f"did you mean {close[0]}?" if close else None


def _check_order(recipe: Recipe) -> None:
    names: set[str] = set()
    quantized: str | None = None
    converted: str | None = None
    for stage in recipe.stages:
        where = f"{recipe.name}: {stage.name}"
        if stage.name in names:
            raise ConfigError(
                "two stages of one name", which=where, next_step="give one of them another `name`"
            )
        names.add(stage.name)
        if isinstance(stage.options, ConvertOptions):
            converted = stage.name
            continue
        if converted is not None:
            raise ConfigError(
                "only conversions can follow a conversion",
                which=where,
                found=f"{stage.use} after {converted}",
                next_step="move convert to the end",
            )
        if quantized is not None:
            raise ConfigError(
                "this stage fixes the weights: nothing but convert can follow it",
                which=where,
                found=f"{stage.use} after {quantized}",
                next_step=f"move {quantized} behind it, right before convert, or leave one of the two out",
            )
        if technique(stage.use).fixes_weights:
            quantized = stage.name
