"""What an operator is to the rest of the tool: attributes, checks, shape, cost, and its table of kernels.

One folder `ops/<op>/` holds `op.py` (a subclass of `Operator`, instantiated as `OPERATOR`) and the C kernels,
files or rows of tables (`ops/sources.py`). Planner, emitter, tests and benchmarks all read
`Operator.variants`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from math import inf
from types import UnionType
from typing import ClassVar, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import UnsupportedOperator
from tinyml_compress.ir import Attrs, DType, NodeView, Prices, Role
from tinyml_compress.ops._fixed_point import Ints
from tinyml_compress.ops.along import Along
from tinyml_compress.ops.numerics import Activation
from tinyml_compress.ops.traits import Carried, Picks, Products, Range, Weights, channels_of
from tinyml_compress.ops.work import Counts, work
from tinyml_compress.support.instruction_sets import Isa


class Level(Enum):
    """What `--optimize` asks for."""

    SIZE = "size"
    BALANCED = "balanced"
    SPEED = "speed"
    RAM = "ram"
    """The smallest arena that any choice of kernels gives, whatever it costs in cycles."""


# --- the options of an operator in the .tflite schema -------------------------------------------------------


class Body(int):
    """Kind of an option that names a subgraph: its number in the file, its place in
    `Graph.subgraphs` here.
    """


@dataclass(frozen=True)
class OptionField:
    """One field of a schema options table: attribute name here, field name there, and its type.

    `kind` is int, bool, float, str, tuple (a vector of int), Body, or an Enum whose values are the schema's
    numbers.
    """

    attr: str
    schema: str
    kind: type


FLEXBUFFER = "flexbuffer"
"""In place of a table of the schema: the map of a custom operator."""


@dataclass(frozen=True)
class Options:
    """The builtin options table that carries an operator's attributes; read and written by `frontend/`.

    Each attribute has a field there of its own name, but for those that `renamed` tells.
    """

    table: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[OptionField, ...] = ()
    """Found from the attributes."""

    def carrying(self, attrs_type: type[Attrs]) -> Options:
        """With the fields of these attributes. One that may be None is not of the schema: a pass sets it."""
        names = {"activation": "fused_activation_function", **self.renamed}
        hints = get_type_hints(attrs_type)
        typed = ((one.name, get_origin(hints[one.name]) or hints[one.name]) for one in fields(attrs_type))
        kinds = {name: kind for name, kind in typed if kind is not UnionType}
        named = (OptionField(attr, names.get(attr, attr), kind) for attr, kind in kinds.items())
        return replace(self, fields=tuple(named))


# --- one call of a kernel -----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Consts:
    """A `static const` array that belongs to one node."""

    name: str
    ctype: str
    data: npt.NDArray[np.generic]
    role: Role = Role.TABLE
    align: int = 4


@dataclass(frozen=True)
class Ref:
    """A pointer, inside the parameters, to this call's table of that name."""

    table: str


@dataclass(frozen=True)
class In:
    """Kernel argument: pointer to input `index` (in the arena, or to a shared constant), plus
    `offset` bytes.
    """

    index: int
    offset: int = 0


@dataclass(frozen=True)
class Out:
    """Kernel argument: pointer to output `index`, plus `offset` bytes."""

    index: int = 0
    offset: int = 0


@dataclass(frozen=True)
class Scratch:
    """Kernel argument: `void *` to the node's scratch, aligned to 8 bytes."""


@dataclass(frozen=True)
class Var:
    """Kernel argument: writable pointer to input `index`, which is a variable tensor."""

    index: int


@dataclass(frozen=True)
class Kept:
    """Kernel argument: writable pointer to the node's own state block `index` (see `Operator.state`)."""

    index: int = 0


Argument = In | Out | Scratch | Var | Kept
ParamValue = int | float | Ref | tuple[int, ...]


@dataclass(frozen=True)
class Call:
    """`kernel(&params, arguments...)`. `params` lists every field of the C struct `params_type`
    in its order.
    """

    kernel: str
    params_type: str
    params: tuple[tuple[str, ParamValue], ...]
    arguments: tuple[Argument, ...]
    tables: tuple[Consts, ...] = ()
    moves: bool = False
    """It only moves bytes from its one In to its one Out, whole and in order: dropped where the two coincide.
    """
    stops: bool = False
    """The kernel returns int; when that is not 0, the inference ends here without a result."""


# --- state --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StateBlock:
    """Memory that one node keeps from one inference to the next, beside the file's variable tensors."""

    name: str
    dtype: DType
    count: int
    fill: int = 0
    """Every byte of it at the start."""
    survives: bool = False
    """A reset leaves it as it is, as TensorFlow Lite Micro's does for some."""


# --- memory -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Overlap:
    """The kernel stays right while output overlaps input, as long as input.offset - output.offset >= gap.

    Elementwise in place is gap 0. A kernel that writes rows behind the rows it still reads has the gap by
    which its writes run ahead. With `exact` the two coincide (input.offset - output.offset == gap) or are
    apart: for kernels that are right in place but at no other distance. Without an Overlap the two are kept
    apart.
    """

    input: int
    output: int
    gap: int = 0
    exact: bool = False


@dataclass(frozen=True)
class Alias:
    """Tensor `inner` may live inside tensor `host` at byte `offset`; the kernel then has nothing to copy for
    it.
    """

    inner: str
    host: str
    offset: int


# --- the kernel table ---------------------------------------------------------------------------------------


def _no_scratch(view: NodeView) -> int:
    return 0


def _no_overlap(view: NodeView) -> tuple[Overlap, ...]:
    return ()


# --- control flow: a node that runs bodies in its scratch ---------------------------------------------------


@dataclass(frozen=True)
class Run:
    """Run a body, which lies in the scratch: `inputs` are copied to its inputs, its outputs to `outputs`, if
    any.
    """

    body: int
    inputs: tuple[In | Out, ...]
    outputs: tuple[Out, ...]


class _Runs:
    @property
    def runs(self) -> tuple[Run, ...]:
        """In the order of the fields."""
        return tuple(part for part in vars(self).values() if isinstance(part, Run))


@dataclass(frozen=True)
class Choice(_Runs):
    """One of two bodies, as the boolean says."""

    condition: In
    then: Run
    otherwise: Run


@dataclass(frozen=True)
class Loop(_Runs):
    """The node's inputs become its outputs; then the body runs as long as the first output of `condition` is
    true.
    """

    condition: Run
    body: Run


@dataclass(frozen=True)
class Once(_Runs):
    """A body that runs in the first inference only."""

    done: Kept
    run: Run


@dataclass(frozen=True)
class RunStrips(_Runs):
    """Layers by strips of rows, as the attributes of the node say; no bodies of the graph."""


@dataclass(frozen=True)
class CallRows(_Runs):
    """Rows of an input or output of the model, which the caller of the inference gives (`pull`) or takes
    (`push`); no bodies.
    """

    function: str
    port: int
    place: In | Out
    row_bytes: int


Flow = Choice | Loop | Once | RunStrips | CallRows


@dataclass(frozen=True)
class Variant:
    """One kernel: which nodes it accepts, what it needs, and how it is called."""

    symbol: str
    """`tc_<dtype>_<op>[_<shape>]__<isa>`; its C is found by it (`ops/sources.py`).

    A file that differs in the instruction set alone is another kernel of the same row, if no row names it:
    it is called the same way, and preferred where the core has that set (`ops/__init__.py` finds it).
    """
    accepts: Callable[[NodeView], bool]
    emit: Callable[[NodeView], tuple[Call, ...]]
    levels: frozenset[Level] = frozenset(Level)
    """At which `--optimize` levels it may be chosen."""
    scratch: Callable[[NodeView], int] = _no_scratch
    overlap: Callable[[NodeView], tuple[Overlap, ...]] = _no_overlap
    counts: Callable[[NodeView], Counts] | None = None
    """What takes its time, by which it is chosen among variants that accept a node (ties go to the one listed
    first). None: it is the only one.
    """
    encoding: str = "dense"
    """How the weights lie in flash, for the reports; `dense`: each one by itself."""
    weight_bytes: Callable[[NodeView], int] | None = None
    """Flash of the weights, where the kernel wants them in another form than the file's."""
    code_bytes: int = 0
    """About what such a kernel takes in flash: what it saves has to be more."""
    flow: Callable[[NodeView], Flow] | None = None
    """Instead of calls: which bodies run. The scratch then holds the largest of them, whatever `scratch`
    says.
    """

    @property
    def stem(self) -> str:
        """What its kernels in all instruction sets have in common."""
        return self.symbol.partition("__")[0]

    def cycles(self, view: NodeView, prices: Prices) -> float:
        """Estimate of what it takes for that node; infinite where nothing is known."""
        if self.counts is None:
            return inf
        return prices.cycles(work(self.symbol, self.counts(view), prices.code))

    @property
    def isa(self) -> Isa:
        return Isa(self.symbol.partition("__")[2] or Isa.C.value)

    def renamed(self, symbol: Callable[[str], str]) -> Variant:
        """The row with other kernels that are called the same way."""

        def emit(view: NodeView) -> tuple[Call, ...]:
            return tuple(replace(one, kernel=symbol(one.kernel)) for one in self.emit(view))

        return replace(self, symbol=symbol(self.symbol), emit=emit)


class Operator(ABC):
    """One operator. Stateless; the frontend, passes, planner and emitter ask it."""

    name: ClassVar[str]
    """As in the schema: CONV_2D. A custom operator's is its custom code: SignalWindow."""
    custom: ClassVar[bool] = False
    """Not of the schema: the file names it by text, and its attributes are a flexbuffer map (table
    FLEXBUFFER).
    """
    attrs_type: ClassVar[type[Attrs]] = Attrs
    options: ClassVar[Options | None] = None
    types: ClassVar[Sequence[DType]]
    """Supported element types of the first input, for operators that need say no more of theirs."""
    dtypes: ClassVar[tuple[str, ...]]
    """Supported element types, for `tinyml-compress operators`: ("int8",); those of `types`, if there are."""
    limits: ClassVar[str] = ""
    """What it does not take, in one line for the same list."""
    variants: ClassVar[tuple[Variant, ...]]
    writes_variables: ClassVar[bool] = False
    """Whether an output may be a variable tensor."""
    without_outputs: ClassVar[bool] = False
    """Whether it may have none: it then does its work in the state."""
    tflm_method: ClassVar[str] = ""
    """Of TensorFlow Lite Micro's resolver, where it is not `Add` and the name in camel case."""

    def __init_subclass__(cls) -> None:
        if "types" in vars(cls) and "dtypes" not in vars(cls):
            cls.dtypes = tuple(str(dtype.numpy) for dtype in cls.types)
        if cls.options is not None:
            cls.options = cls.options.carrying(cls.attrs_type)

    # --- traits: what else asks of an operator, instead of knowing it by name ---

    elementwise: ClassVar[bool] = False
    """Each element of the output is made of one element of every input, all spread to its shape."""
    values: ClassVar[Carried] = Carried.NEW
    weights: ClassVar[Weights | None] = None
    picks: ClassVar[Picks | None] = None
    clamp: ClassVar[Activation | None] = None
    """The activation that the operator is on its own."""
    ends_in_clamp: ClassVar[bool] = False
    """Whether kernels clamp to the bounds of the `activation` in the attributes, and do nothing after it."""

    def keeps_channels(self, view: NodeView) -> bool:
        """Whether each channel of the output is made of that one of the inputs that have as many."""
        return self.elementwise

    def handed_on(self, view: NodeView) -> Mapping[int, Ints] | None:
        """By index the inputs whose channels can only go with the output's: for each of the output's the one
        that it is made of, or -1. None where its channels are made of many.
        """
        if not self.keeps_channels(view):
            return None
        form = (view.output().dtype, channels_of(view.output()))
        given = [view.input(index) for index in range(len(view.node.inputs))]
        return {
            index: np.arange(form[1])
            for index, tensor in enumerate(given)
            if (tensor.dtype, channels_of(tensor)) == form
        }

    def output_range(self, view: NodeView, given: Mapping[int, Range]) -> Range | None:
        """What the int8 output can hold when its int8 inputs hold what `given` says by index; None for all.

        One entry stands for all channels. Tight where the operator is monotone in each input.
        """
        return None

    def products(self, view: NodeView, source: Range) -> Products | None:
        """The int8 node as rows of weights on an input that holds `source`."""
        return None

    def moves(self, view: NodeView) -> tuple[Call, ...]:
        """The calls that make the outputs of a node that only moves bytes; of any other none."""
        return ()

    def constant_output(self, view: NodeView) -> npt.NDArray[np.generic] | None:
        """The output of a node whose inputs all are constants; None where that is not known exactly."""
        return None

    def border(self, view: NodeView) -> tuple[tuple[int, int], ...] | None:
        """What it puts before and behind its input along each axis, where that is real zeros and all it
        does.
        """
        return None

    def along(self, view: NodeView, axis: int) -> Along | None:
        """Which frames of its inputs, whose time runs along `axis`, a frame of the outputs is made of; None
        where each is made of all.
        """
        border = self.border(view)
        if border is not None:
            sides = tuple((0, 0) if place == axis else pair for place, pair in enumerate(border))
            before, after = border[axis]
            return Along(axis, before=before, after=after, sides=sides, is_border=True)
        return Along(axis) if self.elementwise else None

    def reach(self, view: NodeView, axis: int) -> Along | None:
        """Which rows a row of the output is made of, where borders may be any that `cut` can give."""
        return self.along(view, axis)

    def cut(self, view: NodeView, axis: int, before: int, after: int) -> Attrs | None:
        """Attributes of the node on a strip of its rows, so many of the border at its ends; None where it
        cannot be cut.
        """
        return view.node.attrs if self.elementwise and not before and not after else None

    def of_sums(self, view: NodeView) -> Call | None:
        """Of a node that makes one element of all there is of a channel: the call that makes its output (the
        second one) of the 32-bit sums of all channels (the first). None for any other.
        """
        return None

    def of_shape(self, view: NodeView, shape: tuple[int, ...]) -> tuple[Attrs, Mapping[int, Sequence[int]]]:
        """Attributes, and constant inputs by index, with which it makes an output of this shape."""
        return view.node.attrs, {}

    @abstractmethod
    def check(self, view: NodeView) -> None:
        """Raise UnsupportedOperator (through `refuse`) for any node that the kernels cannot compute exactly.

        Structure is already known to be sound; number and dtypes of inputs, quantization and attributes are
        not.
        """

    def output_shapes(self, view: NodeView) -> tuple[tuple[int, ...], ...]:
        """Shapes of all outputs, from inputs and attributes; called after `check`. By default the one output
        has the first input's.
        """
        return (view.input(0).shape,)

    def macs(self, view: NodeView) -> int:
        """Multiply-accumulates of one inference; 0 for operators that have none."""
        return 0

    def aliases(self, view: NodeView) -> tuple[Alias, ...]:
        """Placements that would spare the kernel a copy; the planner grants each or not."""
        return ()

    def state(self, view: NodeView) -> tuple[StateBlock, ...]:
        """What the node itself keeps between inferences."""
        return ()

    def flow(self, view: NodeView) -> Flow | None:
        """How the node runs bodies, if it does."""
        flow = self.variants[0].flow if self.variants else None
        return None if flow is None else flow(view)

    def bodies(self, view: NodeView) -> tuple[int, ...]:
        """Places in the graph's `subgraphs` of the bodies that the node runs."""
        flow = self.flow(view)
        return () if flow is None else tuple(run.body for run in flow.runs)

    def stops(self, view: NodeView) -> bool:
        """Whether an inference can end at the node, without a result."""
        return False

    def acts(self, view: NodeView) -> bool:
        """Whether the node does more than make its outputs: it then stays, and in its order among
        such nodes.
        """
        names = (*view.node.inputs, *view.node.outputs)
        variable = any(view.graph.tensors[name].variable for name in names if name is not None)
        return variable or not view.node.outputs or bool(self.state(view)) or bool(self.bodies(view))


def refuse(
    view: NodeView,
    what: str,
    *,
    found: object = None,
    allowed: object = None,
    next_step: str | None = None,
) -> UnsupportedOperator:
    """The error to raise when `what` about this node is not supported."""
    node = view.node
    return UnsupportedOperator(
        f"{node.op}: {what}",
        which=node.name or (node.outputs[0] if node.outputs else "?"),
        found=found,
        allowed=allowed,
        next_step=next_step,
    )
