"""Calibration and evaluation data: `load(spec)` gives a checked, described `DataSet`."""

from tinyml_compress.data.dataset import DataSet
from tinyml_compress.data.load import load
from tinyml_compress.data.shipped import manifest, shipped_names

__all__ = ["DataSet", "load", "manifest", "shipped_names"]
