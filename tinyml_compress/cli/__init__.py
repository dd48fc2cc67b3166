"""The command line: every file in this folder that does not start with `_` is a verb with a `command` in it."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

import click

from tinyml_compress._version import __version__
from tinyml_compress.errors import TinymlError

__all__ = ["main"]


class _Verbs(click.Group):
    """Finds verbs by file name: `data_check.py` is `data-check`. Verb modules import only click at their top."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = (module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
        return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{__name__}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tinyml-compress")
def _group() -> None:
    """Compress Keras models for microcontrollers, compile them to exact C, benchmark on emulated devices."""


def main() -> None:
    """Entry point: one clear message per error, exit code 2 for usage, 1 for failure, 130 when interrupted."""
    try:
        _group(prog_name="tinyml-compress", standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("\ninterrupted; nothing half-written was left behind", err=True)
        sys.exit(130)
    except TinymlError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
