"""Found by `source.py`: each file ends with `SOURCE`, but for those whose names begin with an underscore."""
