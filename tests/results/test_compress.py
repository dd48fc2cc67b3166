"""Runs of recipes as values: they come back from their JSON, and tables that were text are read as such."""

from __future__ import annotations

from typing import Any

from tests.lib.schema import validate
from tests.report import documents
from tinyml_compress.rendering.gate import Tolerances, judge
from tinyml_compress.rendering.page import results_page
from tinyml_compress.results import Compression, Judgement, Word, decoded, encoded


def _of_last_version() -> dict[str, Any]:
    """As it was before tables held numbers."""
    old = documents.compress()
    for stage in old["stages"]:
        del stage["changes"]
        stage["table"] = [["layer", "zeros"], ["conv", "80%"]]
        stage["allocation"] = [["layer", "weights"], ["conv", "1,234"]]
        stage["allocation_summary"] = "zeros by cycles"
    return old


def test_numbers_of_tables_are_numbers_and_the_old_words_stand_beside_them() -> None:
    document = documents.compress()
    validate(document)
    stage = document["stages"][0]
    assert stage["changes"]["rows"] == [["conv", 0.8]]
    assert stage["table"] == [["layer", "zeros"], ["conv", "80%"]]
    again = encoded(decoded(Compression, document))
    assert {**again, "command": document["command"]} == document


def test_a_document_of_the_last_version_is_read() -> None:
    old = _of_last_version()
    done = decoded(Compression, old)
    assert "1,234" in done.summary()
    assert "1,234" in results_page([old])
    assert encoded(done)["stages"][0]["table"] == old["stages"][0]["table"]
    assert not judge(old, documents.compress(), Tolerances()).failed


def test_where_it_was_written_is_no_part_of_it() -> None:
    assert "folder" not in encoded(decoded(Compression, documents.compress()))


def test_a_verdict_says_itself_in_a_sentence() -> None:
    unjudged = Judgement(word=Word.NOT_JUDGED, allowed=0.02)
    assert unjudged.text.startswith("NOT JUDGED")
    lost = Judgement(
        word=Word.LOST, allowed=0.02, drop=0.1, interval=(0.05, 0.15), samples=1000, stage="a", layer="b"
    )
    assert lost.text == (
        "LOST: +10.00 points lost (95%: +5.00 to +15.00, 1,000 samples), 2 allowed, "
        "most of it in stage a, layer b"
    )
