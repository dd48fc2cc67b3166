"""What one engine on one target says to a model before it is run there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tinyml_compress.frontend.survey import Refused
from tinyml_compress.support.notebook import Displayed
from tinyml_compress.support.table import Block, Cell, facts

__all__ = ["Contract", "Demand", "Demands"]

_FIXES = {
    "flash": "compress the model further (recipes), compile with --optimize size, or take a larger device",
    "RAM": "use a smaller input or fewer channels in the first layers, or take a larger device",
}


@dataclass(frozen=True)
class Demand:
    """Memory that is needed of what the device has; exact counts, of the parts named in `of_what`."""

    memory: str
    needed: int
    available: int
    of_what: str

    @property
    def fits(self) -> bool:
        return self.needed <= self.available


Demands = tuple[Sequence[Demand], Sequence[str]]
"""What is needed, and what that rests on besides exact sizes."""


@dataclass(frozen=True)
class Contract(Displayed):
    """What one engine on one device says to a model."""

    device: str
    engine: str
    refused: tuple[Refused, ...]
    demands: tuple[Demand, ...]
    assumptions: tuple[str, ...] = ()
    """What the demands rest on besides exact sizes."""

    @property
    def holds(self) -> bool:
        return not self.refused and all(demand.fits for demand in self.demands)

    def as_json(self) -> dict[str, object]:
        return {
            "device": self.device,
            "engine": self.engine,
            "holds": self.holds,
            "refused": [asdict(refused) for refused in self.refused],
            "memory": [{**asdict(demand), "fits": demand.fits} for demand in self.demands],
            **({"assumptions": list(self.assumptions)} if self.assumptions else {}),
        }

    def blocks(self) -> list[Block]:
        """What is needed of each memory, and every layer that is refused, with the fix."""
        head = "takes the model" if self.holds else "refuses the model"
        rows: list[tuple[str, Cell]] = []
        for demand in self.demands:
            mark = "" if demand.fits else "  DOES NOT FIT"
            rows.append(
                (demand.memory, f"{demand.needed:,} of {demand.available:,} B ({demand.of_what}){mark}")
            )
            if not demand.fits:
                rows.append(("  fix", _FIXES[demand.memory]))
        rows += [("assumed", text) for text in self.assumptions]
        blocks: list[Block] = [f"{self.device}, {self.engine}: {head}"]
        if rows:
            blocks.append(facts(rows, indent=2))
        for refused in self.refused:
            reasons = (("found", refused.found), ("allowed", refused.allowed), ("fix", refused.next_step))
            told = [(label, text) for label, text in reasons if text is not None]
            blocks += [f"  {refused.layer}: {refused.what}", *([facts(told, indent=4)] if told else [])]
        return blocks
