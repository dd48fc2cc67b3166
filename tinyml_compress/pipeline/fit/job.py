"""What one budget search is about, as a value that its worker processes read from a file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import msgspec

from tinyml_compress.data.split import split_data
from tinyml_compress.errors import UsageError
from tinyml_compress.pipeline.inspect.contents import content_of_model
from tinyml_compress.pipeline.measure.target import Target, searched_target
from tinyml_compress.results.fit import Budget, Cost
from tinyml_compress.search.loop import Rules
from tinyml_compress.search.space import Epochs, full_space
from tinyml_compress.support import cache
from tinyml_compress.support.amounts import amount
from tinyml_compress.support.backend import switches
from tinyml_compress.support.passwords import hidden
from tinyml_compress.support.producers import SEARCH

_STUDY = "study.db"


@dataclass(frozen=True)
class FitRequest:
    """One search; limits are texts as the user gave them, since a part of the reference is known
    only later.
    """

    model: str
    data: str
    target: str
    folder: str
    """Where workers put what they make on the way."""
    storage: str = field(repr=False)
    """May hold a password: `shown_storage` is for others to see, and no file has it."""
    study: str = ""
    eval_data: str | None = None
    targets_dir: str | None = None
    max_flash: str | None = None
    max_ram: str | None = None
    max_ms: str | None = None
    max_drop: float | None = None
    seed: int = 0
    train: int = 0
    epochs: Epochs = field(default_factory=Epochs)
    rules: Rules = field(default_factory=Rules)
    only: tuple[str, ...] = ()
    """Dimensions to search; empty: all that pay."""
    stream: int | None = None
    """Frames that the product takes at a step; its cost is the one that is limited. None: whole windows."""
    trust: bool = False
    """The user's word for the model file, which the worker processes need as well."""

    def checked(self) -> FitRequest:
        """With the study's name; whatever is wrong with the question is said before anything slow begins."""
        place = self.place()
        limits = (("flash", self.max_flash), ("ram", self.max_ram), ("ms", self.max_ms))
        for what, text in limits:
            if text is not None:
                limit_of(text, what)
        if not any(text for _, text in limits) and self.max_drop is None:
            raise UsageError(
                "no budget",
                which="fit",
                next_step="give at least one of --max-flash, --max-ram, --max-ms, --max-drop",
            )
        known = [one.name for one in full_space().dimensions]
        for name in self.only:
            if name not in known:
                raise UsageError("no such dimension", which=f"--only {name}", allowed=", ".join(known))
        return self._named(place)

    def place(self) -> Target:
        """Where the model is to run."""
        return searched_target(self.target, None if self.targets_dir is None else Path(self.targets_dir))

    def _named(self, place: Target) -> FitRequest:
        """With the study's name: the same question finds the same study again, whatever its files are called.

        Model, data and board count by their content, and so does the code that finds costs and scores.
        """
        words = {"folder", "storage", "study", "model", "data", "eval_data", "targets_dir", "trust"}
        asked = {key: value for key, value in asdict(self).items() if key not in words}
        train, tests = split_data(self.data, self.eval_data, self.seed)
        key = cache.key_of(
            SEARCH.stamp(),
            switches(),
            json.dumps(asked, sort_keys=True),
            content_of_model(self.model),
            train.sha256,
            tests.sha256,
            place.searched or "",
        )
        return replace(self, study=f"fit-{key[:12]}")

    @property
    def shown_storage(self) -> str:
        """For reports: the study beside them by its name there, any other URL without its password."""
        return (
            f"sqlite:///{_STUDY}"
            if self.storage == own_storage(Path(self.folder).parent)
            else hidden(self.storage)
        )

    def to_text(self) -> str:
        """For a file; the storage goes another way."""
        row = asdict(self)
        del row["storage"]
        return json.dumps(row, indent=1)

    @staticmethod
    def from_text(text: str, storage: str) -> FitRequest:
        return msgspec.convert({**json.loads(text), "storage": storage}, FitRequest)


def own_storage(output: Path) -> str:
    """The URL of the study that lies in the output folder."""
    return f"sqlite:///{(output / _STUDY).absolute()}"


def limit_of(text: str, what: str) -> tuple[float, bool]:
    """A limit as the user writes it: 18000, 64K, 1M, 12.5, or 50% of the reference; the number, and whether a
    part.
    """
    read = amount(text)
    if read is None or read[0] <= 0:
        raise UsageError(
            "not a limit",
            which=f"--max-{what}",
            found=text,
            allowed=(
                "a number above 0, with K or M for bytes, or a part of the int8 model as it is, such as 50%"
            ),
        )
    number, unit = read
    if unit and unit != "%" and what == "ms":
        raise UsageError(
            "milliseconds have no unit here", which="--max-ms", found=text, allowed="12.5, or 50%"
        )
    return number, unit == "%"


def most_ram(job: FitRequest) -> int | None:
    """What `--max-ram` allows where it is said in bytes: no form of a model needs to take more."""
    if job.max_ram is None:
        return None
    number, is_part = limit_of(job.max_ram, "ram")
    return None if is_part else int(number)


def resolved(job: FitRequest, reference: Cost | None) -> Budget:
    """The budget in absolute numbers; parts are of `reference`."""

    def limit(what: str, text: str | None) -> float | None:
        if text is None:
            return None
        number, is_part = limit_of(text, what)
        if not is_part:
            return number
        assert reference is not None
        return number / 100 * float(getattr(reference, what))

    flash, ram = limit("flash", job.max_flash), limit("ram", job.max_ram)
    return Budget(
        flash=None if flash is None else int(flash),
        ram=None if ram is None else int(ram),
        ms=limit("ms", job.max_ms),
        drop=job.max_drop,
    )
