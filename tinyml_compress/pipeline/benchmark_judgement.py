"""Whether a benchmark is a success: budgets kept, outputs right, every device able."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.devices.measurement import AotRun, Benchmark, HostRun, Refusal, TflmRun
from tinyml_compress.errors import BudgetError, DoesNotFit, EmulationError, MismatchError, MissingDependency

__all__ = ["Budgets", "check_budgets", "judge"]


@dataclass(frozen=True)
class Budgets:
    """Limits that the user gives; None: no limit."""

    flash: int | None = None
    ram: int | None = None
    ms: float | None = None


def check_budgets(result: Benchmark, budgets: Budgets) -> None:
    """Raise BudgetError for the first run that is beyond a budget, naming all that bind."""
    flash: int
    ram: int | None
    ms: float | None
    for run in result.runs:
        over: list[str] = []
        if isinstance(run, AotRun):
            flash, ram, ms = run.flash.total, run.ram.total, run.ms
        elif isinstance(run, TflmRun):
            flash, ram, ms = run.need.flash_bytes, run.need.ram_bytes, None
        elif isinstance(run, HostRun):
            flash, ram, ms = run.model_bytes, None, run.median_s * 1e3
        else:
            continue
        if budgets.flash is not None and flash > budgets.flash:
            over.append(f"flash {flash:,} B is over --max-flash {budgets.flash:,}")
        if budgets.ram is not None and ram is not None and ram > budgets.ram:
            over.append(f"RAM {ram:,} B is over --max-ram {budgets.ram:,}")
        if budgets.ms is not None and ms is not None and ms > budgets.ms:
            over.append(f"{ms:,.3f} ms is over --max-ms {budgets.ms:g}")
        if over:
            raise BudgetError("over budget", which=run.device.name, found="; ".join(over))


def judge(result: Benchmark, *, survey: bool = False) -> None:
    """Raise for the first run that failed. In a survey of all devices, one that is too small is an answer."""
    for run in result.runs:
        if isinstance(run, AotRun) and run.agreement is not None and run.agreement.mismatches:
            raise MismatchError(
                "outputs differ from TensorFlow Lite Micro", which=run.device.name, found=run.agreement.detail
            )
        if isinstance(run, Refusal) and (run.is_defect or not survey):
            kind = DoesNotFit if not run.fits else EmulationError if run.is_defect else MissingDependency
            alone = len(result.runs) == 1  # otherwise the report has told all about it below its table
            detail = run.detail.strip() if alone else ""
            raise kind(run.reason, found=detail or None, next_step=run.next_step or None)
