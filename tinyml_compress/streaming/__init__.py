"""Nets on windows of time, told frame by frame: the same outputs, and only what is new is computed."""

from tinyml_compress.streaming.telling import Layer, Streamed, Way, streamed

__all__ = ["Layer", "Streamed", "Way", "streamed"]
