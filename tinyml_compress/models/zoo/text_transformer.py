"""A transformer encoder of one block for short texts: embedding, local mixing, attention,
feed-forward, mean.
"""

from __future__ import annotations

from typing import Any

_TOKENS, _LENGTH, _WIDTH, _HEADS, _INNER, _CLASSES = 96, 24, 32, 2, 64, 4


def layers(keras: Any) -> Any:
    """The net on 24 token numbers from 0 to 95."""
    k = keras.layers
    inputs = k.Input((_LENGTH,), dtype="int32", name="tokens")
    x = k.Embedding(_TOKENS, _WIDTH, name="embedding")(inputs)
    # attention does not know the order of words: the convolution tells it each word's neighbours
    y = k.Conv1D(_WIDTH, 3, padding="same", activation="relu", name="neighbours")(x)
    x = k.Add(name="neighbours_add")([x, y])
    y = k.MultiHeadAttention(_HEADS, _WIDTH // _HEADS, name="attention")(x, x)
    x = k.LayerNormalization(name="attention_norm")(k.Add(name="attention_add")([x, y]))
    y = k.Dense(_INNER, activation="relu", name="expand")(x)
    y = k.Dense(_WIDTH, name="contract")(y)
    x = k.LayerNormalization(name="feed_norm")(k.Add(name="feed_add")([x, y]))
    x = k.GlobalAveragePooling1D(name="mean")(x)
    outputs = k.Dense(_CLASSES, activation="softmax", name="topics")(x)
    return keras.Model(inputs, outputs, name="text_transformer")
