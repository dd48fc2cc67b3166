"""`-v` and `-vv`, which every verb takes: what it is doing, and what it runs."""

from __future__ import annotations

import logging

import click

from tinyml_compress.cli._printing import say

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
_ROOM = "tinyml_compress"


class _ToStderr(logging.Handler):
    """Looks standard error up for every line: a progress display puts itself in its place for a while."""

    def emit(self, record: logging.LogRecord) -> None:
        say(self.format(record), error=True)


class _Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return f"warning: {text}" if record.levelno >= logging.WARNING else text


def tell_warnings() -> None:
    """The process is the tool's: its warnings are lines of its own, whatever a library has made of the root
    logger.
    """
    logger = logging.getLogger(_ROOM)
    if not any(isinstance(handler, _ToStderr) for handler in logger.handlers):
        handler = _ToStderr()
        handler.setFormatter(_Line())
        logger.addHandler(handler)
        logger.propagate = False


def _set_level(context: click.Context, option: click.Parameter, count: int) -> None:
    if count == 0:
        return  # an outer verb may have set it
    logging.getLogger(_ROOM).setLevel(_LEVELS[min(count, len(_LEVELS) - 1)])
    tell_warnings()


def verbose_option() -> click.Option:
    """The option as every verb gets it."""
    return click.Option(
        ["-v", "--verbose"],
        count=True,
        expose_value=False,
        callback=_set_level,
        help=(
            "-v: each stage with its seconds; -vv: also each program that is "
            "run, and where an error comes from."
        ),
    )


def chatty() -> bool:
    """Whether `-vv` was given."""
    return logging.getLogger(_ROOM).isEnabledFor(logging.DEBUG)
