"""The lists of what may compute: every entry exists, and none has effects that the lists do not admit to."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from tinyml_compress.models.allowed_ops import FUNCTIONS, GRAPH, SAVING, is_function
from tinyml_compress.support import backend

STATE = """
    AssignAddVariableOp AssignSubVariableOp AssignVariableOp DisableCopyOnRead ReadVariableOp ResourceGather
    ResourceGatherNd ResourceScatterAdd ResourceScatterUpdate ResourceStridedSliceAssign VarHandleOp
    VarIsInitializedOp Variable VariableShape VariableV2
"""
"""Operators on the model's own variables."""
CHANCE = """
    Multinomial RandomStandardNormal RandomUniform RandomUniformInt StatefulStandardNormalV2 StatefulUniform
    StatelessRandomGetAlg TruncatedNormal
"""
CALLS = "Case If StatefulPartitionedCall While"
"""They run functions of the graph, which is checked as a whole."""
OTHERS = (
    "Assert CheckNumerics CudnnRNN CudnnRNNBackprop CudnnRNNBackpropV2 "
    "CudnnRNNBackpropV3 CudnnRNNV2 CudnnRNNV3 Empty"
)
"""TensorFlow counts them in, though they compute."""


@pytest.fixture(scope="module")
def tf() -> Any:
    backend.keras2()
    return backend.tensorflow()


def test_no_operator_has_effects_of_its_own(tf: Any) -> None:
    from tensorflow.python.framework import op_def_registry

    found = {name: op_def_registry.get(name) for name in sorted(GRAPH)}
    assert [name for name, definition in found.items() if definition is None] == []
    stateful = {name for name, definition in found.items() if definition.is_stateful}
    assert stateful == set(f"{STATE} {CHANCE} {CALLS} {OTHERS}".split())


@pytest.mark.parametrize(
    "name",
    """
    WriteFile ReadFile SaveV2 RestoreV2 MergeV2Checkpoints PyFunc EagerPyFunc PyFuncStateless PrintV2 Print
    HashTableV2 InitializeTableFromTextFileV2 LookupTableImportV2 MatchingFiles TFRecordReaderV2
    WholeFileReaderV2 ParseTensor DecodeProtoV2 LoadAndRemapMatrix Save SaveSlices Restore IteratorV2
    TextLineDataset RpcCall XlaCustomCall XlaHostCompute _Send _Recv CollectiveReduce WriteSummary
    CreateSummaryFileWriter LogMatrixDeterminant TensorArrayV3 SymbolicGradient RemoteCall MapDefun
    DebugIdentity DebugIdentityV2 DumpTensors TPUReplicate
    """.split(),
)
def test_not_on_the_list(name: str) -> None:
    assert name not in GRAPH


def test_what_saves_is_apart() -> None:
    assert {"Select"} == SAVING & GRAPH


def test_no_function_takes_another_or_names_a_file(tf: Any) -> None:
    from tensorflow.python.util import tf_export

    for name in sorted(FUNCTIONS):
        found = tf_export.get_symbol_from_name(name) or tf_export.get_symbol_from_name(f"compat.v1.{name}")
        assert found is not None, name
        assert not inspect.isclass(found), name
        for parameter in inspect.signature(found).parameters:
            words = ("fn", "func", "file", "path", "stream", "callable")
            # A window function that is no function fails to be called: JSON holds none.
            assert parameter == "window_fn" or not any(word in parameter for word in words), (name, parameter)


def test_names_of_both_versions() -> None:
    assert is_function("nn.relu6")
    assert is_function("compat.v1.nn.relu6")
    assert not is_function("compat.v1.py_func")
    assert not is_function(["nn.relu6"])
