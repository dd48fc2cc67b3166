"""Whether a benchmark is a success: budgets kept, outputs right, every target able."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.errors import BudgetError, DoesNotFit, EmulationError, MismatchError, MissingDependency
from tinyml_compress.results import Benchmark, Measurement


@dataclass(frozen=True)
class Budgets:
    """Limits that the user gives; None: no limit."""

    flash: int | None = None
    ram: int | None = None
    ms: float | None = None


def check_budgets(result: Benchmark, budgets: Budgets) -> None:
    """Raise BudgetError for the first run that is beyond a budget, naming all that bind."""
    limits = (
        ("flash", budgets.flash, "flash {:,} B is over --max-flash {:,}"),
        ("RAM", budgets.ram, "RAM {:,} B is over --max-ram {:,}"),
        ("ms", budgets.ms, "{:,.3f} ms is over --max-ms {:g}"),
    )
    for run in result.runs:
        if run.error is not None:
            continue
        over = [
            text.format(figure.value, limit)
            for name, limit, text in limits
            if limit is not None and (figure := run.figure(name)) is not None and figure.value > limit
        ]
        if over:
            raise BudgetError("over budget", which=run.device, found="; ".join(over))


def judge(result: Benchmark, *, survey: bool = False) -> None:
    """Raise for the first run that failed. In a survey of all targets, one that is too small is an answer."""
    for run in result.runs:
        if run.bit_exact is not None and run.bit_exact.mismatches:
            raise MismatchError(
                "outputs differ from TensorFlow Lite Micro", which=run.device, found=run.bit_exact.detail
            )
        if run.error is not None and (run.error.is_defect or not survey):
            alone = len(result.runs) == 1  # otherwise the report has told all about it below its table
            raise_for(run, detail=run.error.detail.strip() if alone else "")


def raise_for(run: Measurement, *, detail: str, which: str | None = None) -> None:
    """The error of a run that has one, as its kind."""
    error = run.error
    if error is None:
        return
    kind = DoesNotFit if run.fits is False else EmulationError if error.is_defect else MissingDependency
    raise kind(error.reason, which=which, found=detail or None, next_step=error.next_step)
