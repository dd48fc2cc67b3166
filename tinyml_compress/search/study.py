"""Optuna's study behind the search: opened, asked, told, and mended after a process died.

Storage is any database that Optuna's RDBStorage takes, an SQLite file by default. Several processes, on one
machine or more, may work on one study: a trial belongs to who was given it, and no point of the space is
worked on twice.
"""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tinyml_compress.errors import MissingDependency, OutputError, TinymlError
from tinyml_compress.results.base import plain
from tinyml_compress.results.fit import Budget, Cost, Outcome, Rung, Trial
from tinyml_compress.search.budget import overdraft
from tinyml_compress.search.space import Space, full_space, point_key
from tinyml_compress.search.storage import FORMS, with_driver
from tinyml_compress.support.owners import here, is_alive
from tinyml_compress.support.passwords import hidden
from tinyml_compress.techniques.technique import Choice, Dimension, Point

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

_BEAT_S = 15
_GRACE_S = 120
_PATIENCE = 24
"""So many proposals in a row that other trials have already: the sampler has nothing new to offer."""
_RANDOM_AFTER = 6
_FAILED = 10.0
"""As far outside of the budget as ten times a limit."""
_DIRECTIONS = ("minimize", "minimize", "minimize")
_FACTS = "facts"
_METRICS = ["drop", "ms", "flash"]


@dataclass(frozen=True)
class Claim:
    """A trial that this process works on."""

    number: int
    key: str
    point: Mapping[str, Choice]
    final: bool


class TrialTaken(Exception):
    """Another process ended the trial: this one was silent for so long that it was taken for dead."""


def _without(text: str, password: str | None) -> str:
    """What a driver says, which may repeat what it was given."""
    return hidden(text.replace(password, "***") if password else text)


class Study:
    """One study; every method may be called from any of its processes."""

    def __init__(
        self, url: str, name: str, space: Space | None = None, seed: int = 0, create: bool = True
    ) -> None:
        self._optuna = _optuna()
        self.url, self.name, self._seed = url, name, seed
        self._space = space
        self._facts: dict[int, dict[str, Any]] = {}
        with _quietly():
            self._storage = self._opened(url)
            try:
                self._study = (
                    self._optuna.create_study(
                        storage=self._storage, study_name=name, directions=_DIRECTIONS, load_if_exists=True
                    )
                    if create
                    else self._optuna.load_study(storage=self._storage, study_name=name)
                )
            except KeyError as error:
                raise TinymlError("no such study", which=name, found=hidden(url)) from error
            if create:
                self._study.set_metric_names(_METRICS)

    def _opened(self, url: str) -> optuna.storages.RDBStorage:
        import sqlalchemy

        arguments = {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else {}
        if url.startswith("sqlite:///"):
            Path(url.removeprefix("sqlite:///")).absolute().parent.mkdir(parents=True, exist_ok=True)
        opened = with_driver(url)
        try:
            storage: optuna.storages.RDBStorage = self._optuna.storages.RDBStorage(
                opened.render_as_string(hide_password=False),
                engine_kwargs=arguments,
                heartbeat_interval=_BEAT_S,
                grace_period=_GRACE_S,
                heartbeat_stale_trial_callback=lambda study, trial: self._put_back(trial),
            )
            if url.startswith("sqlite"):
                sqlalchemy.event.listen(storage.engine, "connect", _without_waiting_for_the_disk)
                sqlalchemy.event.listen(storage.engine, "begin", _one_at_a_time)
                storage.engine.dispose()
            return storage
        except (sqlalchemy.exc.SQLAlchemyError, ImportError) as error:
            raise OutputError(
                "cannot open the study's storage",
                which=hidden(url),
                found=_without(str(error).splitlines()[0], opened.password),
                allowed=FORMS,
                next_step="check the URL, or leave out --storage for an SQLite file in the output folder",
            ) from error

    def use(self, space: Space, worker: int = 0) -> None:
        """Let proposals come from `space`; each process has a sampler of its own seed."""
        self._space = space
        seed = (self._seed * 1_000_003 + worker * 1009 + len(self._study.get_trials(deepcopy=False))) % 2**32
        with _quietly():
            self._study.sampler = self._optuna.samplers.TPESampler(seed=seed, n_startup_trials=10)
        self._random = self._optuna.samplers.RandomSampler(seed=seed)

    def note(self, key: str, value: Any) -> None:
        """Keep a fact about the whole search."""
        self._study.set_user_attr(key, value)

    def noted(self, key: str) -> Any:
        """That fact, or None."""
        return self._study.user_attrs.get(key)

    def enqueue(self, point: Point, *, final: bool = False) -> bool:
        """Put a point first in line; not when it is there already."""
        point = full_space().complete(point)
        key = _key(point, final)
        if any(trial.key == key and trial.outcome is not Outcome.LOST for trial in self.trials()):
            return False
        names = {one.name for one in (self._space or full_space()).dimensions}
        params = {name: value for name, value in point.items() if name in names}
        self._study.enqueue_trial(
            params, user_attrs={"queued": {"final": final, "key": key, "point": dict(point)}}
        )
        return True

    def ask(self, *, waiting_only: bool = False) -> Claim | None:
        """A trial that nobody else has; None when there is nothing left to do."""
        assert self._space is not None
        for proposal in range(_PATIENCE):
            if waiting_only and not self.waiting():
                return None
            with (
                _quietly(),
                self._sampling(self._random if proposal >= _RANDOM_AFTER else self._study.sampler),
            ):
                trial = self._study.ask()
                point = self._space.complete(
                    {one.name: _suggest(trial, one) for one in self._space.dimensions}
                )
            queued = trial.user_attrs.get("queued", {})
            point = self._space.complete({**point, **queued.get("point", {})})
            final = bool(queued.get("final", False))
            claim = Claim(trial.number, _key(point, final), point, final)
            self.keep(claim, worker=here(), point=point, key=claim.key, final=final)
            twin = self._twin(trial.number, claim.key)
            if twin is None and not (waiting_only and not queued):
                self._storage.record_heartbeat(trial._trial_id)
                return claim
            why = "asked too late" if twin is None else f"same as trial {twin}"
            self.keep(claim, outcome=Outcome.TWIN.value, why=why)
            self._study.tell(trial.number, state=self._optuna.trial.TrialState.FAIL)
        return None

    @contextlib.contextmanager
    def _sampling(self, sampler: Any) -> Iterator[None]:
        kept, self._study.sampler = self._study.sampler, sampler
        try:
            yield
        finally:
            self._study.sampler = kept

    def _twin(self, number: int, key: str) -> int | None:
        """Another trial of the same key that is under way or done. Two that ask at once may both
        step back.
        """
        for other in self.trials():
            if (
                other.number != number
                and other.key == key
                and other.outcome not in (Outcome.LOST, Outcome.TWIN)
            ):
                return other.number
        return None

    def waiting(self) -> bool:
        """Whether a point is in line."""
        state = self._optuna.trial.TrialState.WAITING
        return bool(self._study.get_trials(deepcopy=False, states=(state,)))

    @contextlib.contextmanager
    def beating(self, claim: Claim) -> Iterator[None]:
        """While the block runs, other machines see that the trial is alive."""
        ended = threading.Event()
        trial_id = self._id(claim.number)

        def beat() -> None:
            while not ended.wait(_BEAT_S):
                # the storage may be locked for long: the next beat comes soon
                with contextlib.suppress(Exception):
                    self._storage.record_heartbeat(trial_id)

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def keep(self, claim: Claim, **facts: Any) -> None:
        """Facts about a trial, before it ends."""
        known = self._facts.setdefault(claim.number, {})
        known.update(facts)
        try:
            self._storage.set_trial_user_attr(self._id(claim.number), _FACTS, known)
        except self._optuna.exceptions.UpdateFinishedTrialError as error:
            raise TrialTaken(str(claim.number)) from error

    def end(
        self,
        claim: Claim,
        outcome: Outcome,
        *,
        budget: Budget,
        cost: Cost | None = None,
        rungs: tuple[Rung, ...] = (),
        why: str = "",
        seconds: float = 0.0,
    ) -> None:
        """The trial's last word; constraints tell the sampler how far outside the budget it is."""
        drop = rungs[-1].drop if rungs else None
        facts = {} if cost is None else {"cost": plain(cost)}
        rows = plain(rungs)
        self.keep(claim, outcome=outcome.value, why=why, seconds=seconds, rungs=rows, **facts)
        states = self._optuna.trial.TrialState
        trial = self._optuna.trial.Trial(self._study, self._id(claim.number))
        for name, over in overdraft(budget, cost, drop).items():
            trial.set_constraint(name, over)
        if outcome is Outcome.FAILED:  # the sampler has to learn that there is nothing to be had here
            trial.set_constraint("failed", _FAILED)
        if outcome is Outcome.TRAINED:
            assert cost is not None
            assert drop is not None
            self._study.tell(claim.number, [drop, cost.ms, float(cost.flash)])
        else:
            self._study.tell(claim.number, state=states.PRUNED)

    def mend(self) -> int:
        """Put back what dead processes held, and count it: on this machine at once, elsewhere after a grace
        period.
        """
        states = self._optuna.trial.TrialState
        lost = 0
        for trial in self._study.get_trials(deepcopy=False, states=(states.RUNNING,)):
            worker = trial.user_attrs.get(_FACTS, {}).get("worker")
            if worker is None:  # given out, and its process died before it could say who it is
                if (
                    trial.datetime_start
                    and (datetime.now() - trial.datetime_start).total_seconds() < _GRACE_S
                ):
                    continue
            elif is_alive(worker) is not False:
                continue
            with contextlib.suppress(
                ValueError, self._optuna.exceptions.UpdateFinishedTrialError
            ):  # mended meanwhile
                self._study.tell(trial.number, state=states.FAIL)
                self._put_back(trial)
                lost += 1
        with _quietly():
            self._optuna.storages.fail_stale_trials(self._study)
        return lost

    def _put_back(self, trial: FrozenTrial) -> None:
        self._storage_note(trial, "outcome", Outcome.LOST.value)
        known = _known(trial)
        if "point" in known:
            self.enqueue(known["point"], final=known["final"])

    def _storage_note(self, trial: FrozenTrial, key: str, value: Any) -> None:
        """An attribute of a trial that ended: the storage refuses it, so it is kept with the study."""
        self._study.set_user_attr(f"{key} of {trial.number}", value)

    def _id(self, number: int) -> int:
        return self._storage.get_trial_id_from_study_id_trial_number(self._study._study_id, number)

    def trials(self) -> tuple[Trial, ...]:
        """All trials, in order."""
        facts = self._study.user_attrs
        return tuple(
            _as_trial(trial, facts.get(f"outcome of {trial.number}"))
            for trial in self._study.get_trials(deepcopy=False)
        )


def _as_trial(trial: FrozenTrial, later: str | None) -> Trial:
    facts = _known(trial)
    started, ended = trial.datetime_start, trial.datetime_complete
    outcome = Outcome(later or facts.get("outcome", _STATES[trial.state.name]))
    if trial.state.name == "RUNNING":
        outcome = Outcome.RUNNING
    return Trial(
        number=trial.number,
        outcome=outcome,
        key=facts.get("key", ""),
        point=facts.get("point", trial.params),
        final=bool(facts.get("final", False)),
        why=facts.get("why") or None,
        cost=msgspec.convert(facts.get("cost"), Cost | None),
        rungs=msgspec.convert(facts.get("rungs", ()), tuple[Rung, ...]),
        seconds=facts.get("seconds", (ended - started).total_seconds() if started and ended else 0.0),
        worker=facts.get("worker", ""),
    )


def _known(trial: FrozenTrial) -> dict[str, Any]:
    """What was kept of a trial, by whoever put it in line and by whoever worked on it."""
    return {**trial.user_attrs.get("queued", {}), **trial.user_attrs.get(_FACTS, {})}


_STATES = {
    "WAITING": "waiting",
    "RUNNING": "running",
    "COMPLETE": "trained",
    "PRUNED": "stopped",
    "FAIL": "lost",
}


def _without_waiting_for_the_disk(connection: Any, record: object) -> None:
    """A write-ahead log: what a killed process wrote is kept, and no write waits for the disk."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
    connection.isolation_level = None  # no transaction begins by itself: `_one_at_a_time` begins them


def _one_at_a_time(connection: Any) -> None:
    """Optuna reads whether a trial is still free and then takes it: with SQLite's own transactions two could
    do so.
    """
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _key(point: Point, final: bool) -> str:
    return point_key(point, "final" if final else "search")


def _suggest(trial: optuna.Trial, one: Dimension) -> Choice:
    steps = _steps(one.choices)
    if steps is not None:
        low, high, step = steps
        value = trial.suggest_float(one.name, low, high, step=step)
        return min(one.choices, key=lambda choice: abs(float(choice) - value))
    chosen = trial.suggest_categorical(one.name, one.choices)
    assert chosen is not None
    return chosen


def _steps(choices: tuple[Choice, ...]) -> tuple[float, float, float] | None:
    """Lowest, highest and step of evenly spaced numbers: the sampler then knows what lies beside what."""
    if len(choices) < 3 or not all(isinstance(choice, float) for choice in choices):
        return None
    numbers = sorted(float(choice) for choice in choices)
    step = round(numbers[1] - numbers[0], 6)
    even = all(abs(b - a - step) < 1e-9 for a, b in pairwise(numbers))
    return (numbers[0], numbers[-1], step) if even else None


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without Optuna's notes that parts of it are experimental: heartbeats and constraints are
    what we chose.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _optuna() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import optuna
    except ImportError as error:
        raise MissingDependency(
            "the budget search needs Optuna",
            which="optuna",
            found=str(error),
            next_step="pip install 'optuna>=5,<6'",
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna
