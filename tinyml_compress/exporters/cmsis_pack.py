"""`cmsis-pack`: the folder of a pack with its description, and the pack itself."""

from __future__ import annotations

import io
import re
import zipfile

from tinyml_compress.exporters.bundle import Bundle, Runtime
from tinyml_compress.exporters.parts import (
    Files,
    below,
    headers,
    licence,
    main_c,
    private,
    readme,
    selftest,
    sources,
    text,
)
from tinyml_compress.exporters.templating import template
from tinyml_compress.support.escape import xml

_LONGEST = 32
"""Of a component's name and of ours for a vendor."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


def layout(bundle: Bundle) -> Files:
    """`VENDOR.NAME.pdsc`, `include/`, `src/`, `template/main.c`, and all of it as
    `VENDOR.NAME.VERSION.pack`.
    """
    tflm = bundle.engine is Runtime.TFLM
    vendor = re.sub(r"[^A-Za-z0-9]+", "_", bundle.author).strip("_")[:_LONGEST] or "unknown"
    pack = f"{vendor}.{bundle.name}.{bundle.release}.pack"
    facts = {"vendor": vendor, "sub": bundle.name[:_LONGEST], "pack": pack, "selftest": selftest(bundle)}
    files: Files = {
        f"{vendor}.{bundle.name}.pdsc": text(
            bundle,
            "cmsis_pack/pack.pdsc",
            **facts,
            model_files="\n".join(_file(*known) for known in _model_files(bundle)),
            engine_condition=template("cmsis_pack/tflm_condition.txt") if tflm else "",
            condition=' condition="TensorFlow Lite Micro"' if tflm else "",
        ),
        **below("include", headers(bundle)),
        **below("src", {**sources(bundle), **private(bundle)}),
        "template/main.c": main_c(bundle),
        "LICENSE": licence(),
    }
    use = text(bundle, "cmsis_pack/readme.txt", **facts)
    files["README.md"] = readme(
        bundle, {**files, pack: b""}, "A model for microcontrollers as a CMSIS-Pack.", use
    )
    return {**files, pack: _zipped(files)}


def _model_files(bundle: Bundle) -> list[tuple[str, str]]:
    return [
        *(("header", f"include/{name}") for name in sorted(bundle.headers)),
        *(("source", f"src/{name}") for name in sorted(bundle.sources)),
    ]


def _file(category: str, name: str) -> str:
    return f'        <file category="{category}" name="{xml(name)}"/>'


def _zipped(files: Files) -> bytes:
    """The same files give the same bytes: sorted, without the time of the day."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            content = files[path]
            archive.writestr(entry, content if isinstance(content, bytes) else content.encode())
    return whole.getvalue()
