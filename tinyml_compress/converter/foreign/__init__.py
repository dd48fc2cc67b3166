"""Converters that run under another interpreter: `*_worker.py` import of ours errors and support only."""
