"""`tinyml-compress optimize`: a transformer made smaller that stays one."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from tinyml_compress.cli._options import json_option, samples_option, seed_option, show

EXAMPLES = """\b
Examples:
  tinyml-compress optimize hf:my-classifier --data reviews.csv
  tinyml-compress optimize hf:my-classifier@64 --data data:intents:test --pruning-amount 0.5 -o smaller
  tinyml-compress optimize hf:my-classifier --int8 static --calibration data:intents:train --data reviews.csv
  tinyml-compress optimize hf:my-classifier --no-pruning --no-compress --fp16 --json
  tinyml-compress optimize hf:another --recipe my-classifier-optimized/recipe.toml
"""


_KNOBS = ("pruning", "amount", "scope", "pattern", "compress", "threshold", "int8", "fp16")


@click.command(epilog=EXAMPLES)
@click.argument("model")
@click.option(
    "--data",
    metavar="TABLE",
    help="A .csv with the columns text and label, or text and tags (one per word); or a .conll file.",
)
@click.option("--pruning/--no-pruning", default=True, show_default=True, help="Make small weights zero.")
@click.option(
    "--pruning-amount",
    "amount",
    type=click.FloatRange(0, 0.9),
    default=0.3,
    show_default=True,
    help="Share of the weights of linear layers, the smallest by magnitude.",
)
@click.option(
    "--pruning-scope",
    "scope",
    type=click.Choice(["layer", "global"]),
    default="layer",
    show_default=True,
    help="The share is one of each layer, or of all together.",
)
@click.option(
    "--pruning-pattern", "pattern", metavar="N:M", help="Keep the N largest of every M weights instead."
)
@click.option("--compress/--no-compress", default=True, show_default=True, help="Make near zeros zero.")
@click.option(
    "--threshold", type=click.FloatRange(0, 1), default=1e-3, show_default=True, help="What counts as near."
)
@click.option(
    "--int8",
    type=click.Choice(["dynamic", "static", "none"]),
    default="dynamic",
    show_default=True,
    help="Linear layers and tables in int8; static: the layers' inputs on scales from --calibration.",
)
@click.option(
    "--calibration", metavar="TABLE", help="For --int8 static: texts as the model will see, without labels."
)
@click.option("--fp16/--no-fp16", default=False, show_default=True, help="All other weights in 16 bits.")
@click.option(
    "--recipe",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file with the knobs, in their place: the recipe.toml of an earlier run.",
)
@click.option(
    "-o",
    "--output-path",
    "output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write; by default one beside the model's.",
)
@click.option("--in-place", is_flag=True, help="Write over the model's own folder.")
@click.option("--trust-pickle", is_flag=True, help="Read weights that are a pickle (.bin): of tensors alone.")
@click.option(
    "--trust-remote-code",
    "trust_code",
    is_flag=True,
    help="Run Python that the folder holds: only for folders of people you trust.",
)
@samples_option
@seed_option
@json_option
def command(**words: object) -> None:
    """Make a transformer smaller: MODEL is hf:FOLDER, as `save_pretrained` wrote it, or hf:FOLDER@TOKENS.

    Written are model.safetensors (int8 with scales, zeros left out where that is smaller), model.pt for plain
    PyTorch, configuration and tokenizer, and load.py, which gives the model back without this tool.
    """
    from tinyml_compress.errors import UsageError
    from tinyml_compress.pipeline.optimizing import optimize

    given = click.get_current_context().get_parameter_source
    beside = [name for name in _KNOBS if given(name) is ParameterSource.COMMANDLINE]
    if words["recipe"] is not None and beside:
        raise UsageError(
            "a recipe holds all knobs",
            which=words["recipe"],
            found=f"another word for {', '.join(beside)}",
            next_step="write it into the recipe, or leave the recipe out",
        )
    show(optimize(**words))  # type: ignore[arg-type]
