"""Names of tensors and layers, made from what the converter left of the model's own."""

from __future__ import annotations

import re
from collections.abc import Iterable

_VARIABLE_READ = re.compile(r"(/ReadVariableOp(_\d+)?)?(/resource)?\d*$")
_SERVED = re.compile(r"serving_default_(?P<name>.+?)(:\d+)?$")
_BARE = re.compile(r"(Identity|StatefulPartitionedCall|PartitionedCall)(_\d+)?(:\d+)?(_int8)?\d*$")
_LONGEST = 200
"""Of what the converter puts behind a name."""


def unique_names(names: Iterable[str]) -> tuple[str, ...]:
    """The names with `tensor_<index>` for empty ones and `#2`, `#3` ... behind repeated ones."""
    taken: set[str] = set()
    repeats: dict[str, int] = {}
    unique = []
    for index, given in enumerate(names):
        base = name = given or f"tensor_{index}"
        while name in taken:
            repeats[base] = repeats.get(base, 1) + 1
            name = f"{base}#{repeats[base]}"
        taken.add(name)
        unique.append(name)
    return tuple(unique)


def input_name(tensor: str) -> str:
    """The model's own name of an input: the converter makes `serving_default_left:0` of `left`."""
    served = _SERVED.match(tensor)
    return served["name"] if served else tensor


def layer_of(tensor: str) -> str:
    """The layer that a tensor's name tells of, as well as it can be told.

    The converter joins the names of all fused operations with `;` and the layer that computes comes last:
    `net/act/Relu;net/conv/BiasAdd;net/conv/Conv2D1` is of the layer `net/conv`.
    """
    last = tensor.rsplit(";", 1)[-1]
    if len(last) <= _LONGEST and _BARE.match(last):
        return tensor
    head, tail = last[:-_LONGEST], last[-_LONGEST:]  # a search from every place of a long name takes minutes
    scope, _, operation = (head + _VARIABLE_READ.sub("", tail)).rpartition("/")
    return scope if scope and operation else last or tensor
