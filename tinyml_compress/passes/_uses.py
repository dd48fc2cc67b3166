"""Who makes and who reads each tensor, looked up once per pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tinyml_compress.ir import Graph


class Uses:
    """Makers and readers of a graph's tensors; a pass that rewrites needs a new one."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._maker: dict[str, int] = {}
        self._readers: dict[str, list[int]] = {}
        for index, node in enumerate(graph.nodes):
            for name in node.outputs:
                self._maker[name] = index
            for source in dict.fromkeys(node.inputs):
                if source is not None:
                    self._readers.setdefault(source, []).append(index)
        self._outputs = frozenset(graph.outputs)

    def maker(self, tensor: str) -> int | None:
        """Index of the node that makes it; None for graph inputs and constants."""
        return self._maker.get(tensor)

    def readers(self, tensor: str) -> list[int]:
        """Indices of the nodes that read it, each once."""
        return self._readers.get(tensor, [])

    def is_output(self, tensor: str) -> bool:
        """Whether it is an output of the graph."""
        return tensor in self._outputs

    def only_reader(self, tensor: str) -> int | None:
        """Index of the one node that reads it, when nothing else does and it is no graph output."""
        readers = self.readers(tensor)
        return readers[0] if len(readers) == 1 and not self.is_output(tensor) else None


def renamed(names: Iterable[str | None], new: Mapping[str, str]) -> tuple[str | None, ...]:
    """Tensor names with those in `new` replaced."""
    return tuple(None if name is None else new.get(name, name) for name in names)
