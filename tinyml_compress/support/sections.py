"""A strict reader of TOML tables: every key is asked for by name and type, and what is left over
is an error.
"""

from __future__ import annotations

import difflib
import reprlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tinyml_compress.errors import ConfigError
from tinyml_compress.support.files import content

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_LARGEST = 16 << 20
_FLOAT_MAX = sys.float_info.max


def nearest(word: str, allowed: Iterable[str]) -> str:
    """All allowed words, the most similar one first when there is one."""
    words = sorted(allowed)
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    return f"did you mean {close[0]}? All: {', '.join(words)}" if close else ", ".join(words)


def parse(path: Path, manual: str) -> tuple[Section, bytes]:
    """The file's top table, and its bytes; `manual` is the page that shows how such a file looks."""
    try:
        data = content(path, _LARGEST)
    except OSError as error:
        raise ConfigError("cannot read", which=path, found=error.strerror or error) from error
    try:
        table = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:  # no UTF-8, a number of thousands of digits, endless levels
        raise ConfigError(
            "not a TOML file", which=path, found=error, next_step=f"{manual} shows how a file looks"
        ) from error
    return Section(path, "", table), data


class _Short(reprlib.Repr):
    """Values as they would be written, their middle left out where they are long or deep."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 120
        self.maxlist = self.maxdict = 8

    def repr_int(self, x: int, level: int) -> str:
        return repr(x) if x.bit_length() < 200 else f"a whole number of {x.bit_length()} bits"


shown = _Short().repr


class Section:
    """One table of the file. `close()` refuses keys that nobody asked for."""

    def __init__(self, path: Path, where: str, table: Mapping[str, Any]) -> None:
        self._path = path
        self._where = where
        self._table = table
        self._asked: set[str] = set()

    def error(self, what: str, key: str = "", **rest: Any) -> ConfigError:
        place = ".".join(part for part in (self._where, key) if part)
        return ConfigError(what, which=f"{self._path.name}: {place}" if place else self._path.name, **rest)

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def has(self, key: str) -> bool:
        self._asked.add(key)
        return key in self._table

    def text(self, key: str, default: str | None = None, one_of: Iterable[str] | None = None) -> str:
        value = self._get(key, str, "a text", default)
        if not isinstance(value, str) or (value == "" and default is None):
            raise self.error("a text may not be empty", key)
        if one_of is not None and value not in (allowed := tuple(one_of)):
            raise self.error("unknown word", key, found=value, allowed=nearest(value, allowed))
        return value

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        value = self._get(key, list, "a list of texts", None if default is None else list(default))
        if not all(isinstance(item, str) for item in value):
            raise self.error("wrong type", key, found=shown(value), allowed="a list of texts")
        return tuple(value)

    def flag(self, key: str, default: bool | None = None) -> bool:
        return bool(self._get(key, bool, "true or false", default))

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        value = self._get(key, int, "a whole number", default)
        if not low <= value <= high:
            raise self.error("number out of range", key, found=shown(value), allowed=f"{low} to {high}")
        return int(value)

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        value = self._get(key, (int, float), "a number", default)
        if not low <= value <= high:  # NaN is not, nor is a whole number beyond every float
            raise self.error("number out of range", key, found=shown(value), allowed=f"{low:g} to {high:g}")
        return float(value)

    def numbers(self, key: str, low: float = -_FLOAT_MAX, high: float = _FLOAT_MAX) -> tuple[float, ...]:
        """One number or a list of them, at least one."""
        value = self._get(key, (int, float, list), "a number or a list of numbers", None)
        entries = value if isinstance(value, list) else [value]
        if not entries or any(isinstance(n, bool) or not isinstance(n, (int, float)) for n in entries):
            raise self.error("wrong type", key, found=shown(value), allowed="a number or a list of numbers")
        for number in entries:
            if not low <= number <= high:
                raise self.error(
                    "number out of range", key, found=shown(number), allowed=f"{low:g} to {high:g}"
                )
        return tuple(float(number) for number in entries)

    def is_text(self, key: str) -> bool:
        """Whether the key holds a text, where other types are allowed too."""
        return isinstance(self._table.get(key), str)

    def section(self, key: str) -> Section:
        return Section(self._path, self._below(key), self._get(key, dict, "a table", None))

    def optional_section(self, key: str) -> Section:
        """An empty section when the table is absent."""
        return Section(self._path, self._below(key), self._get(key, dict, "a table", {}))

    def sections(self, key: str) -> tuple[Section, ...]:
        """An array of tables, `[[key]]`; at least one."""
        tables = self._get(key, list, f"tables [[{self._below(key)}]]", None)
        if not tables or not all(isinstance(table, dict) for table in tables):
            raise self.error(
                "wrong type", key, found=shown(tables), allowed=f"one or more [[{self._below(key)}]]"
            )
        return tuple(Section(self._path, f"{self._below(key)}[{i}]", table) for i, table in enumerate(tables))

    def close(self) -> None:
        for key in self._table:
            if key not in self._asked:
                raise self.error("unknown key", key, found=key, allowed=nearest(key, self._asked))

    def _below(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    def _get(self, key: str, kind: type | tuple[type, ...], kind_name: str, default: Any) -> Any:
        self._asked.add(key)
        if key not in self._table:
            if default is None:
                # A misspelt key is both unknown and missing: the first is the better message.
                twin = difflib.get_close_matches(key, [k for k in self._table if k not in self._asked], n=1)
                raise self.error(
                    "missing key",
                    key,
                    found=f"{twin[0]}, which is no key" if twin else None,
                    allowed=kind_name,
                )
            return default
        value = self._table[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.error("wrong type", key, found=shown(value), allowed=kind_name)
        return value
