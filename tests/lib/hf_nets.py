"""Small models of each family, made from their configurations with a tokenizer learned on the spot:
`python hf_nets.py FOLDER FAMILY ...` under an interpreter that has torch.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import tokenizers
import torch
import transformers

WORDS = 200
TEXTS = ["turn on the lamp", "play some music", "set an alarm", "tell me the weather", "make it warmer"] * 4
NAMES = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}
_BERT = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 34,
}
_SIX = {"num_labels": 6, "vocab_size": WORDS}
_DEBERTA: dict[str, Any] = {
    "relative_attention": True,
    "position_buckets": 8,
    "pos_att_type": ["c2p", "p2c"],
    "share_att_key": True,
}
FAMILIES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "bert": ("BertConfig", "BertForSequenceClassification", _BERT),
    "minilm": ("BertConfig", "BertModel", {**_BERT, "num_hidden_layers": 3}),
    "distilbert": (
        "DistilBertConfig",
        "DistilBertForSequenceClassification",
        {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64, "max_position_embeddings": 34},
    ),
    "roberta": ("RobertaConfig", "RobertaForSequenceClassification", {**_BERT, "pad_token_id": 0}),
    "deberta": ("DebertaV2Config", "DebertaV2ForSequenceClassification", {**_BERT, **_DEBERTA}),
    "albert": ("AlbertConfig", "AlbertForSequenceClassification", {**_BERT, "embedding_size": 16}),
    "mobilebert": (
        "MobileBertConfig",
        "MobileBertForSequenceClassification",
        {**_BERT, "embedding_size": 16, "intra_bottleneck_size": 16, "true_hidden_size": 16},
    ),
    "tokens": ("BertConfig", "BertForTokenClassification", _BERT),
}


def main(folder: Path, families: list[str]) -> None:
    learned = tokenizers.BertWordPieceTokenizer(lowercase=True)
    learned.train_from_iterator(TEXTS, vocab_size=WORDS, min_frequency=1, show_progress=False)
    inner = tokenizers.Tokenizer.from_str(learned.to_str())
    words = transformers.PreTrainedTokenizerFast(tokenizer_object=inner, **NAMES)
    for family in families:
        torch.manual_seed(0)
        config, kind, sizes = FAMILIES[family]
        model = getattr(transformers, kind)(getattr(transformers, config)(**{**_SIX, **sizes}))
        with torch.no_grad():
            for weight in model.parameters():  # answers that differ from text to text
                weight.mul_(3 if weight.dim() > 1 else 1)
        model.save_pretrained(folder / family)
        words.save_pretrained(folder / family)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
