"""Magnitude pruning: small weights become zero, while the model trains, in rounds, or at once without data.

TFMOT prunes what it knows and can wrap. What it refuses, and depthwise kernels, which it accepts and leaves
dense, are pruned by masks of our own along the same schedule. Patterns (m zeros of n neighbours, blocks) are
masks of our own too, for TFMOT has them for some layers only: none of its blocks are for convolutions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fnmatch import fnmatch
from typing import Any

import numpy as np

from tinyml_compress.errors import ConfigError, TrainingError
from tinyml_compress.support.backend import keras2, tensorflow, tfmot
from tinyml_compress.techniques.graph import Copier, is_plain_graph, rebuild, steps_of
from tinyml_compress.techniques.patterns import Pattern, Patterns, magnitude_mask, pattern_of
from tinyml_compress.techniques.sensitivity import Means, measured
from tinyml_compress.techniques.sparsity import Zeros, prunable_weights, total_sparsity, zeros_of, zeros_table
from tinyml_compress.techniques.technique import (
    Anchor,
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
    inside_weight,
    mapping,
    number,
    rate,
    text,
    word,
)
from tinyml_compress.techniques.training import History, Projection, Training

_OWN = "pruned by masks of this tool, TFMOT does not prune it"


_MEMORY = 0.9
"""What a hidden weight keeps from step to step. Steps of adam are of one size however small the gradient:
without forgetting, whatever is hidden drifts until it is large.
"""


class Schedule(Enum):
    """How the sparsity grows."""

    POLYNOMIAL = "polynomial"  # from zero, fast first
    CONSTANT = "constant"  # at once, then train
    ITERATIVE = "iterative"  # in rounds, each with fine-tuning
    ONE_SHOT = "one_shot"  # at once, no training, no data


@dataclass(frozen=True)
class Pruned:
    """The pruned model, its zeros counted, and which layers were treated otherwise than asked."""

    model: Any
    zeros: tuple[Zeros, ...]
    notes: tuple[str, ...]
    history: History


def prune(
    model: Any,
    *,
    sparsity: float = 0.8,
    schedule: Schedule = Schedule.POLYNOMIAL,
    epochs: int = 8,
    learning_rate: float = 1e-3,
    rounds: int = 4,
    layers: Mapping[str, float] | None = None,
    exclude: Sequence[str] = (),
    pattern: Pattern | None = None,
    dense_pattern: Pattern | None = None,
    regrow: bool = False,
    training: Training | None = None,
) -> Pruned:
    """A pruned copy of `model`; `layers` and `exclude` are name patterns (`*` stands for anything).

    `dense_pattern` is for dense layers; None: as `pattern`. With `regrow` a weight that is zero goes on
    learning unseen, and comes back where it outgrows one that is not.
    """
    patterns = Patterns(pattern, dense_pattern or pattern)
    targets: dict[str, float] = {}
    notes: list[str] = []

    def target(layer: Any) -> float:
        if any(fnmatch(layer.name, name) for name in exclude):
            notes.append(f"{layer.name}: left dense, excluded by the recipe")
            return 0.0
        for name, value in (layers or {}).items():
            if fnmatch(layer.name, name):
                return value
        return sparsity

    calls: dict[int, int] = {}
    flat = rebuild(model, Copier())
    for step in steps_of(flat):
        calls[id(step.layer)] = calls.get(id(step.layer), 0) + 1
    for layer in flat.layers:
        if prunable_weights(layer):
            targets[layer.name] = target(layer)
    unknown = [
        name for name in [*exclude, *(layers or {})] if not any(fnmatch(known, name) for known in targets)
    ]
    if unknown:
        raise ConfigError(
            "no layer with weights has this name",
            which=", ".join(unknown),
            allowed=", ".join(targets),
            next_step="* stands for anything in a name pattern",
        )
    if not targets:
        return Pruned(flat, (), ("the model has no kernels to prune",), History())
    notes += patterns.notes(layer for layer in flat.layers if targets.get(layer.name))
    if schedule is Schedule.ONE_SHOT or epochs < 1:
        _mask_at_once(flat, targets, patterns, notes)
        history = History()
    else:
        if training is None:
            raise TrainingError(
                "pruning with this schedule trains, and training needs data",
                which=schedule.value,
                next_step="give --data, or use schedule = 'one_shot'",
            )
        flat, history = _train(
            flat, targets, schedule, epochs, learning_rate, rounds, patterns, regrow, training, calls, notes
        )
    zeros = zeros_of(flat)
    for row in zeros:
        wanted = _wanted(patterns.of(flat.get_layer(row.layer)), targets[row.layer])
        if abs(row.part - wanted) > max(0.01, 1.5 / row.weights) and not any(
            note.startswith(f"{row.layer}:") for note in notes
        ):
            notes.append(f"{row.layer}: {row.part:.1%} zeros instead of {wanted:.1%}")
    return Pruned(flat, zeros, tuple(notes), history)


def mask_projections(model: Any) -> list[Projection]:
    """Projections that keep the zeros of the model's kernels where they are now."""
    projections = []
    for layer in model.layers:
        for weight in prunable_weights(layer):
            mask = (weight.numpy() != 0).astype(np.float32)
            if mask.all() or not mask.any():  # a kernel that began as zeros is to learn
                continue
            projections.append(mask_projection(weight, mask))
    return projections


def mask_projection(weight: Any, mask: Any) -> Projection:
    """Holds the weight at zero where the mask is zero."""
    return Projection(weight, lambda value: value * mask)


def _wanted(pattern: Pattern | None, sparsity: float) -> float:
    return pattern.zeros / pattern.group if pattern is not None and pattern.group and sparsity else sparsity


def _mask_at_once(flat: Any, targets: Mapping[str, float], patterns: Patterns, notes: list[str]) -> None:
    for layer in flat.layers:
        if not targets.get(layer.name):
            continue
        for weight in prunable_weights(layer):
            mask = magnitude_mask(weight.numpy(), targets[layer.name], patterns.of(layer))
            if mask is None:
                notes.append(_unfit(layer, weight))
            else:
                weight.assign(weight.numpy() * mask)


def _unfit(layer: Any, weight: Any) -> str:
    return f"{layer.name}: left dense, the pattern does not fit its {'x'.join(map(str, weight.shape))} kernel"


def _train(
    flat: Any,
    targets: Mapping[str, float],
    schedule: Schedule,
    epochs: int,
    learning_rate: float,
    rounds: int,
    patterns: Patterns,
    regrow: bool,
    training: Training,
    calls: Mapping[int, int],
    notes: list[str],
) -> tuple[Any, History]:
    if patterns.has_groups:
        # the places are chosen once, from the trained weights; training then makes up for them
        _mask_at_once(flat, targets, patterns, notes)
        history = training.fit(
            flat,
            epochs,
            learning_rate,
            projections=mask_projections(flat),
            sparsity=lambda: total_sparsity(flat),
        )
        return flat, history
    steps = training.steps(epochs)
    planned = _Plan(schedule, steps, rounds)
    wrapper, supported = _tfmot_wrapper(planned)
    # a wrapper has another name, by which nobody could follow what is inside
    own_alone = regrow or training.beside is not None
    copier, wrapped = Copier(), []

    def wrap(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        alone = len(args) == 1 and not kwargs and not isinstance(args[0], (list, tuple, dict))
        tfmot_may = not own_alone and patterns.of(layer) is None and calls[id(layer)] == 1
        tfmot_may = tfmot_may and supported(layer)
        if targets.get(layer.name) and alone and tfmot_may:
            make = lambda: wrapper(copier.fresh(layer), targets[layer.name])  # noqa: E731
            wrapped.append(layer.name)
            return copier.build(layer, make, layer.get_weights(), args, kwargs)
        return copier(layer, args, kwargs)

    working = rebuild(flat, wrap)
    own = [layer for layer in working.layers if targets.get(layer.name)]
    notes += [
        f"{layer.name} ({type(layer).__name__}): {_OWN}"
        for layer in own
        if patterns.of(layer) is None and not own_alone
    ]
    masks = _OwnMasks(own, targets, planned, patterns, regrow)
    notes += masks.unfit
    callbacks = [masks.callback()]
    if wrapped:
        callbacks.append(tfmot().sparsity.keras.UpdatePruningStep())
    history = training.fit(
        working,
        epochs,
        learning_rate,
        projections=masks.projections,
        callbacks=callbacks,
        sparsity=lambda: total_sparsity(working),
        rounds=rounds if schedule is Schedule.ITERATIVE else 1,
    )
    copier = Copier()

    def unwrap(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return copier(
            getattr(layer, "layer", layer) if hasattr(layer, "pruning_vars") else layer, args, kwargs
        )

    return rebuild(working, unwrap, name=flat.name), history


@dataclass(frozen=True)
class _Plan:
    """Which part of the final sparsity is due after how many steps; the last quarter always trains at the
    full one.
    """

    schedule: Schedule
    steps: int
    rounds: int

    @property
    def frequency(self) -> int:
        return max(1, self.steps // 80)

    @property
    def end(self) -> int:
        # a multiple of the frequency, or TFMOT would miss the last update
        return max(1, int(self.steps * 0.6) // self.frequency) * self.frequency

    def due(self, step: int, final: float) -> float:
        """The sparsity after `step` steps."""
        if self.schedule is Schedule.CONSTANT:
            return final
        if self.schedule is Schedule.POLYNOMIAL:
            return final * (1 - (1 - min(1.0, step / self.end)) ** 3)
        number = min(self.rounds, step * self.rounds // max(1, self.steps) + 1)
        return float(
            1 - (1 - final) ** (number / self.rounds)
        )  # every round takes the same part of what is left

    def starts(self) -> list[int]:
        """The steps at which the rounds of an iterative run begin."""
        return [-(-number * self.steps // self.rounds) for number in range(self.rounds)]


@dataclass(frozen=True, eq=False)
class _Masked:
    """One kernel, what of it is seen, and what decides about that."""

    weight: Any
    mask: Any
    whole: Any
    """The weight itself; or, where zeros may come back, what the weight would be without its mask: it takes
    every step that the gradient asks of the masked one (dynamic pruning with feedback, Lin and others, 2020).
    """
    final: float
    pattern: Pattern | None

    def move(self, due: float) -> None:
        """The smallest of the whole weights go, this part of them."""
        kept = magnitude_mask(self.whole.numpy(), due, self.pattern)
        self.mask.assign(tensorflow().cast(kept, self.mask.dtype))
        self.weight.assign(self.whole * self.mask)

    @property
    def projection(self) -> Projection:
        """What follows every step of the optimizer."""
        if self.whole is self.weight:
            return mask_projection(self.weight, self.mask)

        def project(value: Any) -> Any:
            stepped = self.whole + value - self.whole * self.mask
            self.whole.assign(stepped * (self.mask + (1 - self.mask) * _MEMORY))
            return self.whole * self.mask

        return Projection(self.weight, project)


class _OwnMasks:
    """Masks along the plan: of blocks, of layers that TFMOT does not prune, and where zeros may come back."""

    def __init__(
        self,
        layers: Sequence[Any],
        targets: Mapping[str, float],
        plan: _Plan,
        patterns: Patterns,
        regrow: bool,
    ) -> None:
        tf = tensorflow()
        self._plan, self._regrow = plan, regrow
        self._kernels: list[_Masked] = []
        self.unfit: list[str] = []
        for layer in layers:
            pattern = patterns.of(layer)
            for weight in prunable_weights(layer):
                if magnitude_mask(weight.numpy(), 0.0, pattern) is None:
                    self.unfit.append(_unfit(layer, weight))
                    continue
                mask = tf.Variable(tf.ones_like(weight), trainable=False)
                whole = tf.Variable(weight, trainable=False) if regrow else weight
                self._kernels.append(_Masked(weight, mask, whole, targets[layer.name], pattern))
        self.projections = [one.projection for one in self._kernels]

    def _is_due(self, step: int) -> bool:
        plan = self._plan
        if plan.schedule is Schedule.ITERATIVE:
            return step in plan.starts()
        # the last part trains with the places as they then are
        has_end = plan.schedule is Schedule.POLYNOMIAL or self._regrow
        return step % plan.frequency == 0 and (not has_end or step <= plan.end + plan.frequency)

    def callback(self) -> Any:
        """The callback that moves the masks on; the projections apply them."""
        is_due, plan, kernels = self._is_due, self._plan, self._kernels

        class Move(keras2().callbacks.Callback):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.step = 0

            def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
                if is_due(self.step):
                    for one in kernels:
                        one.move(plan.due(self.step, one.final))
                self.step += 1

        return Move()


def _tfmot_wrapper(plan: _Plan) -> tuple[Callable[[Any, float], Any], Callable[[Any], bool]]:
    """How TFMOT wraps a layer for a final sparsity along the plan, and whether it would prune a
    layer at all.
    """
    tf = tensorflow()
    sparse: Any = tfmot().sparsity.keras
    from tensorflow_model_optimization.python.core.sparsity.keras.prune_registry import PruneRegistry

    class Rounds(sparse.PruningSchedule):  # type: ignore[misc]
        def __init__(self, final: float) -> None:
            self.final = final
            self.levels = [plan.due(start, final) for start in plan.starts()]
            self.starts = [start + 1 for start in plan.starts()]  # TFMOT counts from one

        def __call__(self, step: Any) -> Any:
            starts = tf.constant(self.starts, tf.int64)
            due = tf.reduce_any(tf.equal(tf.cast(step, tf.int64), starts))
            place = tf.reduce_sum(tf.cast(tf.greater_equal(tf.cast(step, tf.int64), starts), tf.int32)) - 1
            return due, tf.gather(tf.constant(self.levels, tf.float32), tf.maximum(place, 0))

        def get_config(self) -> dict[str, Any]:
            return {"class_name": "Rounds", "config": {"final": self.final}}

    def wrapper(layer: Any, final: float) -> Any:
        if plan.schedule is Schedule.ITERATIVE:
            growth: Any = Rounds(final)
        elif plan.schedule is Schedule.CONSTANT:
            growth = sparse.ConstantSparsity(final, begin_step=1, end_step=-1, frequency=plan.frequency)
        else:
            growth = sparse.PolynomialDecay(0.0, final, 1, 1 + plan.end, power=3, frequency=plan.frequency)
        return sparse.prune_low_magnitude(layer, pruning_schedule=growth)

    def supported(layer: Any) -> bool:
        # depthwise kernels stay dense under TFMOT, those inside separable convolutions too
        if "Depthwise" in type(layer).__name__ or "Separable" in type(layer).__name__:
            return False
        if not PruneRegistry.supports(layer):
            return False
        return not PruneRegistry._is_mha_layer(layer)

    return wrapper, supported


@dataclass(frozen=True)
class PruneOptions(StageOptions):
    """Small weights become zero."""

    sparsity: float = number(0.8, 0.0, 0.99, "part of the weights that becomes zero")
    schedule: str = word(
        "polynomial",
        tuple(schedule.value for schedule in Schedule),
        "how the zeros come; one_shot needs no data",
    )
    epochs: int = epochs(20)
    learning_rate: float = rate(1e-3)
    rounds: int = count(4, 1, 100, "rounds of pruning and fine-tuning (iterative)")
    regrow: bool = flag(
        False, "zeros go on learning unseen, and come back where they outgrow a weight that is not zero"
    )
    inside: float = inside_weight()
    share: str = word(
        "measured",
        ("measured", "alike", "kept"),
        "which layers give most: as the outputs bear it, all the same part, or each as many as it has now",
    )
    layers: Mapping[str, float] = mapping(0.0, 0.99, "sparsity of single layers, by name pattern")
    exclude: tuple[str, ...] = excluded()
    pattern: str = text(
        "M:N (M zeros in N neighbours along the inputs) or RxC (blocks of R "
        "inputs x C outputs); empty: any weight"
    )
    dense_pattern: str = text("the pattern of dense layers; empty: as `pattern`")
    allocate: str = word(
        "",
        ("", "cycles", "flash"),
        "per layer the sparsity that buys most of this on the device; empty: all alike",
    )
    device: str = text("the board that `allocate` means; empty: the one of --device")
    level: str = word(
        "speed", ("size", "balanced", "speed", "ram"), "the --optimize level that `allocate` means"
    )
    budget: float = number(
        0.0,
        0.0,
        1.0,
        "with `allocate`: stop at this part of the dense model's price, not at `sparsity`; 0: off",
    )

    @property
    def trains(self) -> bool:
        return (self.epochs > 0 and self.schedule != "one_shot") or bool(self.allocate)

    @property
    def patterns(self) -> Patterns:
        """Of dense layers and of all others."""
        other = pattern_of(self.pattern) if self.pattern else None
        return Patterns(other, pattern_of(self.dense_pattern) if self.dense_pattern else other)

    def problem(self) -> str | None:
        for words in filter(None, (self.pattern, self.dense_pattern)):
            at_once = not pattern_of(words).is_blocks
            if at_once and self.schedule in ("iterative", "polynomial") and self.epochs > 0:
                return "the places of M:N are chosen at once: schedule must be constant or one_shot"
            if at_once and self.allocate:
                return f"M:N leaves nothing to choose: pattern = {words!r} does not go with allocate"
        if self.regrow and not self.trains:
            return "zeros come back while the stage trains: regrow needs epochs and a schedule that trains"
        if self.regrow and self.patterns.has_groups:
            return "the places of M:N are chosen once: regrow does not go with them"
        if not self.allocate and (self.device or self.budget):
            return "device and budget say what to allocate for: they need allocate = 'cycles' or 'flash'"
        return None

    def milder(self) -> PruneOptions | None:
        if self.budget:
            left = round(self.budget + (1 - self.budget) * 0.25, 4)
            return replace(self, budget=left) if self.budget < 0.95 else None
        if self.sparsity <= 0.1 or ":" in self.pattern + self.dense_pattern:
            return None
        return replace(self, sparsity=round(self.sparsity * 0.9, 4))


class MagnitudePruning(Technique[PruneOptions]):
    """The stage `prune`."""

    use = "prune"
    options = PruneOptions
    place = 30
    teachable = True
    dimensions = (
        Dimension(
            "sparsity",
            (0.0, 0.5, 0.7, 0.8, 0.9),
            0.0,
            "weights that are zero",
            (("sparsity", 0.9),),
            trains=True,
        ),
        Dimension(
            "pattern",
            ("", "4x2"),
            "",
            "zeros in blocks, 4x2 in convolutions and 1x4 in dense layers, or anywhere",
            (("sparsity", 0.8), ("pattern", "4x2")),
            (("sparsity", 0.8),),
            matters=lambda point: point["sparsity"] != 0.0,
        ),
    )
    anchors = (Anchor(60, (("sparsity", 0.9), ("level", "size"))),)

    def apply(self, options: PruneOptions, model: Any, context: Context) -> Applied:
        shares, notes = _shared(options, model, context)
        done = prune(
            model,
            sparsity=options.sparsity,
            schedule=Schedule(options.schedule),
            epochs=options.epochs,
            learning_rate=options.learning_rate,
            rounds=options.rounds,
            layers={**options.layers, **shares},
            exclude=options.exclude,
            pattern=options.patterns.other,
            dense_pattern=options.patterns.dense,
            regrow=options.regrow,
            training=context.taught(model, inside=options.inside),
        )
        return Applied(done.model, (*done.notes, *notes), zeros_table(done.zeros), done.history)

    def chosen(self, point: Point, fidelity: Fidelity) -> PruneOptions | None:
        if point["sparsity"] == 0.0:
            return None
        pattern = str(point["pattern"])
        return PruneOptions(
            sparsity=float(point["sparsity"]),
            schedule="polynomial" if fidelity.trains else "one_shot",
            share="alike",  # as its shape is priced before anything is measured
            pattern=pattern,
            dense_pattern="1x4" if pattern else "",
            epochs=fidelity.main,
        )


def _shared(options: PruneOptions, model: Any, context: Context) -> tuple[dict[str, float], tuple[str, ...]]:
    """Each free layer's part of zeros as the outputs bear it, and which layers are spared for that."""
    given = (*options.layers, *options.exclude)
    if options.share == "kept":
        kept = {row.layer: row.part for row in zeros_of(model)}
        return {name: part for name, part in kept.items() if not any(fnmatch(name, one) for one in given)}, ()
    can_choose = options.sparsity > 0 and not options.patterns.has_groups and context.samples is not None
    if options.share != "measured" or not can_choose or not is_plain_graph(model):
        return {}, ()
    assert context.samples is not None
    sensitivity = measured(
        model,
        context.samples.inputs,
        (Means.ZEROS,),
        only=lambda name: not any(fnmatch(name, wanted) for wanted in given),
        patterns=options.patterns,
        seed=context.seed,
        tell=context.tell,
    )
    shares = sensitivity.shared(options.sparsity)
    spared = [name for name, part in shares.items() if part < options.sparsity / 2]
    return shares, (f"spared, the outputs miss them most: {', '.join(spared)}",) if spared else ()


TECHNIQUE = MagnitudePruning()
