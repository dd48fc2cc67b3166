"""Before any work is put into a model: what an engine on a target would refuse, layer by layer, and the way
out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tinyml_compress.hugging_face.folder import HF_PREFIX, HfFolder
from tinyml_compress.pipeline.contracts import contracts_of
from tinyml_compress.pipeline.measure.model import given
from tinyml_compress.pipeline.measure.target import targets
from tinyml_compress.pipeline.sizing import check_folder
from tinyml_compress.results import Check
from tinyml_compress.support.trust import trusting
from tinyml_compress.support.words import several

_ENGINES = ("aot", "tflm")


def check(
    model: str | Path | bytes,
    target: str | Sequence[str] = "all",
    *,
    engine: str | Sequence[str] = _ENGINES,
    data: str | None = None,
    max_ram: int | None = None,
    targets_dir: Path | None = None,
    seed: int = 0,
    trust: bool = False,
) -> Check:
    """What each engine on each target would refuse, layer by layer, and the way out.

    A model that is no .tflite yet is converted first, as `benchmark` does, with `data`; a folder of
    `transformers` is judged by its configuration, with random weights and words, and where it is not taken,
    the largest size that would be is looked for. `max_ram` is what generated C may take of a board's RAM.
    `trust` is your word for a model file that holds code.
    """
    chosen, engines = targets(several(target), targets_dir), several(engine)
    with trusting(trust):
        if str(model).startswith(HF_PREFIX):
            return check_folder(HfFolder.parse(str(model)), chosen, engines, max_ram, seed)
        file = given(model, data, seed).content
    return Check(contracts=contracts_of(file, chosen, engines, max_ram))
