"""What to put in place of an operator that the ahead-of-time engine does not have, by schema name."""

from __future__ import annotations

_CONTROL = "build the layer without control flow (recurrent layers: unroll=True and a fixed batch of 1)"
_RECURRENT = (
    "unroll the layer (unroll=True, batch fixed to 1), which leaves FULLY_CONNECTED, LOGISTIC, TANH and MUL"
)
_STRINGS = "do lookups and text handling before the model; give it the indices or embeddings"
_COMPLEX = (
    "compute the spectrum before the model (a DSP library does it on the device), give it the magnitudes"
)
_RANDOM = "remove random and training-only layers (noise, dropout) from the exported model"
_DYNAMIC = "fix all shapes (batch 1, constant sizes) so that the converter computes this at conversion"
_STABLEHLO = "convert with the TensorFlow Lite converter's own operators (no StableHLO in the output)"
_SEGMENT = "replace it by GATHER and SUM, MEAN or REDUCE_MAX over a fixed axis"
_HEAD = "cut the model before it and do this step in your own code"

ADVICE = {
    "BIDIRECTIONAL_SEQUENCE_LSTM": _RECURRENT,
    "BIDIRECTIONAL_SEQUENCE_RNN": _RECURRENT,
    "LSTM": _RECURRENT,
    "RNN": _RECURRENT,
    "UNIDIRECTIONAL_SEQUENCE_RNN": _RECURRENT,
    "CALL": _CONTROL,
    "EMBEDDING_LOOKUP_SPARSE": _STRINGS,
    "HASHTABLE": _STRINGS,
    "HASHTABLE_FIND": _STRINGS,
    "HASHTABLE_IMPORT": _STRINGS,
    "HASHTABLE_LOOKUP": _STRINGS,
    "HASHTABLE_SIZE": _STRINGS,
    "LSH_PROJECTION": _STRINGS,
    "SKIP_GRAM": _STRINGS,
    "COMPLEX_ABS": _COMPLEX,
    "IMAG": _COMPLEX,
    "REAL": _COMPLEX,
    "RFFT2D": _COMPLEX,
    "MULTINOMIAL": _RANDOM,
    "RANDOM_STANDARD_NORMAL": _RANDOM,
    "RANDOM_UNIFORM": _RANDOM,
    "RANGE": _DYNAMIC,
    "RANK": _DYNAMIC,
    "SPARSE_TO_DENSE": _DYNAMIC,
    "WHERE": _DYNAMIC,
    "DENSIFY": (
        "convert without the sparsity optimization; this tool stores pruned "
        "weights densely or by its own codes"
    ),
    "FAKE_QUANT": "convert with full-integer quantization, which turns fake quantization into scales",
    "CONV_3D": "reshape to CONV_2D: fold one axis into the channels, or run slices one after another",
    "CONV_3D_TRANSPOSE": "reshape to TRANSPOSE_CONV, slice by slice",
    "GELU": "use relu6 or hard_swish instead and fine-tune for an epoch, or write it as x * sigmoid(1.702 x)",
    "ATAN2": "compute it before or after the model",
    "POW": "write small whole powers as products (SQUARE, MUL)",
    "LOCAL_RESPONSE_NORMALIZATION": "replace it by batch normalization, which folds into the convolution",
    "RELU_N1_TO_1": "use relu6, or clip by MINIMUM and MAXIMUM; after a convolution the converter fuses it",
    "RELU_0_TO_1": "use relu6, or clip by MINIMUM and MAXIMUM",
    "SIGN": "clip by MINIMUM and MAXIMUM after a large scale",
    "TILE": "replace it by CONCATENATION, or let MUL or ADD broadcast",
    "ONE_HOT": "give the one-hot vector as the input, or use GATHER on an identity matrix",
    "SELECT": "use SELECT_V2 (tf.where of TensorFlow 2)",
    "REVERSE_SEQUENCE": "use a fixed length and reverse in your own code",
    "CONCAT_EMBEDDINGS": "replace it by GATHER and CONCATENATION",
    "NON_MAX_SUPPRESSION_V4": _HEAD,
    "NON_MAX_SUPPRESSION_V5": _HEAD,
    "TOPK_V2": _HEAD,
    "UNIQUE": _HEAD,
    "BUCKETIZE": _HEAD,
    "SEGMENT_SUM": _SEGMENT,
    "UNSORTED_SEGMENT_MAX": _SEGMENT,
    "UNSORTED_SEGMENT_MIN": _SEGMENT,
    "UNSORTED_SEGMENT_PROD": _SEGMENT,
    "UNSORTED_SEGMENT_SUM": _SEGMENT,
}
"""A row per operator that is not there; the row goes when the operator comes."""
_ELSE = "replace the layer that makes it"


def replacement(name: str) -> str:
    """Advice in one line."""
    if name.startswith("STABLEHLO_"):
        return _STABLEHLO
    return ADVICE.get(name, _ELSE)
