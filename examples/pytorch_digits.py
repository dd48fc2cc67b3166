"""A PyTorch CNN for 8x8 digits, trained here in seconds: `make demo-torch` takes it to an emulated board.

The tool calls `trained()` under an interpreter that has PyTorch; it gives the model that is converted.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

DATA = Path(__file__).resolve().parents[1] / "calibration_data" / "digits.npz"
EPOCHS = 12
BATCH = 32


class Digits(torch.nn.Module):
    """Two convolutions, global mean, dense: 5.6 thousand parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.features = torch.nn.Sequential(
            torch.nn.Conv2d(1, 16, 3, padding=1),
            torch.nn.BatchNorm2d(16),
            torch.nn.ReLU(),
            torch.nn.MaxPool2d(2),
            torch.nn.Conv2d(16, 32, 3, padding=1),
            torch.nn.BatchNorm2d(32),
            torch.nn.ReLU(),
            torch.nn.AvgPool2d(4),
        )
        self.dense = torch.nn.Linear(32, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.dense(torch.flatten(self.features(x), 1))


def trained() -> torch.nn.Module:
    """The net after a few epochs on the shipped training digits; the same weights every time."""
    torch.manual_seed(0)
    images, labels = _training_set()
    model = Digits().train()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    order = torch.Generator().manual_seed(0)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images), generator=order).split(BATCH):
            loss = torch.nn.functional.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval()


def fine_tune(model: torch.nn.Module) -> None:
    """One more epoch with int8 in sight: the tool hands over the model with its rounding in it, which takes
    images as (count, height, width, channels).
    """
    images, labels = _training_set()
    images = images.movedim(1, -1)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-4)
    order = torch.Generator().manual_seed(1)
    for batch in torch.randperm(len(images), generator=order).split(BATCH):
        if len(batch) == BATCH:
            loss = torch.nn.functional.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def _training_set() -> tuple[torch.Tensor, torch.Tensor]:
    with np.load(DATA) as stored:
        images = stored["train_inputs"].astype(np.float32).reshape(-1, 1, 8, 8) / 16.0
        labels = stored["train_labels"].astype(np.int64)
    return torch.from_numpy(images), torch.from_numpy(labels)
