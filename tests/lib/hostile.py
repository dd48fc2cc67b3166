"""Configurations that attack whoever loads them: real payloads, and seeded changes that put them
everywhere.
"""

from __future__ import annotations

import base64
import copy
import json
import marshal
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

Rng = np.random.Generator
MODULES: tuple[Any, ...] = (
    *(
        "pydoc os posix subprocess builtins sys runpy evil antigravity this "
        "turtle importlib code pty webbrowser"
    ).split(),
    *(
        "keras keras.layers keras.utils keras.saving keras.config keras.models keras.src.utils.file_utils"
    ).split(),
    *(
        "keras.src.legacy.saving.legacy_h5_format "
        "tf_keras.src.utils.generic_utils tf_keras.src.saving.saving_lib"
    ).split(),
    *(
        "tf_keras.src.testing_infra.test_utils tensorflow.python.ops.script_ops numpy.testing xml.dom.minidom"
    ).split(),
    *("", ".", "keras.", "keras..layers", "keras_evil", "keras.layers\n", None, 3, ["os"], {"a": 1}),
)
CLASSES: tuple[Any, ...] = (
    *(
        "Lambda __lambda__ function Popen system pipepager StringLookup "
        "IntegerLookup TextVectorization TFSMLayer"
    ).split(),
    *(
        "TorchModuleWrapper JaxLayer func_load get_file load_model Layer "
        "Model Sequential Functional TFOpLambda"
    ).split(),
    *(
        "SlicingOpLambda TensorFlowOpLayer ClassMethod InstanceMethod "
        "InstanceProperty DenseFeatures __numpy__"
    ).split(),
    *(
        "__tensor__ __typespec__ TypeSpec CompositeTensor __tuple__ TensorShape __bytes__ Dense Evil Wrapper"
    ).split(),
    *"Custom>Adam evil>Evil Layer.from_config Adam Mean Constant Zeros relu get deserialize Policy".split(),
    *("", None, 7, ["Dense"], {"class_name": "Lambda"}),
)
FUNCTIONS: tuple[Any, ...] = (
    *(
        "io.write_file io.read_file py_function numpy_function compat.v1.py_func print load_op_library map_fn"
    ).split(),
    *"raw_ops.WriteFile keras.models.load_model keras.utils.get_file image.decode_image add nn.relu".split(),
    *("", None, 1, ["add"]),
)
_VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        2,
        3,
        7,
        2**31,
        2**63,
        10**30,
        -(10**30),
        0.5,
        -1e38,
        float("nan"),
        float("inf"),
    ),
    *(
        "",
        "relu",
        "same",
        "float16",
        "string",
        "resource",
        "variant",
        "x" * 5000,
        "\x1b[2J",
        "../../x",
        "\u0000",
    ),
    *([], {}, [[]], [None], [1, 2, 3], {"class_name": 1}, {"a": {"b": []}}),
)


def payloads(command: str, marker: Path, secret: Path) -> list[dict[str, Any]]:
    """Descriptions of objects that, loaded without a lock, run `command`, write `marker` or read `secret`."""
    source = f"lambda x: (open({str(marker)!r}, 'w').close(), x)[1]"
    code = base64.b64encode(marshal.dumps(eval(source).__code__)).decode()  # an attack has to be a real one
    bytecode = [code + "\n", None, None]

    def function(module: Any, name: str) -> dict[str, Any]:
        return {"module": module, "class_name": "function", "config": name, "registered_name": name}

    def of(kind: str, module: str | None = "keras.layers", /, **config: Any) -> dict[str, Any]:
        return {"module": module, "class_name": kind, "config": config, "registered_name": None}

    called = {"function_type": "function", "arguments": {"cmd": command}, "output_shape_type": "raw"}
    # These three work in any layer's place, so there are more of them.
    working = [
        of("Lambda", name="l", function=function("pydoc", "pipepager"), **called, output_shape=None),
        of("Lambda", name="l", function=function("evil", "run"), **called, output_shape=None),
        of(
            "Lambda",
            name="l",
            function=bytecode,
            function_type="lambda",
            output_shape=None,
            output_shape_type="raw",
        ),
    ]
    return working * 4 + [
        of("Lambda", name="l", function=function("os", "system"), **called, output_shape=None),
        of("Lambda", None, name="l", function={"class_name": "__lambda__", "config": {"value": bytecode[0]}}),
        of("Activation", name="a", activation=function("pydoc", "pipepager")),
        of("Activation", name="a", activation={"class_name": "__lambda__", "config": {"value": code}}),
        of("StringLookup", name="s", vocabulary=str(secret)),
        of("TextVectorization", name="t", vocabulary=str(secret), standardize=function("os", "system")),
        of("TFSMLayer", name="t", filepath=str(secret.parent), call_endpoint="serve"),
        of("TorchModuleWrapper", name="t", module="gASVIAAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAR0cnVllIWUUpQu"),
        of("TFOpLambda", "tf_keras.src.layers.core.tf_op_layer", name="w", function="io.write_file"),
        of("TFOpLambda", "tf_keras.src.layers.core.tf_op_layer", name="w", function="keras.utils.get_file"),
        of("Popen", "subprocess", args=["sh", "-c", command]),
        of("Evil", "evil"),
        {
            "class_name": "__typespec__",
            "spec_name": "Evil",
            "module": "evil",
            "registered_name": None,
            "config": [],
        },
        function("evil", "run"),
        function("keras.utils", "get_file"),
        function("builtins", "exec"),
    ]


def mutant(text: str, seed: int, attacks: list[dict[str, Any]]) -> str:
    """A configuration with one to three changes, the same for the same seed."""
    rng = np.random.default_rng(seed)
    config = json.loads(text)
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        change = _CHANGES[int(rng.integers(len(_CHANGES)))]
        change(config, rng, attacks)
    made = json.dumps(config)
    return _escaped(made, rng) if rng.random() < 0.2 else made


def _escaped(text: str, rng: Rng) -> str:
    """Some letters of names as JSON may also write them."""
    letters = r"(?<=\")[A-Z](?=[a-z_])"
    return re.sub(letters, lambda found: f"\\u{ord(found[0]):04x}", text, count=int(rng.integers(1, 5)))


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """All descriptions of objects."""
    if isinstance(value, dict):
        if "class_name" in value:
            yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)


def _holders(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if value:
            yield value
        for inner in value.values():
            yield from _holders(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _holders(inner)


def _one(rng: Rng, of: Any) -> Any:
    choices = list(of)
    return choices[int(rng.integers(len(choices)))] if choices else {}


def _attack(rng: Rng, attacks: list[dict[str, Any]]) -> dict[str, Any]:
    return copy.deepcopy(attacks[int(rng.integers(len(attacks)))])


def _replace(config: Any, rng: Rng, attacks: list[dict[str, Any]]) -> None:
    """A described object becomes an attack; what hangs it into the model stays."""
    target = _one(rng, _objects(config))
    kept = {key: target[key] for key in ("name", "inbound_nodes", "build_config") if key in target}
    target.clear()
    target.update(_attack(rng, attacks) | kept)


def _append(config: Any, rng: Rng, attacks: list[dict[str, Any]]) -> None:
    """One layer more in a model or a list."""
    lists = [one["layers"] for one in _holders(config) if isinstance(one.get("layers"), list)]
    if lists:
        lists[int(rng.integers(len(lists)))].append(_attack(rng, attacks))


def _insert(config: Any, rng: Rng, attacks: list[dict[str, Any]]) -> None:
    holder = _one(rng, _holders(config))
    key = _one(
        rng,
        [*holder, "activation", "kernel_initializer", "layer", "cell", "compile_config", "custom_objects"],
    )
    holder[key] = _attack(rng, attacks)


def _rename(config: Any, rng: Rng, attacks: list[dict[str, Any]]) -> None:
    target = _one(rng, _objects(config))
    key, names = _one(
        rng, (("class_name", CLASSES), ("module", MODULES), ("registered_name", (*CLASSES, *MODULES)))
    )
    target[key] = _one(rng, names)


def _rename_both(config: Any, rng: Rng, attacks: list[dict[str, Any]]) -> None:
    target = _one(rng, _objects(config))
    target["module"], target["class_name"] = _one(rng, MODULES), _one(rng, CLASSES)


def _recall(config: Any, rng: Rng, attacks: list[dict[str, Any]]) -> None:
    callers = [
        one for one in _objects(config) if isinstance(one.get("config"), dict) and "function" in one["config"]
    ]
    for caller in callers[:1]:
        caller["config"]["function"] = _one(rng, FUNCTIONS)


def _nest(config: Any, rng: Rng, attacks: list[dict[str, Any]]) -> None:
    """An attack below many wrappers."""
    inner = _attack(rng, attacks)
    for _ in range(int(rng.integers(1, 200))):
        inner = {
            "module": "keras.layers",
            "class_name": "TimeDistributed",
            "config": {"name": "t", "layer": inner},
        }
    target = _one(rng, _objects(config))
    target.update(inner)


def _revalue(config: Any, rng: Rng, attacks: list[dict[str, Any]]) -> None:
    holder = _one(rng, _holders(config))
    holder[_one(rng, holder)] = copy.deepcopy(_one(rng, _VALUES))


def _remove(config: Any, rng: Rng, attacks: list[dict[str, Any]]) -> None:
    holder = _one(rng, _holders(config))
    del holder[_one(rng, holder)]


def _swap(config: Any, rng: Rng, attacks: list[dict[str, Any]]) -> None:
    first, second = _one(rng, _holders(config)), _one(rng, _holders(config))
    first[_one(rng, first)] = copy.deepcopy(second[_one(rng, second)])


_CHANGES: tuple[Callable[[Any, Rng, list[dict[str, Any]]], None], ...] = (
    _replace,
    _replace,
    *[_append] * 3,
    _insert,
    _insert,
    _rename,
    _rename,
    _rename_both,
    _recall,
    _nest,
    *[_revalue] * 5,
    *[_remove] * 2,
    *[_swap] * 2,
)
