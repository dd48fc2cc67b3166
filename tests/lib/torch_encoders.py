"""Small encoders of pictures and sounds by `transformers`, which the worker imports under its own Python."""

from __future__ import annotations

import torch
import transformers


class _Answers(torch.nn.Module):
    """The logits alone."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.model(values).logits


def vit() -> torch.nn.Module:
    """Pictures of 32x32 in patches of 8."""
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        image_size=32,
        patch_size=8,
        num_labels=6,
        hidden_act="relu",
        attn_implementation="eager",
    )
    return _Answers(transformers.ViTForImageClassification(config).eval())


def wav2vec() -> torch.nn.Module:
    """A tenth of a second of sound."""
    torch.manual_seed(0)
    config = transformers.Wav2Vec2Config(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        conv_dim=(16, 16, 16),
        conv_stride=(5, 4, 4),
        conv_kernel=(10, 8, 4),
        num_feat_extract_layers=3,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        num_labels=6,
        hidden_act="relu",
        feat_extract_activation="relu",
        attn_implementation="eager",
        apply_spec_augment=False,
    )
    return _Answers(transformers.Wav2Vec2ForSequenceClassification(config).eval())
