"""A pruning stage that says what its zeros shall buy becomes one that says which layer gets how many."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from fnmatch import fnmatch
from pathlib import Path

import msgspec

from tinyml_compress.data import DataSet
from tinyml_compress.devices import load_board
from tinyml_compress.errors import UsageError
from tinyml_compress.models import LoadedModel
from tinyml_compress.ops.base import Level
from tinyml_compress.results import Listing
from tinyml_compress.support import cache, files
from tinyml_compress.support.producers import ALLOCATION
from tinyml_compress.techniques._sharing import LEVELS
from tinyml_compress.techniques.allocation import Allocation, Currency
from tinyml_compress.techniques.pruning import PruneOptions
from tinyml_compress.techniques.technique import StageOptions

_FILE = "allocation.json"


def board_of(options: PruneOptions, device: str | None, where: str, targets_dir: Path | None) -> str:
    """The board that the stage means, checked."""
    name = options.device or device
    if not name:
        raise UsageError(
            "allocate needs to know for which board",
            which=where,
            next_step=(
                "give --device BOARD, or device = '...' in the stage; `tinyml-compress targets` lists them"
            ),
        )
    return load_board(name, targets_dir).name


def allocated(
    options: PruneOptions,
    loaded: LoadedModel,
    train: DataSet,
    board: str,
    targets_dir: Path | None,
    key: str,
    seed: int,
    stream: int,
    beat: Callable[[], None] = lambda: None,
) -> tuple[PruneOptions, Allocation]:
    """The stage with a sparsity for each layer, and why: what is paid is a window, or a step of `stream` new
    frames. Kept under `key` and everything else that it depends on.
    """

    def make(folder: Path) -> None:
        shares = _allocate(options, loaded, train, board, targets_dir, seed, stream, beat)
        files.write_text(folder / _FILE, json.dumps(asdict(shares) | {"currency": shares.currency.value}))

    asked = json.dumps(asdict(options), sort_keys=True)
    target = repr(load_board(board, targets_dir))
    whole = cache.key_of("allocation", ALLOCATION.stamp(), key, asked, board, target, str(stream))
    stored = json.loads((cache.cached_folder("allocation", whole, make) / _FILE).read_text())
    allocation = msgspec.convert(stored, Allocation)
    # what the layers got is all that the training depends on: a faster kernel alone does not train anew
    plain = replace(
        options,
        allocate="",
        device="",
        budget=0.0,
        share="alike",
        level=PruneOptions().level,
        layers={**options.layers, **allocation.sparsities},
    )
    return plain, allocation


_HEAD = (
    ("layer", ""),
    ("weights", "{:,}"),
    ("zeros", "{:.1%}"),
    ("outputs moved by it alone, %", "{:.2f}"),
    ("cycles dense", "{:,.0f}"),
    ("pruned", "{:,.0f}"),
    ("flash dense", "{:,.0f}"),
    ("pruned", "{:,.0f}"),
)


def described(allocation: Allocation, board: str, options: StageOptions) -> tuple[Listing, str]:
    """What each layer got, and the line that sums it up."""
    assert isinstance(options, PruneOptions)
    rows = [
        (
            layer.name,
            layer.weights,
            layer.sparsity,
            layer.harm,
            layer.dense.cycles,
            layer.pruned.cycles,
            layer.dense.nbytes,
            layer.pruned.nbytes,
        )
        for layer in allocation.layers
    ]
    dense, pruned = allocation.total(False), allocation.total(True)
    line = (
        f"zeros by {allocation.currency.value} on {board} at {options.level}: "
        f"{allocation.sparsity:.1%} of the weights; modelled "
        f"{pruned.cycles / max(1.0, dense.cycles):.0%} of the dense cycles, "
        f"{pruned.nbytes / max(1.0, dense.nbytes):.0%} of the dense weight bytes"
    )
    return Listing.of(_HEAD, rows), line


def _allocate(
    options: PruneOptions,
    loaded: LoadedModel,
    train: DataSet,
    board: str,
    targets_dir: Path | None,
    seed: int,
    stream: int,
    beat: Callable[[], None],
) -> Allocation:
    from tinyml_compress.pipeline.compress.layer_prices import LayerPrices
    from tinyml_compress.techniques.allocation import allocate
    from tinyml_compress.techniques.patterns import Patterns, pattern_of

    device = load_board(board, targets_dir)
    prices = LayerPrices(loaded, train, device, Level(options.level), seed=seed, stream=stream)
    pattern = pattern_of(options.pattern) if options.pattern else None
    dense = pattern_of(options.dense_pattern) if options.dense_pattern else pattern
    given = [*options.layers, *options.exclude]
    return allocate(
        loaded.model,
        train.inputs,
        prices,
        currency=Currency(options.allocate),
        sparsity=options.sparsity,
        budget=options.budget,
        fixed=lambda name: any(fnmatch(name, wanted) for wanted in given),
        patterns=Patterns(pattern, dense),
        seed=seed,
        beat=beat,
    )


def steps() -> int:
    """How often `allocated` calls its `beat`."""
    return len(LEVELS) + 1
