"""JSON Schema of the results, as a package so that it ships."""
