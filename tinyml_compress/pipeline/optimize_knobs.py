"""What `optimize` is asked to do: knobs, and the recipe that holds them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyml_compress.errors import UsageError
from tinyml_compress.support.sections import Section, parse

SCHEMES = ("dynamic", "static", "none")
_SCOPES = ("layer", "global")
_STAGES = ("prune", "threshold", "int8", "fp16")
"""Of a recipe, in the order in which they are done."""


@dataclass(frozen=True)
class Knobs:
    """What is done to the weights, in this order; each can be left out."""

    pruning: bool = True
    amount: float = 0.3
    scope: str = "layer"
    pattern: str | None = None
    """N:M: the N largest of every M weights stay."""
    compress: bool = True
    threshold: float = 1e-3
    int8: str = "dynamic"
    fp16: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.amount <= 0.9:
            raise UsageError("not a share of weights to prune", which=self.amount, allowed="0.0 to 0.9")
        if not 0 <= self.threshold < 1:
            raise UsageError("not a threshold", which=self.threshold, allowed="0 up to 1, such as 1e-3")
        if self.scope not in _SCOPES:
            raise UsageError("no such scope of pruning", which=self.scope, allowed=", ".join(_SCOPES))
        if self.int8 not in SCHEMES:
            raise UsageError("no such form of int8", which=self.int8, allowed=", ".join(SCHEMES))

    @property
    def of_each(self) -> tuple[int, int] | None:
        """N and M."""
        if self.pattern is None:
            return None
        keep, colon, of = self.pattern.partition(":")
        if not (colon and keep.isdigit() and of.isdigit() and 0 < int(keep) < int(of) <= 64):
            raise UsageError("not a pattern of pruning", which=self.pattern, allowed="N:M, such as 2:4")
        return int(keep), int(of)

    def told(self) -> dict[str, Any]:
        """For the worker."""
        return {
            "amount": self.amount if self.pruning else 0.0,
            "pattern": self.of_each if self.pruning else None,
            "scope": self.scope,
            "threshold": self.threshold if self.compress else 0.0,
            "int8": self.int8,
            "fp16": self.fp16,
        }

    def words(self) -> dict[str, str]:
        """For people and the manifest."""
        how = (
            self.pattern or f"{self.amount:g} of each layer"
            if self.scope == "layer"
            else f"{self.amount:g} of all"
        )
        return {
            "pruning": how if self.pruning else "none",
            "threshold": f"{self.threshold:g}" if self.compress else "none",
            "int8": self.int8,
            "fp16": "yes" if self.fp16 else "no",
        }

    def recipe(self, title: str, calibration: str | None) -> str:
        """The TOML text that `read_recipe` takes."""
        stages: list[tuple[str, dict[str, Any]]] = []
        if self.pruning:
            stages.append(("prune", {"amount": self.amount, "scope": self.scope, "pattern": self.pattern}))
        if self.compress:
            stages.append(("threshold", {"threshold": self.threshold}))
        if self.int8 != "none":
            stages.append(("int8", {"scheme": self.int8, "calibration": calibration}))
        if self.fp16:
            stages.append(("fp16", {}))
        lines = [f"title = {json.dumps(title)}"]
        for use, values in stages:
            lines += ["", "[[stage]]", f'use = "{use}"']
            lines += [f"{key} = {json.dumps(value)}" for key, value in values.items() if value is not None]
        return "\n".join(lines) + "\n"


def read_recipe(path: Path) -> tuple[Knobs, str | None]:
    """The knobs that the file's stages stand for, and the calibration texts that it names."""
    table, _ = parse(path, "docs/transformers.md")
    table.text("title", "")
    words: dict[str, Any] = {"pruning": False, "compress": False, "int8": "none"}
    calibration, last = "", -1
    for stage in table.sections("stage"):
        use = stage.text("use", one_of=_STAGES)
        if _STAGES.index(use) <= last:
            raise stage.error(
                "stages stand in another order than they are done, or twice",
                "use",
                found=use,
                allowed=", ".join(_STAGES),
            )
        last = _STAGES.index(use)
        if use == "int8":
            calibration = stage.text("calibration", "")
        words.update(_words_of(use, stage))
        stage.close()
    table.close()
    return Knobs(**words), calibration or None


def _words_of(use: str, stage: Section) -> dict[str, Any]:
    """The knobs of a stage."""
    if use == "prune":
        return {
            "pruning": True,
            "amount": stage.number("amount", 0, 0.9, Knobs.amount),
            "scope": stage.text("scope", Knobs.scope, one_of=_SCOPES),
            "pattern": stage.text("pattern", "") or None,
        }
    if use == "threshold":
        return {"compress": True, "threshold": stage.number("threshold", 0, 1, Knobs.threshold)}
    return {"int8": stage.text("scheme", Knobs.int8, one_of=SCHEMES)} if use == "int8" else {"fp16": True}
