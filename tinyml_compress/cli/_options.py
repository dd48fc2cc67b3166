"""Options that several verbs share, and how results are printed. Imports click only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from tinyml_compress.cli._printing import say

__all__ = [
    "command_line",
    "data_option",
    "json_option",
    "json_text",
    "name_option",
    "output_option",
    "print_json",
    "samples_option",
    "seed_option",
    "targets_dir_option",
    "tflite_argument",
    "trust_option",
]

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
_DATA_FORMS = "a .npz or .npy file, or a shipped set such as data:digits:test"

output_option = click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write; it is made when it is not there.",
)
name_option = click.option(
    "--name", help="Name of the artifacts and prefix of all C symbols; by default from the model's."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
samples_option = click.option(
    "--samples", type=click.IntRange(min=1), help="Use at most this many samples of the set."
)
seed_option = click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="Seed of everything random.",
)
targets_dir_option = click.option(
    "--targets-dir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with device files of your own; they win over shipped ones of the same name.",
)


def _give_word(context: click.Context, parameter: click.Parameter, given: bool) -> None:
    if given:
        from tinyml_compress.support.trust import trusting

        context.with_resource(trusting())


trust_option = click.option(
    "--trust-model",
    is_flag=True,
    expose_value=False,
    callback=_give_word,
    help=(
        "Run code that the model file holds (Lambda layers, custom classes): "
        "only for files of people you trust."
    ),
)


def data_option(
    name: str = "--data", *, required: bool = True, what: str = "Data"
) -> Callable[[Decorated], Decorated]:
    """An option that takes a data set."""
    return click.option(name, required=required, metavar="SET", help=f"{what}: {_DATA_FORMS}.")


def tflite_argument(name: str = "model") -> Callable[[Decorated], Decorated]:
    """A .tflite file that exists."""
    return click.argument(name, type=click.Path(exists=True, dir_okay=False, path_type=Path))


def command_line() -> str:
    """The call as a shell takes it; empty where the verb was not called from a command line."""
    import shlex

    from tinyml_compress.support.passwords import hidden

    context = click.get_current_context(silent=True)
    given = None if context is None else context.find_root().obj
    return shlex.join(["tinyml-compress", *map(hidden, given)]) if isinstance(given, list) else ""


def json_text(result: Mapping[str, Any], verb: str) -> str:
    """The one form of JSON that every verb writes (docs/json.md): its head, the call, then what was found."""
    import json

    from tinyml_compress.support.document import document

    call = command_line()
    return json.dumps(document(verb, {"command": call, **result} if call else result), indent=2)


def print_json(result: Mapping[str, Any], verb: str = "") -> None:
    """Print what `json_text` gives; the verb is by default the one that was called."""
    named = verb or click.get_current_context().command_path.partition(" ")[2]
    say(json_text(result, named))
