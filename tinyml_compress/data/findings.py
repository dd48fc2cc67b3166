"""What can be wrong with a set though every number in it is fine: findings, each with the reason
it matters.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinyml_compress.data.dataset import DataSet
from tinyml_compress.frontends.preprocessing import Preprocessing
from tinyml_compress.results import Finding, Severity

Floats = npt.NDArray[np.float32]
_FEW, _MANY = 100, 500
_SHOWN = 6
_STRETCH = 4.0
_SPREAD = 100.0
_MOVED = 0.1
_IMBALANCE = 10.0


def check(data: DataSet) -> list[Finding]:
    """Count, channels, duplicates, classes, outliers, and whether two halves agree. Values are finite
    already.
    """
    inputs = data.named or (("", data.inputs),)
    findings = [_count(data)]
    for name, values in inputs:
        tail = f" of input {name}" if name else ""
        findings += [_channels(values, tail), _outliers(values, tail), _halves(values, tail)]
    findings.append(_duplicates(data))
    findings.append(_classes(data))
    return findings


def check_parts(train: DataSet, test: DataSet) -> Finding:
    """Samples that stand in both parts: an accuracy on them is remembered, not learned."""
    shared = set(_digests(train)) & set(_digests(test))
    if not shared:
        return Finding(Severity.OK, "parts", f"train ({train.count}) and test ({test.count}) share no sample")
    return Finding(
        Severity.WARNING,
        "parts",
        f"{len(shared)} samples stand in train and in test: the accuracy will be too good",
    )


def _count(data: DataSet) -> Finding:
    shape = "x".join(map(str, data.sample_shape))
    text = f"{data.count} samples of {shape}, sha256 {data.sha256[:12]}"
    if data.preprocessing != Preprocessing():
        text += ", preprocessed as described"
    if data.count < _FEW:
        return Finding(Severity.WARNING, "count", f"{text}: {_FEW} to {_MANY} calibrate better")
    if data.count > _MANY:
        return Finding(Severity.NOTE, "count", f"{text}: more than the {_MANY} that calibration can use")
    return Finding(Severity.OK, "count", text)


def _channels(values: Floats, tail: str) -> Finding:
    """Slices of the last axis: constant ones, and ones whose range is far from that of the others."""
    flat = values.reshape(-1, values.shape[-1])
    low, high = flat.min(axis=0).astype(np.float64), flat.max(axis=0).astype(np.float64)
    constant = np.flatnonzero(low == high)
    if len(constant) == len(low):
        return Finding(Severity.WARNING, "channels", f"all values{tail} are the same")
    if len(constant):
        return Finding(
            Severity.WARNING,
            "channels",
            (
                f"{len(constant)} of {len(low)} channels{tail} are constant: "
                f"{_some(constant)}; they carry nothing"
            ),
        )
    width = high - low
    typical = float(np.median(width))
    far = np.flatnonzero((width > _SPREAD * typical) | (width < typical / _SPREAD))
    if len(far):
        return Finding(
            Severity.WARNING,
            "channels",
            f"{len(far)} of {len(low)} channels{tail} have ranges over "
            f"{_SPREAD:g} times larger or smaller than the "
            f"rest: {_some(far)}; int8 gives them one scale, so bring them to one "
            "range (mean, std in a description)",
        )
    return Finding(
        Severity.OK,
        "channels",
        f"{len(low)}{tail}, values from {float(low.min()):.4g} to {float(high.max()):.4g}",
    )


def _outliers(values: Floats, tail: str) -> Finding:
    """How much coarser the steps of int8 get through the rarest values."""
    sizes = np.abs(values.reshape(-1) - np.median(values))
    top, usual = float(sizes.max()), float(np.quantile(sizes, 0.999))
    if usual > 0 and top > _STRETCH * usual:
        sample = int(np.unravel_index(int(sizes.argmax()), values.shape)[0])
        return Finding(
            Severity.WARNING,
            "outliers",
            f"the farthest value{tail} (sample {sample}) lies {top / usual:.1f} "
            "times as far out as 99.9% of all: "
            "it stretches the scale, and int8 steps get that much coarser",
        )
    return Finding(Severity.OK, "outliers", f"no value{tail} stretches the scale")


def _halves(values: Floats, tail: str) -> Finding:
    """Whether the range that calibration sees depends on which half it sees."""
    if len(values) < 4:
        return Finding(Severity.NOTE, "halves", f"too few samples{tail} to compare two halves")
    moved = range_shift(values[0::2], values[1::2])
    text = f"ranges{tail} of two halves differ by {moved:.1%}"
    if moved > _MOVED:
        return Finding(Severity.WARNING, "halves", f"{text}: more samples would change the scale")
    return Finding(Severity.OK, "halves", text)


def range_shift(first: Floats, second: Floats) -> float:
    """How far the ends of the range move between two sets, as a part of the whole range."""
    ends = np.array([[part.min(), part.max()] for part in (first, second)], dtype=np.float64)
    width = float(ends[:, 1].max() - ends[:, 0].min())
    return float(np.abs(ends[0] - ends[1]).max() / width) if width > 0 else 0.0


def _duplicates(data: DataSet) -> Finding:
    digests = _digests(data)
    repeated = {digest for digest, count in Counter(digests).items() if count > 1}
    if not repeated:
        return Finding(Severity.OK, "duplicates", "none")
    extra = len(digests) - len(set(digests))
    text = f"{extra} samples repeat others"
    if data.labels is not None:
        meanings: dict[bytes, set[bytes]] = {}
        for digest, label in zip(digests, data.labels, strict=True):
            meanings.setdefault(digest, set()).add(label.tobytes())
        torn = sum(len(labels) > 1 for labels in meanings.values())
        if torn:
            return Finding(
                Severity.WARNING, "duplicates", f"{text}; {torn} of them with contradicting labels"
            )
    severe = Severity.WARNING if extra > data.count // 10 else Severity.NOTE
    return Finding(severe, "duplicates", text)


def _classes(data: DataSet) -> Finding:
    if data.labels is None:
        return Finding(Severity.NOTE, "classes", "no labels: enough to calibrate, not to measure accuracy")
    known = max(len(data.classes), int(data.labels.max()) + 1)
    counts = np.bincount(data.labels.reshape(-1), minlength=known)
    missing = np.flatnonzero(counts == 0)

    def named(index: int) -> str:
        return data.classes[index] if index < len(data.classes) else str(index)

    if len(missing):
        shown = ", ".join(named(int(index)) for index in missing[:_SHOWN])
        return Finding(
            Severity.WARNING, "classes", f"{len(missing)} of {known} classes have no sample: {shown}"
        )
    least, most = int(counts.argmin()), int(counts.argmax())
    text = f"{known}, from {counts[least]} samples ({named(least)}) to {counts[most]} ({named(most)})"
    if counts[most] > _IMBALANCE * counts[least]:
        return Finding(Severity.WARNING, "classes", f"{text}: accuracy will mostly speak of the large ones")
    return Finding(Severity.OK, "classes", text)


def _digests(data: DataSet) -> list[bytes]:
    columns: Sequence[Floats] = [values for _, values in data.named] or [data.inputs]
    return [
        hashlib.sha256(b"".join(np.ascontiguousarray(values[index]).tobytes() for values in columns)).digest()
        for index in range(data.count)
    ]


def _some(indices: npt.NDArray[np.intp]) -> str:
    shown = ", ".join(str(int(index)) for index in indices[:_SHOWN])
    return f"{shown}, ..." if len(indices) > _SHOWN else shown
