"""The convolutional part of VGG (Simonyan & Zisserman 2015), cut after the last layer that is tapped.

Two weight files are understood. `vgg19-low`: conv1_1 ... conv3_4 of the Oxford ImageNet VGG-19 (tensors named
`conv1_1.weight`, OIHW), for BGR in 0..255 minus the mean, the form in which the weights were published. `vgg16`: the
convolutions of torchvision's VGG-16 (tensors named `features.0.weight`), for RGB in 0..1 minus mean over deviation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

# Means of ImageNet as published with each set of weights.
CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)
TORCHVISION_MEAN_RGB = (0.485, 0.456, 0.406)
TORCHVISION_STD_RGB = (0.229, 0.224, 0.225)

VGG19_LOW_LAYERS = ("1_1", "1_2", "2_1", "2_2", "3_1", "3_2", "3_3", "3_4")

class Vgg(nn.Module):
    """Images (n, 3, h, w), RGB in [0, 1] -> the ReLU outputs of the tapped layers, shallow to deep.

    pooling: "average" (smooth gradients, what the objective uses) or "max" (as trained).
    """

    scale: Tensor
    shift: Tensor

    def __init__(
        self,
        tensors: Mapping[str, Tensor],
        layers: Sequence[str],
        taps: Sequence[str],
        *,
        preprocessing: Literal["caffe", "torchvision"],
        pooling: Literal["average", "max"] = "average",
    ) -> None:
        super().__init__()
        last = max(layers.index(tap) for tap in taps)
        self.layers, self.taps = tuple(layers[: last + 1]), tuple(taps)
        self.preprocessing, self.pooling = preprocessing, pooling
        self.convolutions = nn.ModuleList()
        for name in self.layers:
            weight, bias = tensors[f"conv{name}.weight"], tensors[f"conv{name}.bias"]
            convolution = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
            convolution.load_state_dict({"weight": weight, "bias": bias})
            self.convolutions.append(convolution)
        if preprocessing == "caffe":
            mean = torch.tensor(CAFFE_MEAN_BGR)
            self.register_buffer("scale", torch.full((1, 3, 1, 1), 255.0))
            self.register_buffer("shift", -mean.view(1, 3, 1, 1))
        else:
            mean, deviation = torch.tensor(TORCHVISION_MEAN_RGB), torch.tensor(TORCHVISION_STD_RGB)
            self.register_buffer("scale", (1 / deviation).view(1, 3, 1, 1))
            self.register_buffer("shift", (-mean / deviation).view(1, 3, 1, 1))
        self.requires_grad_(False)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: Float[Tensor, "n 3 h w"]) -> list[Float[Tensor, "n _ _ _"]]:
        """The tapped feature maps; each pool halves the size."""
        x = images.flip(1) if self.preprocessing == "caffe" else images
        x = (x * self.scale + self.shift).contiguous(memory_format=torch.channels_last)
        x = x.to(self.convolutions[0].weight.dtype)  # type: ignore[arg-type]
        maps: list[Tensor] = []
        previous = "1"
        for name, convolution in zip(self.layers, self.convolutions, strict=True):
            if name[0] != previous:
                pool = functional.avg_pool2d if self.pooling == "average" else functional.max_pool2d
                x = pool(x, 2)
                previous = name[0]
            x = functional.relu(convolution(x), inplace=True)  # fresh memory would cost more than the arithmetic
            if name in self.taps:
                maps.append(x)
        return maps
