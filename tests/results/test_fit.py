"""Searches and estimates as values: they come back from their JSON, and say what follows from their parts."""

from __future__ import annotations

import pytest

from tests.lib.schema import validate
from tests.report import documents
from tinyml_compress.errors import DataError
from tinyml_compress.results import Cost, Estimate, Fit, Form, decoded, encoded
from tinyml_compress.results.fit import Budget, LayerNeed

COST = Cost(40_000, 9_000, 5_000_000, 3_000_000, 41.7, "size")


def test_a_search_comes_back() -> None:
    document = documents.fit()
    validate(document)
    done = decoded(Fit, document)
    assert {**encoded(done), "command": document["command"]} == document
    assert done.best is not None
    assert done.best.number == document["winner"]


def test_a_search_without_a_winner_says_null() -> None:
    document = {**documents.fit(), "winner": None, "verdict": "does not fit"}
    again = encoded(decoded(Fit, document))
    assert again["winner"] is None
    validate(again)


def test_an_estimate_says_what_fits_and_who_is_to_blame() -> None:
    done = Estimate(
        model="net.keras",
        target="board",
        target_title="A board",
        budget=Budget(flash=30_000),
        samples="random numbers",
        forms=(Form("as it is", COST, {"flash": 1 / 3}), Form("half", COST), Form("a fifth", why="too few")),
        layers=tuple(
            LayerNeed(layer=name, op="CONV_2D", flash=flash, ram=10, cycles=1)
            for name, flash in (("a", 100), ("b", 9_000), ("c", 100))
        ),
    )
    document = encoded(done)
    validate(document)
    assert decoded(Estimate, document) == done
    assert [form["fits"] for form in document["forms"]] == [False, True, False]
    assert document["verdict"] == "may fit: half"
    assert document["blame"] == {"flash": ["b"]}


def test_a_wrong_part_is_refused_with_its_place() -> None:
    document = documents.fit()
    document["trials"][3]["cost"]["flash"] = "much"
    with pytest.raises(DataError, match=r"trials\[3\]\.cost\.flash"):
        decoded(Fit, document)
