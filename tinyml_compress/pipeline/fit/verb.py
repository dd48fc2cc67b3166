"""`fit`: search for a model within a device's budget, with several processes on one study, and publish the
winner.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from msgspec.structs import replace

from tinyml_compress.errors import ProcessError, TinymlError
from tinyml_compress.pipeline.fit.folder import WORK, working
from tinyml_compress.pipeline.fit.job import FitRequest, own_storage
from tinyml_compress.pipeline.fit.publish import publish
from tinyml_compress.pipeline.fit.result import Facts, result_of
from tinyml_compress.results.fit import Fit, Outcome, Trial
from tinyml_compress.search.front import feasible, front, winner
from tinyml_compress.search.space import Epochs, full_space, point_key
from tinyml_compress.search.study import Study
from tinyml_compress.support import files, proc, worker
from tinyml_compress.support.leisure import at_leisure
from tinyml_compress.support.passwords import STORAGE_VARIABLE, hidden
from tinyml_compress.support.progress import ProgressLine, stage
from tinyml_compress.support.scratch import scratch
from tinyml_compress.support.trust import trusted

_POLL_S = 1.0
_FINALISTS = 4
_FINAL_SHARE = 0.3
"""Of the time, kept for the winners' full training until trials show how long it takes."""
_WORKER = "tinyml_compress.pipeline.fit.worker:main"


def fit(
    model: str | Path,
    data: str | Path,
    target: str,
    *,
    output: str | Path,
    eval_data: str | Path | None = None,
    max_flash: str | int | None = None,
    max_ram: str | int | None = None,
    max_ms: str | float | None = None,
    max_drop: float | None = None,
    minutes: float = 15.0,
    workers: int = 2,
    storage: str | None = None,
    seed: int = 0,
    train: int = 0,
    epochs: int = 30,
    only: Sequence[str] = (),
    stream: int | None = None,
    targets_dir: Path | None = None,
    trust: bool = False,
) -> Fit:
    """Search for a form of `model` that fits `target`, with the words of the command line.

    Costs are limited in bytes and milliseconds, or as parts of the int8 model as it is ("50%"); `max_drop` is
    a part of the score, 0.01 for one point. With `stream`, the product takes so many new frames at a step,
    and the limits are on what a step costs. `trust` is your word for a model file that holds code.
    """
    folder = Path(output)
    flash, ram, ms = (None if limit is None else str(limit) for limit in (max_flash, max_ram, max_ms))
    job = FitRequest(
        str(model),
        str(data),
        target,
        str(folder / WORK),
        storage or own_storage(folder),
        eval_data=None if eval_data is None else str(eval_data),
        targets_dir=None if targets_dir is None else str(targets_dir),
        max_flash=flash,
        max_ram=ram,
        max_ms=ms,
        max_drop=max_drop,
        seed=seed,
        train=train,
        epochs=Epochs(epochs, max(1, round(epochs * 0.4))),
        only=tuple(only),
        stream=stream,
        trust=trust or trusted(),
    ).checked()
    return search(job, folder, minutes=minutes, workers=workers)


@at_leisure()
def search(job: FitRequest, output: Path, *, minutes: float = 15.0, workers: int = 2) -> Fit:
    """Search for `minutes`, train the best fully, and write everything into `output`.

    An interruption (KeyboardInterrupt) ends the search early: the result then is the best so far.
    """
    began = time.time()
    with working(output):
        run = _Run(job, output, began, began + minutes * 60, workers)
        interrupted = False
        try:
            with stage("fit") as line:
                run.go(line)
        except KeyboardInterrupt:
            interrupted = True
        result = replace(run.result(), interrupted=interrupted)
        with stage("write the winner"):
            result = publish(result, job, run.facts().sensitive)
    return replace(result, seconds=round(time.time() - began, 1))


class _Run:
    """One search by this process; other processes may be at the same study."""

    def __init__(self, job: FitRequest, output: Path, began: float, until: float, workers: int) -> None:
        self._job, self._output, self._began, self._until, self._workers = job, output, began, until, workers
        self._study = Study(job.storage, job.study, seed=job.seed)
        self._title = job.place().title
        self._place = output / WORK / "job.json"
        others = self._study.noted("processes") or 0
        self._study.note("processes", others + 1)
        self._first = others * 64  # workers of several processes propose different things
        files.write_text(self._place, job.to_text())

    def go(self, line: ProgressLine) -> None:
        """Prepare, search, train the finalists."""
        self._study.mend()
        self._phase("prepare", 1, line)
        self._phase("search", self._workers, line)
        self._study.use(full_space())
        while True:  # while there is time, the next best follow those that did not fit after all
            chosen = self._finalists()
            for trial in chosen:
                self._study.enqueue(trial.point, final=True)
            if not self._study.waiting():
                break
            self._phase("final", min(self._workers, max(1, len(chosen))), line)
            if time.time() > self._until or self._fits_fully():
                break

    def result(self) -> Fit:
        facts, trials, seconds = self.facts(), self._study.trials(), time.time() - self._began
        return result_of(self._job, self._title, facts, trials, self._output, seconds)

    def facts(self) -> Facts:
        """What the processes have told one another."""
        return Facts.of(self._study)

    def _fits_fully(self) -> bool:
        best = winner(self._study.trials(), self.facts().budget)
        return best is not None and best.final

    def _finalists(self) -> tuple[Trial, ...]:
        """Those worth a full training: what fits or nearly fits after a short one, best first, and nothing
        twice.
        """
        budget, trials = self.facts().budget, self._study.trials()
        done = {
            point_key(trial.point) for trial in trials if trial.final and trial.outcome is not Outcome.LOST
        }
        hopeful = replace(
            budget, drop=None if budget.drop is None else budget.drop + self._job.rules.slack[-1]
        )
        left = [
            trial
            for trial in feasible(trials, hopeful)
            if trial.outcome is Outcome.TRAINED
            and not trial.final
            and 0 < trial.part < 1
            and point_key(trial.point) not in done
        ]
        chosen: list[Trial] = []
        while left and len(chosen) < _FINALISTS:
            best = winner(left, hopeful)
            assert best is not None
            chosen.append(best)
            left = [trial for trial in left if trial.number != best.number]
        return tuple(chosen)

    def _phase(self, phase: str, count: int, line: ProgressLine) -> None:
        with self._processes(phase, count) as children:
            while any(child.poll() is None for child in children):
                line.note(self._progress(phase))
                time.sleep(_POLL_S)
        for child in children:
            if child.returncode:
                log = _log(self._place, phase, children.index(child))
                raise ProcessError(
                    "a worker of the search failed",
                    which=f"{phase}, exit code {child.returncode}",
                    found=_tail(log),
                    next_step="the same command goes on where the search stopped",
                )

    @contextmanager
    def _processes(self, phase: str, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
        """Workers of one phase; none of them outlives the block."""
        until, place = self._deadline(phase), self._place.absolute()
        here = (
            os.getcwd()
        )  # the words of the job are those of who called, and so is the folder that they are about
        with ExitStack() as watched:
            temporary = watched.enter_context(scratch("files.", place.parent))
            env = worker.environment({STORAGE_VARIABLE: self._job.storage, "TMPDIR": str(temporary)})
            children: list[subprocess.Popen[bytes]] = []
            try:
                for number in range(count):
                    words = worker.command(
                        _WORKER, here, place, phase, str(self._first + number), repr(until)
                    )
                    log = _log(place, phase, number)
                    children.append(watched.enter_context(proc.logged(words, log, cwd=place.parent, env=env)))
                yield children
            finally:
                proc.end(children)

    def _deadline(self, phase: str) -> float:
        if phase != "search":
            return (
                self._until + 3600
            )  # what is begun is ended: one full training has no other limit than itself
        left = self._until - time.time()
        return time.time() + max(0.0, left - self._reserve(left))

    def _reserve(self, left: float) -> float:
        """Time for the finalists' full training, from how long short ones took before, else a share."""
        rates = [
            rung.seconds / rung.part
            for trial in self._study.trials()
            for rung in trial.rungs
            if 0 < rung.part < 1 and rung.seconds > 0
        ]
        if not rates:
            return left * _FINAL_SHARE
        rounds = -(-_FINALISTS // self._workers)
        return min(left * 0.6, rounds * sorted(rates)[len(rates) // 2])

    def _progress(self, phase: str) -> str:
        trials, budget = self._study.trials(), self.facts().budget
        trained = [trial for trial in trials if trial.outcome is Outcome.TRAINED]
        best = winner(trials, budget)
        words = {"prepare": "the model as it is", "search": "searching", "final": "training the best fully"}
        parts = [words[phase], f"{len(trials)} trials, {len(trained)} trained, front {len(front(trained))}"]
        if best is not None and best.cost is not None and best.drop is not None:
            parts.append(
                f"best: {best.drop * 100:+.1f} points lost, {best.cost.flash:,} B, {best.cost.ms:.2f} ms"
            )
        left = max(0.0, self._until - time.time())
        return "; ".join([*parts, f"{int(left // 60)}:{int(left % 60):02d} left"])


def _log(place: Path, phase: str, number: int) -> Path:
    return place.with_name(f"{phase}-{number}.log")


def _tail(log: Path) -> str:
    try:
        lines = [text for text in log.read_text(errors="replace").strip().splitlines() if text.strip()]
    except OSError as error:
        raise TinymlError("the log of a worker is gone", which=log) from error
    return hidden("\n".join(lines[-12:])) or "no message"
