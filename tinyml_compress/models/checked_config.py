"""A model's configuration, as a stranger's file has it, made harmless before either Keras sees it.

Keras turns a configuration into objects by importing what it names. Here every name is held against the lists
of `allowed_classes` and `allowed_ops`, and what comes out is a new configuration with modules of our own
choice, so that Keras reads nothing that was not understood here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any

from tinyml_compress.errors import ModelError, UnsupportedLayer
from tinyml_compress.models import allowed_classes as known
from tinyml_compress.models.allowed_ops import GRAPH, is_function
from tinyml_compress.support.trust import WORD

LARGEST = 16 << 20
"""Bytes of a configuration; the largest of keras.applications has 2 MB."""
_DEEPEST = 128
_HOUSE = re.compile(r"(tf_)?keras(\.[A-Za-z_]\w*)*|builtins")
_OPTIMIZATION = "tensorflow_model_optimization."
_TENSORFLOW_INITIALIZERS = ("tensorflow.python.ops.init_ops", "tensorflow.python.ops.init_ops_v2")
"""EfficientNetV2 of keras.applications names TensorFlow's own; those of Keras take the same options."""
_OPS_MODULES = frozenset(
    f"keras.src.ops.{room}" for room in ("core", "image", "linalg", "math", "nn", "numpy")
)
_MODEL_MODULES = ("keras.src.models.functional", "keras.src.models.sequential", "keras.src.models.model")
_NUMBERS = frozenset(
    (
        "bfloat16 bool complex64 float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64"
    ).split()
)
_ROLES = (
    (("activation", "_activation"), known.ACTIVATIONS | known.OPTIMIZED),
    (("_initializer",), known.INITIALIZERS),
    (("_regularizer", "_constraint"), known.WEIGHT_RULES),
)
"""Strings that Keras turns into objects, by the ends of the keys that hold them."""
_MARKS = frozenset("__tuple__ TensorShape __ellipsis__ __slice__ __keras_tensor__ __bytes__".split())
_ARRAYS = frozenset(["__tensor__", "__numpy__"])


@dataclass(frozen=True)
class CheckedConfig:
    """A configuration that names nothing but Keras's own layers."""

    config: dict[str, Any]
    classes: frozenset[str]
    """Names of all classes in it."""

    @property
    def optimized(self) -> bool:
        """Whether it needs TensorFlow Model Optimization's classes."""
        return not self.classes.isdisjoint(known.OPTIMIZED)

    def text(self) -> str:
        """As JSON."""
        return json.dumps(self.config)


def checked_config(
    text: str | bytes, which: object, *, own: Collection[str] = (), operations: Collection[str] = ()
) -> CheckedConfig:
    """The configuration in `text`, or the refusal that names what in it is not Keras's.

    `own` are classes and functions that the caller registered with Keras; `operations` are those of
    `keras.ops` that he can carry over.
    """
    if len(text) > LARGEST:
        raise _damaged(which, f"a configuration of {len(text):,} bytes", f"at most {LARGEST:,}")
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _damaged(
            which, f"the configuration is not JSON: {type(error).__name__}: {str(error)[:200]}"
        ) from error
    if not isinstance(parsed, dict) or not isinstance(parsed.get("class_name"), str):
        raise _damaged(which, "the configuration describes no model")
    walk = _Walk(str(which), frozenset(own), frozenset(operations))
    return CheckedConfig(walk.item(parsed, ""), frozenset(walk.classes))


@dataclass
class _Walk:
    which: str
    own: frozenset[str]
    operations: frozenset[str]

    def __post_init__(self) -> None:
        self.classes: set[str] = set()

    def value(self, value: Any, place: str, depth: int) -> Any:
        if depth > _DEEPEST:
            raise _damaged(
                self.which, f"a configuration more than {_DEEPEST} levels deep, at {_shown(place)}"
            )
        if isinstance(value, dict):
            if "class_name" in value:
                return self.item(value, place, depth)
            return {key: self._entry(key, inner, place, depth) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner, f"{place}[{number}]", depth + 1) for number, inner in enumerate(value)]
        return value

    def _entry(self, key: str, value: Any, place: str, depth: int) -> Any:
        place = f"{place}.{key}" if place else key
        if isinstance(value, str):
            for ends, allowed in _ROLES:
                if key.endswith(ends) and value not in allowed and value not in self.own:
                    raise self._unknown(value, None, place)
        return self.value(value, place, depth + 1)

    def item(self, item: Mapping[str, Any], place: str, depth: int = 0) -> dict[str, Any]:
        """A description of an object."""
        name, module = item["class_name"], item.get("module")
        for given in (name, module, item.get("registered_name")):
            if not isinstance(given, (str, NoneType)):
                raise self._foreign(repr(given), None, place)
        if name is None:
            raise self._foreign("a class without a name", module, place)
        if name in _MARKS:
            return {key: self.value(inner, f"{place}.{key}", depth + 1) for key, inner in item.items()}
        if name in _ARRAYS:
            return self._array(item, place)
        if name in known.PYTHON:
            raise self._python(name, place)
        if name in self.own or item.get("registered_name") in self.own:
            return self._of_the_caller(item, place, depth)
        self._check_module(name, module, place)
        if name == "function":
            return self._function(item, place)
        chosen = self._module_of(name, module, place)
        self._check_registered(item, place)
        self.classes.add(name)
        self._check_call(name, item.get("config"), place)
        checked = {
            key: self.value(inner, f"{place}.{key}" if place else key, depth + 1)
            for key, inner in item.items()
            # What compiles a model is never needed here: the tool trains with a task of its own.
            if key not in ("class_name", "module", "registered_name", "compile_config")
        }
        if "module" in item:
            checked = {"module": chosen, **checked, "registered_name": name if chosen is None else None}
        return {"class_name": name, **checked}

    def _of_the_caller(self, item: Mapping[str, Any], place: str, depth: int) -> dict[str, Any]:
        """A class that the caller registered: Keras finds it by that name, so no module is needed."""
        name = item["class_name"]
        self.classes.add(name)
        checked = {
            key: self.value(inner, f"{place}.{key}" if place else key, depth + 1)
            for key, inner in item.items()
            if key not in ("module", "compile_config")
        }
        return {**checked, "module": None} if "module" in item else checked

    def _array(self, item: Mapping[str, Any], place: str) -> dict[str, Any]:
        config = item.get("config")
        holds = config if isinstance(config, dict) else {}
        if str(holds.get("dtype")) not in _NUMBERS or not _is_numbers(holds.get("value")):
            raise self._foreign(f"{item['class_name']} of something else than numbers", None, place)
        return {"class_name": item["class_name"], "config": {key: holds[key] for key in ("value", "dtype")}}

    def _function(self, item: Mapping[str, Any], place: str) -> dict[str, Any]:
        name = item.get("config")
        given = item.get("registered_name")
        if not isinstance(name, str) or (name not in known.ACTIVATIONS and name not in self.own):
            raise self._foreign(f"function {name}", item.get("module"), place)
        if given not in (None, "function", name):
            raise self._foreign(f"function {given}", item.get("module"), place)
        return {"module": "builtins", "class_name": "function", "config": name, "registered_name": name}

    def _check_module(self, name: str, module: str | None, place: str) -> None:
        if module is None:
            return
        of_optimization = module.startswith(_OPTIMIZATION) and name in known.OPTIMIZED
        of_tensorflow = module in _TENSORFLOW_INITIALIZERS and name in known.INITIALIZERS
        if not (_HOUSE.fullmatch(module) or of_optimization or of_tensorflow):
            raise self._foreign(name, module, place)

    def _module_of(self, name: str, module: Any, place: str) -> str | None:
        """Where Keras shall look: of our choice, whatever the file says."""
        if name in known.OPTIMIZED:
            return None
        room = module or ""
        if ".ops." in room and room in _OPS_MODULES and name in self.operations:
            return str(module)
        if (".initializers" in room or room in _TENSORFLOW_INITIALIZERS) and name in known.INITIALIZERS:
            return "keras.initializers"
        if ".regularizers" in room and name in known.WEIGHT_RULES:
            return "keras.regularizers"
        if ".constraints" in room and name in known.WEIGHT_RULES:
            return "keras.constraints"
        if name in known.POLICIES:
            return "keras.mixed_precision" if "mixed_precision" in room else "keras"
        if name in known.OTHERS:
            return known.OTHERS[name]
        if name in known.MODELS:
            return str(module) if room in _MODEL_MODULES else _model_module(name)
        if name in known.LAYERS:
            return "keras.layers"
        if module is None and name in known.INITIALIZERS | known.WEIGHT_RULES | known.ACTIVATIONS:
            return None
        raise self._unknown(name, module, place)

    def _check_registered(self, item: Mapping[str, Any], place: str) -> None:
        given = item.get("registered_name")
        if given not in (None, item["class_name"]):
            raise self._unknown(str(given), item.get("module"), place)

    def _check_call(self, name: str, config: Any, place: str) -> None:
        """Layers that call what their configuration names."""
        if name in ("TFOpLambda", "SlicingOpLambda"):
            function = config.get("function") if isinstance(config, dict) else None
            if not is_function(function):
                raise self._foreign(f"TensorFlow function {function}", None, place)
        if name == "TensorFlowOpLayer" and (operator := _operator_of(config)) not in GRAPH:
            raise self._foreign(f"TensorFlow operator {operator}", None, place)

    def _python(self, name: str, place: str) -> UnsupportedLayer:
        lambda_ = name in ("Lambda", "__lambda__")
        return UnsupportedLayer(
            f"a {'Lambda' if lambda_ else name} layer in a model file is not loaded",
            which=f"{self.which}, {_shown(place)}",
            found="Python code inside the model file"
            if lambda_
            else "a layer that runs or opens what the file names",
            next_step=f"replace it by ordinary layers, or give package.module:function; or, {WORD}",
        )

    def _foreign(self, name: str, module: Any, place: str) -> ModelError:
        return ModelError(
            "the model file names code that is not Keras's",
            which=f"{self.which}, {_shown(place)}".removesuffix(", "),
            found=_shown(f"{name} of module {module}" if module is not None else name),
            allowed="layers and functions of Keras, and TensorFlow functions that compute",
            next_step=f"replace it by ordinary layers, or give package.module:function; or, {WORD}",
        )

    def _unknown(self, name: str, module: Any, place: str) -> UnsupportedLayer:
        of = f" (module {module})" if module is not None and not _HOUSE.fullmatch(str(module)) else ""
        return UnsupportedLayer(
            "the model has a layer that Keras does not know",
            which=_shown(name + of),
            found=f"in {self.which}, {_shown(place)}".removesuffix(", "),
            next_step="give package.module:function with a function that makes the "
            "model with its custom layers; "
            f"or, {WORD}",
        )


def _model_module(name: str) -> str:
    return "tf_keras.src.engine.functional" if name == "Functional" else "keras"


def _operator_of(config: Any) -> str:
    """The operator that a TensorFlowOpLayer of TensorFlow 2.0 to 2.3 runs."""
    from tinyml_compress.support import backend

    text = config.get("node_def") if isinstance(config, dict) else None
    if not isinstance(text, str):
        return "unknown"
    try:
        node = backend.tensorflow().compat.v1.NodeDef.FromString(text.encode())
    except Exception:  # protobuf's DecodeError lives in a package that we do not name
        return "unknown"
    # Functions in attributes would be called as well.
    return "unknown" if any(value.HasField("func") for value in node.attr.values()) else str(node.op)


def _is_numbers(value: Any) -> bool:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(one)
        elif not isinstance(one, (bool, int, float)):
            return False
    return True


def _shown(text: str) -> str:
    """A name of the file, short and printable."""
    plain = "".join(char if char.isprintable() else "?" for char in text)
    return plain if len(plain) <= 120 else f"{plain[:117]}..."


def _damaged(which: object, problem: str, allowed: str | None = None) -> ModelError:
    return ModelError(
        "the model file is damaged",
        which=which,
        found=problem,
        allowed=allowed,
        next_step="save it or fetch it again",
    )
