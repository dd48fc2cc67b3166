"""A two-layer DeBERTa for sentences of a smart home, trained here in two minutes: `make demo-transformer`
makes it smaller, compares both, and converts it.

    python examples/transformer_intents.py FOLDER [bert]

writes what `save_pretrained` writes: configuration, weights, and a tokenizer made of the same sentences. The
training runs under the interpreter that the tool has for PyTorch.
"""

from __future__ import annotations

import csv
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WORDS = 320
LENGTH = 32
BATCH = 64
STEPS = 320
RATE = 2e-3
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def main(folder: Path, family: str) -> None:
    """The sentences as a table, and a process that trains on them."""
    from tinyml_compress import data
    from tinyml_compress.support import environments

    sentences = data.load("data:intents:train")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "train.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("text", "label"))
        names = (sentences.classes[label] for label in sentences.need_labels())
        rows.writerows(zip(sentences.texts, names, strict=True))
    python = environments.python_of(environments.TORCH, print)
    subprocess.run(
        [str(python), "-W", "ignore", __file__, "--train", family, *sentences.classes, str(folder)],
        check=True,
    )


def train(folder: Path, family: str, classes: list[str]) -> None:
    """From the table to the folder of a model."""
    logging.disable(logging.WARNING)  # of parts of torch that nothing here uses
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    with (folder / "train.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    words = tokenizer([row["text"] for row in rows])
    ids, mask = encoded(torch, words, [row["text"] for row in rows])
    labels = torch.tensor([classes.index(row["label"]) for row in rows])
    configuration = FAMILIES[family](classes)
    model = transformers.AutoModelForSequenceClassification.from_config(configuration)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=STEPS)
    for step, batch in enumerate(batches(torch, len(ids))):
        loss = model(input_ids=ids[batch], attention_mask=mask[batch], labels=labels[batch]).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        plan.step()
        if step % 40 == 39:
            print(f"step {step + 1} of {STEPS}: loss {loss.item():.3f}", flush=True)
    model.save_pretrained(folder)
    words.save_pretrained(folder)


def tokenizer(texts: list[str]) -> Any:
    """Word pieces, learned from the texts."""
    import tokenizers
    import transformers

    learned = tokenizers.BertWordPieceTokenizer(lowercase=True)
    learned.train_from_iterator(texts, vocab_size=WORDS, min_frequency=2, show_progress=False)
    inner = tokenizers.Tokenizer.from_str(learned.to_str())
    pair = [(name, inner.token_to_id(name)) for name in ("[SEP]", "[CLS]")]
    inner.post_processor = tokenizers.processors.BertProcessing(*pair)
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, model_max_length=LENGTH, **dict(zip(names, SPECIAL, strict=True))
    )


def encoded(torch: Any, words: Any, texts: list[str]) -> tuple[Any, Any]:
    """Tokens, and which of them are words."""
    cut = words(texts, padding="max_length", truncation=True, max_length=LENGTH, return_tensors="pt")
    return cut["input_ids"], cut["attention_mask"]


def deberta(classes: list[str]) -> Any:
    """Two layers of 64."""
    import transformers

    return transformers.DebertaV2Config(
        **sizes(classes),
        relative_attention=True,
        position_buckets=16,
        pos_att_type=["c2p", "p2c"],
        share_att_key=True,
        norm_rel_ebd="layer_norm",
        type_vocab_size=0,
    )


def bert(classes: list[str]) -> Any:
    """The same of the family that a microcontroller computes in int8."""
    import transformers

    return transformers.BertConfig(**sizes(classes))


FAMILIES = {"deberta": deberta, "bert": bert}


def sizes(classes: list[str]) -> dict[str, Any]:
    """What both have."""
    return {
        "vocab_size": WORDS,
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 256,
        "max_position_embeddings": LENGTH,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "id2label": dict(enumerate(classes)),
        "label2id": {name: place for place, name in enumerate(classes)},
    }


def batches(torch: Any, count: int) -> Iterator[Any]:
    """Places of samples, each order once, until there were enough steps."""
    left = STEPS
    while left:
        for batch in torch.randperm(count).split(BATCH)[:left]:
            if len(batch) == BATCH:
                yield batch
                left -= 1


if __name__ == "__main__":
    if sys.argv[1] == "--train":
        train(Path(sys.argv[-1]), sys.argv[2], sys.argv[3:-1])
    else:
        main(Path(sys.argv[1]), (sys.argv[2:] or ["deberta"])[0])
