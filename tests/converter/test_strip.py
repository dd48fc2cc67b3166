"""`convert --strip`: the file is smaller, the C files still know the names, the manifest says
what was saved.
"""

from __future__ import annotations

import json

from tests.lib.nets import NETS
from tinyml_compress import converter
from tinyml_compress.converter import ConvertSettings
from tinyml_compress.models import ModelFormat, Origin
from tinyml_compress.pipeline.convert.artifacts import Converted, make_artifacts
from tinyml_compress.pipeline.convert.verb import _without_names


def test_strip_saves_bytes_and_keeps_the_names_in_the_header() -> None:
    file = NETS["keyword"]()
    whole = Converted(file, converter.read(file), ConvertSettings(), 0, None, None, 0, ())
    small = _without_names(whole)
    assert small.stripped == len(file) - len(small.tflite) > 200
    made = make_artifacts("keyword", small, Origin("keyword", ModelFormat.FUNCTION, "0" * 64).given)
    assert json.loads(made.files["manifest.json"])["conversion"]["stripped_bytes"] == small.stripped
    assert b"input" in made.files["keyword_model_data.h"]
    assert made.vectors > 0
    plain = make_artifacts("keyword", whole, Origin("keyword", ModelFormat.FUNCTION, "0" * 64).given)
    assert "stripped_bytes" not in json.loads(plain.files["manifest.json"])["conversion"]
    # The golden outputs are TFLM's, of either file.
    vectors = [made.files["keyword_test_vectors.h"], plain.files["keyword_test_vectors.h"]]
    assert vectors[0].split(b"\n")[5:] == vectors[1].split(b"\n")[5:]
