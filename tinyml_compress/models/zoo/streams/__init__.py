"""The zoo's streaming nets: fitted int8 .tflite files that take a frame at a time and keep a state.

No Keras layer makes their operators, so that they are files here. `benchmarks/zoo_streams.py` makes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tinyml_compress.support.resources import package_folder

__all__ = ["STREAMS", "Stream", "stream_file"]


@dataclass(frozen=True)
class Stream:
    """One net; its file is NAME.tflite beside this module."""

    name: str
    title: str
    source: str
    input_shape: tuple[int, ...]
    """Of a frame, without the batch."""
    frames: int
    """How many make one sample of its data set."""
    data: str


STREAMS: Mapping[str, Stream] = {
    item.name: item
    for item in (
        Stream(
            "keyword_svdf",
            "keyword spotting frame by frame, two SVDF layers",
            "tinyml_compress; Nakkiran et al., Deep Neural Networks using a Rank-Constrained Topology, 2015",
            (10,),
            49,
            "data:keywords",
        ),
        Stream(
            "wake_word_streaming",
            "wake word frame by frame, zoo:wake_word with its memory in variables",
            "MLPerf Tiny streaming benchmark, v1.3",
            (1, 1, 40),
            30,
            "data:wake-word",
        ),
    )
}


def stream_file(name: str) -> bytes:
    """The .tflite file of a streaming net."""
    return (package_folder(__name__) / f"{STREAMS[name].name}.tflite").read_bytes()
