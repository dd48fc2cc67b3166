"""What is needed to make a result again, read out of any document."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

_WORDS = (
    "tool",
    "recipe",
    "seed",
    "data",
    "input",
    "engine",
    "task",
    "samples",
    "runtime",
    "litert",
    "mode",
    "calibration",
    "target",
    "study",
)
_CALLED = {"model", "recipe", "seed"}
_OF_PARTS = ("device", "engine", "model", "name", "path", "compiler", "emulator", "optimize")
_DEPTH = 2


def facts_of(document: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The command first, then versions, seeds and hashes; what stands deeper says where."""
    facts = [("verb", str(document.get("verb", "")))]
    command = document.get("command") or _composed(document)
    if command:
        facts.append(("command", str(command)))
    return (*facts, *_facts(document, "", 0))


def _composed(document: Mapping[str, Any]) -> str:
    """The call that a report.json stands for, which a run writes wherever it was started from."""
    if document.get("verb") != "compress" or not document.keys() >= _CALLED:
        return ""
    words = ["tinyml-compress", "compress", document["model"], "--recipe", document["recipe"]]
    words += ["--data", document["data"]] if "data" in document else []
    return shlex.join(str(word) for word in [*words, "--seed", document["seed"], "-o", "again"])


def _facts(value: Mapping[str, Any], where: str, depth: int) -> list[tuple[str, str]]:
    facts = []
    for key, inner in value.items():
        place = f"{where} {key}".strip()
        if isinstance(inner, Mapping):
            if depth < _DEPTH:
                facts += _facts(inner, place, depth + 1)
        elif _tells(key, inner):
            facts.append((place.replace("_", " "), str(inner)))
    return facts


def _tells(key: str, value: Any) -> bool:
    return (
        (key in _WORDS or key.endswith("sha256"))
        and isinstance(value, (str, int))
        and not isinstance(value, bool)
    )


def parts_of(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """The same of the runs, models and stages inside, one row each."""
    rows = []
    for value in document.values():
        if not isinstance(value, list):
            continue
        for one in value:
            if isinstance(one, Mapping):
                row = {
                    key: str(inner)
                    for key, inner in one.items()
                    if key in _OF_PARTS or key.endswith("sha256")
                }
                if any(key.endswith("sha256") or key == "compiler" for key in row):
                    rows.append({key: text for key, text in row.items() if not text.startswith("{")})
    return rows
