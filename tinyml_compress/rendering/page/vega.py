"""The chart library that a page carries: Vega-Lite, Vega and Vega-Embed, out of the installed
vl-convert-python.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from tinyml_compress.errors import MissingDependency
from tinyml_compress.support.cache import cached_folder, key_of
from tinyml_compress.support.producers import CHARTS

_SNIPPET = "window.vegaEmbed = vegaEmbed;"
_FILE = "vega.js"


@lru_cache(maxsize=1)
def script() -> str:
    """The library as one script that needs no network. Bundling takes a second or two, so the
    result is kept.
    """
    place = cached_folder("charts", key_of(CHARTS.stamp(), versions(), _SNIPPET), _bundle)
    return (place / _FILE).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def versions() -> str:
    """What is inside, for the provenance of a page."""
    vega = _library()
    newest = vega.get_vegalite_versions()[-1]
    return f"Vega {vega.get_vega_version()}, Vega-Lite {newest}, Vega-Embed {vega.get_vega_embed_version()}"


def licence() -> str:
    """Who holds the rights in the script, and under which terms it may be handed on."""
    _library()  # says what to install where it is missing
    terms = metadata.distribution("vl-convert-python").read_text("licenses/LICENSE") or ""
    holders = "Copyright 2013-2025 University of Washington Interactive Data Lab and Vega contributors"
    return f"{versions()}: {holders}. BSD-3-Clause. Bundled by vl-convert-python, {terms}"


def picture(spec: Mapping[str, Any], width: int = 720) -> str:
    """A chart as SVG by itself, in the light colours of the page's style sheet."""
    style = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    light = dict(re.findall(r"(--\w+): (#\w+)", style.partition("}")[0]))
    text = json.dumps({**spec, "width": width, "background": light["--paper"]})
    coloured = re.sub(r"var\((--\w+)\)", lambda colour: light[colour.group(1)], text)
    drawn: str = _library().vegalite_to_svg(json.loads(coloured))
    return drawn


def _bundle(folder: Path) -> None:
    text = _library().javascript_bundle(_SNIPPET)
    # Inside a page nothing but the end of the script may look like one.
    (folder / _FILE).write_text(
        text.replace("</script", "<\\/script").replace("<!--", "<\\!--"), encoding="utf-8"
    )


def _library() -> ModuleType:
    try:
        return import_module("vl_convert")
    except ImportError as error:
        raise MissingDependency(
            "web pages need the chart library",
            which="vl-convert-python",
            next_step="pip install vl-convert-python",
        ) from error
