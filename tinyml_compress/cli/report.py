"""`tinyml-compress report`: one web page from the results of any verbs."""

from __future__ import annotations

from pathlib import Path

import click

from tinyml_compress.cli._printing import say

EXAMPLES = """\b
Examples:
  tinyml-compress benchmark model.tflite --target all --json boards.json
  tinyml-compress report boards.json -o boards.html
  tinyml-compress report build/int8/report.json boards.json score.json -o page.html --title "Keyword spotter"
"""


@click.command(epilog=EXAMPLES)
@click.argument(
    "results",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The page to write (.html).",
)
@click.option("--title", default="", help="Heading of the page; by default the model and the verb.")
def command(results: tuple[Path, ...], output: Path, title: str) -> None:
    """Show results side by side on one page: what --json of any verb wrote.

    The page holds everything it needs: it opens without a network, prints, and has the JSON in it.
    """
    from tinyml_compress.pipeline.reporting import report

    say(f"wrote {report(results, output=output, title=title)}")
