"""Around the search: limits as users write them, recipes of points, the report of what fits and of what does
not.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.lib.schema import validate
from tests.lib.searches import job_of
from tinyml_compress.cli.fit import command
from tinyml_compress.errors import TinymlError, UsageError
from tinyml_compress.pipeline.fit.job import FitRequest, limit_of, resolved
from tinyml_compress.pipeline.fit.judge import RecipeJudge, reference_point
from tinyml_compress.pipeline.fit.result import Facts, result_of
from tinyml_compress.rendering.page import results_page
from tinyml_compress.results import decoded, encoded
from tinyml_compress.results.fit import (
    Budget,
    Cost,
    Fit,
    FloatModel,
    LeftOut,
    Outcome,
    Reference,
    Rung,
    Trial,
)
from tinyml_compress.search.space import Epochs, full_space, recipe_of, trains
from tinyml_compress.techniques.recipe import dump, parse

COST = Cost(40_000, 9_000, 5_000_000, 3_000_000, 41.7, "balanced")


def test_limits_as_users_write_them() -> None:
    assert limit_of("18000", "flash") == (18000, False)
    assert limit_of("24K", "flash") == limit_of("24 kB", "flash") == (24 * 1024, False)
    assert limit_of("1.5M", "ram") == (1.5 * 1024 * 1024, False)
    assert limit_of("50%", "ms") == (50, True)
    assert limit_of("12.5", "ms") == (12.5, False)
    for wrong in ("", "ten", "-5", "0", "5G", "5 %%"):
        with pytest.raises(UsageError, match="not a limit"):
            limit_of(wrong, "flash")
    with pytest.raises(UsageError, match="milliseconds have no unit"):
        limit_of("5K", "ms")


def test_parts_are_of_the_reference() -> None:
    job = FitRequest("m", "d", "t", "f", "s", max_flash="50%", max_ms="10%", max_ram="4K", max_drop=0.01)
    assert resolved(job, COST) == Budget(20_000, 4096, pytest.approx(4.17), 0.01)


def test_a_job_survives_its_file_and_knows_its_question(tmp_path: Path) -> None:
    job = job_of("zoo:ds_cnn", "data:keywords", tmp_path, max_flash="20K", only=("keep",))
    assert FitRequest.from_text(job.to_text(), job.storage) == job
    other = job_of("zoo:ds_cnn", "data:keywords", tmp_path, max_flash="21K", only=("keep",))
    elsewhere = job_of("zoo:ds_cnn", "data:keywords", tmp_path / "x", max_flash="20K", only=("keep",))
    assert other.study != job.study
    assert elsewhere.study == job.study


def test_every_point_is_a_recipe() -> None:
    dimensions = full_space().dimensions
    edges = [{one.choices[0], one.choices[-1], one.off} for one in dimensions]
    points = [dict(zip((one.name for one in dimensions), values, strict=True)) for values in product(*edges)]
    assert len(points) > 500
    # a stride that shares no factor with the number of edges: all of them meet each other, in fewer points
    for number, chosen in enumerate(points[::5]):
        point = full_space().complete(chosen)
        for part in (0.0, 0.1, 1.0)[: 3 if number % 7 == 0 else 1]:
            made = recipe_of(
                point, Epochs(), part=part, seed=3, train=5, sensitive=[["a"], ["a", "b"], ["c"]]
            )
            recipe = parse(dump(made), made.name)
            assert recipe == made, "what is written is what was meant"
            assert recipe.seed == 3
            assert recipe.stages[-1].use == "convert"
            assert any(stage.options.trains for stage in recipe.stages) is (part > 0)


def test_a_point_that_changes_nothing_has_one_form_only() -> None:
    space = full_space()
    same = [{"keep": 1.0, "narrow": "distil"}, {"scope": "global"}, {"pattern": "4x2"}, {"teach": 0.5}, {}]
    assert {tuple(space.complete(point).items()) for point in same} == {tuple(reference_point().items())}
    student = {"keep": 0.5, "narrow": "distil"}
    assert space.complete(student) == space.complete({**student, "teach": 0.5}), (
        "a student is taught in any case"
    )
    assert not trains(reference_point())
    assert trains({**reference_point(), "qat": True})


def _trial(
    number: int, point: dict[str, Any], drop: float | None, flash: int, ms: float, **more: Any
) -> Trial:
    rungs = (
        ()
        if drop is None
        else (Rung(0.1, 0.9 - drop - 0.1, drop + 0.1, 3.0), Rung(1.0, 0.9 - drop, drop, 9.0))
    )
    outcome = Outcome.HOPELESS if drop is None else Outcome.TRAINED
    cost = Cost(flash, 9_000, round(ms * 120_000), 1, ms, "size", 0.5)
    full = {**reference_point(), **point}
    return Trial(number, outcome, str(number), full, bool(more), more.get("why", ""), cost, rungs, 12.0, "")


def _result(budget: Budget, trials: list[Trial]) -> Fit:
    facts = Facts(
        float_model=FloatModel(score=0.9, metric="accuracy", samples=(512, 512)),
        reference=Reference(score=0.9, drop=0.0, cost=COST),
        budget=budget,
        space=full_space().searched(),
        left_out=(LeftOut(name="clusters", why="no gain"),),
    )
    job = FitRequest("net.keras", "data:keywords", "nucleo-l4r5zi", "f", "sqlite:///s", "fit-1")
    return result_of(job, "the board", facts, trials, Path("out"), 100.0)


TRIALS = [
    _trial(0, {}, 0.0, 40_000, 41.0),
    _trial(1, {"keep": 0.5, "qat": True}, 0.005, 16_000, 16.0, final=True),
    _trial(2, {"keep": 0.25}, 0.08, 10_000, 8.0),
    _trial(3, {"keep": 0.9}, None, 36_000, 35.0, why="over budget before any training: flash by 80%"),
]


def test_what_fits_is_told() -> None:
    result = _result(Budget(flash=18_000, ms=20.0, drop=0.01), TRIALS)
    found = encoded(result)
    validate(found)
    assert encoded(decoded(Fit, json.loads(json.dumps(found)))) == found
    assert found["verdict"] == "fits"
    assert found["winner"] == 1
    assert found["front"] == [2, 1, 0]
    assert found["binding"] == {"constraint": "flash", "used": 16_000, "limit": 18_000}
    text = result.summary()
    assert "FITS     trial 1: 89.50%, flash 16,000 B" in text
    assert "0.5 mJ" in text
    assert "keep 0.5, qat, level balanced" in text
    assert "<table>" in result._repr_html_()


def test_what_does_not_fit_is_explained() -> None:
    result = _result(Budget(flash=12_000, ms=20.0, drop=0.01), TRIALS)
    found = encoded(result)
    validate(found)
    assert found["verdict"] == "does not fit"
    assert found["winner"] is None
    assert found["nearest"]["number"] == 1
    assert found["nearest"]["over"] == {"flash": pytest.approx(1 / 3)}
    assert found["gives"] == [
        {"constraint": "flash", "limit": 12_000, "needs": 16_000, "trial": 1},
        {"constraint": "drop", "limit": 0.01, "needs": pytest.approx(0.08), "trial": 2},
    ]
    text = result.summary()
    assert "nearest  trial 1 is over the flash by 33%" in text
    assert "to give  flash 16,000 B instead of 12,000 B, all else as asked (trial 1)" in text
    assert "to give  drop 8.0 points instead of 1.0 points" in text


def test_a_trial_under_way_is_in_no_result() -> None:
    cost = Cost(10_000, 5_000, 1, 1, 1.0, "size")
    running = Trial(9, Outcome.RUNNING, "9", reference_point(), False, "", cost, (), 1.0, "")
    result = _result(Budget(flash=12_000, drop=0.01), [running])
    found = encoded(result)
    validate(found)
    assert found["verdict"] == "nothing judged"
    assert "nearest" not in found
    assert found["trials"] == []
    assert results_page([found], names=["fit.json"])


def test_wrong_calls_end_before_anything_slow(tmp_path: Path) -> None:
    def refused(*words: str) -> str:
        done = CliRunner().invoke(command, ["zoo:ds_cnn", *words])
        assert isinstance(done.exception, TinymlError), done.output
        assert done.exception.exit_code == 2
        return str(done.exception)

    board, data = ("--target", "nucleo-l4r5zi"), ("--data", "data:keywords")
    out = ("-o", str(tmp_path / "out"))
    assert "no budget" in refused(*board, *data, *out)
    assert "needs data" in refused(*board, *out, "--max-flash", "20K")
    assert "no folder to write to" in refused(*board, *data, "--max-flash", "20K")
    assert "unknown device: nucleo" in refused("--target", "nucleo", *data, *out, "--max-flash", "20K")
    assert "costs are counted or modelled" in refused("--target", "host", *data, *out, "--max-flash", "20K")
    assert "no such dimension: --only kep" in refused(
        *board, *data, *out, "--max-flash", "20K", "--only", "kep"
    )
    assert "not a limit: --max-flash" in refused(*board, *data, *out, "--max-flash", "20Q")
    assert not (tmp_path / "out").exists()


@pytest.mark.full
def test_a_search_for_a_stream_pays_for_a_step(tmp_path: Path) -> None:
    whole = job_of("zoo:wake_word", "data:wake-word", tmp_path, max_flash="50%")
    step = job_of("zoo:wake_word", "data:wake-word", tmp_path, max_flash="50%", stream=1)
    assert step.study != whole.study
    window, frame = (RecipeJudge(job).cost(reference_point()) for job in (whole, step))
    assert 8 * frame.cycles < window.cycles


def test_an_estimate_is_of_windows() -> None:
    done = CliRunner().invoke(command, ["m", "--target", "nucleo-l4r5zi", "--estimate", "--stream"])
    assert isinstance(done.exception, UsageError)
