"""What is needed to make a result again, read out of any document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["facts_of"]

_WORDS = ("tool", "recipe", "seed", "data", "input", "engine", "task", "samples", "runtime", "compiler", "emulator")
_DEPTH = 2


def facts_of(document: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The command first, then versions, seeds and hashes, each with the place where it stands."""
    facts = [("verb", str(document.get("verb", "")))]
    if document.get("command"):
        facts.append(("command", str(document["command"])))
    facts += list(dict.fromkeys(_facts(document, "", 0)))
    return tuple(facts)


def _facts(value: Any, where: str, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            place = f"{where} {key}".strip()
            if key in _WORDS or key.endswith("sha256"):
                if isinstance(inner, (str, int)) and not isinstance(inner, bool):
                    yield place.replace("_", " "), str(inner)
            elif isinstance(inner, (Mapping, list)) and depth < _DEPTH:
                yield from _facts(inner, place, depth + 1)
    elif isinstance(value, list):
        for number, inner in enumerate(value[:40], start=1):
            if isinstance(inner, Mapping):
                name = inner.get("name") or inner.get("device") or inner.get("model") or number
                yield from _facts(inner, f"{where} {name}", depth + 1)
