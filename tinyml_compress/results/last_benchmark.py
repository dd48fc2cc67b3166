"""A run of `benchmark` as the last version wrote it: before a measurement was a list of figures.

Both ways: the keys that scripts still read, and the figures of a document that has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tinyml_compress.results.base import Value
from tinyml_compress.results.figures import Figure

_HOST = "tflite"


class Times(Value, frozen=True, kw_only=True):
    """Milliseconds, measured."""

    median: float
    p90: float


class LastKeys(Value, frozen=True, kw_only=True):
    """One key per figure, its parts and its error."""

    flash: Mapping[str, int] | None = None
    """Bytes by cause, and their total."""
    ram: Mapping[str, int] | None = None
    """Bytes by cause, and their total."""
    device_flash_bytes: int | None = None
    device_ram_bytes: int | None = None
    instructions: int | None = None
    """Exact."""
    cycles: int | None = None
    """Modelled."""
    cycles_error: float | None = None
    """Half-width of the error bar, as a fraction."""
    ms: float | None = None
    """Modelled."""
    measured_ms: Times | None = None
    energy: Mapping[str, float | str] | None = None
    """Millijoules, modelled, and what they rest on."""


def last_keys(engine: str, figures: Sequence[Figure]) -> LastKeys:
    """The figures under their keys of the last version."""
    by_name = {figure.name: figure for figure in figures}
    flash, ram, arena = (by_name.get(name) for name in ("flash", "RAM", "TFLM arena"))
    cycles, time, slow = (by_name.get(name) for name in ("cycles", "ms", "ms, 90th percentile"))
    counted, energy = by_name.get("instructions"), by_name.get("mJ")
    on_host = engine == _HOST
    return LastKeys(
        flash=_sum(flash, total=not on_host),
        ram={"arena": int(arena.value)} if on_host and arena is not None else _sum(ram),
        device_flash_bytes=None if flash is None else flash.limit,
        device_ram_bytes=None if ram is None else ram.limit,
        instructions=None if counted is None else int(counted.value),
        cycles=None if cycles is None else int(cycles.value),
        cycles_error=None if cycles is None else cycles.error,
        ms=None if time is None or on_host else time.value,
        measured_ms=(
            Times(median=time.value, p90=slow.value)
            if on_host and time is not None and slow is not None
            else None
        ),
        energy=None if energy is None else {"millijoules": energy.value, **(energy.about or {})},
    )


def _sum(figure: Figure | None, *, total: bool = True) -> Mapping[str, int] | None:
    if figure is None:
        return None
    return {**({"total": int(figure.value)} if total else {}), **(figure.parts or {})}


def upgraded(run: Mapping[str, Any]) -> Mapping[str, Any]:
    """The run with figures."""
    return run if "figures" in run else {**run, "figures": list(_figures(run))}


def _figures(run: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    sizes = "exact" if run["engine"] in ("aot", _HOST) else "bounded"
    for kind in ("flash", "ram"):
        if kind in run and not (kind == "ram" and run["engine"] == _HOST):
            parts = {cause: nbytes for cause, nbytes in run[kind].items() if cause != "total"}
            yield {
                "name": {"flash": "flash", "ram": "RAM"}[kind],
                "value": sum(parts.values()) if run["engine"] == _HOST else run[kind]["total"],
                "unit": "B",
                "kind": sizes,
                "parts": parts,
                "limit": run.get(f"device_{kind}_bytes"),
            }
    if "ram" in run and run["engine"] == _HOST:
        yield {"name": "TFLM arena", "value": run["ram"]["arena"], "unit": "B", "kind": "exact"}
    error = run.get("cycles_error")
    for name, unit in (("instructions", ""), ("cycles", ""), ("ms", "ms")):
        if name in run:
            exact = name == "instructions"
            kind, bar = ("exact", None) if exact else ("modelled", error)
            yield {"name": name, "value": run[name], "unit": unit, "kind": kind, "error": bar}
    if "measured_ms" in run:
        times = run["measured_ms"]
        yield {"name": "ms", "value": times["median"], "unit": "ms", "kind": "measured"}
        yield {"name": "ms, 90th percentile", "value": times["p90"], "unit": "ms", "kind": "measured"}
    if "energy" in run:
        about = {key: value for key, value in run["energy"].items() if key != "millijoules"}
        millijoules = run["energy"]["millijoules"]
        yield {"name": "mJ", "value": millijoules, "unit": "mJ", "kind": "modelled", "about": about}
