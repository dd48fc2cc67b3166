"""What the shell may offer for an argument: boards, reference models and shipped sets beside files."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

_MODELS = ("model", "models", "teacher", "against")
_SETS = ("data", "calibration", "eval_data")
_BOARDS = ("target", "targets")


def offer_values(command: click.Command) -> None:
    """Teach the parameters of `command` what they take, by their names."""
    for parameter in command.params:
        if parameter.name in _BOARDS:
            _offer(parameter, _boards)
        elif parameter.name in _MODELS:
            _offer(parameter, _models)
        elif parameter.name in _SETS:
            _offer(parameter, _sets)


def _offer(parameter: click.Parameter, values: Callable[[str], Iterable[CompletionItem]]) -> None:
    def complete(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        return list(values(incomplete))

    parameter.shell_complete = complete  # type: ignore[method-assign]


def _boards(incomplete: str) -> Iterable[CompletionItem]:
    """A list separated by commas: the last of it is being written."""
    from tinyml_compress.devices import list_devices

    begun, comma, last = incomplete.rpartition(",")
    names = [device.name for device in list_devices(None)] + ([] if comma else ["all"])
    return [CompletionItem(f"{begun}{comma}{name}") for name in names if name.startswith(last)]


def _models(incomplete: str) -> Iterable[CompletionItem]:
    from tinyml_compress.models.zoo import STREAMS, ZOO

    names = (f"zoo:{name}" for name in (*ZOO, *STREAMS))
    return [*_starting(incomplete, names), CompletionItem(incomplete, type="file")]


def _sets(incomplete: str) -> Iterable[CompletionItem]:
    from tinyml_compress.data.shipped import shipped_names

    return [
        *_starting(incomplete, (f"data:{name}" for name in shipped_names())),
        CompletionItem(incomplete, type="file"),
    ]


def _starting(incomplete: str, words: Iterable[str]) -> list[CompletionItem]:
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]
