"""A judge that computes instead of training, and a worker process that uses it: `python fake.py URL NAME LOG
COUNT`.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from tinyml_compress.errors import DoesNotFit, TrainingError
from tinyml_compress.results.fit import Budget, Cost
from tinyml_compress.search.loop import Judged, Rules, work
from tinyml_compress.search.space import Space, full_space, point_key
from tinyml_compress.search.study import Study
from tinyml_compress.techniques.technique import Point

SPACE = Space(tuple(one for one in full_space().dimensions if one.name in ("keep", "qat", "level")))
BUDGET = Budget(flash=21_000, ms=20.0, drop=0.055)


class FakeJudge:
    """Flash, time and drop by formula: narrower is cheaper and worse, qat gives a little back."""

    def __init__(self, log: Path | None = None, pause: float = 0.0) -> None:
        self.log, self.pause, self.trained = log, pause, []

    def cost(self, point: Point) -> Cost:
        keep = float(point["keep"])
        if keep == 0.9375:
            raise DoesNotFit("too large for the board", found="as told")
        code = 4_000 if point["level"] == "size" else 6_000
        ms = 40 * keep**2 * (1.2 if point["level"] == "size" else 1.0)
        return Cost(round(code + 30_000 * keep**2), 5_000, round(ms * 120_000), 1, ms, str(point["level"]))

    def train(self, point: Point, part: float) -> Judged:
        key = point_key(point, str(part))
        self.trained.append((dict(point), part))
        self._note(f"begin {key}")
        time.sleep(self.pause)
        if point["keep"] == 0.25:
            raise TrainingError("the loss is not a number any more")
        drop = 0.12 * (1 - float(point["keep"])) - (0.01 if point["qat"] else 0.0) + 0.1 * (1 - part) ** 4
        self._note(f"end {key}")
        return Judged(0.9 - drop, drop, self.cost(point))

    def _note(self, text: str) -> None:
        if self.log is not None:
            with self.log.open("a") as file:
                file.write(f"{text} {os.getpid()}\n")


def main(url: str, name: str, log: str, count: str) -> None:
    study = Study(url, name, seed=7)
    study.use(SPACE, os.getpid())
    began = time.time()
    done = [0]

    def stop() -> bool:
        done[0] += 1
        return done[0] > int(count)

    work(study, FakeJudge(Path(log), 0.02), BUDGET, Rules(), until=began + 60, stop=stop)


if __name__ == "__main__":
    main(*sys.argv[1:])
