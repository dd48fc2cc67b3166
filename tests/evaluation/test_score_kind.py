"""One place says what a score is worth: the direction, the loss, the words; and every room asks it."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from tests.test_structure import PACKAGE, TREES, name
from tinyml_compress.evaluation import ScoreKind, answers

KINDS = {kind.value for kind in ScoreKind}


@pytest.mark.parametrize(
    ("kind", "before", "after", "drop"),
    [
        (ScoreKind.ACCURACY, 0.98, 0.95, 0.03),
        (ScoreKind.AUC, 0.90, 0.92, -0.02),
        (ScoreKind.COSINE, 0.99, 0.95, 0.04),
        (ScoreKind.MAE, 2.0, 2.5, 0.25),
        (ScoreKind.MSE, 0.5, 0.4, -0.2),
        (ScoreKind.MSE, -0.5, -0.4, 0.2),
        (ScoreKind.MAE, 0.0, 1e-12, 1.0),
    ],
)
def test_drop(kind: ScoreKind, before: float, after: float, drop: float) -> None:
    assert kind.drop(before, after) == pytest.approx(drop)


def test_words() -> None:
    assert {kind: kind.shown(0.98765) for kind in ScoreKind} == {
        ScoreKind.ACCURACY: "98.77%",
        ScoreKind.AUC: "98.77%",
        ScoreKind.MAE: "0.9877",
        ScoreKind.MSE: "0.9877",
        ScoreKind.COSINE: "0.9877",
    }


def test_a_single_output_may_be_a_logit() -> None:
    assert answers(np.array([[0.4], [0.6]])).tolist() == [0, 1]
    assert answers(np.array([[-3.0], [0.1], [4.0]])).tolist() == [0, 1, 1]


def _lists_kinds(node: ast.AST) -> bool:
    """Several of the words beside one another: somebody sorts the kinds by what ScoreKind knows of them."""
    if not isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return False
    words = {
        item.value for item in node.elts if isinstance(item, ast.Constant) and isinstance(item.value, str)
    }
    return len(KINDS & words) > 1


def _is_small_divisor(node: ast.AST) -> bool:
    """`max(abs(before), ...)`: the divisor of a relative loss."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "max"
        and any(
            isinstance(a, ast.Call) and isinstance(a.func, ast.Name) and a.func.id == "abs" for a in node.args
        )
    )


def test_nobody_else_knows_what_is_lost_or_better() -> None:
    allowed = {"evaluation/score_kind.py", "techniques/recipe.py"}  # the recipe lists the words of losses
    wrong = [
        f"{name(path)}:{getattr(node, 'lineno', 0)}"
        for path, tree in TREES.items()
        if str(Path(path).relative_to(PACKAGE)) not in allowed
        for node in ast.walk(tree)
        if _lists_kinds(node) or (_is_small_divisor(node) and path.parent.name in ("pipeline", "report"))
    ]
    assert not wrong
