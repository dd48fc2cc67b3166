"""Recipes: every shipped one reads, every kind of mistake is named with what would be right."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from tinyml_compress.errors import ConfigError
from tinyml_compress.support import resources
from tinyml_compress.techniques.convert_stage import ConvertOptions
from tinyml_compress.techniques.fine_tuning import TrainOptions
from tinyml_compress.techniques.pruning import PruneOptions
from tinyml_compress.techniques.qat import QatOptions
from tinyml_compress.techniques.recipe import Guard, parse, read
from tinyml_compress.techniques.registry import all_techniques, technique

SHIPPED = sorted(resources.recipes_folder().glob("*.toml"))
NEEDED = {
    "ptq-int8",
    "qat-int8",
    "prune50-int8",
    "prune80-pqat-int8",
    "prune90-iterative-pqat",
    "channels-half-qat",
    "cluster16-pcqat",
    "distil-quarter-int8",
    "lowrank-int8",
    "transformer-small",
    "kitchen-sink",
}


def test_all_recipes_are_there() -> None:
    assert {path.stem for path in SHIPPED} >= NEEDED


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_recipes_read_and_stand_in_the_readme(path: Path) -> None:
    recipe = read(path)
    assert isinstance(recipe.stages[-1].options, ConvertOptions)
    readme = (resources.recipes_folder() / "README.md").read_text()
    assert f"| `{recipe.name}` | {recipe.title} |" in readme


def describe(use: str) -> list[tuple[str, str, str]]:
    """Key, default and meaning of every option of a stage, as the recipes' README has them."""
    rows = []
    for item in fields(technique(use).options):
        default = item.default_factory() if item.default_factory is not MISSING else item.default
        shown = {True: "true", False: "false"}.get(default, default) if isinstance(default, bool) else default
        shown = {"": '""', (): "[]"}.get(shown, shown) if isinstance(shown, (str, tuple)) else shown
        shown = "{}" if shown == {} else shown
        meaning = item.metadata["text"]
        if item.metadata.get("choices"):
            meaning += ": " + ", ".join(filter(None, item.metadata["choices"]))
        elif "low" in item.metadata and item.metadata["kind"] is not dict:
            meaning += f" ({item.metadata['low']:g} to {item.metadata['high']:g})"
        rows.append((item.name, str(shown), meaning))
    return rows


@pytest.mark.parametrize("use", all_techniques())
def test_the_readme_documents_every_key(use: str) -> None:
    readme = (resources.recipes_folder() / "README.md").read_text()
    section = readme.split(f"### `{use}`")[1].split("###")[0]
    for key, default, meaning in describe(use):
        assert f"| `{key}` | {default} | {meaning} |" in section


def test_values_arrive() -> None:
    recipe = parse(
        """
        title = "mine"
        seed = 7
        [task]
        batch_size = 8
        kind = "regression"
        [guard]
        max_drop = 0.05
        [[stage]]
        use = "prune"
        sparsity = 0.6
        layers = { "conv*" = 0.9, head = 0 }
        exclude = ["first"]
        max_drop = 0.01
        on_breach = "back_off"
        teach = 1
        [[stage]]
        use = "convert"
        name = "int8"
        """,
        "mine",
    )
    prune, convert = recipe.stages
    assert prune.options == PruneOptions(sparsity=0.6, layers={"conv*": 0.9, "head": 0.0}, exclude=("first",))
    assert prune.guard == Guard(0.01, "back_off")
    assert prune.name == "01-prune"
    assert prune.teach == 1.0
    assert convert.guard == Guard(0.05, "stop")
    assert (recipe.seed, recipe.task.batch_size, recipe.task.kind) == (7, 8, "regression")


def test_training_can_be_put_first() -> None:
    recipe = parse('[[stage]]\nuse = "convert"', "x").with_training(5)
    assert recipe.stages[0].options == TrainOptions(epochs=5, fresh=True)


_STAGE = '[[stage]]\nuse = "prune"\n'
MISTAKES = {
    "not toml": ("[[stage", "not valid TOML", None),
    "endless levels": ("a = " + "[" * 3000, "not valid TOML", None),
    "a number of 5000 digits": ("seed = " + "1" * 5000 + "\n" + _STAGE, "not valid TOML", None),
    "a number beyond floats": (_STAGE + "sparsity = " + "1" * 400, "out of range", None),
    "a number beyond printing": (_STAGE + "sparsity = -0x" + "f" * 5000, "not valid TOML", None),
    "a seed beyond printing": ("seed = 0x" + "f" * 5000 + "\n" + _STAGE, "out of range", None),
    "a hidden folder": (_STAGE + 'name = ".work"', "names a folder", None),
    "a folder elsewhere": (_STAGE + 'name = "../up"', "names a folder", None),
    "no stages": ('title = "x"', "needs stages", None),
    "stages no tables": ("stage = [1]", "needs stages", None),
    "no use": ("[[stage]]\nsparsity = 0.5", "say what it uses", "prune"),
    "unknown technique": ('[[stage]]\nuse = "prun"', "no such choice", "did you mean prune?"),
    "unknown key": (_STAGE + "sparsty = 0.5", "unknown key", "did you mean sparsity?"),
    "unknown top key": ("sed = 1\n" + _STAGE, "unknown key", "did you mean seed?"),
    "unknown task key": (_STAGE + "[task]\nbatchsize = 4", "unknown key", "did you mean batch_size?"),
    "unknown guard key": (_STAGE + "[guard]\nmaxdrop = 0.1", "unknown key", "did you mean max_drop?"),
    "wrong type": (_STAGE + 'sparsity = "half"', "wrong type", "a number"),
    "bool for number": (_STAGE + "sparsity = true", "wrong type", "a number"),
    "float for count": (_STAGE + "epochs = 1.5", "wrong type", "a whole number"),
    "out of range": (_STAGE + "sparsity = 1.5", "out of range", "0 to 0.99"),
    "negative seed": ("seed = -1\n" + _STAGE, "out of range", None),
    "nan": (_STAGE + "sparsity = nan", "out of range", None),
    "wrong choice": (_STAGE + 'schedule = "polynominal"', "no such choice", "did you mean polynomial?"),
    "wrong pattern": (_STAGE + 'pattern = "4:2"', "no such sparsity pattern", "M:N"),
    "pattern and schedule": (_STAGE + 'pattern = "2:4"', "chosen at once", None),
    "list of numbers": (_STAGE + "exclude = [1]", "list of names", None),
    "names not a list": (_STAGE + 'exclude = "x"', "list of names", None),
    "layers not a table": (_STAGE + "layers = 0.5", "must be a table", None),
    "layer out of range": (_STAGE + "layers = { a = 2.0 }", "out of range", "0 to 0.99"),
    "guard no table": ("guard = 3\n" + _STAGE, "must be a table", None),
    "drop out of range": (_STAGE + "max_drop = 2", "out of range", None),
    "unknown breach": (_STAGE + 'on_breach = "retry"', "no such choice", "stop, back_off"),
    "name with a slash": (_STAGE + 'name = "../x"', "cannot be used", None),
    "two of one name": (_STAGE + 'name = "a"\n' + _STAGE + 'name = "a"', "one name", None),
    "task without colon": (_STAGE + '[task]\nmodule = "mine"', "must name a function", "module:function"),
    "unknown augmentation": (_STAGE + '[task]\naugment = "shfit"', "no such augmentation", "shift, crop"),
    "unknown loss": (_STAGE + '[task]\nloss = "hinge"', "no such choice", None),
    "prune after qat": ('[[stage]]\nuse = "qat"\n' + _STAGE, "nothing but convert", "qat behind it"),
    "prune after convert": ('[[stage]]\nuse = "convert"\n' + _STAGE, "can follow a conversion", None),
    "io and mode": ('[[stage]]\nuse = "convert"\nmode = "float16"\nio = "int8"', "not possible", None),
    "per tensor and mode": (
        '[[stage]]\nuse = "convert"\nmode = "dynamic"\nper_tensor_dense = true',
        "needs mode",
        None,
    ),
}


@pytest.mark.parametrize(("text", "what", "help_"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_named(text: str, what: str, help_: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "mine")
    assert what in str(caught.value)
    assert help_ is None or help_ in str(caught.value)
    assert caught.value.exit_code == 2


def test_missing_and_binary_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        read(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        read(tmp_path / "bad.toml")


def test_milder_settings_are_milder() -> None:
    milder = PruneOptions(sparsity=0.8).milder()
    assert milder is not None
    assert milder.sparsity < 0.8
    assert ConvertOptions().milder() is None
    longer = QatOptions(epochs=4).milder()
    assert longer is not None
    assert longer.epochs == 8
