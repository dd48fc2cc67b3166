"""Converters that run under another interpreter: `*_worker.py` are scripts that import nothing of this package."""
