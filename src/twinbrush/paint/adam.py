"""Adam (Kingma & Ba 2015, algorithm 1), written out.

torch.optim does the same (a test compares them), but its first use imports torch's compiler: 1.6 CPU-seconds, more than
all the steps of an optimisation at 64 pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class Adam:
    """Moves `parameters` in place against their gradients."""

    def __init__(self, parameters: Sequence[Tensor], betas: tuple[float, float] = (0.9, 0.98)) -> None:
        self.parameters = list(parameters)
        self.betas = betas
        self.steps = 0
        self._mean = [torch.zeros_like(p) for p in self.parameters]
        self._square = [torch.zeros_like(p) for p in self.parameters]

    def step(self, gradients: Sequence[Tensor], rate: float, epsilon: float = 1e-8) -> None:
        """One step of size `rate`; gradients: one a parameter."""
        self.steps += 1
        first, second = self.betas
        unbias_first, unbias_second = 1 - first**self.steps, 1 - second**self.steps
        with torch.no_grad():
            for parameter, gradient, mean, square in zip(
                self.parameters, gradients, self._mean, self._square, strict=True
            ):
                mean.lerp_(gradient, 1 - first)
                square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
                size = (square.sqrt() / unbias_second**0.5).add_(epsilon)
                parameter.addcdiv_(mean, size, value=-rate / unbias_first)
