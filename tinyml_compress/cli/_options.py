"""Options that several verbs share, and how results are printed. Imports click only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tinyml_compress.cli._printing import say
from tinyml_compress.support.amounts import amount
from tinyml_compress.support.instruction_sets import Isa

if TYPE_CHECKING:
    from tinyml_compress.results import Result
    from tinyml_compress.support.table import Block

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
_DATA_FORMS = "a .npz or .npy file, or a shipped set such as data:digits:test"


def byte_count(text: str) -> int:
    """The type of options that are bytes."""
    read = amount(text)
    if read is None or read[1] == "%" or read[0] < 1:
        raise click.BadParameter(f"{text!r} is no number of bytes, such as 18000, 64K or 1M.")
    return int(read[0])


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


def _keep(context: click.Context, parameter: click.Parameter, given: object) -> None:
    context.meta[f"{__name__}.{parameter.name}"] = given


def _asked(name: str) -> Any:
    return click.get_current_context().meta.get(f"{__name__}.{name}")


def _writable(context: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    """Said before the work that would be lost."""
    if path is not None:
        from tinyml_compress.support.files import require_place

        require_place(path)
    _keep(context, parameter, path)


_json = click.option(
    "--json", "as_json", is_flag=True, expose_value=False, callback=_keep, help="Print the result as JSON."
)
json_file_option = click.option(
    "--json-file",
    type=click.Path(path_type=Path, dir_okay=False),
    expose_value=False,
    callback=_writable,
    help="Write the result as JSON to this file.",
)


def json_option(command: Decorated) -> Decorated:
    """`--json` prints the result as JSON, `--json-file PATH` writes it; `answer` does both."""
    return _json(json_file_option(command))


def is_json_asked() -> bool:
    """Whether standard output belongs to JSON."""
    return bool(_asked("as_json"))


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


trigger_option = click.option(
    "--trigger",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What `evaluate --recording` wrote as JSON: its thresholds become a trigger stage in C.",
)
frontend_option = click.option(
    "--frontend",
    type=click.Choice(["fixed", "float"]),
    default="fixed",
    show_default=True,
    help="Numbers of the front end in C: whole ones, with the bytes of training; float: within a step of "
    "int8, on cores with an FPU.",
)
max_arena_option = click.option(
    "--max-ram",
    metavar="BYTES",
    type=byte_count,
    help="The most that the arena may take, inputs and outputs included: the fastest form within it, some "
    "layers strip by strip.",
)
by_rows_option = click.option(
    "--by-rows",
    type=click.Choice(["input", "output"]),
    multiple=True,
    help="The firmware's functions give the input, or take the output, row by row while an inference runs: "
    "it lies in no arena. May be given again.",
)
constants_option = click.option(
    "--constants",
    type=click.Choice(["flash", "ram"]),
    default="flash",
    show_default=True,
    help="Where generated C has weights and tables; ram: copied at boot, as far as the fastest RAM has room.",
)


_MEMORY_OPTIONS = (
    click.option(
        "--memory",
        multiple=True,
        metavar="NAME=BYTES",
        help="RAM for tensors, the fastest first (dtcm=64K); by default the device's. May be given again.",
    ),
    click.option(
        "--flash",
        multiple=True,
        metavar="NAME=BYTES",
        help="Flash for weights and tables, the fastest first (qspi=8M). May be given again.",
    ),
    constants_option,
)


def memory_options(command: Decorated) -> Decorated:
    """`--memory`, `--flash` and `--constants`: what generated C is spread over."""
    for option in reversed(_MEMORY_OPTIONS):
        command = option(command)
    return command


def data_option(
    name: str = "--data", *, required: bool = True, what: str = "Data"
) -> Callable[[Decorated], Decorated]:
    """An option that takes a data set."""
    return click.option(name, required=required, metavar="SET", help=f"{what}: {_DATA_FORMS}.")


def tflite_argument(name: str = "model") -> Callable[[Decorated], Decorated]:
    """A .tflite file that exists."""
    return click.argument(name, type=click.Path(exists=True, dir_okay=False, path_type=Path))


def isa_option(what: str, default: str | None = None) -> Callable[[Decorated], Decorated]:
    """An option that takes an instruction set."""
    return click.option(
        "--isa",
        type=click.Choice([one.value for one in Isa]),
        default=default,
        show_default=default is not None,
        help=f"{what} {'; '.join(f'{one.value}: {one.row.about}' for one in Isa)}.",
    )


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


def answer(
    verb: str,
    result: Callable[[], Mapping[str, Any]],
    blocks: Callable[[], Iterable[Block]],
    *,
    as_json: bool | None = None,
) -> None:
    """Show what `verb` found as its caller asked: as JSON, for people, and in a file besides."""
    path, printed = _asked("json_file"), is_json_asked() if as_json is None else as_json
    text = json_text(result(), verb) if path is not None or printed else ""
    if path is not None:
        from tinyml_compress.support import files

        files.write_text(path, text + "\n")
    say(*([text] if printed else blocks()))


def show(result: Result, *more: Block) -> None:
    """`answer` with a result, below which people read some lines more."""
    from tinyml_compress.results import encoded

    answer(result.verb, lambda: encoded(result), lambda: (*result.blocks(), *more))
