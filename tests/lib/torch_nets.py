"""PyTorch models for tests, imported by the worker under its own interpreter."""

from __future__ import annotations

import torch


class Small(torch.nn.Module):
    """Strided convolution with BatchNorm, depthwise, pointwise, mean, dense."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Conv2d(1, 8, 3, padding=1, stride=2)
        self.norm = torch.nn.BatchNorm2d(8)
        self.depthwise = torch.nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.pointwise = torch.nn.Conv2d(8, 16, 1)
        self.dense = torch.nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.norm(self.first(x)))
        x = torch.relu(self.depthwise(x))
        x = torch.relu(self.pointwise(x))
        return self.dense(x.mean((2, 3)))


def small() -> torch.nn.Module:
    torch.manual_seed(1)
    return Small()


def exported() -> object:
    return torch.export.export(small().eval(), (torch.zeros(1, 1, 8, 8),))


def not_a_model() -> int:
    return 3


def train(model: torch.nn.Module) -> None:
    """Two steps of fine-tuning, enough to move the weights and the observed ranges."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    generator = torch.Generator().manual_seed(0)
    for _ in range(2):
        loss = model(torch.randn(1, 8, 8, 1, generator=generator)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
