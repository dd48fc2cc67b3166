"""`esp-idf`: a component with its manifest, and an example project."""

from __future__ import annotations

from tinyml_compress.exporters.bundle import Bundle, Runtime
from tinyml_compress.exporters.parts import Files, below, headers, licence, private, readme, sources, text
from tinyml_compress.support.escape import cmake_string, yaml_string

_TFLM = "esp-tflite-micro"


def layout(bundle: Bundle) -> Files:
    """`idf_component.yml`, `CMakeLists.txt`, `include/`, `src/`, `examples/selftest/`."""
    tflm = bundle.engine is Runtime.TFLM
    example = "examples/selftest"
    files: Files = {
        "idf_component.yml": text(
            bundle,
            "esp_idf/idf_component.yml",
            url_line=f"url: {yaml_string(bundle.url)}\n" if bundle.url else "",
            dependencies=f'  espressif/{_TFLM}: ">=1.3.0"' if tflm else "",
        ).rstrip()
        + "\n",
        "CMakeLists.txt": text(
            bundle,
            "esp_idf/CMakeLists.txt",
            sources=" ".join(cmake_string(f"src/{name}") for name in sorted(sources(bundle))),
            requires=f"\n  REQUIRES {_TFLM}" if tflm else "",
        ),
        **below("include", headers(bundle)),
        **below("src", {**sources(bundle), **private(bundle)}),
        f"{example}/CMakeLists.txt": text(bundle, "esp_idf/example_CMakeLists.txt"),
        f"{example}/main/CMakeLists.txt": text(bundle, "esp_idf/main_CMakeLists.txt"),
        f"{example}/main/main.c": text(bundle, "esp_idf/main.c"),
        "LICENSE": licence(),
    }
    use = text(bundle, "esp_idf/readme.txt")
    return {
        **files,
        "README.md": readme(bundle, files, "A model for microcontrollers as an ESP-IDF component.", use),
    }
