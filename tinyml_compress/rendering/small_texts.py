"""Results of the small verbs for people."""

from __future__ import annotations

from tinyml_compress.results import Verification
from tinyml_compress.results.base import shows
from tinyml_compress.support.table import Block, Cell, facts

__all__ = ["verification_blocks"]


@shows(Verification)
def verification_blocks(done: Verification) -> list[Block]:
    """Both sides, then whether they are equal, or where they part."""
    sides: list[tuple[str, Cell]] = [("A", done.a), ("B", done.b)]
    if done.litert is not None:
        sides.append(("LiteRT", done.litert))
    if done.equal:
        told = f"equal: 0 of {done.elements:,} output values differ on {done.vectors} vectors"
        return [facts(sides), told]
    some = ", ".join(done.differing[:4]) + (", ..." if len(done.differing) > 4 else "")
    rows: list[tuple[str, Cell]] = [
        ("vectors", f"{len(done.differing)} of {done.vectors}: {some}"),
        ("largest difference", f"{done.largest:g}"),
    ]
    if done.divergence is not None:
        rows.append(("first node that differs", str(done.divergence)))
    elif done.why_no_divergence is not None:
        rows.append(("first node that differs", f"not known, {done.why_no_divergence}"))
    title = f"different: {done.mismatches:,} of {done.elements:,} output values"
    return [facts(sides), title, facts(rows, indent=2)]
