"""`tinyml-compress doctor`: what is installed here, and what each missing part would bring."""

from __future__ import annotations

import click

from tinyml_compress.cli._options import json_option, show

EXAMPLES = """\b
Examples:
  tinyml-compress doctor
  tinyml-compress doctor --json
"""


@click.command(epilog=EXAMPLES)
@json_option
def command() -> None:
    """Show which converters, proofs and runners are possible on this machine, and how to get the rest.

    Exits 1 when something that the tool cannot do without is missing.
    """
    from tinyml_compress.pipeline.diagnosis import diagnose

    diagnosis = diagnose()
    show(diagnosis)
    if not diagnosis.sound:
        raise click.exceptions.Exit(1)
