"""What the workers for folders of `transformers` share: a model loaded, texts tokenized, answers."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tinyml_compress.errors import ConversionError, DataError, ModelError
from tinyml_compress.support.user_code import short

BATCH = 32
_ROUNDS, _WARM = 9, 2
_TIMED = (1, 8)
"""Texts in a call."""
AWAY = 12.0
COUNTED_FROM_PADDING = ("roberta", "xlm-roberta", "camembert")
"""Families that number the places of words from behind the padding's number on. They sum up where the padding
ends; as texts begin at their first place, the places are constants, and those of padding are never looked at.
"""
_OWN_MASKS = ("deberta-v2", "deberta")
"""Families that make their mask of words, and no other way."""
HEADS = {
    "ForSequenceClassification": "AutoModelForSequenceClassification",
    "ForTokenClassification": "AutoModelForTokenClassification",
    "ForImageClassification": "AutoModelForImageClassification",
}
"""What the name of an architecture with a head ends with, and the class that loads it."""
MANIFEST = "optimized.json"
WORDS = "words"
"""Names the place of each token's word; -1 where it goes on with one, or is none."""
CALIBRATION = "calibration_"
"""Stands before the names of tokens that ranges are taken from."""


def prepared(options: Mapping[str, Any]) -> Any:
    """`torch`, set up so that the same call gives the same numbers and nothing is fetched."""
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    torch.manual_seed(options["seed"])
    torch.set_num_threads(options["threads"])
    return torch


def loaded(torch: Any, options: Mapping[str, Any]) -> Any:
    """The folder's model, as it answers: one that `optimize` wrote with its linear layers in int8."""
    folder = Path(options["model"])
    try:
        if (folder / MANIFEST).is_file():
            from tinyml_compress.hugging_face.loader import load

            return load(folder, int8=True)[0]
        return _usual(torch, folder, options)
    except Exception as error:  # whatever transformers raises on a folder that is not what it should be
        raise ModelError("transformers cannot load the folder", which=folder, found=short(error)) from error


def _usual(torch: Any, folder: Path, options: Mapping[str, Any]) -> Any:
    import transformers

    config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=options["code"])
    named = (config.architectures or [""])[0]
    kind = getattr(
        transformers, next((one for end, one in HEADS.items() if named.endswith(end)), "AutoModel")
    )
    if options["pickle"]:
        model = kind.from_config(config, trust_remote_code=options["code"])
        state = torch.load(options["weights"], map_location="cpu", weights_only=True)
        model.load_state_dict(state)
        model.tie_weights()
        return model.float().eval()
    model, notes = kind.from_pretrained(
        folder,
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=options["code"],
        attn_implementation="eager",
        output_loading_info=True,
        dtype=torch.float32,
    )
    if notes["missing_keys"]:
        lost = ", ".join(sorted(notes["missing_keys"])[:4])
        raise ModelError(
            "the weights lack parts of the model, which would be random numbers", which=folder, found=lost
        )
    return model.eval()


def tokens(texts: list[str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Texts as (count, length) whole numbers, by the folder's own tokenizer."""
    import transformers

    folder, length = options["model"], options["length"]
    given: list[Any] = list(texts)
    more: dict[str, Any] = {}
    if options.get(WORDS):
        given, more = [text.split() for text in texts], {"is_split_into_words": True}
    try:
        words = transformers.AutoTokenizer.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=options["code"],
            **({"add_prefix_space": True} if more else {}),
        )
        if words.pad_token is None:
            raise DataError("the tokenizer has no token that fills up", which=folder, allowed="a pad_token")
        if more and not words.is_fast:
            raise DataError(
                "the tokenizer does not say which word a token is of",
                which=folder,
                found=type(words).__name__,
                allowed="a tokenizer.json: save a fast tokenizer with the model",
            )
        cut = words(
            given, padding="max_length", truncation=True, max_length=length, return_tensors="np", **more
        )
        parts = {name: np.asarray(cut[name], np.int32) for name in ("input_ids", "attention_mask")}
        if more:
            parts[WORDS] = np.array([_first_of(cut.word_ids(row)) for row in range(len(given))], np.int32)
    except DataError:
        raise
    except Exception as error:
        raise DataError("the folder's tokenizer cannot be used", which=folder, found=short(error)) from error
    return parts


def _first_of(words: list[int | None]) -> list[int]:
    """The word of each token that begins one."""
    return [
        -1 if word is None or (place and words[place - 1] == word) else word
        for place, word in enumerate(words)
    ]


def feeds(
    job_arrays: Mapping[str, Any], options: Mapping[str, Any], texts: list[str], before: str = ""
) -> dict[str, Any]:
    """The tokens of the texts, or those that the job holds."""
    if texts:
        return tokens(texts, options)
    names = ("input_ids", "attention_mask")
    return {name: np.asarray(job_arrays[before + name], np.int32) for name in names}


def answering(model: Any) -> Callable[..., Any]:
    """From tokens to one array: logits, or the mean over the words that are there."""

    def answer(ids: Any, mask: Any) -> Any:
        return _logits(model(input_ids=ids.long(), attention_mask=mask.long()), mask)

    return answer


def answering_in_integers(model: Any) -> Callable[..., Any]:
    """The same with a mask of numbers, made of how far padding is pushed away: as far as it must be. The
    largest float, as usual, would be the range of all scores.
    """
    family = model.config.model_type
    takes_scores = family not in _OWN_MASKS

    def answer(ids: Any, mask: Any) -> Any:
        pushed = ((mask - 1) * AWAY)[:, None, None, :] if takes_scores else mask.long()
        given = {"input_ids": ids, "attention_mask": pushed}
        if family in COUNTED_FROM_PADDING:
            import torch

            first = model.config.pad_token_id + 1
            given["position_ids"] = torch.arange(first, first + ids.shape[1])[None]
        return _logits(model(**given), mask)

    return answer


def _logits(given: Any, mask: Any) -> Any:
    if hasattr(given, "logits"):
        return given.logits
    weights = mask.unsqueeze(-1).float()
    return (given.last_hidden_state * weights).sum(1) / weights.sum(1).clamp(min=1)


def answers(torch: Any, model: Any, inputs: Mapping[str, Any]) -> Any:
    """For all samples, some at a time."""
    answer, rows = answering(model), []
    ids, mask = (torch.from_numpy(inputs[name]) for name in ("input_ids", "attention_mask"))
    try:
        with torch.inference_mode():
            for place in range(0, len(ids), BATCH):
                rows.append(answer(ids[place : place + BATCH], mask[place : place + BATCH]))
    except Exception as error:
        raise ConversionError("the model does not take these tokens", found=short(error)) from error
    return torch.cat(rows).float().numpy()


def seconds(torch: Any, model: Any, inputs: Mapping[str, Any]) -> dict[str, float]:
    """Of one call, by the number of texts in it: the median, warm; nothing without texts."""
    if not inputs:
        return {}
    answer, medians = answering(model), {}
    for batch in _TIMED:
        parts = [torch.from_numpy(inputs[name]) for name in ("input_ids", "attention_mask")]
        rows = torch.arange(batch) % len(parts[0])
        ids, mask = (part[rows] for part in parts)
        rounds = []
        with torch.inference_mode():
            for _ in range(_WARM + _ROUNDS):
                began = time.perf_counter()
                answer(ids, mask)
                rounds.append(time.perf_counter() - began)
        medians[str(batch)] = statistics.median(rounds[_WARM:])
    return medians
