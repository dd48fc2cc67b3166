"""What the words of a call stand for, as digests: a file that changed under its old name is another input."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

from tinyml_compress.support import files


def content_of_model(spec: str) -> str:
    """Of a model that is named by a path, by `package.module:function`, or as `zoo:NAME`; nothing of it is
    run.

    Of a function it is the text of its own module; a name of the zoo means the same net as long as the zoo
    has the number that keys carry.
    """
    path = Path(spec)
    if path.is_file():
        return files.sha256(files.read_bytes(path))
    if path.is_dir():
        digest = hashlib.sha256()
        for file in sorted(item for item in path.rglob("*") if item.is_file()):
            content = files.read_bytes(file)
            digest.update(f"{file.relative_to(path).as_posix()}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()
    source = _source_of(spec.removeprefix("torch:").partition(":")[0])
    return spec if source is None else f"{spec} {files.sha256(source.read_bytes())}"


def _source_of(module: str) -> Path | None:
    """Where the module lies: in the current folder, as Python would find it for the user, or installed."""
    near = Path(*module.split("."))
    for place in (near.with_suffix(".py"), near / "__init__.py"):
        if place.is_file():
            return place
    try:
        spec = find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return None
    return Path(spec.origin) if spec is not None and spec.origin and Path(spec.origin).is_file() else None
