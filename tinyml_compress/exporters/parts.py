"""Files that every format has: the self-test, the example, the licence, the README."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TypeAlias

from tinyml_compress._version import __version__
from tinyml_compress.exporters.bundle import Bundle, Runtime
from tinyml_compress.exporters.templating import template
from tinyml_compress.support.templating import filled

Files: TypeAlias = dict[str, str | bytes]
_FLOAT = re.compile(r"\bfloat\b")
_WHAT = {
    "README.md": "this text",
    "LICENSE": "of the code",
    "{}.c": "the model: weights, kernels, memory plan",
    "{}.h": "its sizes, shapes, scales and functions",
    "{}_selftest.c": "the self-test",
    "{}_selftest.cpp": "the self-test",
    "{}_selftest.h": "what the self-test is called with and what it says",
    "{}_test_vectors.h": "golden vectors, read by the self-test alone",
    "{}_preprocessing.h": "how inputs are made from sensor values",
    "{}_frontend.c": "the front end: from samples to the model's input",
    "{}_frontend.h": "its functions and what they take",
    "{}_resampler.c": "from the microphone's sample rate to the model's",
    "{}_resampler.h": "its functions and what they take",
    "{}_model_data.c": "the .tflite file as an array",
    "{}_model_data.h": "its size, shapes and scales",
    "{}_mlperf.c": "the protocol of MLPerf Tiny, the device's side",
    "{}_mlperf.h": "the functions that it wants of a board",
    "{}_mlperf_listening.h": "the part of it that listens",
    "{}_resolver.h": "the operators that the model needs, and its arena",
}


def text(bundle: Bundle, path: str, **more: str) -> str:
    """A template with the bundle's facts and `more`."""
    return filled(template(path), bundle.name, {**_facts(bundle), **more})


def below(folder: str, files: Mapping[str, str]) -> dict[str, str]:
    """The same files in a folder."""
    return {f"{folder}/{name}": content for name, content in files.items()}


def headers(bundle: Bundle) -> dict[str, str]:
    """Public headers, the self-test's with them."""
    return {**bundle.headers, f"{bundle.name}_selftest.h": text(bundle, "common/selftest.h")}


def sources(bundle: Bundle) -> dict[str, str]:
    """What has to be compiled, the self-test with it."""
    ending = PurePosixPath(selftest(bundle)).suffix
    model = {name: _strict(content) for name, content in bundle.sources.items()}
    return {**model, selftest(bundle): text(bundle, f"{bundle.engine.value}/selftest{ending}")}


def selftest(bundle: Bundle) -> str:
    """The name of the self-test's source."""
    return f"{bundle.name}_selftest.{'c' if bundle.engine is Runtime.AOT else 'cpp'}"


def private(bundle: Bundle) -> dict[str, str]:
    """Headers that only the sources read: they lie beside them."""
    return {f"{bundle.name}_test_vectors.h": bundle.vectors.header}


def main_c(bundle: Bundle) -> str:
    """The example for whatever has printf and clock."""
    return text(bundle, "common/main.c")


def licence() -> str:
    """Of the generated code."""
    return template("common/LICENSE.txt")


def readme(bundle: Bundle, files: Mapping[str, object], what: str, use: str) -> str:
    """The README: `what` it is in a line, and how to `use` it in this ecosystem; `files` are listed."""
    known = {pattern.format(bundle.name): meaning for pattern, meaning in _WHAT.items()}
    listed = [
        f"- `{path}`" + (f": {known[name]}" if (name := PurePosixPath(path).name) in known else "")
        for path in sorted((*files, "README.md"))
    ]
    needs = "".join(f"\n## Compiler and start-up\n\nThe kernels want: {need}.\n" for need in bundle.firmware)
    return text(bundle, "common/readme.txt", what=what, use=use.strip(), needs=needs, files="\n".join(listed))


def _strict(source: str) -> str:
    """The source with contraction off where it computes in float."""
    if not _FLOAT.search(source):
        return source
    banner, end, rest = source.partition("*/\n")
    return f"{banner}{end}\n{template('aot/strict_floats.h')}{rest}"


def _facts(bundle: Bundle) -> dict[str, str]:
    facts = {
        "version": __version__,
        "sha256": bundle.model_sha256,
        "release": bundle.release,
        "author": bundle.author,
        "url": bundle.url,
        "public": next(iter(bundle.headers)),
        "crc": bundle.crc32,
        "arena_bytes": bundle.arena_bytes,
        "arena_align": bundle.arena_align,
        "inputs": "; ".join(bundle.inputs) or "none",
        "outputs": "; ".join(bundle.outputs) or "none",
        "vectors": str(bundle.vectors.count),
        "oracle": bundle.vectors.oracle,
        "block": "arena",
        **bundle.facts,
    }
    call = "call_state" if bundle.stateful and bundle.engine is Runtime.AOT else "call"
    for part, name in (("sizes", "sizes"), ("call", call)):
        facts[part] = filled(template(f"{bundle.engine.value}/{name}.txt").strip(), bundle.name, facts)
    return facts
