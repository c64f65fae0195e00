"""An extractor that needs no training: oriented second-derivative and edge filters on a luma-chroma pyramid.

A Gabor-like bank at three octaves: colour (blurred), eight even and eight odd orientations of luma, rectified, and
local contrast. Poor next to trained features (blotchy), but always there, and useful for tests.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

ORIENTATIONS = 8
_SIZE = 7
_SIGMA = 1.4  # pixels of the level: about two periods fit the 7-pixel window
_WAVELENGTH = 4.0
_GAIN = 4.0  # brings edges and colours to about the same size


def gabor_bank() -> Float[Tensor, "k 1 size size"]:
    """Even (cosine) and odd (sine) Gabor filters, zero mean, unit norm."""
    y, x = torch.meshgrid(*(torch.arange(_SIZE, dtype=torch.float32) - _SIZE // 2,) * 2, indexing="ij")
    window = torch.exp(-(x**2 + y**2) / (2 * _SIGMA**2))
    filters: list[Tensor] = []
    for k in range(ORIENTATIONS):
        angle = math.pi * k / ORIENTATIONS
        phase = 2 * math.pi * (x * math.cos(angle) + y * math.sin(angle)) / _WAVELENGTH
        for wave in (torch.cos(phase), torch.sin(phase)):
            kernel = wave * window
            kernel = kernel - window * kernel.sum() / window.sum()
            filters.append(kernel / kernel.norm())
    return torch.stack(filters)[:, None]


class Filters(nn.Module):
    """Images (n, 3, h, w) in [0, 1] -> three maps of 3 + 2 x 16 channels, each half the size of the one before."""

    bank: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("bank", gabor_bank())

    def forward(self, images: Float[Tensor, "n 3 h w"]) -> list[Float[Tensor, "n _ _ _"]]:
        """Colour, and positive and negative responses of every filter, at three octaves."""
        maps: list[Tensor] = []
        x = images
        for level in range(3):
            if level:
                x = functional.avg_pool2d(x, 2)
            luma = x.mean(1, keepdim=True)
            padded = functional.pad(luma, (_SIZE // 2,) * 4, mode="replicate")
            response = functional.conv2d(padded, self.bank.to(x.dtype)) * _GAIN
            maps.append(torch.cat([x, functional.relu(response), functional.relu(-response)], 1))
        return maps
