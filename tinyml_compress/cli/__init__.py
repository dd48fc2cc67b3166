"""The command line: every file in this folder that does not start with `_` is a verb with a
`command` in it.
"""

from __future__ import annotations

import difflib
import importlib
import io
import os
import pkgutil
import sys
import traceback
from pathlib import Path

import click

from tinyml_compress._version import __version__
from tinyml_compress.cli._completion import offer_values
from tinyml_compress.cli._interruption import INTERRUPTED, SAID, leave_at_once, listen
from tinyml_compress.cli._printing import say
from tinyml_compress.cli._verbosity import chatty, tell_warnings, verbose_option
from tinyml_compress.errors import TinymlError
from tinyml_compress.support.scratch import process_is_ours
from tinyml_compress.support.screen import guard_streams

__all__ = ["main"]

_TRACEBACK = "TINYML_COMPRESS_TRACEBACK"


class _Verbs(click.Group):
    """Finds verbs by file name: `data_check.py` is `data-check`. Verb modules import only click
    at their top.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = (module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
        return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{__name__}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        for one in (command, *(command.commands.values() if isinstance(command, click.Group) else ())):
            if not any("--verbose" in option.opts for option in one.params):
                one.params.append(verbose_option())
            offer_values(one)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        verbs = self.list_commands(ctx)
        if args and not args[0].startswith("-") and args[0] not in verbs:
            near = difflib.get_close_matches(args[0], verbs, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(verbs)}"
            raise click.UsageError(f"no such verb: {args[0]}; {hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Verbs,
    name="tinyml-compress",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit code 0: done, 1: failed, 2: wrong call, 130: interrupted.",
)
@click.version_option(__version__, prog_name="tinyml-compress")
def _group() -> None:
    """Compress Keras models for microcontrollers, compile them to exact C, benchmark them on emulated
    devices.
    """


_group.params.append(verbose_option())  # before the verb as well as after it


def main() -> None:
    """Entry point: one clear message per error, exit code 2 for usage, 1 for failure, 130 when
    interrupted.
    """
    code = _run()
    _let_go()
    if code == INTERRUPTED:
        leave_at_once()
    sys.exit(code)


def _let_go() -> None:
    """What a reader that is gone or a full disk has not taken: the interpreter's last flush must not complain
    again.
    """
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run() -> int:
    guard_streams()
    listen()
    process_is_ours()
    tell_warnings()
    try:
        code = _group(prog_name="tinyml-compress", standalone_mode=False, obj=sys.argv[1:])
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        say(shown.getvalue().rstrip("\n"), error=True)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        say(SAID, error=True)
        return INTERRUPTED
    except BrokenPipeError:
        return 1  # the reader (`| head`) has what it wanted
    except TinymlError as error:
        _show_where()
        say(f"error: {error}", error=True)
        return error.exit_code
    except Exception as error:
        _show_where()
        say(_unexpected(error), error=True)
        return 1


def _unexpected(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "error: this machine's memory is full\n  next:    take a smaller model or fewer samples"
    if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("tinyml_"):
        return f"error: a Python package is missing: {error.name}\n  next:    pip install what brings it"
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        return f"error: {error.strerror}{where}\n  next:    check path, rights and free space"
    said = " ".join(str(error).split())[:300]
    return (
        f"error: a defect in tinyml-compress: {type(error).__name__}: {said}\n"
        f"  next:    -vv (or {_TRACEBACK}=1) shows where, and report it with the model"
    )


def _show_where() -> None:
    """The traceback, for those who asked for it: `-vv` or the variable."""
    if chatty() or os.environ.get(_TRACEBACK, "") not in ("", "0"):
        say(traceback.format_exc().rstrip(), error=True)
