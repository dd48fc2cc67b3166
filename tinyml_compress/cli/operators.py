"""`tinyml-compress operators`: what the ahead-of-time engine can run, from the operators' own tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tinyml_compress.cli._options import is_json_asked, json_option, show
from tinyml_compress.cli._printing import say
from tinyml_compress.errors import UsageError

if TYPE_CHECKING:
    from tinyml_compress.ops.base import Operator
    from tinyml_compress.results import OperatorFacts

EXAMPLES = """\b
Examples:
  tinyml-compress operators
  tinyml-compress operators CONV_2D --json
  tinyml-compress operators --markdown > docs/operators.md
"""


@click.command(epilog=EXAMPLES)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--markdown", is_flag=True, help="The page of the documentation, with what TFLM has beyond it.")
@json_option
def command(names: tuple[str, ...], markdown: bool) -> None:
    """List the TensorFlow Lite operators that `compile` accepts: element types, limits, kernels.

    With one or more NAMEs, only these.
    """
    from tinyml_compress.ops import all_operators
    from tinyml_compress.results import Operators

    known = all_operators()
    if markdown and (names or is_json_asked()):
        raise UsageError("--markdown writes the whole page", next_step="leave out the names and --json")
    if markdown:
        say("\n".join(_page(list(known.values()))))
        return
    upper = {name.upper() for name in known}
    unknown = [name for name in names if name.upper() not in upper]
    if unknown:
        raise UsageError(
            "the ahead-of-time engine has no such operator",
            which=", ".join(unknown),
            allowed=", ".join(known),
            next_step="run models that hold it with TensorFlow Lite Micro (--engine tflm)",
        )
    chosen = [
        known[name] for name in known if not names or name.upper() in {given.upper() for given in names}
    ]
    show(Operators(operators=tuple(map(_facts, chosen))))


def _facts(op: Operator) -> OperatorFacts:
    from tinyml_compress.results import KernelFacts, OperatorFacts

    return OperatorFacts(
        name=op.name,
        custom=op.custom,
        dtypes=tuple(op.dtypes),
        limits=op.limits,
        attributes=tuple(field.schema for field in op.options.fields) if op.options is not None else (),
        kernels=tuple(KernelFacts(symbol=kernel.symbol, isa=kernel.isa.value) for kernel in op.variants),
    )


def _isas(op: Operator) -> list[str]:
    return sorted({kernel.isa.value for kernel in op.variants})


def _page(operators: list[Operator]) -> list[str]:
    from tinyml_compress.ops.missing import MISSING

    return [
        "# Operators of the ahead-of-time engine",
        "",
        "Written by `tinyml-compress operators --markdown` from the tables that the engine itself reads; a",
        "test compares them. Each is proven against TensorFlow Lite Micro by `tests/ops`: the same bytes, in",
        (
            "float within the limits stated. Names in mixed case are custom "
            "operators. What the engine refuses it"
        ),
        "refuses with layer and reason; `tinyml-compress check MODEL` lists all of it for one file.",
        "",
        "| operator | element types | instruction sets | limits |",
        "|---|---|---|---|",
        *(
            f"| {op.name} | {', '.join(op.dtypes)} | {', '.join(_isas(op))} | {op.limits} |"
            for op in operators
        ),
        "",
        f"{len(operators)} operators.",
        "",
        "## What TensorFlow Lite Micro registers beyond them",
        "",
        "| operator | reason |",
        "|---|---|",
        *(f"| {name} | {why} |" for name, why in sorted(MISSING.items())),
    ]
