"""Results against the schema that ships, strictly: a key that the schema does not name is an error too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema

from tinyml_compress.support.resources import package_folder

LAST = Path(__file__).parents[1] / "results" / "results.last.schema.json"
"""Of all results, as the last version described them: scripts were written against it."""


@lru_cache(maxsize=1)
def schema() -> dict[str, Any]:
    """The schema as it ships."""
    path = package_folder("tinyml_compress.results") / "results.schema.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(found)
    return found


def _strict(part: Any) -> Any:
    """Users may meet keys of later versions; our own results must hold no key without a description."""
    if isinstance(part, list):
        return [_strict(one) for one in part]
    if not isinstance(part, dict):
        return part
    made = {key: _strict(value) for key, value in part.items()}
    if (
        part.get("type") == "object"
        and "properties" in part
        and not {"allOf", "additionalProperties"} & set(part)
    ):
        made["additionalProperties"] = False
    return made


@lru_cache(maxsize=2)
def _validator(strict: bool) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(_strict(schema()) if strict else schema())


@lru_cache(maxsize=1)
def _last() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(LAST.read_text(encoding="utf-8")))


def _faults(validator: jsonschema.Draft202012Validator, document: Mapping[str, Any]) -> list[str]:
    """What a schema has against a document; the deepest complaint of every choice."""
    found = []
    for error in validator.iter_errors(json.loads(json.dumps(document))):
        deepest = jsonschema.exceptions.best_match([error])
        found.append(f"{deepest.json_path}: {deepest.message[:300]}")
    return found


def faults(document: Mapping[str, Any], *, strict: bool = True) -> list[str]:
    """Those of the schema that ships."""
    return _faults(_validator(strict), document)


def validate(document: Mapping[str, Any]) -> None:
    """Fails with all faults, and with those of the last version's schema, where that had the verb."""
    found = list(faults(document))
    if document["verb"] in _last().schema["$defs"]["result"]["properties"]["verb"]["enum"]:
        found += [f"last version: {fault}" for fault in _faults(_last(), document)]
    assert not found, "\n".join(found)
