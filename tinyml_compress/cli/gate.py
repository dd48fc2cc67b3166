"""`tinyml-compress gate`: fails a build that made the model larger, slower or worse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tinyml_compress.cli._options import answer, json_option, json_text

if TYPE_CHECKING:
    from tinyml_compress.support.table import Block

EXAMPLES = """\b
Examples:
  tinyml-compress gate --baseline main.json --current now.json
  tinyml-compress gate --baseline before/report.json --current after/report.json --tolerance accuracy=1%
  tinyml-compress gate --baseline main.json --current now.json --tolerance flash=0 --format junit
"""


@click.command(epilog=EXAMPLES)
@click.option(
    "--baseline",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Result of benchmark, evaluate, compress, compare or fit, as JSON, to hold against.",
)
@click.option(
    "--current",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The new result of the same verb.",
)
@click.option(
    "--tolerance",
    "tolerances",
    multiple=True,
    metavar="SHARE",
    help="Growth allowed, 1% by default; or of one of flash, ram, instructions, ms, size, accuracy: flash=0.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit", "markdown"]),
    default="text",
    show_default=True,
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write there, not to the screen."
)
@json_option
def command(
    baseline: Path, current: Path, tolerances: tuple[str, ...], form: str, output: Path | None
) -> None:
    """Compare two results and exit 1 where flash, RAM, instructions or size grew, or accuracy was lost.

    Growth counts beyond the tolerance; a loss of accuracy beyond its tolerance and beyond the confidence
    interval. The node or part that grew most is named.
    """
    from tinyml_compress.rendering.gate import gate, gate_junit, gate_markdown
    from tinyml_compress.results import encoded
    from tinyml_compress.support import files
    from tinyml_compress.support.table_text import blocks_text

    result = gate(baseline, current, tolerance=tolerances)
    forms: dict[str, Callable[[], Sequence[Block]]] = {
        "text": result.blocks,
        "json": lambda: [json_text(encoded(result), "gate")],
        "junit": lambda: [gate_junit(result)],
        "markdown": lambda: [gate_markdown(result)],
    }
    if output is not None:
        files.write_text(output, blocks_text(forms[form]()) + "\n")
    told = f"{len(result.failed)} of {len(result.checks)} checks failed; see {output}"
    answer("gate", lambda: encoded(result), lambda: forms[form]() if output is None else [told])
    if not result.passed:
        raise click.exceptions.Exit(1)
