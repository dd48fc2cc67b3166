"""`cmake`: a CMake package that can be added as a folder, fetched, or installed and found."""

from __future__ import annotations

from tinyml_compress.exporters.bundle import Bundle
from tinyml_compress.exporters.parts import Files, below, headers, licence, main_c, private, readme, sources, text
from tinyml_compress.exporters.templating import template

__all__ = ["layout"]


def layout(bundle: Bundle) -> Files:
    """`include/`, `src/`, `example/`, `cmake/`."""
    engine = bundle.engine.value
    files: Files = {
        **below("include", headers(bundle)),
        **below("src", {**sources(bundle), **private(bundle)}),
        "example/main.c": main_c(bundle),
        "CMakeLists.txt": text(
            bundle,
            "cmake/CMakeLists.txt",
            libraries=text(bundle, f"cmake/libraries_{engine}.txt").strip(),
            languages="C" if engine == "aot" else "C CXX",
            installed="\n".join(f"  include/{name}" for name in sorted(headers(bundle))),
        ),
        # the mark in it is CMake's
        f"cmake/{bundle.name}-config.cmake.in": template("cmake/tc_model-config.cmake.in").replace(
            "tc_model", bundle.name
        ),
        "LICENSE": licence(),
    }
    use = text(bundle, "cmake/readme.txt")
    return {**files, "README.md": readme(bundle, files, "A model for microcontrollers as a CMake package.", use)}
