"""The forms that all results share: frozen values that become JSON and come back from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec

from tinyml_compress.errors import DataError
from tinyml_compress.support.document import document
from tinyml_compress.support.table import Block
from tinyml_compress.support.table_markup import blocks_html
from tinyml_compress.support.table_text import blocks_text

Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
_TEXTS: dict[type, Callable[[Any], Sequence[Block]]] = {}
_RENDERINGS = "tinyml_compress.rendering"
_PAGES = f"{_RENDERINGS}.page"
"""Where results are shown, each by its type: a room above this one, loaded when a result is to be seen."""


AnyResult = TypeVar("AnyResult", bound="Result")
AnyShown = TypeVar("AnyShown", bound="Shown")
Texts = TypeVar("Texts", bound=Callable[..., Any])


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """Part of a result. What is None does not apply, and its key is absent from the JSON; a field that has
    to be given says null.
    """

    derived: ClassVar[tuple[str, ...]] = ()
    """Properties that the JSON says besides the fields."""
    last_form: ClassVar[type[Value] | None] = None
    """Keys of the JSON besides the fields: those that the last version had and this one says otherwise. They
    go with the next version.
    """

    aside: ClassVar[tuple[str, ...]] = ()
    """Fields of no meaning outside this process, which no JSON has."""

    def in_words_of_last(self) -> Value | None:
        """The value of that type."""
        return None


class Shown(Value, frozen=True, kw_only=True):
    """What people can read by itself."""

    def blocks(self) -> Sequence[Block]:
        """The result for people; a verb prints it as wide as the terminal is."""
        return shown(self)

    def summary(self, width: int | None = None) -> str:
        """The result in lines: tables as wide as they want, or of at most `width` columns."""
        return blocks_text(self.blocks(), width)

    def _repr_html_(self) -> str:
        return blocks_html(self.blocks())


class Result(Shown, frozen=True, kw_only=True):
    """All that a verb found."""

    verb: ClassVar[str]

    def html(self, command: str = "") -> str:
        """One page that loads nothing from anywhere; `command` is the call that made the result."""
        page: str = import_module(_PAGES).results_page([encoded(self, command)])
        return page

    @classmethod
    def of_last_version(cls, stored: Mapping[str, Any]) -> Mapping[str, Any]:
        """A document that the last version wrote, with the keys of this one."""
        return stored


def shows(kind: type[AnyShown]) -> Callable[[Texts], Texts]:
    """What makes the text of results of a type: a decorator for the room of renderings."""

    def keep(function: Texts) -> Texts:
        _TEXTS[kind] = function
        return function

    return keep


def shown(result: Shown) -> Sequence[Block]:
    """Its text, made by what `shows` its type."""
    import_module(_RENDERINGS)
    return _TEXTS[type(result)](result)


def encoded(result: Result, command: str = "") -> dict[str, Any]:
    """The document, its keys in a fixed order; `command` is the call that made it."""
    body: dict[str, Any] = plain(result)
    return document(result.verb, {**({"command": command} if command else {}), **body})


def decoded(kind: type[AnyResult], stored: Mapping[str, Any]) -> AnyResult:
    """The value of a document, of this version or the last. DataError says what is wrong, and where."""
    try:
        return msgspec.convert(kind.of_last_version(stored), kind, dec_hook=_path)
    except (msgspec.ValidationError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            "a result lacks a part that its schema promises",
            which=kind.verb,
            found=str(error) if isinstance(error, msgspec.ValidationError) else repr(error),
            next_step=f"run `tinyml-compress {kind.verb}` again",
        ) from error


def _path(kind: type, text: Any) -> Any:
    """The one type of fields that JSON lacks."""
    return kind(text)


def plain(value: Any) -> Any:
    """As JSON has it: mappings by the keys of the document, lists, words and numbers."""
    if isinstance(value, Value):
        fields = msgspec.structs.fields(value)
        keys = {field.name: field.encode_name for field in fields if field.name not in value.aside}
        keys |= {name: name for name in value.derived}
        items = ((key, getattr(value, name)) for name, key in keys.items())
        last = value.in_words_of_last()
        said = {field.encode_name for field in msgspec.structs.fields(value) if field.required}
        mapping = {key: plain(one) for key, one in items if one is not None or key in said}
        return mapping if last is None else {**mapping, **plain(last)}
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(one) for one in value]
    if isinstance(value, Path):
        return str(value)
    return value.value if isinstance(value, Enum) else value
