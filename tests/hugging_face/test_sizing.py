"""Which size of a transformer fits a board: the sizes by themselves, then families on boards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lib.schema import validate
from tinyml_compress.hugging_face.sizes import TransformerSize
from tinyml_compress.pipeline.checking import check
from tinyml_compress.results import encoded

BERT: dict[str, Any] = {
    "model_type": "bert",
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "vocab_size": 30522,
    "pad_token_id": 0,
    "sep_token_id": 30000,
}


def test_sizes_are_those_of_the_configuration() -> None:
    sizes = TransformerSize.of(BERT)
    assert sizes == TransformerSize("bert", 12, 768, 12, 3072, 30522)
    assert sizes.parameters(512) == pytest.approx(109e6, rel=0.02), "BERT base has 110 million"
    other = {"model_type": "distilbert", "dim": 64, "n_layers": 2, "n_heads": 4, "hidden_dim": 99}
    assert TransformerSize.of({**other, "vocab_size": 9}) == TransformerSize("distilbert", 2, 64, 4, 99, 9)
    assert TransformerSize.of(other) is None
    assert TransformerSize.of({**BERT, "num_attention_heads": 7}) is None
    assert TransformerSize.of({**BERT, "hidden_size": True}) is None


def test_smaller_ones_are_smaller_and_whole() -> None:
    sizes = TransformerSize.of(BERT)
    assert sizes is not None
    pool = list(sizes.smaller())
    assert sizes in pool
    assert max(pool, key=lambda one: one.kept(sizes)) == sizes
    assert all(one.width % one.heads == 0 and one.width // one.heads == 64 for one in pool)
    assert min(one.words for one in pool) >= 512
    assert min(one.heads for one in pool) == 2
    tiny = min(pool, key=lambda one: one.parameters(32))
    changed = tiny.config({**BERT, "embedding_size": 384})
    assert (changed["hidden_size"], changed["embedding_size"]) == (128, 64)
    assert changed["sep_token_id"] == changed["vocab_size"] - 1
    assert TransformerSize.of(changed) == tiny
    shared = TransformerSize("albert", 12, 768, 12, 3072, 30522)
    assert shared.parameters(32) < sizes.parameters(32) / 2


@pytest.mark.full
def test_what_would_fit_is_said(saved: Callable[[str], Path]) -> None:
    """A DeBERTa, whose operators have no integer kernel: a BERT of its size does."""
    done = check(f"hf:{saved('deberta')}@16", "nucleo-l4r5zi", engine="aot")
    validate(encoded(done))
    (contract,) = done.contracts
    assert contract.refused
    size = contract.fitting
    assert size is not None
    assert (size.family, size.layers, size.width, size.heads, size.length) == ("bert", 2, 32, 2, 16)
    assert all(demand.fits for demand in size.memory)
    assert "would fit: bert of 2 layers, width 32" in done.summary()


@pytest.mark.full
def test_where_nothing_fits_that_is_said(saved: Callable[[str], Path]) -> None:
    done = check(f"hf:{saved('bert')}@16", "nucleo-l4r5zi", engine="aot", max_ram=4500)
    (contract,) = done.contracts
    assert not contract.holds
    assert contract.fitting is None
    assert "nothing of 2 heads of this width and 512 words or more fits" in done.summary()
    assert "bert@8" in done.summary()
