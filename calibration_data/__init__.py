"""Small data sets that ship with tinyml_compress, each with a manifest."""
