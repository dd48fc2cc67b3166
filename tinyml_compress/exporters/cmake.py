"""`cmake`: a CMake package that can be added as a folder, fetched, or installed and found."""

from __future__ import annotations

from tinyml_compress.exporters.bundle import Bundle, Runtime
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
from tinyml_compress.exporters.templating import template


def layout(bundle: Bundle) -> Files:
    """`include/`, `src/`, `example/`, `cmake/`."""
    aot = bundle.engine is Runtime.AOT
    files: Files = {
        **below("include", headers(bundle)),
        **below("src", {**sources(bundle), **private(bundle)}),
        "example/main.c": main_c(bundle),
        "LICENSE": licence(),
    }
    if aot:
        installed = "\n".join(f"  include/{name}" for name in sorted(headers(bundle)))
        files["CMakeLists.txt"] = text(bundle, "cmake/CMakeLists.txt", installed=installed)
        # the mark in it is CMake's
        config = template("cmake/tc_model-config.cmake.in").replace("tc_model", bundle.name)
        files[f"cmake/{bundle.name}-config.cmake.in"] = config
    else:  # nothing is installed: TensorFlow Lite Micro is a part of the same build
        files["CMakeLists.txt"] = text(bundle, "cmake/CMakeLists_tflm.txt")
    use = text(bundle, "cmake/readme.txt" if aot else "cmake/readme_tflm.txt")
    return {
        **files,
        "README.md": readme(bundle, files, "A model for microcontrollers as a CMake package.", use),
    }
