"""The built-in extractor: a small network of our own that predicts what VGG-19's shallow layers see.

Seven 3x3 convolutions (16, 24 | 48, 48 | 96, 96, 96 channels, average pooling at the bars, leaky ReLU) and a 1x1 head
per level regress relu1_2, relu2_2 and relu3_2 of the ImageNet VGG-19 (average pooling), each projected on the leading
directions of its uncentred second moment (24, 48 and 64 dimensions). The projection is uncentred on purpose: cosine
distances need the mean (centred features turn pictures olive and blotchy). Trained by `training/train_student.py`;
see `training/MODEL_CARD.md`. About 250k parameters and a tenth of the teacher's work.
"""

from __future__ import annotations

from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

CHANNELS = ((16, 24), (48, 48), (96, 96, 96))
HEADS = (24, 48, 64)
SLOPE = 0.1  # of the leaky ReLU
# ImageNet's mean: with it subtracted, zero padding means "mean colour", as it does for the teacher.
MEAN_RGB = (123.68 / 255, 116.779 / 255, 103.939 / 255)
GAIN = 4.0  # 1 / (the images' deviation of about 0.25)


class StudentNet(nn.Module):
    """Images (n, 3, h, w), RGB in [0, 1] -> three maps: (n, 24, h, w), (n, 48, h/2, w/2), (n, 64, h/4, w/4)."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN_RGB).view(1, 3, 1, 1), persistent=False)
        self.blocks, self.heads = nn.ModuleList(), nn.ModuleList()
        previous = 3
        for channels, head in zip(CHANNELS, HEADS, strict=True):
            block = nn.ModuleList()
            for width in channels:
                block.append(nn.Conv2d(previous, width, 3, padding=1))
                previous = width
            self.blocks.append(block)
            self.heads.append(nn.Conv2d(previous, head, 1))

    def forward(self, images: Float[Tensor, "n 3 h w"]) -> list[Float[Tensor, "n _ _ _"]]:
        """Predicted teacher features of the three levels, shallow to deep."""
        x = ((images - self.mean) * GAIN).contiguous(memory_format=torch.channels_last)
        x = x.to(cast(Tensor, self.heads[0].weight).dtype)
        maps: list[Tensor] = []
        for level, (block, head) in enumerate(zip(self.blocks, self.heads, strict=True)):
            if level:
                x = functional.avg_pool2d(x, 2)
            for convolution in cast(nn.ModuleList, block):
                x = functional.leaky_relu(convolution(x), SLOPE, inplace=True)
            maps.append(head(x))
        return maps
