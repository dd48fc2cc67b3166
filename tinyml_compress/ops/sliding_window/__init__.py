"""RUNNING_SUM: a pool or mean over a whole plane, a few rows at a time."""
