"""Where two engines part: at the outputs, or inside only."""

from __future__ import annotations

from tests.report.documents import ladder
from tinyml_compress.rendering.page import results_page
from tinyml_compress.results import Divergence, Engine, Ladder, Step

FIRST = Divergence(
    index=3, op="CONV_2D", layer="net/c", tensor="net/c", elements=64, mismatches=2, largest=1.0
)


def _text(mismatches: int) -> str:
    step = Step(
        below=Engine.LITERT,
        above=Engine.LITERT_REF,
        elements=200,
        mismatches=mismatches,
        largest=float(mismatches),
        first=FIRST,
    )
    done = Ladder(model="m.tflite", model_sha256="0" * 64, samples=20, inputs="data", rungs=(), steps=(step,))
    return done.summary()


def test_equal_outputs_name_no_layer_that_differs_but_say_inside() -> None:
    lines = _text(0).splitlines()
    assert "LiteRT -> LiteRT reference: all 200 outputs equal" in lines
    assert any(
        line.startswith("  inside, not at the outputs, the first layer that differs: 3 CONV_2D")
        for line in lines
    )
    assert any(line.startswith("  first layer that differs: 3 CONV_2D") for line in _text(4).splitlines())


def test_the_card_of_equal_engines_says_inside() -> None:
    document = ladder()
    first, *rest = document["steps"]
    differing = results_page([document])
    assert "<dt>first layer</dt><dd>3 CONV_2D net/c</dd>" in differing
    assert "not at the outputs" not in differing.partition("<script")[0]
    equal = results_page(
        [{**document, "steps": [{**first, "mismatches": 0, "largest_difference": 0.0}, *rest]}]
    )
    assert "<dt>inside, not at the outputs</dt><dd>3 CONV_2D net/c</dd>" in equal
    assert "<dt>first layer</dt>" not in equal
