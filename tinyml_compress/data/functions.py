"""`package.module:function`: data that the user's own Python makes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tinyml_compress.errors import DataError
from tinyml_compress.support.user_code import called, short

Array = npt.NDArray[np.generic]


def arrays_of_function(spec: str) -> Mapping[str, Array]:
    """What the function returns, under the names that an .npz file would have.

    It takes no argument and returns inputs, or (inputs, labels), or a dict of arrays by name.
    """
    answer = called(spec, DataError, "a function without arguments")
    if isinstance(answer, tuple) and len(answer) == 2:
        answer = {"inputs": answer[0], "labels": answer[1]}
    if not isinstance(answer, Mapping):
        answer = {"inputs": answer}
    try:
        return {str(key): np.asarray(value) for key, value in answer.items() if value is not None}
    except ValueError as error:
        raise DataError(
            "the function did not return arrays",
            which=spec,
            found=short(error),
            allowed="inputs, (inputs, labels), or a dict of arrays by name",
        ) from error
