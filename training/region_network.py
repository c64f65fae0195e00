"""The network that names the pixels of the head's square: trained features, the mattes' values and the place.

An encoder (seven 3 x 3 convolutions at three scales, begun from the student extractor's weights) sees the colours; at
each scale the mattes and the places of `frame.place_maps` join its features; dilated convolutions at the coarsest
scale bring the wider surroundings, and two steps of upsampling with skip connections bring the edges (Ronneberger et
al. 2015, "U-Net"; Yu and Koltun 2016, dilated convolutions). Trained by `training/train_regions.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

ENCODER = ((16, 24), (48, 48), (96, 96, 96))
MAPS = 13  # channels that join the features at each scale: 2 mattes, inside, 6 places, 4 likenesses
CONTEXT, DILATIONS = 64, (1, 2, 4, 8)
MIDDLE, FINE = 40, 24
SLOPE = 0.1  # of the leaky ReLU
MEAN_RGB, GAIN = (123.68 / 255, 116.779 / 255, 103.939 / 255), 4.0
OUTPUTS = 7  # logits of the six classes, and of glasses


class RegionNet(nn.Module):
    """Colours (n, 3, s, s) in 0..1 and maps (n, 13, s, s) -> logits (n, 7, s, s); s is a multiple of 4."""

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN_RGB).view(1, 3, 1, 1), persistent=False)
        self.blocks, previous = nn.ModuleList(), 3
        for widths in ENCODER:
            block = nn.ModuleList()
            for width in widths:
                block.append(nn.Conv2d(previous, width, 3, padding=1))
                previous = width
            self.blocks.append(block)
        self.join = nn.Conv2d(ENCODER[2][-1] + MAPS, CONTEXT, 3, padding=1)
        self.context = nn.ModuleList(nn.Conv2d(CONTEXT, CONTEXT, 3, padding=d, dilation=d) for d in DILATIONS)
        self.middle = nn.ModuleList([
            nn.Conv2d(CONTEXT + ENCODER[1][-1] + MAPS, MIDDLE, 3, padding=1), nn.Conv2d(MIDDLE, MIDDLE, 3, padding=1)
        ])
        self.fine = nn.ModuleList([
            nn.Conv2d(MIDDLE + ENCODER[0][-1] + MAPS, FINE, 3, padding=1), nn.Conv2d(FINE, FINE, 3, padding=1)
        ])
        self.head = nn.Conv2d(FINE, OUTPUTS, 1)

    def forward(self, colours: Float[Tensor, "n 3 s s"], maps: Float[Tensor, "n 13 s s"]) -> Float[Tensor, "n 7 s s"]:
        """The logits."""
        x, levels = ((colours - self.mean) * GAIN).contiguous(memory_format=torch.channels_last), []
        for level, block in enumerate(self.blocks):
            if level:
                x = functional.avg_pool2d(x, 2)
            for convolution in cast(nn.ModuleList, block):
                x = functional.leaky_relu(convolution(x), SLOPE)
            levels.append(x)
        half = functional.avg_pool2d(maps, 2)
        x = functional.leaky_relu(self.join(torch.cat([x, functional.avg_pool2d(half, 2)], 1)), SLOPE)
        for convolution in self.context:
            x = x + functional.leaky_relu(convolution(x), SLOPE)
        for blocks, skip, extra in ((self.middle, levels[1], half), (self.fine, levels[0], maps)):
            x = functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
            x = torch.cat([x, skip, extra], 1)
            for convolution in blocks:
                x = functional.leaky_relu(convolution(x), SLOPE)
        return self.head(x)


def export(net: RegionNet, path: Path, size: int = 192) -> None:
    """The network as ONNX with its weights in float16, widened again when it is loaded."""
    import onnx
    from onnx import helper, numpy_helper

    net = net.eval().to(memory_format=torch.contiguous_format)
    example = (torch.zeros(1, 3, size, size), torch.zeros(1, MAPS, size, size))
    names = {"input_names": ["colours", "maps"], "output_names": ["logits"], "opset_version": 17, "dynamo": False}
    names["dynamic_axes"] = {k: {0: "n"} for k in ("colours", "maps", "logits")}
    torch.onnx.export(net, example, str(path), **names)
    model = onnx.load(str(path))
    casts, kept = [], []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 64:
            kept.append(tensor)
            continue
        kept.append(numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}.half"))
        casts.append(helper.make_node("Cast", [f"{tensor.name}.half"], [tensor.name], to=onnx.TensorProto.FLOAT))
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*casts, *nodes])
    model.producer_name, model.doc_string = "twinbrush", ""
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
