"""What the numbers of `support/producers.py` were given for: a digest per source file, kept in
tests/producers.json.

`make producers` brings the file up to date. Where sources changed under the same number, it says which number
to raise; `make producers SAME=name` states that the results of that producer cannot differ (a renamed
variable, a new message).
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.test_structure import PACKAGE, REPO
from tinyml_compress.support.producers import PRODUCERS, Producer

STORED = REPO / "tests" / "producers.json"
_WORDS_OF_C = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/', re.DOTALL)
_NOT_MEANING = ("ctx", "kind", "type_comment")

Numbers = dict[str, dict[str, Any]]


def files_of(producer: Producer) -> list[Path]:
    """Its source files, Python and C and what lies beside them."""
    found: list[Path] = []
    for source in producer.sources:
        place = PACKAGE / source
        assert place.exists(), f"{producer.name} names {source}, which is not there"
        inside = sorted(place.rglob("*")) if place.is_dir() else [place]
        found += [path for path in inside if path.is_file() and "__pycache__" not in path.parts]
    return found


def digest(path: Path) -> str:
    """Of what the file means: comments, docstrings and layout do not count."""
    if path.suffix == ".py":
        content = _meaning(ast.parse(path.read_bytes()))
    elif path.suffix in (".c", ".h", ".S"):
        text = _WORDS_OF_C.sub(lambda word: " " if word[0].startswith("/") else word[0], path.read_text())
        content = " ".join(text.split())
    else:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def _meaning(node: object) -> str:
    """Like ast.dump, but the same under every Python that runs the tests."""
    if isinstance(node, ast.AST):
        parts = (f"{name}={_meaning(value)}" for name, value in _fields(node) if value not in (None, []))
        return f"{type(node).__name__}({','.join(parts)})"
    if isinstance(node, list):
        return f"[{','.join(_meaning(item) for item in node if not _is_text_alone(item))}]"
    return repr(node)


def _fields(node: ast.AST) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in ast.iter_fields(node) if name not in _NOT_MEANING)


def _is_text_alone(node: object) -> bool:
    """A docstring, of a module, a function or an attribute; or an empty piece of an f-string, as older
    Pythons have.
    """
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    return isinstance(node, ast.Constant) and node.value == ""


def _now() -> Numbers:
    return {
        producer.name: {
            "version": producer.version,
            "files": {path.relative_to(PACKAGE).as_posix(): digest(path) for path in files_of(producer)},
        }
        for producer in PRODUCERS
    }


def read() -> Numbers:
    """What is stored."""
    stored: Numbers = json.loads(STORED.read_text()) if STORED.exists() else {}
    return stored


def findings(stored: Numbers, now: Numbers, same: tuple[str, ...] = ()) -> list[str]:
    """What speaks against the numbers as they are, one sentence per producer."""
    found = []
    for name, row in now.items():
        old = stored.get(name)
        if old is None:
            continue
        if row["version"] < old["version"]:
            found.append(
                f"{name}: its number fell from {old['version']} to {row['version']}; numbers only rise"
            )
        elif row["version"] == old["version"] and name not in same and (changed := _changed(old, row)):
            number = row["version"]
            found.append(
                f"{name}: {', '.join(changed)} changed under number {number}. If "
                "results may differ, raise it to "
                f"{number + 1} in tinyml_compress/support/producers.py, then "
                "`make producers`; if they cannot, "
                f"`make producers SAME={name}`"
            )
    return found


def _changed(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    before, after = old["files"], new["files"]
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def refreshed() -> Numbers:
    """What belongs into the file for the sources as they are."""
    return _now()


def main(words: list[str]) -> int:
    """`python -m tests.lib.producers [NAME ...]`: the names are those whose results stay the same."""
    now, stored = _now(), read()
    same = tuple(now) if words == ["all"] else tuple(words)
    unknown = [name for name in same if name not in now]
    if unknown:
        print(f"no such producer: {', '.join(unknown)}; there are {', '.join(now)}, or all")
        return 2
    wrong = findings(stored, now, same)
    if wrong:
        print("\n".join(wrong))
        return 1
    STORED.write_text(json.dumps(now, indent=1) + "\n")
    files = sum(len(row["files"]) for row in now.values())
    print(f"{STORED.relative_to(REPO)} holds {len(now)} producers with {files} files")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
