"""A budget search in the terminal: the verdict, the Pareto table, what binds, what would have to give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tinyml_compress.evaluation import ScoreKind

__all__ = ["estimate_text", "fit_text", "made_with"]

_MOST = 20
_NAMES = {"flash": "flash", "ram": "RAM", "ms": "time", "drop": "drop"}


def fit_text(found: Mapping[str, Any]) -> str:
    """The lines for a fit.json."""
    limits = ", ".join(f"{_NAMES[name]} {_amount(name, limit)}" for name, limit in found["budget"].items())
    lines = [
        f"fit        {found['model']} on {found['target_title']}, data {found['data']}, seed {found['seed']}",
        f"budget     {limits or 'not known yet'}",
        _counts(found),
    ]
    if "float" in found:
        one = found["float"]
        lines.append(
            f"float      {_score(one['score'], found)} ({one['metric']}, {one['samples'][0]:,} samples to choose by)"
        )
    if "reference" in found:
        one = found["reference"]
        lines.append(f"int8       {_score(one['score'], found)}, {_cost(one['cost'])}")
    lines += [f"left out   {row['name']}: {row['why']}" for row in found.get("left_out", ())]
    lines += ["", *_table(found), ""]
    lines += _verdict(found)
    return "\n".join(lines)


def _counts(found: Mapping[str, Any]) -> str:
    counts = found["counts"]
    parts = [f"{counts[name]} {name}" for name in ("trained", "hopeless", "stopped", "failed") if counts.get(name)]
    back = f", {counts['lost']} taken up again after a crash" if counts.get("lost") else ""
    early = "; interrupted, best so far" if found["interrupted"] else ""
    return f"trials     {counts['trials']}: {', '.join(parts) or 'none ended'}{back} in {found['seconds']:.0f} s{early}"


def _table(found: Mapping[str, Any]) -> list[str]:
    by_number = {trial["number"]: trial for trial in found["trials"]}
    head = ("trial", "", "score", "drop", "flash B", "RAM B", "cycles", "ms", "trained", "what")
    rows = [head]
    for number in found["front"][:_MOST]:
        trial = by_number[number]
        cost = trial["cost"]
        mark = "*" if number == found["winner"] else "+" if trial["feasible"] else ""
        rows.append(
            (
                str(number),
                mark,
                _score(trial["score"], found),
                f"{trial['drop'] * 100:+.2f}",
                f"{cost['flash']:,}",
                f"{cost['ram']:,}",
                f"{cost['cycles']:,}",
                f"{cost['ms']:.2f}",
                f"{trial['rungs'][-1]['part']:.0%}",
                made_with(trial["params"]),
            )
        )
    if len(rows) == 1:
        return ["no trial was trained"]
    more = len(found["front"]) - _MOST
    rest = [f"  and {more} more in fit.json"] if more > 0 else []
    return [
        "Pareto front of drop, time and flash (* winner, + within the budget; bytes exact, cycles modelled)",
        *_columns(rows),
        *rest,
    ]


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    last = len(widths) - 1
    return [
        "  "
        + "  ".join(
            cell.ljust(width) if place == last else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def made_with(params: Mapping[str, Any]) -> str:
    """What a trial does to the model, in words; what is off is not told."""
    off = {
        "keep": 1.0, "narrow": "channels", "scope": "layer", "low_rank": 1.0, "sparsity": 0.0, "pattern": "",
        "teach": 0.0, "clusters": 0, "qat": False, "mode": "int8", "wide": 0,
    }  # fmt: skip
    parts = []
    for name, value in params.items():
        if name in off and value == off[name]:
            continue
        parts.append("qat" if name == "qat" else f"{name} {value}")
    return ", ".join(parts)


def _verdict(found: Mapping[str, Any]) -> list[str]:
    lines = []
    if found["winner"] is not None:
        best = next(trial for trial in found["trials"] if trial["number"] == found["winner"])
        lines.append(f"FITS       trial {best['number']}: {_score(best['score'], found)}, {_cost(best['cost'])}")
        if "binding" in found:
            tight = found["binding"]
            name = tight["constraint"]
            used, limit = _amount(name, tight["used"]), _amount(name, tight["limit"])
            lines.append(f"binding    {_NAMES[name]}: {used} of {limit}")
        if "published" in found:
            made = found["published"]
            apart = made["untouched"]
            lines.append(
                f"untouched  {_score(apart['score'], found)} after {_score(apart['float'], found)} of the float model "
                f"({-apart['drop'] * 100:+.2f} points) on {apart['samples']:,} samples that nothing was chosen by"
            )
            lines.append(f"checked    {made['agreement']}")
            lines += [f"again      {command}" for command in made["commands"]]
        return lines
    lines.append("DOES NOT FIT" if found["verdict"] == "does not fit" else "NOTHING JUDGED")
    if "nearest" in found:
        near = found["nearest"]
        over = ", ".join(
            f"{_NAMES[name]} by {excess * 100:.1f} points" if name == "drop" else f"{_NAMES[name]} by {excess:.0%}"
            for name, excess in near["over"].items()
        )
        lines.append(
            f"nearest    trial {near['number']} is over the {over}" if over else f"nearest    trial {near['number']}"
        )
    for row in found.get("gives", ()):
        name = row["constraint"]
        lines.append(
            f"to give    {_NAMES[name]} {_amount(name, row['needs'])} instead of {_amount(name, row['limit'])}, "
            f"all else as asked (trial {row['trial']})"
        )
    if found["verdict"] == "does not fit" and not found.get("gives"):
        lines.append("to give    more than one limit: no trial keeps all but one of them")
    return lines


def _amount(name: str, value: float) -> str:
    if name == "ms":
        return f"{value:.2f} ms"
    return f"{value * 100:.1f} points" if name == "drop" else f"{value:,.0f} B"


def _score(value: float, found: Mapping[str, Any]) -> str:
    return ScoreKind(found["metric"]).shown(value)


def _cost(cost: Mapping[str, Any]) -> str:
    energy = f", {cost['mj']:.3g} mJ" if "mj" in cost else ""
    return f"flash {cost['flash']:,} B, RAM {cost['ram']:,} B, {cost['cycles']:,} cycles, {cost['ms']:.2f} ms{energy}"


def estimate_text(found: Mapping[str, Any]) -> str:
    """The lines for `fit --estimate`."""
    limits = ", ".join(f"{_NAMES[name]} {_amount(name, limit)}" for name, limit in found["budget"].items())
    rows = [("form", "flash B", "RAM B", "cycles", "ms", "verdict")]
    for form in found["forms"]:
        cost = form.get("cost")
        numbers = (
            ("-", "-", "-", "-")
            if cost is None
            else (f"{cost['flash']:,}", f"{cost['ram']:,}", f"{cost['cycles']:,}", f"{cost['ms']:.2f}")
        )
        over = ", ".join(f"{_NAMES[name]} by {excess:.0%}" for name, excess in form["over"].items())
        says = form.get("why") or (f"over: {over}" if over else "fits")
        rows.append((form["form"], *numbers, says))
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = [
        f"estimate   {found['model']} as int8 on {found['target_title']}, calibrated with {found['samples']}",
        f"budget     {limits or 'the board itself'}",
        "",
        *(
            "  "
            + "  ".join(
                cell.ljust(width) if place in (0, 5) else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ),
        "",
        f"verdict    {found['verdict']}; accuracy is another question: `fit` answers it by training",
    ]
    by_name = {row["layer"]: row for row in found["layers"]}
    for name, layers in found["blame"].items():
        key = "cycles" if name == "ms" else name
        unit = "cycles" if name == "ms" else "B"
        named = ", ".join(f"{layer} {by_name[layer][key]:,} {unit}" for layer in layers)
        if named:
            lines.append(f"{_NAMES[name]:<10} mostly {named}")
    return "\n".join(lines)
