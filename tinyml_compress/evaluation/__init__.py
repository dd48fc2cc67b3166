"""What outputs are worth: accuracy with its interval, reconstruction error and AUC, agreement of two models."""

from tinyml_compress.evaluation.metrics import (
    Accuracy,
    Agreement,
    Reconstruction,
    Task,
    accuracy,
    agreement,
    area_under_curve,
    reconstruction,
    score,
    task_of,
    wilson,
)

__all__ = [
    "Accuracy",
    "Agreement",
    "Reconstruction",
    "Task",
    "accuracy",
    "agreement",
    "area_under_curve",
    "reconstruction",
    "score",
    "task_of",
    "wilson",
]
