"""Model files from strangers: what in them is code does not run, in any format, and the refusal names the way
out.
"""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tinyml_compress.errors import ModelError, UnsupportedLayer, UnsupportedOperator, UsageError
from tinyml_compress.models import load, load_again
from tinyml_compress.pipeline.fit.job import FitRequest
from tinyml_compress.support import backend
from tinyml_compress.support.trust import trusted, trusting

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow's and Keras' own


@pytest.fixture(scope="module")
def keras() -> Any:
    return backend.keras2()


def net(keras: Any) -> Any:
    return keras.Sequential(
        [keras.layers.Input((4,)), keras.layers.Dense(3, name="d"), keras.layers.Activation("relu")]
    )


def rewritten(path: Path, change: Any) -> None:
    """The `.keras` or `.h5` file with its configuration changed as text."""
    if path.suffix == ".h5":
        with h5py.File(path, "a") as file:
            text = file.attrs["model_config"]
            file.attrs["model_config"] = change(text if isinstance(text, str) else text.decode()).encode()
        return
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["config.json"] = change(members["config.json"].decode()).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def with_layer(description: dict[str, Any]) -> Any:
    """A change that puts a described layer in place of the model's last one."""

    def change(text: str) -> str:
        config = json.loads(text)
        config["config"]["layers"][-1] = description
        return json.dumps(config)

    return change


def pipepager(command: str) -> dict[str, Any]:
    """The Lambda of CVE-2025-1550: `function` is any function of any module, called with any arguments."""
    function = {
        "module": "pydoc",
        "class_name": "function",
        "config": "pipepager",
        "registered_name": "function",
    }
    return {
        "module": "keras.layers",
        "class_name": "Lambda",
        "registered_name": None,
        "config": {
            "name": "l",
            "function": function,
            "function_type": "function",
            "arguments": {"cmd": command},
            "output_shape_type": "raw",
            "output_shape": None,
        },
    }


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_a_function_of_another_module(keras: Any, tmp_path: Path, name: str) -> None:
    net(keras).save(tmp_path / name)
    rewritten(tmp_path / name, with_layer(pipepager(f"touch {tmp_path}/ran")))
    with pytest.raises(UnsupportedLayer, match="--trust-model") as caught:
        load(tmp_path / name)
    assert "Lambda" in str(caught.value)
    assert not (tmp_path / "ran").exists()


def test_bytecode_behind_an_escaped_name(keras: Any, tmp_path: Path) -> None:
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Lambda(lambda x: x * 2)])
    model.save(tmp_path / "m.h5")
    rewritten(tmp_path / "m.h5", lambda text: text.replace('"Lambda"', '"\\u004cambda"'))
    with pytest.raises(UnsupportedLayer, match="Lambda layer in a model file"):
        load(tmp_path / "m.h5")
    assert load(tmp_path / "m.h5", trust=True).model.count_params() == 0


def test_bytecode_in_the_metadata_of_a_saved_model(keras: Any, tmp_path: Path) -> None:
    """The Lambda's graph computes and may; its bytecode is never read."""
    inputs = keras.Input((4,), name="x")
    model = keras.Model(inputs, keras.layers.Lambda(lambda x: x * 2)(keras.layers.Dense(3)(inputs)))
    with backend.quiet():
        model.save(tmp_path / "m")
    metadata = tmp_path / "m" / "keras_metadata.pb"
    assert b"__tuple__" in metadata.read_bytes()
    metadata.write_bytes(
        metadata.read_bytes().replace(b"4wEAAAAA", b"AAAAAAAA")
    )  # marshalled code's first bytes
    loaded = load(tmp_path / "m").model
    values = np.ones((2, 4), np.float32)
    np.testing.assert_allclose(loaded(values), model(values), atol=1e-6)
    assert not any(type(layer).__name__ == "Lambda" for layer in loaded.layers)


def test_saved_model_of_keras_becomes_ordinary_layers(keras: Any, tmp_path: Path) -> None:
    model = net(keras)
    with backend.quiet():
        model.save(tmp_path / "m")
    loaded = load(tmp_path / "m").model
    values = np.random.default_rng(0).standard_normal((2, 4)).astype(np.float32)
    np.testing.assert_allclose(loaded(values), model(values), atol=1e-6)
    assert [type(layer).__name__ for layer in loaded.layers] == ["Dense", "Activation"]
    assert type(loaded.layers[0]) is keras.layers.Dense


def test_graph_that_writes_files(tmp_path: Path) -> None:
    tf = backend.tensorflow()
    victim = tmp_path / "victim"
    victim.write_text("mine")

    class Writer(tf.Module):  # type: ignore[misc, name-defined]
        @tf.function(input_signature=[tf.TensorSpec((None, 4), tf.float32)])  # type: ignore[untyped-decorator]
        def __call__(self, x: Any) -> Any:
            tf.io.write_file(str(victim), "theirs")
            return {"y": x * 2.0}

    module = Writer()
    tf.saved_model.save(module, str(tmp_path / "m"), signatures=module.__call__)
    with pytest.raises(UnsupportedOperator, match="WriteFile") as caught:
        load(tmp_path / "m")
    assert "--trust-model" in str(caught.value)
    assert victim.read_text() == "mine"


def test_configuration_that_unpacks_to_gigabytes(keras: Any, tmp_path: Path) -> None:
    net(keras).save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["config.json"] = members["config.json"] + b" " * (64 << 20)
    with zipfile.ZipFile(tmp_path / "m.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    assert (tmp_path / "m.keras").stat().st_size < 200_000
    with pytest.raises(ModelError, match="unpacks to more than"):
        load(tmp_path / "m.keras")


def test_what_the_tool_wrote_may_hold_what_the_user_gave(keras: Any, tmp_path: Path) -> None:
    class Doubled(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def call(self, x: Any) -> Any:
            return x * 2

    own = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3), Doubled()])
    own.save(tmp_path / "own.keras")
    assert [type(layer).__name__ for layer in load_again(tmp_path / "own.keras", own).layers] == [
        "Dense",
        "Doubled",
    ]
    code = keras.Sequential(
        [keras.layers.Input((4,)), keras.layers.Dense(3), keras.layers.Lambda(lambda x: x * 2)]
    )
    code.save(tmp_path / "code.keras")
    again = load_again(tmp_path / "code.keras", code)
    values = np.ones((2, 4), np.float32)
    np.testing.assert_allclose(again(values), code(values), atol=1e-6)
    with pytest.raises(UnsupportedLayer, match="Lambda"):
        load_again(tmp_path / "code.keras", own)  # somebody put another file in its place


def trained(keras: Any) -> Any:
    model = net(keras)
    model.compile("adam", "mse")
    model.fit(np.ones((4, 4)), np.ones((4, 3)), verbose=0)
    return model


def test_saved_model_of_a_trained_model_without_metadata(keras: Any, tmp_path: Path) -> None:
    """As TensorFlow 2.3 wrote them: an optimizer with slots, which would become an object of Keras."""
    model = trained(keras)
    with backend.quiet():
        model.save(tmp_path / "m")
    values = np.ones((2, 4), np.float32)
    np.testing.assert_allclose(load(tmp_path / "m").model(values), model(values), atol=1e-6)
    (tmp_path / "m" / "keras_metadata.pb").unlink()
    np.testing.assert_allclose(load(tmp_path / "m").model(values), model(values), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("../../.bashrc", "leads out"),
        ("/etc/cron.d/x", "leads out"),
        ("assets\\..\\..\\x", "leads out"),
        ("C:/x", "leads out"),
        ("config.json", "twice"),
        ("link", "is a link"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_that_no_model_has(keras: Any, tmp_path: Path, name: str, found: str) -> None:
    net(keras).save(tmp_path / "m.keras")
    member = zipfile.ZipInfo(name)
    if name == "link":
        member.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "m.keras", "a") as archive:
        archive.writestr(member, "/etc/passwd")
    with pytest.raises(ModelError, match="damaged") as caught:
        load(tmp_path / "m.keras")
    assert found in str(caught.value)


def _external(file: Any, secret: Path) -> None:
    file["model_weights"]["d"]["d"]["extra:0"] = h5py.ExternalLink(str(secret), "/x")


def _soft(file: Any, secret: Path) -> None:
    file["model_weights"]["d"]["d"]["extra:0"] = h5py.SoftLink("/model_weights/d")


def _virtual(file: Any, secret: Path) -> None:
    layout = h5py.VirtualLayout((4,), np.float32)
    layout[:] = h5py.VirtualSource(str(secret), "x", (4,))
    file["model_weights"].create_virtual_dataset("extra:0", layout)


def _raw(file: Any, secret: Path) -> None:
    file["model_weights"].create_dataset("extra:0", (4,), np.uint8, external=[(str(secret), 0, 4)])


def _objects(file: Any, secret: Path) -> None:
    file["model_weights"].create_dataset("extra:0", data=["text"], dtype=h5py.string_dtype())


def _huge(file: Any, secret: Path) -> None:
    file["model_weights"].create_dataset(
        "extra:0", (1 << 40,), np.float32, chunks=(1 << 20,), compression="gzip"
    )


def _one_name_a_million_times(file: Any, secret: Path) -> None:
    file["model_weights"].attrs["long"] = np.array(["x" * (2 << 20)], dtype=h5py.string_dtype())
    file["model_weights"].attrs["layer_names"] = np.array(["d"] * 4_000, dtype=h5py.string_dtype())


HDF5 = (_external, _soft, _virtual, _raw, _objects, _huge, _one_name_a_million_times)


@pytest.mark.parametrize("change", HDF5, ids=lambda made: made.__name__)
def test_weights_outside_the_file_or_beyond_measure(keras: Any, tmp_path: Path, change: Any) -> None:
    (tmp_path / "secret.h5").write_bytes(b"secret")
    net(keras).save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "a") as file:
        change(file, tmp_path / "secret.h5")
    with pytest.raises(ModelError, match="damaged"):
        load(tmp_path / "m.h5")


def test_weights_that_unpack_to_gigabytes(keras: Any, tmp_path: Path) -> None:
    net(keras).save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "m.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", members["metadata.json"])
        archive.writestr("config.json", members["config.json"])
        archive.writestr("model.weights.h5", members["model.weights.h5"] + bytes(120 << 20))
    with pytest.raises(ModelError, match="unpacks to more than"):
        load(tmp_path / "m.keras")


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "m"])
def test_layers_larger_than_the_file(keras: Any, tmp_path: Path, name: str) -> None:
    """Two lines of configuration would ask for 40 GB of weights."""
    model = net(keras)
    with backend.quiet():
        model.save(tmp_path / name)

    def change(text: str) -> str:
        return (
            text.replace('"units": 3', '"units": 100000')
            .replace('"Activation"', '"Dense"')
            .replace('"activation": "relu"', '"units": 100000')
        )

    if name == "m":
        from tinyml_compress.models.saved_layers import METADATA, layers_of

        message = backend.keras_metadata_message()
        message.ParseFromString((tmp_path / name / METADATA).read_bytes())
        message.nodes[0].metadata = change(message.nodes[0].metadata)
        (tmp_path / name / METADATA).write_bytes(message.SerializeToString())
        with pytest.raises(ModelError, match="which the file does not hold"):
            layers_of(tmp_path / name)
        return
    rewritten(tmp_path / name, change)
    with pytest.raises(ModelError, match="which the file does not hold"):
        load(tmp_path / name)


def test_links_out_of_a_saved_model(keras: Any, tmp_path: Path) -> None:
    with backend.quiet():
        net(keras).save(tmp_path / "m")
    (tmp_path / "m" / "assets" / "passwd").symlink_to("/etc/passwd")
    with pytest.raises(ModelError, match="leads out of its folder"):
        load(tmp_path / "m")
    (tmp_path / "m" / "assets" / "passwd").unlink()
    os.mkfifo(tmp_path / "m" / "assets" / "pipe")
    with pytest.raises(ModelError, match="pipe is no file"):
        load(tmp_path / "m")


def exported(tmp_path: Path, compute: Any) -> Path:
    tf = backend.tensorflow()
    module = tf.Module()
    module.f = tf.function(compute, input_signature=[tf.TensorSpec((None, 4), tf.float32)])
    tf.saved_model.save(module, str(tmp_path / "m"), signatures={"serving_default": module.f})
    return tmp_path / "m"


def _reads(x: Any) -> Any:
    tf = backend.tensorflow()
    return {"y": x + tf.cast(tf.strings.length(tf.io.read_file("/etc/passwd")), tf.float32)}


def _calls_python(x: Any) -> Any:
    return {"y": backend.tensorflow().numpy_function(lambda value: value, [x], "float32")}


def _prints(x: Any) -> Any:
    tf = backend.tensorflow()
    tf.print(x, output_stream="file:///tmp/tinyml-compress-printed")
    return {"y": x}


def _saves(x: Any) -> Any:
    tf = backend.tensorflow()
    tf.raw_ops.SaveV2(
        prefix="/tmp/tinyml-compress-saved", tensor_names=["x"], shape_and_slices=[""], tensors=[x]
    )
    return {"y": x}


def _restores(x: Any) -> Any:
    tf = backend.tensorflow()
    (found,) = tf.raw_ops.RestoreV2(
        prefix="/tmp/x", tensor_names=["x"], shape_and_slices=[""], dtypes=["float"]
    )
    return {"y": x + found}


def _in_a_branch(x: Any) -> Any:
    tf = backend.tensorflow()
    return {"y": tf.cond(tf.reduce_sum(x) > 0, lambda: _reads(x)["y"], lambda: x)}


@pytest.mark.parametrize(
    ("compute", "operator"),
    [
        (_reads, "ReadFile"),
        (_calls_python, "PyFunc"),
        (_prints, "StringFormat"),
        (_saves, "SaveV2"),
        (_restores, "RestoreV2"),
        (_in_a_branch, "ReadFile"),
    ],
)
def test_graphs_that_do_more_than_compute(tmp_path: Path, compute: Any, operator: str) -> None:
    with pytest.raises(UnsupportedOperator, match=operator):
        load(exported(tmp_path, compute))


def test_functions_that_the_folder_hides(tmp_path: Path) -> None:
    """A function that only the saver calls goes; one that it shares with an object stays and is checked."""
    path = exported(tmp_path, lambda x: {"y": x * 2.0})
    message = backend.saved_model_message()
    message.ParseFromString((path / "saved_model.pb").read_bytes())
    meta = message.meta_graphs[0]
    saver = next(node for node in meta.graph_def.node if node.name == meta.saver_def.restore_op_name)
    name = saver.attr["f"].func.name
    signature = next(node for node in meta.graph_def.node if node.name == "PartitionedCall")
    signature.attr["f"].func.name = name
    (path / "saved_model.pb").write_bytes(message.SerializeToString())
    with pytest.raises(UnsupportedOperator, match="RestoreV2"):
        load(path)


def test_tables_and_their_files(tmp_path: Path) -> None:
    tf = backend.tensorflow()
    (tmp_path / "words.txt").write_text("a\nb\n")
    module = tf.Module()
    line, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
    start = tf.lookup.TextFileInitializer(str(tmp_path / "words.txt"), tf.string, line, tf.int64, number)
    module.table = tf.lookup.StaticHashTable(start, -1)
    module.f = tf.function(
        lambda x: {"y": x + tf.cast(module.table.lookup(tf.constant("a")), tf.float32)},
        input_signature=[tf.TensorSpec((None, 4), tf.float32)],
    )
    tf.saved_model.save(module, str(tmp_path / "m"), signatures={"serving_default": module.f})
    with pytest.raises(UnsupportedOperator, match="--trust-model"):
        load(tmp_path / "m")
    assert load(tmp_path / "m", trust=True).input_shapes == ((4,),)


def test_constants_larger_than_the_file(tmp_path: Path) -> None:
    path = exported(tmp_path, lambda x: {"y": x * 2.0})
    message = backend.saved_model_message()
    message.ParseFromString((path / "saved_model.pb").read_bytes())
    functions = message.meta_graphs[0].graph_def.library.function
    computing = next(one for one in functions if any(node.op == "Mul" for node in one.node_def))
    constant = next(node for node in computing.node_def if node.op == "Const")
    constant.attr["value"].tensor.tensor_shape.dim.add().size = 1 << 40
    (path / "saved_model.pb").write_bytes(message.SerializeToString())
    with pytest.raises(ModelError, match="elements"):
        load(path)


def test_other_forms_of_a_graph_beside_it(tmp_path: Path) -> None:
    """TensorFlow would also read `.pbtxt` and `.cpb` files: it gets a folder without them."""
    path = exported(tmp_path, lambda x: {"y": x * 2.0})
    (path / "saved_model.pbtxt").write_text("junk")
    (path / "saved_model.cpb").write_bytes(b"junk")
    (path / "fingerprint.pb").write_bytes(b"junk")
    assert load(path).input_shapes == ((4,),)


def test_pickles_of_torch(tmp_path: Path) -> None:
    from tinyml_compress.converter.foreign.calls import TorchModel

    for name in ("w.pt", "w.bin", "w.PTH", "w"):
        (tmp_path / name).write_bytes(b"\x80\x02c__builtin__\neval\n.")
        with pytest.raises(UsageError, match="pickle") as caught:
            TorchModel.parse(f"torch:nets:small@{tmp_path / name}")
        assert "--trust-model" in str(caught.value)
        with trusting():
            assert TorchModel.parse(f"torch:nets:small@{tmp_path / name}").weights == tmp_path / name


def test_the_word_holds_for_its_block_only() -> None:
    assert not trusted()
    with trusting(True), trusting(False):
        assert trusted()  # an outer word stays
    assert not trusted()


def test_an_input_of_gigabytes(tmp_path: Path) -> None:
    k = backend.keras3()
    k.Sequential([k.layers.Input((8, 1)), k.layers.GlobalAveragePooling1D()]).save(tmp_path / "m.keras")
    rewritten(tmp_path / "m.keras", lambda text: text.replace("[null, 8, 1]", "[null, 4294967296, 1]"))
    with pytest.raises(ModelError, match="an input of the model is too large"):
        load(tmp_path / "m.keras")


def test_the_word_reaches_the_workers_of_a_search() -> None:
    for word in (True, False):
        given = FitRequest("m.keras", "x.npz", "cortex-m4", "f", "sqlite:///s", trust=word)
        assert FitRequest.from_text(given.to_text(), given.storage).trust is word
