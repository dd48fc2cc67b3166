"""Models: one loader for every form a Keras model comes in, and a zoo of reference architectures."""

from tinyml_compress.models.keras_files import load_again
from tinyml_compress.models.load import load
from tinyml_compress.models.origin import BridgeProof, LoadedModel, ModelFormat, Origin
from tinyml_compress.models.save import save
from tinyml_compress.models.zoo import STREAMS, ZOO, Entry, Stream, entry, stream_file

__all__ = [
    "STREAMS",
    "ZOO",
    "BridgeProof",
    "Entry",
    "LoadedModel",
    "ModelFormat",
    "Origin",
    "Stream",
    "entry",
    "load",
    "load_again",
    "save",
    "stream_file",
]
