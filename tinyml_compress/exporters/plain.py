"""`plain`: one flat folder with a Makefile."""

from __future__ import annotations

from tinyml_compress.exporters.bundle import Bundle, Runtime
from tinyml_compress.exporters.parts import Files, headers, licence, main_c, private, readme, sources, text


def layout(bundle: Bundle) -> Files:
    """Everything beside one another."""
    files: Files = {**headers(bundle), **sources(bundle), **private(bundle), "main.c": main_c(bundle)}
    names, ending = sorted(sources(bundle)), "" if bundle.engine is Runtime.AOT else "_tflm"
    files["Makefile"] = text(bundle, f"plain/Makefile{ending}", sources=" ".join(names))
    files["LICENSE"] = licence()
    use = text(bundle, f"plain/readme{ending}.txt", source_names=" and ".join(f"`{name}`" for name in names))
    return {**files, "README.md": readme(bundle, files, "A model for microcontrollers as plain C.", use)}
