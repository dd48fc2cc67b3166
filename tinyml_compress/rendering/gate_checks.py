"""What a gate says of one number: metrics, tolerances, verdicts, and the checks that make them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tinyml_compress.errors import UsageError
from tinyml_compress.evaluation import ScoreKind
from tinyml_compress.results import Metric, Promise, Verdict

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Tolerances:
    """Growth allowed as a fraction of the baseline; for accuracy the loss allowed, in points of 1."""

    growth: float = 0.01
    accuracy: float = 0.0
    special: tuple[tuple[Metric, float], ...] = ()

    @classmethod
    def parse(cls, words: Sequence[str]) -> Tolerances:
        """From `1%`, `flash=0`, `instructions=2%`, `accuracy=0.5%`."""
        growth, special = cls.growth, {}
        for word in words:
            name, given, text = word.rpartition("=")
            try:
                amount = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
            except ValueError:
                amount = -1.0
            known = {
                metric.value: metric for metric in Metric if metric.value not in ("exactness", "presence")
            }
            if not 0.0 <= amount < 10.0 or (given and name not in known):
                raise UsageError(
                    "not a tolerance",
                    which=word,
                    allowed=f"a share such as 1%, or one for {', '.join(known)}: flash=0, accuracy=0.5%",
                )
            if given:
                special[known[name]] = amount
            else:
                growth = amount
        return cls(growth, special.pop(Metric.ACCURACY, cls.accuracy), tuple(special.items()))

    def of(self, metric: Metric) -> float:
        return dict(self.special).get(metric, self.growth)


def missing(where: str, metric: Metric, before: float) -> Promise:
    """A number of the baseline that the current result has not."""
    gone = "is missing from the current result"
    return Promise(where=where, metric=metric, verdict=Verdict.FAILED, before=before, detail=gone)


def number(
    where: str,
    metric: Metric,
    before: float,
    after: float,
    tolerances: Tolerances,
    cause: str = "",
    spread: float = 0.0,
) -> Promise:
    """Growth beyond the tolerance, and beyond the `spread` of what was measured, fails; `cause` names what
    grew most.
    """
    most = tolerances.of(metric) + spread
    if not (math.isfinite(before) and math.isfinite(after)) or after > before * (1.0 + most):
        verdict = Verdict.FAILED
    else:
        verdict = Verdict.BETTER if after < before else Verdict.PASSED
    share = f" ({(after - before) / before:+.2%})" if before else ""
    blame = f"; most: {cause}" if cause and after > before else ""
    allowed = f", allowed {most:+.2%}" if verdict is Verdict.FAILED else ""
    detail = f"{before:,} to {after:,}{share}{allowed}{blame}"
    return Promise(where=where, metric=metric, verdict=verdict, before=before, after=after, detail=detail)


def score(where: str, before: Document, after: Document, tolerances: Tolerances) -> Iterator[Promise]:
    """A loss fails when it is beyond the tolerance and the set is large enough to see it (outside the
    interval).
    """
    for kind in ScoreKind:
        name = kind.value
        if name not in before:
            continue
        if name not in after:
            yield missing(where, Metric.ACCURACY, before[name])
            continue
        old, new = before[name], after[name]
        loss = kind.drop(old, new)
        low, high = after.get("interval_95", (new, new)) if name == "accuracy" else (new, new)
        seen = not low <= old <= high
        failed = not math.isfinite(loss) or (loss > tolerances.accuracy and seen)
        note = "" if failed or loss <= 0 or seen else "; inside the interval, so the set cannot tell"
        verdict = Verdict.FAILED if failed else (Verdict.BETTER if loss < 0 else Verdict.PASSED)
        detail = f"{name} {old:.4f} to {new:.4f}{note}"
        yield Promise(
            where=where, metric=Metric.ACCURACY, verdict=verdict, before=old, after=new, detail=detail
        )
