"""JSON Schema of results, from the types themselves: names, kinds, and the docstring of each field."""

from __future__ import annotations

import ast
import inspect
import textwrap
from itertools import pairwise
from typing import Any, get_args, get_type_hints

import msgspec

from tinyml_compress.results.base import Result, Value
from tinyml_compress.support.document import SCHEMA

_REF = "#/$defs/{name}"
_HEAD = {
    "schema": {"const": SCHEMA},
    "tool": {"type": "string", "description": "version of tinyml_compress"},
    "command": {
        "type": "string",
        "description": "the call that made the document, as a shell takes it; absent outside a command line",
    },
}


def definitions(*kinds: type[Result]) -> dict[str, Any]:
    """Of the results of one verb, by name: the document under the verb, and each type that it is made of."""
    types: dict[str, Any] = {}
    forms = []
    for kind in kinds:
        parts = _definitions(kind)
        forms.append(parts.pop(kind.verb))
        types |= parts
    return {**types, kinds[0].verb: forms[0] if len(forms) == 1 else {"anyOf": forms}}


def _definitions(kind: type[Result]) -> dict[str, Any]:
    types = _types_in(kind)
    (root,), components = msgspec.json.schema_components(types[:1], schema_hook=_path, ref_template=_REF)
    schemas = {name: _present(part) for name, part in components.items()}
    for part in types:
        _describe(schemas[part.__name__], part)
        _add_derived(schemas[part.__name__], part)
        for name in getattr(part, "aside", ()):
            del schemas[part.__name__]["properties"][name]
    _add_last(schemas, types)
    document = schemas.pop(root["$ref"].rpartition("/")[2])
    properties = {"verb": {"const": kind.verb}, **_HEAD, **document["properties"]}
    required = ["schema", "verb", "tool", *document["required"]]
    schemas[kind.verb] = {**document, "properties": properties, "required": required}
    return schemas


def _path(kind: type) -> dict[str, Any]:
    """The one type of fields that JSON lacks."""
    return {"type": "string", "description": "a file or a folder"}


def _types_in(kind: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    """The type and all that its fields are made of, each once."""
    types: list[type[msgspec.Struct]] = []

    def look(info: msgspec.inspect.Type) -> None:
        if isinstance(info, msgspec.inspect.StructType) and info.cls not in types:
            types.append(info.cls)
            for field in info.fields:
                look(field.type)
        for name in ("item_type", "value_type"):
            if hasattr(info, name):
                look(getattr(info, name))
        for inner in (*getattr(info, "types", ()), *getattr(info, "item_types", ())):
            look(inner)

    look(msgspec.inspect.type_info(kind))
    return types


def _present(part: Any) -> Any:
    """A key that does not apply is absent: null and defaults are no part of the form."""
    if isinstance(part, list):
        return [_present(one) for one in part]
    if not isinstance(part, dict):
        return part
    present = {key: _present(value) for key, value in part.items() if not _is_said(key, value)}
    absent = {"type": "null"} if "default" in part else None
    choices = [one for one in present.get("anyOf", ()) if one != absent]
    if "anyOf" in present:
        present.pop("anyOf")
        present |= choices[0] if len(choices) == 1 else {"anyOf": choices}
    return present


def _is_said(key: str, value: Any) -> bool:
    """Whether a word is the library's own, and no property of that name."""
    return key == "default" or (key == "title" and isinstance(value, str))


def _describe(part: dict[str, Any], kind: type[msgspec.Struct]) -> None:
    """The docstrings that stand below the fields, its own and those that it inherits."""
    names = {field.name: field.encode_name for field in msgspec.structs.fields(kind)}
    for owner in kind.__mro__[: kind.__mro__.index(Value)]:
        body = ast.parse(textwrap.dedent(inspect.getsource(owner))).body[0]
        assert isinstance(body, ast.ClassDef)
        for field, below in pairwise(body.body):
            is_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
            key = names.get(ast.unparse(field.target)) if isinstance(field, ast.AnnAssign) else None
            if is_text and key is not None:
                text = ast.literal_eval(below.value)  # type: ignore[attr-defined]
                part["properties"][key]["description"] = " ".join(str(text).split())
    part["description"] = " ".join(str(kind.__doc__).split())


def _add_derived(part: dict[str, Any], kind: type[msgspec.Struct]) -> None:
    """The properties that stand in the JSON as well."""
    for name in getattr(kind, "derived", ()):
        getter = getattr(kind, name).fget
        hint = get_type_hints(getter)["return"]
        form = _present(msgspec.json.schema(hint))
        part["properties"][name] = {**form, "description": " ".join(str(getter.__doc__).split())}
        if type(None) not in get_args(hint):
            part.setdefault("required", []).append(name)


def _add_last(schemas: dict[str, Any], types: list[type[msgspec.Struct]]) -> None:
    """What a type says in the words of the last version as well."""
    for kind in types:
        last = getattr(kind, "last_form", None)
        if last is not None:
            _, components = msgspec.json.schema_components([last], ref_template=_REF)
            words = {name: _present(part) for name, part in components.items()}
            own = words.pop(last.__name__)
            _describe(own, last)
            schemas[kind.__name__]["properties"] |= own["properties"]
            schemas |= words
