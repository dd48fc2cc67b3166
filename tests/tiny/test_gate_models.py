"""`gate` on the results of compress, compare and fit: scores and bytes per stage, model and winner."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.report.documents import ALL
from tinyml_compress.cli.gate import command
from tinyml_compress.errors import DataError
from tinyml_compress.rendering.gate import gate_markdown, judge, read_result
from tinyml_compress.rendering.gate_checks import Tolerances
from tinyml_compress.results import Metric, Verdict

VERBS = ("compress", "compare", "fit")
Change = Callable[[dict[str, Any]], None]


def older(document: dict[str, Any]) -> dict[str, Any]:
    """As versions wrote it that did not name verb, tool and call."""
    return {key: value for key, value in document.items() if key not in ("verb", "tool", "command")}


def failures(verb: str, change: Change, *tolerances: str) -> list[tuple[str, Metric]]:
    before = ALL[verb]()
    after = copy.deepcopy(before)
    change(after)
    result = judge(before, after, Tolerances.parse(tolerances))
    return [(check.where, check.metric) for check in result.failed]


def winner(document: dict[str, Any]) -> dict[str, Any]:
    (trial,) = (trial for trial in document["trials"] if trial["number"] == document["winner"])
    return trial  # type: ignore[no-any-return]


@pytest.mark.parametrize("verb", VERBS)
def test_equal_results_pass(verb: str, tmp_path: Path) -> None:
    for name, document in (("a.json", older(ALL[verb]())), ("b.json", ALL[verb]())):
        (tmp_path / name).write_text(json.dumps(document))
    words = [
        "--baseline",
        str(tmp_path / "a.json"),
        "--current",
        str(tmp_path / "b.json"),
        "--format",
        "json",
    ]
    shown = CliRunner().invoke(command, words)
    assert shown.exit_code == 0
    checks = json.loads(shown.output)["checks"]
    assert {check["verdict"] for check in checks} == {"passed"}
    assert {check["metric"] for check in checks} == {
        "compress": {"accuracy", "size", "ram"},
        "compare": {"accuracy", "size"},
        "fit": {"accuracy", "flash", "ram", "instructions"},
    }[verb]


def test_a_recipe_that_gives_more_bytes_or_less_score() -> None:
    last = ALL["compress"]()["stages"][-1]
    where = f"prune80 {last['name']}"

    def grows(document: dict[str, Any]) -> None:
        document["stages"][-1]["nbytes"] += document["stages"][-1]["nbytes"] // 10
        document["stages"][-1]["arena"] *= 2

    def loses(document: dict[str, Any]) -> None:
        document["stages"][-1] |= {"score": 0.80, "interval": [0.76, 0.84]}

    def is_not_scored(document: dict[str, Any]) -> None:
        del document["stages"][-1]["score"]

    assert failures("compress", grows) == [(where, Metric.SIZE), (where, Metric.RAM)]
    assert failures("compress", grows, "size=20%", "ram=200%") == []
    assert failures("compress", loses) == [(where, Metric.ACCURACY)]
    assert failures("compress", loses, "accuracy=30%") == []
    assert failures("compress", is_not_scored) == [(where, Metric.ACCURACY)]


def test_a_recipe_that_stopped_says_why() -> None:
    before = ALL["compress"]()
    after = copy.deepcopy(before)
    del after["stages"][-1]
    after["breach"] = "accuracy 0.5000 after 0.9850 of the float model"
    (check,) = judge(before, after, Tolerances()).failed
    assert check.metric is Metric.PRESENCE
    assert "stopped: accuracy 0.5000 after 0.9850" in check.detail


def test_models_side_by_side() -> None:
    first, *_, last = ALL["compare"]()["models"]

    def grows(document: dict[str, Any]) -> None:
        document["models"][-1]["nbytes"] *= 2

    def loses(document: dict[str, Any]) -> None:
        document["models"][0] |= {"score": 0.5, "interval": [0.45, 0.55]}

    def is_gone(document: dict[str, Any]) -> None:
        del document["models"][-1]

    assert [metric for _, metric in failures("compare", grows)] == [Metric.SIZE]
    ((where, metric),) = failures("compare", loses)
    assert (where.split(" ")[0], metric) == (Path(first["model"]).name, Metric.ACCURACY)
    ((where, metric),) = failures("compare", is_gone)
    assert (where.split(" ")[0], metric) == (Path(last["model"]).name, Metric.PRESENCE)


def test_an_error_may_fall_but_not_rise() -> None:
    def judged(old: float, new: float) -> list[Verdict]:
        documents = []
        for value in (old, new):
            document = ALL["compare"]()
            document["models"] = document["models"][:1]
            document["models"][0] |= {"metric": "mae", "score": value}
            del document["models"][0]["interval"]
            documents.append(document)
        return [check.verdict for check in judge(*documents, Tolerances()).checks]

    assert judged(0.10, 0.12) == [Verdict.FAILED, Verdict.PASSED]
    assert judged(0.10, 0.08) == [Verdict.PASSED, Verdict.BETTER]


def test_a_search_whose_winner_costs_more() -> None:
    where = "zoo:digits_cnn on board-0"

    def costs(document: dict[str, Any]) -> None:
        cost = winner(document)["cost"]
        cost["flash"] += 1000
        cost["instructions"] *= 2

    def loses(document: dict[str, Any]) -> None:
        document["published"]["untouched"]["score"] = 0.5

    def finds_nothing(document: dict[str, Any]) -> None:
        document |= {"winner": None, "verdict": "does not fit"}
        del document["published"]

    assert failures("fit", costs) == [(where, Metric.FLASH), (where, Metric.INSTRUCTIONS)]
    assert failures("fit", loses) == [(where, Metric.ACCURACY)]
    assert failures("fit", finds_nothing) == [(where, Metric.PRESENCE)]


def test_a_search_that_published_nothing_is_judged_by_what_it_chose_by() -> None:
    def loses(document: dict[str, Any]) -> None:
        winner(document)["rungs"][-1]["score"] = 0.5

    before = ALL["fit"]()
    del before["published"]
    after = copy.deepcopy(before)
    loses(after)
    assert [check.metric for check in judge(before, after, Tolerances()).failed] == [Metric.ACCURACY]


def test_results_of_different_verbs_have_nothing_in_common() -> None:
    for first in VERBS:
        for second in (*VERBS, "benchmark", "evaluate"):
            if first != second:
                with pytest.raises(DataError, match="nothing in common"):
                    judge(ALL[first](), ALL[second](), Tolerances())


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("odd", [True, "1", None, [], {}, 10**290, -1])
def test_any_value_in_any_place_is_a_verdict_or_our_error(verb: str, odd: object) -> None:
    keys = {"compress": "stages", "compare": "models", "fit": "trials"}
    for key in (keys[verb], *ALL[verb]()):
        before, after = ALL[verb](), ALL[verb]()
        after[key] = odd
        for pair in ((before, after), (after, before)):
            try:
                gate_markdown(judge(*pair, Tolerances()))
            except DataError:
                continue


@pytest.mark.parametrize("verb", VERBS)
def test_files_are_read(verb: str, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(older(ALL[verb]())))
    assert read_result(path)
