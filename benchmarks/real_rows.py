"""The rows of benchmarks/real.py: what is compressed how, and what it may lose; imported, not run."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_compress.pipeline.compress.plan import find_recipe


@dataclass(frozen=True)
class Task:
    """A published net, what its inputs are divided by, and the recipe that fits it to the recorded data."""

    model: str
    divisor: float
    first: str = ""
    """Empty: it is taken as it was published."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    task: str
    form: str
    text: str
    """The recipe."""
    goal: float | None
    """Points that the mean over the seeds may lose; None: only the verdict counts."""
    labels: bool
    """Whether compression sees labels."""
    device: str | None = None


_VIEWS = '[task]\naugment = "crop, flip"\n\n'
_FLOAT = f'{_VIEWS}[[stage]]\nuse = "train"\nname = "train"\nepochs = 15\nlearning_rate = 1e-3\n'
TASKS = {"keywords": Task("kws_ref_model", 1.0), "pictures": Task("pretrainedResnet.h5", 1.0, _FLOAT)}

_INT8 = '[[stage]]\nuse = "convert"\n'
_POINTWISE = "conv2d_[1-4]"
"""The 1x1 layers of the published keyword net."""


def _brain(sparsity: float, *, pointwise: bool) -> str:
    if pointwise:
        return (
            f'[[stage]]\nuse = "optimal_brain"\nsparsity = {sparsity}\n'
            f'exclude = ["conv2d", "depthwise*", "dense"]\n'
        )
    return f'[[stage]]\nuse = "optimal_brain"\nsparsity = {sparsity}\n'


_AUGMENT = '[task]\naugment = "shift, noise, mixup"\n\n'


def _learn(epochs: int, rate: float, inside: float = 1.0) -> str:
    """Win back what few samples can tell: the float net beside it, outputs and activations."""
    how = f"epochs = {epochs}\nlearning_rate = {rate}\ninside = {inside}\n"
    return f'[[stage]]\nuse = "train"\nname = "win-back"\n{how}'


def _train(epochs: int, rate: float) -> str:
    return f'[[stage]]\nuse = "train"\nname = "win-back"\nepochs = {epochs}\nlearning_rate = {rate}\n'


def _keywords() -> list[Row]:
    rows = [Row("kws-int8", "keywords", "int8, no training", _INT8, 0.5, labels=False)]
    for part, goal in ((50, 2.8), (60, 3.0), (70, 5.5), (80, 16.0)):
        text = _brain(part / 100, pointwise=True) + _INT8
        form = f"{part}% zeros in the 1x1 layers, no training"
        rows.append(Row(f"kws-1x1-{part}", "keywords", form, text, goal, labels=False))
    for part in (50, 60):
        text = _brain(part / 100, pointwise=False) + _INT8
        form = f"{part}% zeros overall, no training"
        rows.append(Row(f"kws-all-{part}", "keywords", form, text, None, labels=False))
    zeros = [
        (f"all-{part}", f"{part}% zeros overall", _brain(part / 100, pointwise=False), goal)
        for part, goal in ((50, 1.0), (60, 2.5))
    ]
    zeros.append(("1x1-80", "80% zeros in the 1x1 layers", _brain(0.8, pointwise=True), 3.0))
    for name, form, text, goal in zeros:
        plain, beside = text + _train(40, 1e-3) + _INT8, _AUGMENT + text + _learn(80, 1e-3) + _INT8
        rows.append(Row(f"kws-tuned-{name}", "keywords", f"{form}, fine-tuned", plain, goal, labels=True))
        how = f"{form}, fine-tuned beside the float net on changed samples"
        rows.append(Row(f"kws-beside-{name}", "keywords", how, beside, goal, labels=True))
    halved = '[[stage]]\nuse = "reconstruct"\nkeep = 0.5\n'
    even, few = '[[stage]]\nuse = "equalize"\n', '[[stage]]\nuse = "brain_quantize"\nbits = 4\n'
    four = '[[stage]]\nuse = "convert"\nweight_bits = 4\n'
    for name, form, text, goal, labels in (
        ("channels", "half the MACs by channels, no training", halved + _INT8, None, False),
        (
            "tuned-channels",
            "half the MACs by channels, fine-tuned",
            _AUGMENT + halved + _learn(80, 1e-3) + _INT8,
            4.0,
            True,
        ),
        ("4-bit", "4-bit weights, no training", even + few + four, 2.0, False),
        (
            "tuned-4-bit",
            "4-bit weights, fine-tuned",
            _AUGMENT + even + _learn(40, 3e-4) + few + four,
            1.0,
            True,
        ),
    ):
        rows.append(Row(f"kws-{name}", "keywords", form, text, goal, labels=labels))
    return rows


_EPOCHS = 20
"""Of every row of pictures that prunes, by whatever means."""
_LARGE = '[task]\naugment = "crop, flip"\nbatch_size = 64\n\n'


def _grown(sparsity: float, more: str) -> str:
    """Zeros by magnitude that come while the net trains, along the default schedule."""
    how = f"sparsity = {sparsity}\nepochs = {_EPOCHS}\nlearning_rate = 3e-3\n"
    return f'{_LARGE}[[stage]]\nuse = "prune"\n{how}{more}'


def _pictures() -> list[Row]:
    rows = [("int8", "int8", _VIEWS + _INT8, None)]
    for part, goal in ((80, 2.0), (90, 5.0)):
        beside = _grown(part / 100, "regrow = true\ninside = 1.0\n")
        rows.append((f"zeros-{part}", f"{part}% zeros", beside + _INT8, goal))
    for part in (80, 90):
        alone = _grown(part / 100, "teach = 0.0\n") + _INT8
        rows.append((f"magnitude-{part}", f"{part}% zeros by magnitude, the same epochs", alone, None))
    halved = '[[stage]]\nuse = "reconstruct"\nkeep = 0.5\n' + _learn(16, 2e-3)
    rows.append(("channels", "half the MACs by channels", _VIEWS + halved + _INT8, 2.5))
    clusters = '[[stage]]\nuse = "cluster"\nclusters = 16\nkeep_zeros = false\nepochs = 8\n'
    rows.append(("clusters", "int8 + 16 clusters", _VIEWS + clusters + _INT8, 1.0))
    return [Row(f"pic-{name}", "pictures", form, text, goal, labels=True) for name, form, text, goal in rows]


_ELSEWHERE = ("sparse90-shared-int8",)
"""Asks for a board's prices; all else of it is sparse90-int8."""


def _shipped() -> list[Row]:
    """Every shipped recipe: none may lose more than its guard in silence."""
    # the recipe for 1x1 layers knows them by the names that most nets give them
    texts = {
        path.stem: path.read_text(encoding="utf-8").replace("pointwise*", _POINTWISE)
        for path in sorted(find_recipe("ptq-int8").parent.glob("*.toml"))
    }
    return [
        Row(f"shipped-{name}", "keywords", f"recipe {name}", text, None, labels=True)
        for name, text in texts.items()
        if name not in _ELSEWHERE
    ]


ROWS = (*_keywords(), *_pictures(), *_shipped())
