"""`arduino`: a library in the layout of the Arduino library specification (1.5 and later)."""

from __future__ import annotations

from tinyml_compress.exporters.bundle import Bundle, Runtime
from tinyml_compress.exporters.parts import Files, below, headers, licence, private, readme, sources, text

_DEPENDS = "Needs a library with TensorFlow Lite Micro, such as Arduino_TensorFlowLite."


def layout(bundle: Bundle) -> Files:
    """`library.properties`, `src/`, `examples/SelfTest/`."""
    tflm = bundle.engine is Runtime.TFLM
    facts = {
        "library": bundle.name,
        "paragraph": _DEPENDS if tflm else "Self-contained C, no interpreter, no heap. For 32-bit boards.",
        "before": _DEPENDS if tflm else "",
    }
    properties = text(bundle, "arduino/library.properties", **facts)
    files: Files = {
        "library.properties": properties,
        **below("src", {**headers(bundle), **sources(bundle), **private(bundle)}),
        "examples/SelfTest/SelfTest.ino": text(bundle, "arduino/SelfTest.ino"),
        "keywords.txt": _keywords(bundle),
        "LICENSE": licence(),
    }
    use = text(bundle, "arduino/readme.txt", **facts)
    return {
        **files,
        "README.md": readme(bundle, files, "A model for microcontrollers as an Arduino library.", use),
    }


def _keywords(bundle: Bundle) -> str:
    """What the IDE colours; its format asks for tabs."""
    name = bundle.name
    functions = [f"{name}_selftest"]
    if bundle.engine is Runtime.AOT:
        functions += [f"{name}_input", f"{name}_invoke", f"{name}_output"]
    return (
        "".join(f"{word}\tKEYWORD2\n" for word in sorted(functions)) + f"{name}_selftest_result\tKEYWORD1\n"
    )
