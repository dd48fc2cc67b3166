"""Boards and cores, shipped as `tinyml_targets`; read through `tinyml_compress.support.resources`."""
