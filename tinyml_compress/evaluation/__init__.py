"""What outputs are worth: accuracy with its interval, reconstruction error and AUC, agreement of
two models.
"""

from tinyml_compress.evaluation.metrics import (
    IGNORED,
    accuracy,
    agreement,
    answers,
    area_under_curve,
    confusion_of,
    cosines,
    mean_absolute_error,
    mean_squared_error,
    reconstruction,
    score,
    share,
    similarity,
    squared_errors,
    task_of,
    wilson,
    worth,
)
from tinyml_compress.evaluation.paired import PairedDrop, paired_drop
from tinyml_compress.evaluation.score_kind import ScoreKind

__all__ = [
    "IGNORED",
    "PairedDrop",
    "ScoreKind",
    "accuracy",
    "agreement",
    "answers",
    "area_under_curve",
    "confusion_of",
    "cosines",
    "mean_absolute_error",
    "mean_squared_error",
    "paired_drop",
    "reconstruction",
    "score",
    "share",
    "similarity",
    "squared_errors",
    "task_of",
    "wilson",
    "worth",
]
