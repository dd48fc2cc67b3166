"""A folder as `save_pretrained` of `transformers` writes it: config.json, weights, tokenizer. Nothing in it
runs here; what would run when it is loaded is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tinyml_compress.errors import DataError, ModelError, UsageError
from tinyml_compress.formats.safetensors import SafetensorsHeader, read_header
from tinyml_compress.hugging_face.loaded import COUNTED_FROM_PADDING, HEADS
from tinyml_compress.support import files
from tinyml_compress.support.json_file import read_json
from tinyml_compress.support.trust import CODE, PICKLE

HF_PREFIX = "hf:"
_LENGTH = 128
"""Tokens of a text, where the name of the model says nothing else."""
_WEIGHTS, _PICKLES = "model.safetensors", ("pytorch_model.bin", "model.pt")
_TOKENIZERS = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "spm.model", "sentencepiece.bpe.model")


@dataclass(frozen=True)
class HfFolder:
    """The folder, checked, and how many tokens of a text its model is to take."""

    path: Path
    config: Mapping[str, Any]
    weights: Path
    length: int

    @classmethod
    def parse(cls, spec: str) -> HfFolder:
        """`hf:PATH` or `hf:PATH@LENGTH`."""
        place, at, words = spec.removeprefix(HF_PREFIX).rpartition("@")
        if at and not (words.isascii() and words.isdigit() and 0 < len(words) < 7 and int(words)):
            raise UsageError("not a number of tokens", which=spec, found=words, allowed="hf:FOLDER@64")
        path = Path(place if at else words)
        if not path.is_dir():
            raise UsageError(
                "no such model folder",
                which=path,
                allowed="a folder with config.json, model.safetensors and a tokenizer",
                next_step="nothing is fetched from a hub: download the model's folder first",
            )
        config = _config(path)
        return cls(path, config, _weights(path), _length(path, config, int(words) if at else None))

    @cached_property
    def header(self) -> SafetensorsHeader | None:
        """What the weights say of themselves; None of a pickle."""
        return None if self.pickle else read_header(self.weights)

    @property
    def pickle(self) -> bool:
        return self.weights.name != _WEIGHTS

    @property
    def code(self) -> bool:
        """Whether Python that lies in the folder is part of the model."""
        return "auto_map" in self.config

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of its answers, where it has names."""
        names = self.config.get("id2label")
        if not isinstance(names, dict) or set(names) != {str(place) for place in range(len(names))}:
            return ()
        return tuple(str(names[str(place)]) for place in range(len(names)))

    @property
    def head(self) -> str:
        """How the name of its architecture ends where that is known; empty for an encoder."""
        named = str((self.config.get("architectures") or [""])[0])
        return next((end for end in HEADS if named.endswith(end)), "")

    @property
    def answers_words(self) -> bool:
        """Whether it has an answer for each word."""
        return self.head == "ForTokenClassification"

    @property
    def sha256(self) -> str:
        parts = [files.read_bytes(self.path / "config.json"), files.read_bytes(self.weights)]
        return files.sha256("".join(map(files.sha256, parts)).encode())

    def require_tokenizer(self) -> None:
        """Said before anything is started: without one, a text is nothing to the model."""
        if not any((self.path / name).is_file() for name in _TOKENIZERS):
            raise DataError(
                "the folder has no tokenizer, so that texts are nothing to its model",
                which=self.path,
                allowed=", ".join(_TOKENIZERS),
                next_step="save it there: tokenizer.save_pretrained(folder)",
            )


def _config(path: Path) -> Mapping[str, Any]:
    place = path / "config.json"
    if not place.is_file():
        raise ModelError("the folder is no model of transformers", which=path, found="no config.json")
    config = read_json(place)
    if not isinstance(config, dict) or not isinstance(config.get("model_type"), str):
        raise ModelError("config.json names no family of models", which=place, allowed='"model_type": "bert"')
    if "auto_map" in config and not CODE.given():
        raise ModelError(
            "the model brings Python of its own, which runs when it is loaded",
            which=place,
            found=f"auto_map: {config['auto_map']}",
            next_step=CODE.way_out,
        )
    return config


def _weights(path: Path) -> Path:
    if (path / _WEIGHTS).is_file():
        return path / _WEIGHTS
    pickled = next((path / name for name in _PICKLES if (path / name).is_file()), None)
    if pickled is None:
        raise ModelError(
            "the folder has no weights",
            which=path,
            allowed=_WEIGHTS,
            next_step="save the model there: model.save_pretrained(folder); several files are not read",
        )
    if not PICKLE.given():
        raise ModelError(
            "weights of this form are a pickle, which may run code when it is read",
            which=pickled,
            allowed=_WEIGHTS,
            next_step=f"save it again with safe_serialization=True; or, {PICKLE.way_out}",
        )
    return pickled


def _length(path: Path, config: Mapping[str, Any], asked: int | None) -> int:
    """At most what the model has places for."""
    places = config.get("max_position_embeddings")
    if not isinstance(places, int) or places < 1:
        return asked or _LENGTH
    # RoBERTa counts places from behind the padding's number on.
    most = places - 2 if config["model_type"] in COUNTED_FROM_PADDING else places
    if asked is not None and asked > most:
        raise UsageError(
            "the model takes no texts of that length", which=f"{path}@{asked}", allowed=f"at most {most}"
        )
    return asked or min(_LENGTH, most)
