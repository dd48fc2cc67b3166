"""What is sound goes through the locks: every net of the zoo, and those of keras.applications."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinyml_compress.models import ZOO, load
from tinyml_compress.support import backend

APPLICATIONS = """
    DenseNet121 EfficientNetB0 EfficientNetB1 EfficientNetV2B0 EfficientNetV2B1 InceptionResNetV2 InceptionV3
    MobileNet MobileNetV2 MobileNetV3Large MobileNetV3Small NASNetMobile RegNetX002 RegNetX004 RegNetY002
    ResNet50 ResNet50V2 ResNetRS50 VGG16 VGG19 Xception
""".split()


def _same(model: Any, file: Path) -> None:
    with backend.quiet():
        model.save(file)
    again = load(file).model
    rng = np.random.default_rng(0)
    inputs = [
        rng.integers(0, 5, (1, *port.shape[1:])).astype(port.dtype.as_numpy_dtype) for port in model.inputs
    ]
    for left, right in zip(_outputs(model, inputs), _outputs(again, inputs), strict=True):
        np.testing.assert_array_equal(left, right)
    assert [type(layer) for layer in again.layers] == [type(layer) for layer in model.layers]


def _outputs(model: Any, inputs: list[Any]) -> list[Any]:
    found = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    return [np.asarray(value) for value in (found if isinstance(found, (list, tuple)) else [found])]


@pytest.mark.parametrize("name", sorted(ZOO))
def test_zoo(tmp_path: Path, name: str) -> None:
    _same(load(f"zoo:{name}").model, tmp_path / "m.keras")


@pytest.mark.full
@pytest.mark.parametrize("name", APPLICATIONS)
def test_applications(tmp_path: Path, name: str) -> None:
    keras = backend.keras2()
    keras.backend.clear_session()
    with backend.quiet():
        model = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(75, 75, 3))
    _same(model, tmp_path / "m.keras")


@pytest.mark.full
@pytest.mark.parametrize("name", ["MobileNetV2", "EfficientNetB0"])
@pytest.mark.parametrize("form", ["m.h5", "m"])
def test_applications_in_other_forms(tmp_path: Path, name: str, form: str) -> None:
    keras = backend.keras2()
    with backend.quiet():
        model = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(75, 75, 3))
    _same(model, tmp_path / form)


@pytest.mark.full
@pytest.mark.parametrize("form", ["m.h5", "m.keras", "m"])
@pytest.mark.parametrize("kind", ["annotated", "clustered", "pruned", "quantized"])
def test_models_of_the_optimization_toolkit(tmp_path: Path, kind: str, form: str) -> None:
    if (kind, form) == ("quantized", "m.keras"):
        pytest.skip("TensorFlow Model Optimization itself cannot load these")
    keras, tfmot = backend.keras2(), backend.tfmot()
    k = keras.layers
    net = keras.Sequential([k.Input((6, 6, 1)), k.Conv2D(4, 3), k.ReLU(), k.Flatten(), k.Dense(3)])
    start = tfmot.clustering.keras.CentroidInitialization.LINEAR
    made = {
        "annotated": tfmot.quantization.keras.quantize_annotate_model,
        "clustered": lambda net: tfmot.clustering.keras.cluster_weights(
            net, number_of_clusters=4, cluster_centroids_init=start
        ),
        "pruned": tfmot.sparsity.keras.prune_low_magnitude,
        "quantized": tfmot.quantization.keras.quantize_model,
    }[kind](net)
    _same(made, tmp_path / form)
