"""Charts as Vega-Lite specifications. Colours are CSS variables: dark mode and print need no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tinyml_compress.rendering.page.html import Chart, Property, Value
from tinyml_compress.results import LayerWeights

Rows = Sequence[Mapping[str, Value]]
COLOURS = tuple(f"var(--c{number})" for number in range(1, 9))
_STEP = 22
_MANY = 40
"""So many bars have their names beside them; more stand as columns in their order."""
_LARGEST = 24
_FEW = 12
"""So many steps of a curve are all named on its axis."""
_NAMED = 16
"""So many points have their names beside them; of more, the tooltip says it."""
_PICK = {"name": "pick", "bind": "legend"}


def _hover(columns: Sequence[Property], rows: Rows) -> list[dict[str, str]]:
    """What the tooltip says: every property that some row has."""
    return [
        {"field": column.field, "title": column.title, **({"format": column.hover} if column.hover else {})}
        for column in columns
        if any(row.get(column.field) not in (None, "") for row in rows)
    ]


def _colour(field: str, names: Sequence[str], palette: Mapping[str, str] | None = None) -> dict[str, Any]:
    """`palette` fixes the colour of names that mean something."""
    chosen = [(palette or {}).get(name, COLOURS[place % len(COLOURS)]) for place, name in enumerate(names)]
    return {
        "field": field,
        "type": "nominal",
        "title": None,
        "scale": {"domain": list(names), "range": chosen},
        "legend": {"orient": "top", "columns": {"expr": "max(1, floor(containerSize()[0] / 130))"}},
    }


def _picked(field: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A click on the legend leaves one colour and dims the rest."""
    pick = {**_PICK, "select": {"type": "point", "fields": [field]}}
    return pick, {"condition": {"param": "pick", "value": 1}, "value": 0.15}


def _ticks(form: str) -> dict[str, str]:
    """Every number by itself: 0, 500, 1k, not 0k, 0.5k, 1k."""
    return {"format": form, "labelExpr": f"format(datum.value, '{form}')"}


def _distinct(rows: Rows, field: str) -> list[str]:
    return list(dict.fromkeys(str(row[field]) for row in rows))


def _base(rows: Rows) -> dict[str, Any]:
    return {
        "data": {"values": [{key: value for key, value in row.items() if value is not None} for row in rows]},
        "width": "container",
        "autosize": {"type": "fit-x", "contains": "padding"},
    }


def bars(
    title: str,
    about: str,
    rows: Rows,
    columns: Sequence[Property],
    *,
    name: str,
    value: str,
    axis: str,
    form: str = "~s",
    colour: str = "",
    interval: tuple[str, str] | None = None,
    whole: float | None = None,
    small: bool = False,
) -> Chart | None:
    """Horizontal bars with names; `interval` draws a line from one property to another over each."""
    shown = [row for row in rows if row.get(value) is not None]
    if not shown:
        return None
    limits = {} if whole is None else {"domain": [0, whole]}
    place: dict[str, Any] = {"field": name, "type": "nominal", "sort": None, "title": None}
    across: dict[str, Any] = {
        "field": value,
        "type": "quantitative",
        "title": axis,
        "axis": _ticks(form),
        "scale": limits,
    }
    mark: dict[str, Any] = {"mark": {"type": "bar", "color": COLOURS[0]}, "encoding": {"x": across}}
    kinds = _distinct(shown, colour) if colour else []
    if len(kinds) > 1:
        pick, opacity = _picked(colour)
        mark["encoding"] |= {
            "color": _colour(colour, kinds),
            "opacity": opacity,
            "yOffset": {"field": colour},
        }
        mark["params"] = [pick]
    layers = [mark]
    if interval is not None:
        offset = {"yOffset": {"field": colour}} if len(kinds) > 1 else {}
        layers.append(
            {
                "mark": {"type": "rule", "color": "var(--ink)", "strokeWidth": 1.5},
                "encoding": {
                    "x": {"field": interval[0], "type": "quantitative"},
                    "x2": {"field": interval[1]},
                    **offset,
                },
            }
        )
    step = _STEP if len(kinds) < 2 else round(0.8 * _STEP * len(kinds))
    spec = {
        **_base(shown),
        "height": step * len(_distinct(shown, name)),
        "encoding": {"y": place, "tooltip": _hover(columns, rows)},
        "layer": layers,
    }
    return Chart(title, about, spec, shown, columns, small)


def dots(
    title: str,
    about: str,
    rows: Rows,
    columns: Sequence[Property],
    *,
    name: str,
    value: str,
    axis: str,
    interval: tuple[str, str],
) -> Chart | None:
    """A dot per name with the line of its interval, on a scale that need not start at zero."""
    shown = [row for row in rows if row.get(value) is not None]
    if not shown:
        return None
    across = {"field": value, "type": "quantitative", "title": axis, "scale": {"zero": False}}
    line = {"mark": {"type": "rule", "strokeWidth": 3, "color": COLOURS[0], "opacity": 0.5}}
    spec = {
        **_base(shown),
        "height": _STEP * len(_distinct(shown, name)),
        "encoding": {
            "y": {"field": name, "type": "nominal", "sort": None, "title": None},
            "tooltip": _hover(columns, rows),
        },
        "layer": [
            {**line, "encoding": {"x": {**across, "field": interval[0]}, "x2": {"field": interval[1]}}},
            {
                "mark": {"type": "point", "filled": True, "size": 80, "color": COLOURS[0], "opacity": 1},
                "encoding": {"x": across},
            },
        ],
    }
    return Chart(title, about, spec, shown, columns)


def stacked(
    title: str,
    about: str,
    rows: Rows,
    columns: Sequence[Property],
    *,
    name: str,
    value: str,
    part: str,
    axis: str,
) -> Chart | None:
    """One bar per name, made of parts."""
    if not rows:
        return None
    pick, opacity = _picked(part)
    names = _distinct(rows, part)
    spec = {
        **_base([{**row, "order": names.index(str(row[part]))} for row in rows]),
        "height": _STEP * len(_distinct(rows, name)),
        "params": [pick],
        "mark": "bar",
        "encoding": {
            "y": {"field": name, "type": "nominal", "sort": None, "title": None},
            "x": {
                "field": value,
                "type": "quantitative",
                "title": axis,
                "axis": _ticks("~s"),
                "stack": "zero",
            },
            "color": _colour(part, names),
            "order": {"field": "order", "type": "quantitative"},
            "opacity": opacity,
            "tooltip": _hover(columns, rows),
        },
    }
    return Chart(title, about, spec, rows, columns)


def scatter(
    title: str,
    about: str,
    rows: Rows,
    columns: Sequence[Property],
    *,
    name: str,
    x: str,
    y: str,
    axes: tuple[str, str],
    front: str,
    interval: tuple[str, str] | None = None,
    colour: str = "",
    limits: tuple[float | None, float | None] = (None, None),
    palette: Mapping[str, str] | None = None,
) -> Chart | None:
    """Points, the small and good ones joined: rows whose property `front` is true are beaten by no other.

    `limits` draws a line at an x and at a y that must not be passed.
    """
    shown = [row for row in rows if row.get(x) is not None and row.get(y) is not None]
    if not shown:
        return None
    across = {
        "field": x,
        "type": "quantitative",
        "title": axes[0],
        "axis": _ticks("~s"),
        "scale": {"zero": False, "nice": True},
    }
    up = {"field": y, "type": "quantitative", "title": axes[1], "scale": {"zero": False, "nice": True}}
    layers: list[dict[str, Any]] = [
        {
            "transform": [
                {"filter": f"datum['{front}']"},
                {"sort": [{"field": x}], "window": [{"op": "row_number", "as": "rank"}]},
            ],
            "mark": {
                "type": "line",
                "color": "var(--dim)",
                "strokeDash": [4, 3],
                "strokeWidth": 1,
                "tooltip": None,
            },
            "encoding": {"x": across, "y": up, "order": {"field": x, "type": "quantitative"}},
        }
    ]
    if interval is not None and any(row.get(interval[0]) is not None for row in shown):
        layers.append(
            {
                "transform": [{"filter": f"isValid(datum['{interval[0]}'])"}],
                "mark": {"type": "rule", "color": "var(--dim)", "strokeWidth": 1},
                "encoding": {"x": across, "y": {**up, "field": interval[0]}, "y2": {"field": interval[1]}},
            }
        )
    for channel, limit in zip(("x", "y"), limits, strict=True):
        if limit is not None:
            rule = {"mark": {"type": "rule", "color": "var(--bad)", "strokeWidth": 1.5, "tooltip": None}}
            layers.append({**rule, "data": {"values": [{}]}, "encoding": {channel: {"datum": limit}}})
    points: dict[str, Any] = {
        "mark": {"type": "point", "filled": True, "size": 90, "color": COLOURS[0], "opacity": 1},
        "encoding": {"x": across, "y": up, "tooltip": _hover(columns, rows)},
    }
    kinds = _distinct(shown, colour) if colour else []
    if len(kinds) > 1:
        pick, opacity = _picked(colour)
        points["params"] = [pick]
        points["encoding"] |= {"color": _colour(colour, kinds, palette), "opacity": opacity}
    layers.append(points)
    if len(shown) <= _NAMED:
        layers += _labels(shown, name, x, y, across, up)
    spec = {**_base(shown), "height": 320, "layer": layers}
    return Chart(title, about, spec, shown, columns)


def _labels(
    rows: Rows, name: str, x: str, y: str, across: Mapping[str, Any], up: Mapping[str, Any]
) -> list[Any]:
    """Names beside the points: to the left at the right edge, higher or lower where another name is in the
    way.
    """
    places = [(float(row[x] or 0), float(row[y] or 0)) for row in rows]
    wide, high = (max(values) - min(values) or 1.0 for values in zip(*places, strict=True))
    left, low = (min(values) for values in zip(*places, strict=True))
    taken: list[tuple[float, float, float]] = []
    groups: dict[tuple[bool, int], list[dict[str, Value]]] = {}
    for (at_x, at_y), row in sorted(zip(places, rows, strict=True), key=lambda pair: pair[0]):
        across_at, up_at = (at_x - left) / wide, (at_y - low) / high
        turned = across_at > 0.7
        length = 0.009 * min(len(str(row[name])), 24)
        start, end = (across_at - length, across_at) if turned else (across_at, across_at + length)
        for shift in (-7, 13, -20, 26, -33, 39):
            line = up_at - shift / 280
            if all(abs(line - other) > 0.042 or end < begin or start > stop for begin, stop, other in taken):
                break
        taken.append((start, end, line))
        groups.setdefault((turned, shift), []).append({x: at_x, y: at_y, name: row[name]})
    return [
        {
            "data": {"values": chosen},
            "mark": {
                "type": "text",
                "align": "right" if turned else "left",
                "dx": -7 if turned else 7,
                "dy": shift,
                "limit": 160,
                "tooltip": None,
            },
            "encoding": {"x": across, "y": up, "text": {"field": name}},
        }
        for (turned, shift), chosen in groups.items()
    ]


def curves(
    title: str,
    about: str,
    rows: Rows,
    columns: Sequence[Property],
    *,
    x: str,
    y: str,
    axes: tuple[str, str],
    colour: str,
) -> Chart | None:
    """Lines over steps, one per value of `colour`, with a dot at each step."""
    shown = [row for row in rows if row.get(y) is not None]
    if len(shown) < 2:
        return None
    kinds = _distinct(shown, colour)
    pick, opacity = _picked(colour)
    steps = sorted({int(row[x] or 0) for row in shown})
    across = {"values": steps} if len(steps) <= _FEW else {"tickMinStep": 1}
    spec = {
        **_base(shown),
        "height": 200,
        "params": [pick],
        "mark": {"type": "line", "point": {"size": 30}, "strokeWidth": 1.5},
        "encoding": {
            "x": {"field": x, "type": "quantitative", "title": axes[0], "axis": {"format": "d", **across}},
            "y": {"field": y, "type": "quantitative", "title": axes[1], "scale": {"zero": False}},
            "color": _colour(colour, kinds),
            "opacity": opacity,
            "tooltip": _hover(columns, rows),
        },
    }
    return Chart(title, about, spec, shown, columns, small=True)


def nodes(
    title: str,
    about: str,
    rows: Rows,
    columns: Sequence[Property],
    *,
    name: str,
    value: str,
    axis: str,
    form: str = "~s",
    colour: str = "",
    whole: float | None = None,
) -> Chart | None:
    """One bar per node: with names where they are few, else columns in the order of the nodes that can be
    zoomed.
    """
    shown = [row for row in rows if row.get(value) is not None]
    if not shown:
        return None
    up: dict[str, Any] = {"field": value, "type": "quantitative", "title": axis, "axis": _ticks(form)}
    if whole is not None:
        up["scale"] = {"domain": [0, whole]}
    encoding: dict[str, Any] = {"tooltip": _hover(columns, rows)}
    params: list[dict[str, Any]] = []
    kinds = _distinct(shown, colour) if colour else []
    if len(kinds) > 1:
        pick, encoding["opacity"] = _picked(colour)
        encoding["color"] = _colour(colour, kinds)
        params.append(pick)
    if len(shown) <= _MANY:
        encoding |= {"y": {"field": name, "type": "nominal", "sort": None, "title": None}, "x": up}
        size: dict[str, Any] = {"height": 18 * len(_distinct(shown, name))}
        mark: dict[str, Any] = {"type": "bar", "color": COLOURS[0]}
    else:
        encoding |= {
            "x": {
                "field": "place",
                "type": "quantitative",
                "title": "node",
                "scale": {"domain": [-1, len(shown)], "nice": False},
                "axis": {"format": "d", "tickMinStep": 1},
            },
            "x2": {"field": "end"},
            "y": up,
            "y2": {"datum": 0},
        }
        size = {"height": 260}
        mark = {"type": "rect", "color": COLOURS[0], "clip": True}
        still = "[pointerdown, window:pointerup] > window:pointermove!"
        zoom = {"type": "interval", "encodings": ["x"], "zoom": "wheel![event.shiftKey]", "translate": still}
        params.append({"name": "zoom", "select": zoom, "bind": "scales"})
        shown = [{**row, "place": place - 0.4, "end": place + 0.4} for place, row in enumerate(shown)]
        about += " In the order of the nodes; shift and wheel zooms, dragging moves."
    spec = {**_base(shown), **size, "params": params, "mark": mark, "encoding": encoding}
    return Chart(title, about, spec, shown, columns)


def memory_plan(title: str, about: str, rows: Rows, columns: Sequence[Property]) -> Chart | None:
    """Buffers as rectangles: nodes across, addresses up. Rows have first, end, offset and top."""
    if not rows:
        return None
    coloured = [{**row, "colour": str(place % len(COLOURS))} for place, row in enumerate(rows)]
    scale = {"domain": [str(number) for number in range(len(COLOURS))], "range": list(COLOURS)}
    spec = {
        **_base(coloured),
        "height": 280,
        "mark": {"type": "rect", "stroke": "var(--paper)", "strokeWidth": 1, "opacity": 0.85},
        "encoding": {
            "x": {
                "field": "first",
                "type": "quantitative",
                "title": "node",
                "axis": {"format": "d", "tickMinStep": 1},
                "scale": {"nice": False},
            },
            "x2": {"field": "end"},
            "y": {
                "field": "offset",
                "type": "quantitative",
                "title": "byte of the arena",
                "axis": _ticks("~s"),
            },
            "y2": {"field": "top"},
            "color": {"field": "colour", "type": "nominal", "scale": scale, "legend": None},
            "tooltip": _hover(columns, rows),
        },
    }
    return Chart(title, about, spec, rows, columns)


def histograms(title: str, about: str, layers: Sequence[LayerWeights]) -> Chart | None:
    """The weights of the largest layers, one small histogram each; the page chooses how many
    stand in a row.
    """
    largest = sorted(layers, key=lambda layer: -layer.count)[:_LARGEST]
    chosen = [layer for layer in layers if layer in largest]
    rows: list[dict[str, Value]] = []
    for layer in chosen:
        low, high = layer.edges
        step = (high - low) / max(1, len(layer.histogram))
        rows += [
            {
                "layer": layer.name,
                "from": low + step * place,
                "to": low + step * (place + 1),
                "weights": count,
            }
            for place, count in enumerate(layer.histogram)
        ]
    if not rows:
        return None
    columns = (
        Property("layer", "layer"),
        Property("from", "from", ".4g", ".4~g"),
        Property("to", "to", ".4g", ".4~g"),
        Property("weights", "weights that are not zero", ",", ","),
    )
    spec = {
        "data": {"values": rows},
        "facet": {
            "field": "layer",
            "type": "nominal",
            "sort": None,
            "title": None,
            "header": {"labelLimit": 190},
        },
        "columns": 4,
        "resolve": {"scale": {"x": "independent", "y": "independent"}},
        "spec": {
            "width": 190,
            "height": 70,
            "mark": {"type": "rect", "color": COLOURS[0]},
            "encoding": {
                "x": {
                    "field": "from",
                    "type": "quantitative",
                    "title": None,
                    "axis": {"tickCount": 3, "grid": False},
                },
                "x2": {"field": "to"},
                "y": {
                    "field": "weights",
                    "type": "quantitative",
                    "title": None,
                    "axis": {"tickCount": 2, **_ticks("~s")},
                },
                "y2": {"datum": 0},
                "tooltip": _hover(columns, rows),
            },
        },
    }
    return Chart(title, about, spec, rows, columns)


def matrix(title: str, about: str, counts: Sequence[Sequence[int]], names: Sequence[str]) -> Chart | None:
    """A confusion matrix: the true class down, the answer across; each row is a whole."""
    if not counts:
        return None
    rows: list[dict[str, Value]] = []
    for true, row in enumerate(counts):
        whole = sum(row)
        rows += [
            {
                "true": names[true],
                "answer": names[answer],
                "samples": count,
                "share": count / whole if whole else 0.0,
            }
            for answer, count in enumerate(row)
        ]
    columns = (
        Property("true", "true class"),
        Property("answer", "answer"),
        Property("samples", "samples", ",", ","),
        Property("share", "of the true class", ".1%", ".1%"),
    )
    shared: dict[str, Any] = {
        "x": {
            "field": "answer",
            "type": "nominal",
            "sort": None,
            "title": "answer",
            "axis": {"labelAngle": 0, "labelOverlap": True},
        },
        "y": {"field": "true", "type": "nominal", "sort": None, "title": "true class"},
        "tooltip": _hover(columns, rows),
    }
    shade = {
        "field": "share",
        "type": "quantitative",
        "legend": None,
        "scale": {"type": "sqrt", "domain": [0, 1], "range": [0, 1]},
    }
    wrong = {
        "condition": {"test": "datum.true === datum.answer", "value": "var(--c1)"},
        "value": "var(--bad)",
    }
    layers: list[dict[str, Any]] = [
        {"mark": {"type": "rect"}, "encoding": {"fill": wrong, "fillOpacity": shade}}
    ]
    if len(names) <= 16:
        ink = {"condition": {"test": "datum.share > 0.4", "value": "var(--paper)"}, "value": "var(--ink)"}
        counted = {"transform": [{"filter": "datum.samples > 0"}], "mark": {"type": "text", "fontSize": 11}}
        layers.append({**counted, "encoding": {"text": {"field": "samples"}, "color": ink}})
    spec = {
        **_base(rows),
        "height": (24 if len(names) <= 16 else 10) * len(names),
        "encoding": shared,
        "layer": layers,
    }
    return Chart(title, about, spec, [row for row in rows if row["samples"]], columns, small=True)
