"""By how much a model misses what it may cost and lose."""

from __future__ import annotations

from tinyml_compress.results.fit import Binding, Budget, Cost


def overdraft(budget: Budget, cost: Cost | None, drop: float | None = None) -> dict[str, float]:
    """Per limit that can be judged: (used - limit) / limit; above 0 is too much.

    A drop is counted in points of score (limit 1 point, 3 lost: 0.02), since its limit may be 0.
    """
    over: dict[str, float] = {}
    for name, limit in budget.limits().items():
        if name == "drop":
            if drop is not None:
                over[name] = drop - limit
        elif cost is not None:
            over[name] = (float(getattr(cost, name)) - limit) / limit
    return over


def binding(budget: Budget, cost: Cost, drop: float | None) -> Binding | None:
    """The limit that is used up most."""
    rows = []
    for name, limit in budget.limits().items():
        used = drop if name == "drop" else float(getattr(cost, name))
        if used is not None:
            rows.append((used / limit if limit else float(used > 0), name, used, limit))
    if not rows:
        return None
    _, name, used, limit = max(rows)
    return Binding(constraint=name, used=used, limit=limit)
