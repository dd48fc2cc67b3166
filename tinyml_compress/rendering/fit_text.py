"""A budget search in the terminal: the verdict, the Pareto table, what binds, what would have to give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tinyml_compress.evaluation import ScoreKind
from tinyml_compress.support.table import Block, Cell, Column, Noted, Row, Table, facts

__all__ = ["estimate_blocks", "fit_blocks", "made_with"]

Fact = tuple[str, Cell]
_MOST = 20
_NAMES = {"flash": "flash", "ram": "RAM", "ms": "time", "drop": "drop"}


def fit_blocks(found: Mapping[str, Any]) -> list[Block]:
    """A fit.json for the terminal."""
    head: list[Fact] = [
        ("fit", f"{found['model']} on {found['target_title']}, data {found['data']}, seed {found['seed']}"),
        ("budget", _limits(found) or "not known yet"),
        ("trials", _counts(found)),
    ]
    if "float" in found:
        one = found["float"]
        told = f"{_score(one['score'], found)} ({one['metric']}, {one['samples'][0]:,} samples to choose by)"
        head.append(("float", told))
    if "reference" in found:
        one = found["reference"]
        head.append(("int8", f"{_score(one['score'], found)}, {_cost(one['cost'])}"))
    head += [("left out", f"{row['name']}: {row['why']}") for row in found.get("left_out", ())]
    return [facts(head), "", _front(found), "", *_verdict(found)]


def _limits(found: Mapping[str, Any]) -> str:
    return ", ".join(f"{_NAMES[name]} {_amount(name, limit)}" for name, limit in found["budget"].items())


def _counts(found: Mapping[str, Any]) -> str:
    counts = found["counts"]
    parts = [
        f"{counts[name]} {name}" for name in ("trained", "hopeless", "stopped", "failed") if counts.get(name)
    ]
    back = f", {counts['lost']} taken up again after a crash" if counts.get("lost") else ""
    early = "; interrupted, best so far" if found["interrupted"] else ""
    return f"{counts['trials']}: {', '.join(parts) or 'none ended'}{back} in {found['seconds']:.0f} s{early}"


def _front(found: Mapping[str, Any]) -> Block:
    if not found["front"]:
        return "no trial was trained"
    columns = (
        Column("trial", "{:d}"),
        Column("verdict"),
        Column("score", right=True),
        Column("drop", "{:+.2f}"),
        Column("flash B", "{:,}"),
        Column("RAM B", "{:,}", priority=1),
        Column("cycles", "{:,}", priority=4),
        Column("ms", "{:.2f}"),
        Column("trained", "{:.0%}", priority=3),
        Column("what", prose=True, priority=2),
    )
    by_number = {trial["number"]: trial for trial in found["trials"]}
    rows = tuple(_trial(by_number[number], found) for number in found["front"][:_MOST])
    more = len(found["front"]) - _MOST
    title = "Pareto front of drop, time and flash (bytes exact, cycles modelled)"
    return Table(columns, rows, title, (f"and {more} more in fit.json",) if more > 0 else (), indent=2)


def _trial(trial: Mapping[str, Any], found: Mapping[str, Any]) -> Row:
    cost = trial["cost"]
    return (
        trial["number"],
        "winner" if trial["number"] == found["winner"] else "fits" if trial["feasible"] else "over",
        _score(trial["score"], found),
        trial["drop"] * 100,
        cost["flash"],
        cost["ram"],
        cost["cycles"],
        cost["ms"],
        trial["rungs"][-1]["part"],
        made_with(trial["params"]),
    )


def made_with(params: Mapping[str, Any]) -> str:
    """What a trial does to the model, in words; what is off is not told."""
    off = {
        "keep": 1.0, "narrow": "channels", "scope": "layer", "low_rank": 1.0, "sparsity": 0.0, "pattern": "",
        "teach": 0.0, "clusters": 0, "qat": False, "mode": "int8", "wide": 0, "care": "plain",
        "weight_bits": 8,
    }  # fmt: skip
    parts = []
    for name, value in params.items():
        if name in off and value == off[name]:
            continue
        parts.append("qat" if name == "qat" else f"{name} {value}")
    return ", ".join(parts)


def _verdict(found: Mapping[str, Any]) -> list[Block]:
    return _missed(found) if found["winner"] is None else _won(found)


def _won(found: Mapping[str, Any]) -> list[Block]:
    best = next(trial for trial in found["trials"] if trial["number"] == found["winner"])
    rows: list[Fact] = [
        ("FITS", f"trial {best['number']}: {_score(best['score'], found)}, {_cost(best['cost'])}")
    ]
    if "binding" in found:
        tight = found["binding"]
        name = tight["constraint"]
        rows.append(
            ("binding", f"{_NAMES[name]}: {_amount(name, tight['used'])} of {_amount(name, tight['limit'])}")
        )
    if "published" not in found:
        return [facts(rows)]
    made = found["published"]
    apart = made["untouched"]
    text = (
        f"{_score(apart['score'], found)} after {_score(apart['float'], found)} of the float model "
        f"({-apart['drop'] * 100:+.2f} points) on {apart['samples']:,} samples that nothing was chosen by"
    )
    rows += [("untouched", text), ("checked", made["agreement"])]
    return [facts(rows), *(f"again      {command}" for command in made["commands"])]


def _missed(found: Mapping[str, Any]) -> list[Block]:
    rows: list[Fact] = []
    if "nearest" in found:
        near = found["nearest"]
        over = ", ".join(
            f"{_NAMES[name]} by {excess * 100:.1f} points"
            if name == "drop"
            else f"{_NAMES[name]} by {excess:.0%}"
            for name, excess in near["over"].items()
        )
        rows.append(("nearest", f"trial {near['number']}{f' is over the {over}' if over else ''}"))
    for row in found.get("gives", ()):
        name = row["constraint"]
        needs = f"{_NAMES[name]} {_amount(name, row['needs'])} instead of {_amount(name, row['limit'])}"
        rows.append(("to give", f"{needs}, all else as asked (trial {row['trial']})"))
    if found["verdict"] == "does not fit" and not found.get("gives"):
        rows.append(("to give", "more than one limit: no trial keeps all but one of them"))
    head = "DOES NOT FIT" if found["verdict"] == "does not fit" else "NOTHING JUDGED"
    return [head, facts(rows)] if rows else [head]


def _amount(name: str, value: float) -> str:
    if name == "ms":
        return f"{value:.2f} ms"
    return f"{value * 100:.1f} points" if name == "drop" else f"{value:,.0f} B"


def _score(value: float, found: Mapping[str, Any]) -> str:
    return ScoreKind(found["metric"]).shown(value)


def _cost(cost: Mapping[str, Any]) -> str:
    energy = f", {cost['mj']:.3g} mJ" if "mj" in cost else ""
    return (
        f"flash {cost['flash']:,} B, RAM {cost['ram']:,} B, {cost['cycles']:,} "
        f"cycles, {cost['ms']:.2f} ms{energy}"
    )


def estimate_blocks(found: Mapping[str, Any]) -> list[Block]:
    """What `fit --estimate` found, for the terminal."""
    model = f"{found['model']} as int8 on {found['target_title']}, calibrated with {found['samples']}"
    columns = (
        Column("form"),
        Column("flash B", "{:,}", absent="-"),
        Column("RAM B", "{:,}", priority=1, absent="-"),
        Column("cycles", "{:,}", priority=2, absent="-"),
        Column("ms", "{:.2f}", absent="-"),
        Column("verdict", prose=True),
    )
    verdict = f"{found['verdict']}; accuracy is another question: `fit` answers it by training"
    return [
        facts([("estimate", model), ("budget", _limits(found) or "the board itself")]),
        "",
        Table(columns, tuple(map(_form, found["forms"])), indent=2),
        "",
        facts([("verdict", verdict), *_blamed(found)]),
    ]


def _form(form: Mapping[str, Any]) -> Row:
    cost = form.get("cost")
    numbers = (None,) * 4 if cost is None else (cost["flash"], cost["ram"], cost["cycles"], cost["ms"])
    over = ", ".join(f"{_NAMES[name]} by {excess:.0%}" for name, excess in form["over"].items())
    verdict = f"over: {over}" if over else "fits"
    return (form["form"], *numbers, Noted("not known", form["why"]) if form.get("why") else verdict)


def _blamed(found: Mapping[str, Any]) -> Iterator[Fact]:
    """The layers that most of each scarce thing goes to."""
    by_name = {row["layer"]: row for row in found["layers"]}
    for name, layers in found["blame"].items():
        key, unit = ("cycles", "cycles") if name == "ms" else (name, "B")
        if layers:
            yield (
                _NAMES[name],
                "mostly " + ", ".join(f"{layer} {by_name[layer][key]:,} {unit}" for layer in layers),
            )
