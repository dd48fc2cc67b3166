"""Models: one loader for every form a Keras model comes in, and a zoo of reference architectures."""

from tinyml_compress.models.load import load
from tinyml_compress.models.origin import BridgeProof, Format, LoadedModel, Origin
from tinyml_compress.models.save import save
from tinyml_compress.models.zoo import ZOO, Entry, entry

__all__ = ["ZOO", "BridgeProof", "Entry", "Format", "LoadedModel", "Origin", "entry", "load", "save"]
