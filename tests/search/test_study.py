"""The search on a judge that computes: feasibility, rungs, twins, a killed worker, two workers at once."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

from tinyml_compress.errors import OutputError
from tinyml_compress.results.fit import Binding, Budget, Cost, Outcome, Rung, Trial
from tinyml_compress.search.budget import binding, overdraft
from tinyml_compress.search.front import feasible, front, nearest, winner
from tinyml_compress.search.loop import Rules, work
from tinyml_compress.search.study import Study
from tinyml_compress.support.owners import here, is_alive

FAKE = Path(__file__).with_name("fake.py")


def _fake() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fake_judge", FAKE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fake_judge"] = module
    spec.loader.exec_module(module)
    return module


fake = _fake()


def _study(folder: Path, name: str = "s") -> Study:
    return _opened(f"sqlite:///{folder / 'study.db'}", name)


def _opened(url: str, name: str) -> Study:
    study = Study(url, name, seed=3)
    study.use(fake.SPACE)
    return study


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """A PostgreSQL server of our own, without root; its files lie where its own user may read them."""
    server_of = pytest.importorskip("pgserver", reason="pgserver and psycopg2-binary bring PostgreSQL")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        server = server_of.get_server(Path(folder) / "data")
        try:
            # as docs/fit.md writes it: a user with a password, and no word of the driver
            yield server.get_uri().replace("postgres:@", "postgres:sesame@")
        finally:
            server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database for several processes."""
    return (
        f"sqlite:///{tmp_path / 'study.db'}"
        if request.param == "sqlite"
        else str(request.getfixturevalue("postgres"))
    )


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A study of the test's own: the server outlives it."""
    return str(request.node.name)


def _points(count: int) -> object:
    left = [count]

    def stop() -> bool:
        left[0] -= 1
        return left[0] < 0

    return stop


def test_costly_points_are_never_trained_and_hopeless_ones_stop_early(tmp_path: Path) -> None:
    study, judge = _study(tmp_path), fake.FakeJudge()
    for keep in (1.0, 0.875, 0.9375, 0.625, 0.1875, 0.25):
        study.enqueue({"keep": keep, "qat": False, "level": "balanced"})
    done = work(study, judge, fake.BUDGET, Rules(), until=time.time() + 60, waiting_only=True)
    trials = {trial.point["keep"]: trial for trial in study.trials()}
    assert done == len(trials) == 6
    assert trials[1.0].outcome is Outcome.TRAINED  # the model as it is, trained in no way
    assert trials[1.0].rungs[0].part == 1.0
    assert trials[0.875].outcome is Outcome.HOPELESS
    assert "flash by" in trials[0.875].why
    assert trials[0.9375].outcome is Outcome.HOPELESS
    assert "too large" in trials[0.9375].why
    assert [rung.part for rung in trials[0.625].rungs] == [0.1, 0.35]
    assert trials[0.1875].outcome is Outcome.STOPPED
    assert "points after 35%" in trials[0.1875].why
    assert trials[0.25].outcome is Outcome.FAILED
    assert "not a number" in trials[0.25].why
    assert {point["keep"] for point, _ in judge.trained} == {1.0, 0.625, 0.1875, 0.25}


def test_the_sampler_proposes_nothing_twice_and_finds_the_feasible_region(tmp_path: Path) -> None:
    study, judge = _study(tmp_path), fake.FakeJudge()
    work(study, judge, fake.BUDGET, Rules(), until=time.time() + 60, stop=_points(20))
    real = [trial for trial in study.trials() if trial.outcome is not Outcome.TWIN]
    assert len({trial.key for trial in real}) == len(real) == 20
    best = winner(study.trials(), fake.BUDGET)
    assert best is not None
    assert best.cost is not None
    assert best.cost.flash <= 21_000
    assert best.drop is not None
    assert best.drop <= 0.055
    assert best.point["qat"] is True
    assert best in front(study.trials())


def test_a_small_space_is_worked_through_and_then_left(tmp_path: Path) -> None:
    study = Study(f"sqlite:///{tmp_path / 'study.db'}", "small")
    study.use(fake.Space(tuple(one for one in fake.SPACE.dimensions if one.name == "qat")))
    done = work(study, fake.FakeJudge(), Budget(drop=1.0), Rules(), until=time.time() + 60)
    assert done == 2
    assert study.ask() is None


def _worker(url: str, name: str, log: Path, count: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(FAKE), url, name, str(log), str(count)])


def _ends(log: Path) -> list[str]:
    return [line.split()[1] for line in log.read_text().splitlines() if line.startswith("end")]


def test_two_processes_share_one_study(url: str, name: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    Study(url, name)
    workers = [_worker(url, name, log, 6) for _ in range(2)]
    assert [worker.wait(timeout=90) for worker in workers] == [0, 0]
    study = _opened(url, name)
    counted = Counter(trial.outcome for trial in study.trials())
    assert counted[Outcome.RUNNING] == counted[Outcome.LOST] == 0
    assert len({trial.worker for trial in study.trials() if trial.outcome is Outcome.TRAINED}) == 2
    real = [trial for trial in study.trials() if trial.outcome is not Outcome.TWIN]
    assert len({trial.key for trial in real}) == len(real)
    assert len(set(_ends(log))) == len(_ends(log)), "something was trained twice"


def test_a_killed_worker_loses_nothing_and_repeats_nothing(url: str, name: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    Study(url, name)
    worker = _worker(url, name, log, 1000)
    deadline = time.time() + 60
    while not log.exists() or sum(line.startswith("begin") for line in log.read_text().splitlines()) < 6:
        assert time.time() < deadline
        time.sleep(0.005)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(timeout=20)
    study = _opened(url, name)
    finished = {trial.key for trial in study.trials() if trial.outcome not in (Outcome.RUNNING, Outcome.TWIN)}
    held = [trial for trial in study.trials() if trial.outcome is Outcome.RUNNING]
    assert finished
    assert study.mend() == len([trial for trial in held if trial.key])
    judge = fake.FakeJudge(log)
    work(study, judge, fake.BUDGET, Rules(), until=time.time() + 60, stop=_points(10))
    after = [trial for trial in study.trials() if trial.outcome not in (Outcome.TWIN, Outcome.LOST)]
    assert len({trial.key for trial in after}) == len(after)
    assert {trial.key for trial in held if trial.key} <= {
        trial.key for trial in after if trial.rungs or trial.why
    }
    assert not finished & {trial.key for trial in after if trial.worker == here()}


def test_what_waits_is_given_to_one_of_those_who_ask_at_once(url: str, name: str) -> None:
    for number in range(6):
        studies = [Study(url, f"{name}-{number}") for _ in range(2)]
        for study in studies:
            study.use(fake.SPACE)
        studies[0].enqueue({"keep": 0.5, "qat": False, "level": "size"}, final=True)
        with ThreadPoolExecutor(2) as pool:
            claims = list(pool.map(lambda study: study.ask(waiting_only=True), studies))
        assert sum(claim is not None for claim in claims) == 1


def test_a_worker_is_known_by_more_than_its_number() -> None:
    host, boot, pid, start = here().split("/")
    assert is_alive(here()) is True
    assert is_alive("/".join((host, boot, pid, str(int(start) + 1)))) is False
    assert is_alive("/".join((host, "another boot", pid, start))) is None
    assert is_alive("/".join(("elsewhere", boot, pid, start))) is None


def test_a_storage_that_cannot_be_opened_is_one_clear_error() -> None:
    with pytest.raises(OutputError, match="cannot open the study's storage"):
        Study("nosuchdatabase://host/x", "s")


def _trial(number: int, drop: float | None, flash: int, ms: float, part: float = 1.0) -> Trial:
    rungs = () if drop is None else (Rung(part, 0.9 - drop, drop, 1.0),)
    outcome = Outcome.HOPELESS if drop is None else Outcome.TRAINED
    return Trial(
        number, outcome, str(number), {}, False, "", Cost(flash, 1, 1, 1, ms, "size"), rungs, 1.0, ""
    )


def test_front_winner_and_nearest() -> None:
    trials = [
        _trial(0, 0.00, 40_000, 40.0),
        _trial(1, 0.01, 20_000, 20.0),
        _trial(2, 0.02, 20_000, 20.0),  # beaten by 1
        _trial(3, 0.04, 10_000, 10.0),
        _trial(4, None, 5_000, 5.0),
        _trial(5, 0.01, 20_000, 20.0),  # the same as 1: one of them is enough
    ]
    assert [trial.number for trial in front(trials)] == [3, 1, 0]
    budget = Budget(flash=25_000, drop=0.03)
    assert [trial.number for trial in feasible(trials, budget)] == [1, 2, 5]
    best = winner(trials, budget)
    assert best is not None
    assert best.number == 1
    only_drop = winner(trials, Budget(drop=0.05))
    assert only_drop is not None
    assert only_drop.number == 3  # nothing limits cost: the fastest
    tight = Budget(flash=9_000, drop=0.03)
    assert winner(trials, tight) is None
    found = nearest(trials, tight)
    assert found is not None
    assert found.number == 3
    assert found.over["flash"] == pytest.approx(1 / 9)
    assert overdraft(tight, trials[3].cost, 0.04) == pytest.approx({"flash": 1 / 9, "drop": 0.01})
    tight = binding(budget, trials[1].cost, 0.01)
    assert tight == Binding(constraint="flash", used=20_000.0, limit=25_000.0)
