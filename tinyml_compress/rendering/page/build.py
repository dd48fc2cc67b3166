"""Results become a page: each kind has its own sections, results of one kind are shown together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tinyml_compress.errors import DataError
from tinyml_compress.rendering.page import vega
from tinyml_compress.rendering.page.benchmark import benchmark_parts
from tinyml_compress.rendering.page.evaluation import evaluate_parts, ladder_parts
from tinyml_compress.rendering.page.files import convert_parts, inspect_parts
from tinyml_compress.rendering.page.fit import estimate_parts, fit_parts, front_chart
from tinyml_compress.rendering.page.generic import generic_parts
from tinyml_compress.rendering.page.html import section
from tinyml_compress.rendering.page.models import compare_parts, compress_parts, demo_parts
from tinyml_compress.rendering.page.provenance import facts_of
from tinyml_compress.rendering.page.recording import recording_parts
from tinyml_compress.rendering.page.shell import PageSource, whole_page
from tinyml_compress.results import Fit
from tinyml_compress.support.json_file import read_json

Document = Mapping[str, Any]
Parts = Callable[[Sequence[PageSource]], list[str]]
_KINDS: tuple[tuple[str, str, Parts], ...] = (
    ("fit", "Search within a budget", fit_parts),
    ("fit estimate", "Can it fit", estimate_parts),
    ("benchmark", "On devices", benchmark_parts),
    ("compare", "Models side by side", compare_parts),
    ("compress", "Compression", compress_parts),
    ("evaluate", "Accuracy", evaluate_parts),
    ("evaluate recording", "Long recordings", recording_parts),
    ("evaluate ladder", "Parity of the engines", ladder_parts),
    ("convert", "Conversion", convert_parts),
    ("demo", "Training", demo_parts),
    ("inspect", "Files", inspect_parts),
)
"""The verb, the heading, what makes its parts; in the order of the page: verdicts first."""


def read_document(path: Path) -> Document:
    """A result that a verb wrote with --json."""
    document = read_json(path)
    if not isinstance(document, dict) or document.get("schema") != 1 or "verb" not in document:
        raise DataError(
            "not a result of this tool",
            which=path,
            allowed="what a verb writes with --json: schema 1, with its verb in it",
            next_step="run the verb again with --json",
        )
    return document


def results_page(
    documents: Sequence[Document], *, names: Sequence[str] | None = None, title: str = ""
) -> str:
    """The page; `names` tell the documents apart, by default their verbs do."""
    chosen = _apart(names or [document["verb"] for document in documents])
    sources = [
        PageSource(name, document["verb"], document, facts_of(document))
        for name, document in zip(chosen, documents, strict=True)
    ]
    return whole_page(title or _title(sources), _subtitle(sources), _sections(_unfolded(sources)), sources)


def _unfolded(sources: Sequence[PageSource]) -> list[PageSource]:
    """Results that hold the results of several verbs stand for those."""
    unfolded = []
    for source in sources:
        unfolded.append(source)
        for inner in source.document.get("results", ()):
            name = source.name if len(sources) > 1 else str(inner.get("name", inner["verb"]))
            unfolded.append(PageSource(name, inner["verb"], inner, ()))
    return unfolded


def _sections(sources: Sequence[PageSource]) -> list[tuple[str, str, str]]:
    sections = []
    try:
        for verb, heading, parts in _KINDS:
            mine = [source for source in sources if source.verb == verb]
            if mine:
                anchor = verb.replace(" ", "-")
                sections.append((anchor, heading, section(heading, parts(mine), anchor=anchor)))
        known = {verb for verb, _, _ in _KINDS}
        rest = [source for source in sources if source.verb not in known]
        for verb in dict.fromkeys(source.verb for source in rest):
            mine = [source for source in rest if source.verb == verb]
            anchor = verb.replace(" ", "-")
            sections.append((anchor, verb, section(verb.capitalize(), generic_parts(mine), anchor=anchor)))
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise DataError(
            "a result lacks a part that its schema promises",
            found=repr(error),
            next_step="run the verb again with --json",
        ) from error
    return sections


def _apart(names: Sequence[str]) -> list[str]:
    """Short names without what all share at their start; numbers where they are the same."""
    parts = [name.split("/") for name in names]
    while len(parts) > 1 and all(len(part) > 1 for part in parts) and len({part[0] for part in parts}) == 1:
        parts = [part[1:] for part in parts]
    short = ["/".join(part) if len(parts) > 1 else part[-1] for part in parts]
    return [
        name if short.count(name) == 1 else f"{name} ({short[:place].count(name) + 1})"
        for place, name in enumerate(short)
    ]


def _title(sources: Sequence[PageSource]) -> str:
    if len(sources) > 1:
        verbs = list(dict.fromkeys(source.verb for source in sources))
        return f"{len(sources)} results: {', '.join(verbs)}"
    (source,) = sources
    document = source.document
    model = document.get("model")
    name = model.get("name") if isinstance(model, dict) else model
    if isinstance(document.get("models"), list):
        return f"{len(document['models'])} models: {source.verb}"
    return f"{Path(str(name)).name}: {source.verb}" if name else source.verb


def _subtitle(sources: Sequence[PageSource]) -> str:
    tools = sorted({str(source.document.get("tool", "")) for source in sources} - {""})
    return f"tinyml-compress {', '.join(tools)}" if tools else "tinyml-compress"


def front_svg(fit: Fit) -> str:
    """The trials of a `fit` by flash and drop, as a picture by itself; empty where fewer than two were
    scored.
    """
    drawing = front_chart(fit)
    return "" if drawing is None else vega.picture(drawing.spec)
