"""`zephyr`: a module for Zephyr's build system, with Kconfig symbols and a sample."""

from __future__ import annotations

from tinyml_compress.exporters.bundle import Bundle, Runtime
from tinyml_compress.exporters.parts import (
    Files,
    below,
    headers,
    licence,
    private,
    readme,
    selftest,
    sources,
    text,
)

_TFLM_STACK = 4096
_AOT_STACK = 2048


def layout(bundle: Bundle) -> Files:
    """`zephyr/` for the build system, `include/`, `src/`, `samples/selftest/`."""
    tflm = bundle.engine is Runtime.TFLM
    compiled = "\n".join(f"    ${{{bundle.name.upper()}_ROOT}}/src/{name}" for name in sorted(bundle.sources))
    sample = "samples/selftest"
    files: Files = {
        "zephyr/module.yml": text(bundle, "zephyr/module.yml"),
        "zephyr/CMakeLists.txt": text(
            bundle, "zephyr/CMakeLists.txt", sources=compiled, selftest=selftest(bundle)
        ),
        "zephyr/Kconfig": text(
            bundle, "zephyr/Kconfig", depends="\tdepends on TENSORFLOW_LITE_MICRO\n" if tflm else ""
        ),
        **below("include", headers(bundle)),
        **below("src", {**sources(bundle), **private(bundle)}),
        f"{sample}/CMakeLists.txt": text(bundle, "zephyr/sample_CMakeLists.txt"),
        f"{sample}/prj.conf": text(
            bundle,
            "zephyr/prj.conf",
            configuration="CONFIG_CPP=y\nCONFIG_TENSORFLOW_LITE_MICRO=y\n" if tflm else "",
            stack=str(_TFLM_STACK if tflm else _AOT_STACK),
        ),
        f"{sample}/sample.yaml": text(bundle, "zephyr/sample.yaml"),
        f"{sample}/src/main.c": text(bundle, "zephyr/main.c"),
        "LICENSE": licence(),
    }
    use = text(bundle, "zephyr/readme.txt")
    return {
        **files,
        "README.md": readme(bundle, files, "A model for microcontrollers as a Zephyr module.", use),
    }
