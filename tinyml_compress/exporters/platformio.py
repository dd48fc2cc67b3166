"""`platformio`: a library with its manifest, and a project that runs the self-test."""

from __future__ import annotations

import json

from tinyml_compress.exporters.bundle import Bundle
from tinyml_compress.exporters.parts import (
    Files,
    below,
    headers,
    licence,
    main_c,
    private,
    readme,
    sources,
    text,
)


def layout(bundle: Bundle) -> Files:
    """`library.json`, `include/`, `src/`, `examples/selftest/` with a project of its own."""
    manifest = json.loads(
        text(
            bundle,
            "platformio/library.json",
            library=bundle.name,
        )
    )
    if not bundle.url:
        del manifest["homepage"]
    files: Files = {
        "library.json": json.dumps(manifest, indent=2) + "\n",
        **below("include", headers(bundle)),
        **below("src", {**sources(bundle), **private(bundle)}),
        "examples/selftest/platformio.ini": text(bundle, "platformio/platformio.ini"),
        "examples/selftest/src/main.c": main_c(bundle),
        "LICENSE": licence(),
    }
    use = text(bundle, "platformio/readme.txt")
    return {
        **files,
        "README.md": readme(bundle, files, "A model for microcontrollers as a PlatformIO library.", use),
    }
