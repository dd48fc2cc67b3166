"""Weight clustering: each kernel keeps a handful of different values, which compresses the file.

TFMOT clusters the layers it can wrap; kernels that it leaves alone (depthwise, recurrent, attention) are
clustered here by one-dimensional k-means and held by projections while the model trains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_compress.results import Listing
from tinyml_compress.support.backend import tensorflow, tfmot
from tinyml_compress.techniques.graph import Copier, copy_model, rebuild, steps_of
from tinyml_compress.techniques.sparsity import prunable_weights, total_sparsity
from tinyml_compress.techniques.technique import (
    Applied,
    Context,
    Dimension,
    Fidelity,
    Point,
    StageOptions,
    Technique,
    count,
    epochs,
    excluded,
    flag,
    rate,
)
from tinyml_compress.techniques.training import History, Projection, Training

_WRAPPED = {"Conv1D", "Conv2D", "Dense"}
_MOST_CLUSTERS = 256


@dataclass(frozen=True)
class Clustered:
    """The clustered model, how many different values each layer holds, and what was treated otherwise."""

    model: Any
    values: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]
    history: History


def cluster(
    model: Any,
    *,
    clusters: int = 16,
    keep_zeros: bool = True,
    epochs: int = 4,
    learning_rate: float = 3e-4,
    exclude: Sequence[str] = (),
    training: Training | None = None,
) -> Clustered:
    """A copy of `model` whose kernels hold at most `clusters` values each; without epochs or data, no
    fine-tuning.
    """
    flat = copy_model(model)
    notes: list[str] = []
    chosen = []
    for layer in flat.layers:
        kernels = prunable_weights(layer)
        if not kernels:
            continue
        if any(fnmatch(layer.name, name) for name in exclude):
            notes.append(f"{layer.name}: left as it is, excluded by the recipe")
        elif all(np.unique(kernel.numpy()).size <= clusters for kernel in kernels):
            notes.append(f"{layer.name}: left as it is, its weights take at most {clusters} values already")
        else:
            chosen.append(layer.name)
    history = History()
    if training is not None and epochs > 0:
        flat, history = _train(flat, chosen, clusters, keep_zeros, epochs, learning_rate, training, notes)
    for layer in flat.layers:
        if layer.name in chosen:  # also settles what training left a rounding error apart
            for kernel in prunable_weights(layer):
                kernel.assign(k_means(kernel.numpy(), clusters, keep_zeros))
    values = tuple(
        (layer.name, max(int(np.unique(kernel.numpy()).size) for kernel in prunable_weights(layer)))
        for layer in flat.layers
        if layer.name in chosen
    )
    return Clustered(flat, values, tuple(notes), history)


def k_means(weights: npt.NDArray[Any], clusters: int, keep_zeros: bool) -> npt.NDArray[Any]:
    """`weights`, each replaced by the mean of its cluster; zeros, if kept, are a cluster of their own."""
    flat = weights.reshape(-1)
    moving = flat[flat != 0] if keep_zeros and (flat == 0).any() else flat
    count = clusters - (1 if moving.size < flat.size else 0)
    if np.unique(moving).size <= count or count < 1:
        return weights
    centres = np.quantile(moving, np.linspace(0, 1, count))
    centres = (
        centres + np.linspace(moving.min(), moving.max(), count)
    ) / 2  # some in the bulk, some at the ends
    for _ in range(50):
        edges = (centres[1:] + centres[:-1]) / 2
        places = np.searchsorted(edges, moving)
        sums, counts = np.bincount(places, moving, count), np.bincount(places, minlength=count)
        moved = np.where(counts > 0, sums / np.maximum(counts, 1), centres)
        if np.allclose(moved, centres, rtol=0, atol=1e-9):
            break
        centres = np.sort(moved)
    places = np.searchsorted((centres[1:] + centres[:-1]) / 2, moving)
    result = np.zeros_like(flat)
    result[flat != 0 if moving.size < flat.size else slice(None)] = centres[places]
    return result.reshape(weights.shape)


def cluster_projection(weight: Any, base: Any, factor: Any, keep_zeros: bool) -> Projection | None:
    """Holds a weight at `factor` x (one of the values in `base`), each value free to move; None when not
    clustered.
    """
    tf = tensorflow()
    values, places = np.unique(base, return_inverse=True)
    if len(values) > _MOST_CLUSTERS or len(values) * 2 > base.size:
        return None
    places = places.reshape(-1).astype(np.int32)
    scale = np.broadcast_to(factor, base.shape).astype(np.float32)
    safe = np.where(scale == 0, 1.0, scale).astype(np.float32)
    moves = (np.where(values == 0, 0.0, 1.0) if keep_zeros else np.ones(len(values))).astype(np.float32)

    def project(value: Any) -> Any:
        flat = tf.reshape(value / safe, (-1,))
        centres = tf.math.unsorted_segment_mean(flat, places, len(values)) * moves
        return tf.reshape(tf.gather(centres, places), value.shape) * scale

    return Projection(weight, project)


def _train(
    flat: Any,
    chosen: Sequence[str],
    clusters: int,
    keep_zeros: bool,
    epochs: int,
    learning_rate: float,
    training: Training,
    notes: list[str],
) -> tuple[Any, History]:
    calls: dict[int, int] = {}
    for step in steps_of(flat):
        calls[id(step.layer)] = calls.get(id(step.layer), 0) + 1
    kit: Any = tfmot().clustering.keras
    copier, wrapped = Copier(), set()

    def wrap(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if layer.name not in chosen or type(layer).__name__ not in _WRAPPED or calls[id(layer)] > 1 or kwargs:
            return copier(layer, args, kwargs)
        inner = copier.fresh(layer)
        inner.build(args[0].shape)
        inner.set_weights(layer.get_weights())
        wrapped.add(layer.name)
        return kit.cluster_weights(
            inner,
            number_of_clusters=clusters,
            cluster_centroids_init=kit.CentroidInitialization.KMEANS_PLUS_PLUS,
            preserve_sparsity=keep_zeros and bool((layer.get_weights()[0] == 0).any()),
        )(*args)

    working = rebuild(flat, wrap)
    projections = []
    for layer in working.layers:
        if layer.name in chosen and layer.name not in wrapped:
            notes.append(
                f"{layer.name} ({type(layer).__name__}): clustered by this tool, TFMOT does not cluster it"
            )
            for kernel in prunable_weights(layer):
                kernel.assign(k_means(kernel.numpy(), clusters, keep_zeros))
                held = cluster_projection(kernel, kernel.numpy(), np.ones(()), keep_zeros)
                projections += [] if held is None else [held]
        elif layer.name not in chosen:
            projections += _zeros_of(layer) if keep_zeros else []
    history = training.fit(
        working, epochs, learning_rate, projections=projections, sparsity=lambda: total_sparsity(working)
    )
    copier = Copier()

    def unwrap(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not hasattr(layer, "position_original_weights"):
            return copier(layer, args, kwargs)
        layer.update_clustered_weights_associations()
        weights = layer.layer.get_weights()
        for place, name in layer.position_original_weights.items():
            weights.insert(place, np.asarray(layer.get_weight_from_layer(name)))
        return copier.build(layer, lambda: copier.fresh(layer.layer), weights, args, kwargs)

    return rebuild(working, unwrap, name=flat.name), history


def _zeros_of(layer: Any) -> list[Projection]:
    """Keeps the zeros of a layer that is not clustered."""
    kept = []
    for kernel in prunable_weights(layer):
        mask = (kernel.numpy() != 0).astype(np.float32)
        if not mask.all():
            kept.append(Projection(kernel, lambda value, mask=mask: value * mask))  # type: ignore[misc]
    return kept


@dataclass(frozen=True)
class ClusterOptions(StageOptions):
    """Each kernel keeps a handful of different values."""

    clusters: int = count(16, 2, 256, "different values per kernel")
    keep_zeros: bool = flag(True, "zeros stay zero")
    epochs: int = epochs(6)
    learning_rate: float = rate(3e-4)
    exclude: tuple[str, ...] = excluded()

    def milder(self) -> ClusterOptions | None:
        return replace(self, clusters=self.clusters * 2) if self.clusters <= 128 else None


class Clustering(Technique[ClusterOptions]):
    """The stage `cluster`."""

    use = "cluster"
    options = ClusterOptions
    place = 40
    dimensions = (
        Dimension(
            "clusters",
            (0, 16, 32, 64),
            0,
            "different values per kernel; 0: any",
            (("clusters", 16),),
            trains=True,
        ),
    )

    def apply(self, options: ClusterOptions, model: Any, context: Context) -> Applied:
        done = cluster(
            model,
            clusters=options.clusters,
            keep_zeros=options.keep_zeros,
            epochs=options.epochs,
            learning_rate=options.learning_rate,
            exclude=options.exclude,
            training=context.taught(model),
        )
        table = Listing.of((("layer", ""), ("values", "{:d}")), done.values)
        return Applied(done.model, done.notes, table, done.history)

    def chosen(self, point: Point, fidelity: Fidelity) -> ClusterOptions | None:
        return (
            ClusterOptions(clusters=int(point["clusters"]), epochs=fidelity.after)
            if point["clusters"]
            else None
        )


TECHNIQUE = Clustering()
