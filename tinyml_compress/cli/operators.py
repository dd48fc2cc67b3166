"""`tinyml-compress operators`: what the ahead-of-time engine can run, from the operators' own tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tinyml_compress.cli._options import json_option, print_json
from tinyml_compress.errors import UsageError

if TYPE_CHECKING:
    from tinyml_compress.ops.base import Operator

EXAMPLES = """\b
Examples:
  tinyml-compress operators
  tinyml-compress operators CONV_2D --json
"""


@click.command(epilog=EXAMPLES)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
def command(names: tuple[str, ...], as_json: bool) -> None:
    """List the TensorFlow Lite operators that `compile` accepts: element types, limits, kernels.

    With one or more NAMEs, only these.
    """
    from tinyml_compress.ops import all_operators

    known = all_operators()
    unknown = [name for name in names if name.upper() not in known]
    if unknown:
        raise UsageError(
            "the ahead-of-time engine has no such operator",
            which=", ".join(unknown),
            allowed=", ".join(known),
            next_step="run models that hold it with TensorFlow Lite Micro (--engine tflm)",
        )
    chosen = [known[name] for name in known if not names or name in {given.upper() for given in names}]
    if as_json:
        print_json({"schema": 1, "operators": [_as_json(op) for op in chosen]})
    else:
        click.echo("\n".join(_table(chosen)))


def _as_json(op: Operator) -> dict[str, object]:
    return {
        "name": op.name,
        "dtypes": list(op.dtypes),
        "limits": op.limits,
        "attributes": [field.schema for field in op.options.fields] if op.options is not None else [],
        "kernels": [{"symbol": kernel.symbol, "isa": kernel.isa.value} for kernel in op.variants],
    }


def _table(operators: list[Operator]) -> list[str]:
    rows = [("operator", "element types", "kernels", "limits")]
    for op in operators:
        isas = sorted({kernel.isa.value for kernel in op.variants})
        rows.append((op.name, ", ".join(op.dtypes), "+".join(isas), op.limits or "none"))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join((*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3])).rstrip()
        for row in rows
    ]
    return [*lines, f"{len(operators)} operators"]
