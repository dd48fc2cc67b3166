"""The kernels that could run a node."""

from __future__ import annotations

from collections.abc import Sequence

from tinyml_compress.results.base import Value


class KernelOption(Value, frozen=True, kw_only=True):
    """A kernel that could run a node."""

    family: str
    """What sets it apart from the operator's other kernels; `plain` takes every shape."""
    kernel: str
    """Its C symbol."""
    cycles: float | None = None
    """Estimated, to choose by; absent where nothing is known."""
    weight_bytes: int
    """Flash of the node's weights in the form that it wants. Exact."""


def runner_up(options: Sequence[KernelOption], family: str | None) -> KernelOption | None:
    """The best of another family."""
    return next((one for one in options if one.family != family), None)
