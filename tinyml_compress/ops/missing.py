"""Operators that TensorFlow Lite Micro registers and that have no folder here, each with the reason."""

from __future__ import annotations

MISSING = {
    "TFLM_DECODE": "unpacks constants that the interpreter's own compressor packed; "
    "the generated C has its own codes "
    "for sparse and clustered weights, so give it the model from before that compressor",
    "TFLite_Detection_PostProcess": "sorts and suppresses boxes, for a time that depends "
    "on the data; cut the model "
    "before it and keep this step in the application",
}
"""By name; a test compares it with what the installed `tflite-micro` registers."""
