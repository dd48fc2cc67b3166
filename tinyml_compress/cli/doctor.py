"""`tinyml-compress doctor`: what is installed here, and what each missing part would bring."""

from __future__ import annotations

import click

from tinyml_compress.cli._options import json_option, print_json
from tinyml_compress.cli._printing import say

EXAMPLES = """\b
Examples:
  tinyml-compress doctor
  tinyml-compress doctor --json
"""


@click.command(epilog=EXAMPLES)
@json_option
def command(as_json: bool) -> None:
    """Show which converters, proofs and runners are possible on this machine, and how to get the rest.

    Exits 1 when something that the tool cannot do without is missing.
    """
    from tinyml_compress.pipeline.diagnosis import diagnose

    found = diagnose()
    if as_json:
        print_json(found.as_json(), "doctor")
    else:
        say(*found.blocks())
    if not found.sound:
        raise click.exceptions.Exit(1)
