"""The options of every stage a recipe can name, with their limits: grammar, documentation and defaults in one place."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any

from tinyml_compress.errors import ConfigError

__all__ = [
    "STAGES",
    "Channels",
    "Cluster",
    "Convert",
    "Distil",
    "LowRank",
    "Options",
    "Prune",
    "Qat",
    "Threshold",
    "Train",
    "describe",
]


def _number(default: float, low: float, high: float, text: str) -> Any:
    return field(default=default, metadata={"kind": float, "low": low, "high": high, "text": text})


def _count(default: int, low: int, high: int, text: str) -> Any:
    return field(default=default, metadata={"kind": int, "low": low, "high": high, "text": text})


def _word(default: str, choices: tuple[str, ...], text: str) -> Any:
    return field(default=default, metadata={"kind": str, "choices": choices, "text": text})


def _text(text: str) -> Any:
    return field(default="", metadata={"kind": str, "text": text})


def _flag(default: bool, text: str) -> Any:
    return field(default=default, metadata={"kind": bool, "text": text})


def _names(text: str) -> Any:
    return field(default=(), metadata={"kind": list, "text": text})


def _epochs(default: int) -> Any:
    return _count(default, 0, 10000, "passes over the training data; 0: no training")


def _rate(default: float) -> Any:
    return _number(default, 1e-7, 1.0, "learning rate at the start; it falls to zero along a cosine")


_EXCLUDE = "layers to leave alone, by name; * stands for anything"


@dataclass(frozen=True)
class Options:
    """What all stages share."""

    def problem(self) -> str | None:
        """What is wrong with the combination of options, if anything."""
        return None

    def milder(self) -> Options | None:
        """The options to try after a breach of the guard; None when there is nothing milder."""
        return None

    @property
    def trains(self) -> bool:
        """Whether the stage needs training data."""
        return getattr(self, "epochs", 0) > 0


@dataclass(frozen=True)
class Train(Options):
    """Train the model; stages before the first other one make the float model that guards compare with."""

    epochs: int = _epochs(20)
    learning_rate: float = _rate(1e-3)
    fresh: bool = _flag(False, "draw new weights first")


@dataclass(frozen=True)
class Prune(Options):
    """Small weights become zero."""

    sparsity: float = _number(0.8, 0.0, 0.99, "part of each kernel that becomes zero; with `allocate`, of all together")
    schedule: str = _word(
        "polynomial", ("polynomial", "constant", "iterative", "one_shot"), "how the zeros come; one_shot needs no data"
    )
    epochs: int = _epochs(20)
    learning_rate: float = _rate(1e-3)
    rounds: int = _count(4, 1, 100, "rounds of pruning and fine-tuning (iterative)")
    layers: dict[str, float] = field(
        default_factory=dict,
        metadata={"kind": dict, "low": 0.0, "high": 0.99, "text": "sparsity of single layers, by name pattern"},
    )
    exclude: tuple[str, ...] = _names(_EXCLUDE)
    pattern: str = _text(
        "M:N (M zeros in N neighbours along the inputs) or RxC (blocks of R inputs x C outputs); empty: any weight"
    )
    dense_pattern: str = _text("the pattern of dense layers; empty: as `pattern`")
    allocate: str = _word(
        "", ("", "cycles", "flash"), "per layer the sparsity that buys most of this on the device; empty: all alike"
    )
    device: str = _text("the board that `allocate` means; empty: the one of --device")
    level: str = _word("speed", ("size", "balanced", "speed", "ram"), "the --optimize level that `allocate` means")
    budget: float = _number(
        0.0, 0.0, 1.0, "with `allocate`: stop at this part of the dense model's price, not at `sparsity`; 0: off"
    )

    @property
    def trains(self) -> bool:
        return (self.epochs > 0 and self.schedule != "one_shot") or bool(self.allocate)

    def problem(self) -> str | None:
        from tinyml_compress.techniques.pruning import pattern_of

        for text in filter(None, (self.pattern, self.dense_pattern)):
            at_once = not pattern_of(text).is_blocks
            if at_once and self.schedule in ("iterative", "polynomial") and self.epochs > 0:
                return "the places of M:N are chosen at once: schedule must be constant or one_shot"
            if at_once and self.allocate:
                return f"M:N leaves nothing to choose: pattern = {text!r} does not go with allocate"
        if not self.allocate and (self.device or self.budget):
            return "device and budget say what to allocate for: they need allocate = 'cycles' or 'flash'"
        return None

    def milder(self) -> Prune | None:
        if self.budget:
            return (
                replace(self, budget=round(self.budget + (1 - self.budget) * 0.25, 4)) if self.budget < 0.95 else None
            )
        if self.sparsity <= 0.1 or ":" in self.pattern + self.dense_pattern:
            return None
        return replace(self, sparsity=round(self.sparsity * 0.9, 4))


@dataclass(frozen=True)
class Threshold(Options):
    """Nearly nothing becomes nothing."""

    threshold: float = _number(1e-3, 0.0, 10.0, "weights of smaller magnitude become zero")

    def milder(self) -> Threshold:
        return replace(self, threshold=self.threshold / 2)


@dataclass(frozen=True)
class Channels(Options):
    """Whole channels are removed and the model is rebuilt smaller."""

    keep: float = _number(0.5, 0.01, 1.0, "part of the budget that stays; 1.0 removes dead channels only")
    budget: str = _word("channels", ("channels", "parameters", "macs", "ram"), "what `keep` counts")
    scope: str = _word("layer", ("layer", "global"), "the same part everywhere, or the weakest of the whole model")
    importance: str = _word("l1", ("l1", "l2", "batch_norm", "taylor"), "which channels are weak; taylor needs data")
    round_to: int = _count(1, 1, 64, "channel counts become multiples of this")
    at_least: int = _count(1, 1, 4096, "channels that every layer keeps")
    rounds: int = _count(1, 1, 50, "remove in so many steps, with fine-tuning between")
    epochs: int = _epochs(15)
    learning_rate: float = _rate(1e-3)
    exclude: tuple[str, ...] = _names(_EXCLUDE)

    def milder(self) -> Channels | None:
        return replace(self, keep=round(self.keep + (1 - self.keep) * 0.25, 4)) if self.keep < 0.95 else None

    @property
    def trains(self) -> bool:
        return self.epochs > 0 or self.importance == "taylor"


@dataclass(frozen=True)
class Qat(Options):
    """Fine-tuning with int8 arithmetic."""

    preserve: str = _word(
        "none",
        ("none", "sparsity", "clusters", "sparsity_and_clusters"),
        "what must survive: PQAT is sparsity, CQAT clusters, PCQAT both",
    )
    epochs: int = _epochs(8)
    learning_rate: float = _rate(3e-4)
    per_tensor_dense: bool = _flag(False, "one scale per dense kernel; say the same in convert")
    exclude: tuple[str, ...] = _names(_EXCLUDE)

    def milder(self) -> Qat | None:
        return replace(self, epochs=self.epochs * 2) if self.epochs < 200 else None


@dataclass(frozen=True)
class Cluster(Options):
    """Each kernel keeps a handful of different values."""

    clusters: int = _count(16, 2, 256, "different values per kernel")
    keep_zeros: bool = _flag(True, "zeros stay zero")
    epochs: int = _epochs(6)
    learning_rate: float = _rate(3e-4)
    exclude: tuple[str, ...] = _names(_EXCLUDE)

    def milder(self) -> Cluster | None:
        return replace(self, clusters=self.clusters * 2) if self.clusters <= 128 else None


@dataclass(frozen=True)
class Distil(Options):
    """A smaller student learns from the model so far."""

    student: str = _text("file, zoo:NAME or module:function; empty: the teacher's architecture made narrower")
    width: float = _number(0.5, 0.05, 1.0, "part of the teacher's channels, for a derived student")
    start: str = _word("teacher", ("teacher", "fresh"), "a derived student's first weights: the teacher's, or new ones")
    round_to: int = _count(1, 1, 64, "channel counts of a derived student become multiples of this")
    alpha: float = _number(0.5, 0.0, 1.0, "weight of the teacher's outputs against the labels")
    soften: float = _number(4.0, 0.1, 100.0, "temperature of the teacher's outputs")
    epochs: int = _epochs(40)
    learning_rate: float = _rate(2e-3)

    def milder(self) -> Distil | None:
        return (
            replace(self, width=round(min(1.0, self.width * 1.25), 4)) if not self.student and self.width < 1 else None
        )


@dataclass(frozen=True)
class LowRank(Options):
    """Layers are split into two thin ones where that saves parameters."""

    by: str = _word("energy", ("energy", "parameters", "error"), "how ranks are chosen")
    value: float = _number(
        0.9, 0.001, 0.999, "energy that stays, part of the parameters that stays, or score a layer may cost"
    )
    epochs: int = _epochs(20)
    learning_rate: float = _rate(1e-3)
    exclude: tuple[str, ...] = _names(_EXCLUDE)

    def milder(self) -> LowRank | None:
        if self.by == "error":
            return replace(self, value=self.value / 2)
        return replace(self, value=round(self.value + (1 - self.value) * 0.25, 4)) if self.value < 0.98 else None


@dataclass(frozen=True)
class Convert(Options):
    """The .tflite file and everything that goes with it."""

    mode: str = _word("int8", ("int8", "int16x8", "dynamic", "float16", "float32"), "number format")
    io: str = _text("type of inputs and outputs; empty: what belongs to the mode")
    per_tensor_dense: bool = _flag(False, "one scale per dense kernel")
    allow_float: bool = _flag(False, "operators without an integer form may stay float")
    samples: int = _count(300, 1, 100000, "calibration samples")
    wide: tuple[str, ...] = _names(
        "with mode int8: layers whose activations stay int16, by name; * stands for anything"
    )

    def problem(self) -> str | None:
        allowed = {"int8": ("int8", "uint8", "float32"), "int16x8": ("int16", "float32")}.get(self.mode, ("float32",))
        if self.io and self.io not in allowed:
            return f"io = {self.io!r} is not possible with mode {self.mode!r} ({', '.join(allowed)})"
        if self.per_tensor_dense and self.mode not in ("int8", "int16x8"):
            return f"per_tensor_dense needs mode int8 or int16x8, not {self.mode}"
        if self.wide and self.mode != "int8":
            return f"wide needs mode int8, not {self.mode}"
        return None


STAGES: dict[str, type[Options]] = {
    "train": Train,
    "prune": Prune,
    "threshold": Threshold,
    "channels": Channels,
    "qat": Qat,
    "cluster": Cluster,
    "distil": Distil,
    "low_rank": LowRank,
    "convert": Convert,
}


def describe(use: str) -> list[tuple[str, str, str]]:
    """Key, default and meaning of every option of a stage: what the recipes' README is made of."""
    if use not in STAGES:
        raise ConfigError("no such stage", which=use, allowed=", ".join(STAGES))
    rows = []
    for item in fields(STAGES[use]):
        default = item.default_factory() if item.default_factory is not MISSING else item.default
        shown = {True: "true", False: "false"}.get(default, default) if isinstance(default, bool) else default
        shown = {"": '""', (): "[]"}.get(shown, shown) if isinstance(shown, (str, tuple)) else shown
        shown = "{}" if shown == {} else shown
        meaning = item.metadata["text"]
        if item.metadata.get("choices"):
            meaning += ": " + ", ".join(filter(None, item.metadata["choices"]))
        elif "low" in item.metadata and item.metadata["kind"] is not dict:
            meaning += f" ({item.metadata['low']:g} to {item.metadata['high']:g})"
        rows.append((item.name, str(shown), meaning))
    return rows
