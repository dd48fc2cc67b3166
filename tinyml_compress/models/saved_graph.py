"""A SavedModel's graph, read as a stranger's: only operators that compute, in a new folder of our own making.

TensorFlow loads what is in the folder without asking what it does: an operator may write files, call Python
or run at once. So the graph is read first, every operator held against the list of `allowed_ops`, and
TensorFlow gets a copy that holds the graph and the variables and nothing else: no assets, no saver, no
further files.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tinyml_compress.errors import ModelError, UnsupportedOperator
from tinyml_compress.models.allowed_ops import GRAPH, SAVING
from tinyml_compress.models.stored import damaged, short
from tinyml_compress.support import backend
from tinyml_compress.support.trust import WORD

GRAPH_FILE = "saved_model.pb"
_LARGEST_GRAPH = 1 << 30
_LARGEST_CONSTANT = 1 << 30
_KINDS = frozenset(
    ["asset", "user_object", "function", "variable", "bare_concrete_function", "constant", "captured_tensor"]
)
"""Of objects; a `resource` is a table or an iterator."""
_TYPES = frozenset(
    ["signature_map", "trackable_dict_wrapper", "trackable_list_wrapper", "trackable_tuple_wrapper"]
)
_PLAIN_TYPE = "_generic_user_object"


def check_files(path: Path) -> None:
    """No file of the folder lies somewhere else, and none is a pipe or a device."""
    home = path.resolve()
    for folder, folders, names in os.walk(path):
        for name in (*folders, *names):
            file = Path(folder, name)
            if file.is_symlink() and not file.resolve().is_relative_to(home):
                raise ModelError(
                    "a link in the SavedModel leads out of its folder",
                    which=file,
                    found=file.resolve(),
                    next_step="copy the folder with its links resolved: cp -rL",
                )
            if not (file.is_file() or file.is_dir()):
                raise damaged(path, f"{name} is no file")


def checked_copy(path: Path, folder: Path) -> Path:
    """A SavedModel in `folder` with the graph and variables of `path`; refused if its graph does more than
    compute.
    """
    graph = _read(path)
    for meta in graph.meta_graphs:
        _check(path, meta)
    copy = folder / "saved_model"
    copy.mkdir()
    (copy / GRAPH_FILE).write_bytes(graph.SerializeToString())
    if (path / "variables").is_dir():
        (copy / "variables").symlink_to((path / "variables").resolve(), target_is_directory=True)
    return copy


def _read(path: Path) -> Any:
    size = (path / GRAPH_FILE).stat().st_size
    if size > _LARGEST_GRAPH:
        raise damaged(path, f"{GRAPH_FILE} of {size:,} bytes")
    graph = backend.saved_model_message()
    try:
        graph.ParseFromString((path / GRAPH_FILE).read_bytes())
    except Exception as error:  # protobuf's DecodeError lives in a package that we do not name
        raise damaged(path, short(error)) from error
    if not graph.meta_graphs:
        raise damaged(path, "no graph in it")
    return graph


def _check(path: Path, meta: Any) -> None:
    """Holds what is in the graph against the lists, and takes out what nobody here needs."""
    if not meta.HasField("object_graph_def"):
        raise ModelError(
            "the SavedModel was written by TensorFlow 1",
            which=path,
            allowed="SavedModels of TensorFlow 2",
            next_step=f"save it again with TensorFlow 2; or, {WORD}",
        )
    _remove_saver(meta)
    functions = {function.signature.name for function in meta.graph_def.library.function}
    for node, place in _nodes(meta.graph_def):
        if node.op not in GRAPH and node.op not in functions:
            raise _refused(path, node.op, f"node {node.name} of {place}")
        for name in _called(node):
            if name not in functions:
                raise _refused(path, name, f"called by node {node.name} of {place}")
        if node.op == "Const":
            _check_constant(path, node)
    _check_objects(path, meta, functions)
    del meta.asset_file_def[:]
    meta.collection_def.clear()


def _remove_saver(meta: Any) -> None:
    """The nodes and functions that save and restore in TensorFlow 1's way: the loader restores by itself."""
    saver = meta.saver_def
    graph = meta.graph_def
    names = {name.partition(":")[0] for name in (saver.save_tensor_name, saver.restore_op_name) if name}
    called = {name for node in graph.node if node.name in names for name in _called(node)}
    _keep(graph.node, lambda node: node.name not in names)
    meta.ClearField("saver_def")
    used = {name for node, _ in _nodes(graph) for name in (node.op, *_called(node))}
    used |= set(meta.object_graph_def.concrete_functions)
    _keep(graph.library.function, lambda function: function.signature.name not in called - used)


def _keep(repeated: Any, wanted: Any) -> None:
    kept = [item for item in repeated if wanted(item)]
    if len(kept) != len(repeated):
        copies = [type(item).FromString(item.SerializeToString()) for item in kept]
        del repeated[:]
        repeated.extend(copies)


def _nodes(graph: Any) -> Iterator[tuple[Any, str]]:
    for node in graph.node:
        yield node, "the graph"
    for function in graph.library.function:
        for node in function.node_def:
            yield node, f"function {function.signature.name}"


def _called(node: Any) -> Iterable[str]:
    for value in node.attr.values():
        if value.HasField("func"):
            yield value.func.name
        elif value.HasField("list"):
            yield from (function.name for function in value.list.func)


def _check_constant(path: Path, node: Any) -> None:
    """A constant's shape may be larger than what is stored of it."""
    tensor = node.attr["value"].tensor
    if math.prod(dim.size for dim in tensor.tensor_shape.dim) > _LARGEST_CONSTANT:
        raise damaged(path, f"constant {node.name} has more than {_LARGEST_CONSTANT:,} elements")


def _check_objects(path: Path, meta: Any, functions: set[str]) -> None:
    for name in meta.object_graph_def.concrete_functions:
        if name not in functions:
            raise damaged(path, f"function {name} is missing")
    for node in meta.object_graph_def.nodes:
        kind = node.WhichOneof("kind")
        if kind not in _KINDS or node.registered_name:
            raise _refused(path, node.registered_name or kind or "nothing", "an object of the model")
        # An optimizer and its slots would become objects of Keras: nobody needs them here.
        del node.slot_variables[:]
        if kind == "user_object" and node.user_object.identifier not in _TYPES:
            node.user_object.identifier = _PLAIN_TYPE
            node.user_object.metadata = ""
            del node.slot_variables[:]  # the optimizer is no longer one, and has no place for them
        if kind == "asset":
            raise _refused(path, "asset", "an object of the model, which is a file for an operator to read")


def _refused(path: Path, operator: str, place: str) -> UnsupportedOperator:
    why = "saves or reads files" if operator in SAVING else "is not known to do nothing but compute"
    return UnsupportedOperator(
        "the SavedModel's graph may do more than compute",
        which=f"{path}, {place}",
        found=f"{operator}, which {why}",
        allowed="operators that turn tensors into tensors",
        next_step=f"export the model without it; or, {WORD}",
    )
