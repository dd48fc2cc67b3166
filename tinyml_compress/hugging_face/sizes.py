"""How large a transformer is by its configuration, and what a smaller one of it is like."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

_NAMES = {
    "layers": ("num_hidden_layers", "n_layers"),
    "width": ("hidden_size", "dim"),
    "heads": ("num_attention_heads", "n_heads"),
    "inner": ("intermediate_size", "hidden_dim"),
    "words": ("vocab_size",),
}
_BESIDE = ("embedding_size", "intra_bottleneck_size", "true_hidden_size")
"""Widths of ALBERT and MobileBERT that go with the width."""
_SHARED = ("albert",)
"""Families whose layers are one layer, run again and again."""
_FEWEST_WORDS = 512


@dataclass(frozen=True)
class TransformerSize:
    """Layers, their width, heads and inner width, and words of the vocabulary."""

    family: str
    layers: int
    width: int
    heads: int
    inner: int
    words: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> TransformerSize | None:
        """None where the configuration names them otherwise."""
        sizes = {}
        for name, words in _NAMES.items():
            value = next((config[word] for word in words if word in config), None)
            if type(value) is not int or value < 1:
                return None
            sizes[name] = value
        one = cls(str(config["model_type"]), **sizes)
        return one if one.width % one.heads == 0 else None

    def config(self, of: Mapping[str, Any]) -> dict[str, Any]:
        """The configuration `of`, with these sizes."""
        changed = dict(of)
        for name, words in _NAMES.items():
            changed.update({word: getattr(self, name) for word in words if word in of})
        before = TransformerSize.of(of)
        for name in _BESIDE:
            if isinstance(of.get(name), int) and before is not None:
                changed[name] = max(1, of[name] * self.width // before.width)
        for name, value in of.items():  # numbers of words that must be words
            if name.endswith("token_id") and isinstance(value, int):
                changed[name] = min(value, self.words - 1)
        return changed

    def parameters(self, length: int) -> float:
        """About: what weights and tables grow with."""
        layer = 4 * self.width**2 + 2 * self.width * self.inner
        often = 1 if self.family in _SHARED else self.layers
        return (self.words + length) * self.width + often * layer

    def activations(self, length: int) -> float:
        """About: what lies in memory at once grows with this."""
        return max(length * (self.inner + 2 * self.width), self.heads * length**2 + 4 * length * self.width)

    def smaller(self) -> Iterator[TransformerSize]:
        """This size and all below it: fewer layers, fewer heads of the same width, half as many words.

        Two heads at least: the products of a single one become dense layers whose weights are computed.
        """
        words = [self.words]
        while words[-1] // 2 >= _FEWEST_WORDS:
            words.append(words[-1] // 2)
        for count in words:
            for heads in range(min(2, self.heads), self.heads + 1):
                width, inner = self.width * heads // self.heads, self.inner * heads // self.heads
                for layers in range(1, self.layers + 1):
                    yield replace(
                        self, layers=layers, width=width, heads=heads, inner=max(1, inner), words=count
                    )

    def kept(self, of: TransformerSize) -> float:
        """How much of another size it is: rare words count less than layers and width."""
        return self.layers / of.layers * self.width / of.width * math.sqrt(self.words / of.words)
