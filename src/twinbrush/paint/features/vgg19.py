"""VGG-19 for Neural Best-Buddies: the first ReLU of every block that a user's file of weights holds."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from twinbrush.base.errors import ModelFileError
from twinbrush.base.files import open_regular, read_file
from twinbrush.paint.features.base import Extractor
from twinbrush.paint.features.vgg import Vgg

MAX_BYTES = 1 << 31  # of a file of weights
BLOCKS = (2, 2, 4, 4, 4)  # convolutions in each block
LAYERS = tuple(f"{block}_{number}" for block, size in enumerate(BLOCKS, 1) for number in range(1, size + 1))
# Index of each convolution in torchvision's `vgg19().features` (ReLUs and pools are counted there).
TORCHVISION_INDEX = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)
TORCHVISION_URL = "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"
TORCHVISION_SHA256_PREFIX = "dcbb9e9d"  # torchvision names its files by the first eight digits of their hash
_REMEDY = (
    "Name a safetensors file with tensors conv1_1.weight, conv1_1.bias ... conv5_4.bias (Oxford VGG-19, OIHW), or "
    f"torchvision's {TORCHVISION_URL} (575 MB)."
)


def load_vgg19(weights: Path, *, sha256_prefix: str = TORCHVISION_SHA256_PREFIX) -> Extractor:
    """Pictures (n, 3, h, w) in [0, 1] -> relu1_1, relu2_1 ... as deep as the file goes (all five blocks: stride 16).

    The .pth is hash-checked and read without running code of it. Raises ModelFileError with what to give instead.
    """
    torchvision, tensors = _tensors(weights, sha256_prefix)
    layers = _present(tensors)
    if len(layers) < 3:
        raise ModelFileError(f"{weights}: does not hold VGG-19's convolutions from conv1_1 on.", _REMEDY)
    _check_chain(tensors, layers, weights)
    taps = [name for name in layers if name.endswith("_1")]
    return Vgg(tensors, layers, taps, preprocessing="torchvision" if torchvision else "caffe", pooling="max")


def _present(tensors: Mapping[str, Tensor]) -> tuple[str, ...]:
    """The layers from the first on, without a gap."""
    names: list[str] = []
    for name in LAYERS:
        if f"conv{name}.weight" not in tensors or f"conv{name}.bias" not in tensors:
            break
        names.append(name)
    return tuple(names)


def _check_chain(tensors: Mapping[str, Tensor], layers: tuple[str, ...], path: Path) -> None:
    """Every convolution 3 x 3, and taking as many channels as the one before gives."""
    channels = 3
    for name in layers:
        weight, bias = tensors[f"conv{name}.weight"], tensors[f"conv{name}.bias"]
        if tuple(weight.shape[1:]) != (channels, 3, 3) or tuple(bias.shape) != tuple(weight.shape[:1]):
            raise ModelFileError(f"{path}: conv{name} has the shape {tuple(weight.shape)}.", _REMEDY)
        channels = weight.shape[0]


def _tensors(path: Path, sha256_prefix: str) -> tuple[bool, dict[str, Tensor]]:
    """(whether they are torchvision's, tensors by the names conv1_1.weight ...)."""
    try:
        if path.suffix == ".safetensors":
            found = load(read_file(path, MAX_BYTES))
        else:
            _check_hash(path, sha256_prefix)
            found = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror}).", _REMEDY) from error
    except (SafetensorError, RuntimeError, pickle.UnpicklingError, EOFError) as error:
        raise ModelFileError(f"{path}: is no file of weights ({error}).", _REMEDY) from error
    if "features.0.weight" not in found:
        return False, dict(found)
    renamed = {
        f"conv{name}.{kind}": found[f"features.{index}.{kind}"]
        for name, index in zip(LAYERS, TORCHVISION_INDEX, strict=True)
        for kind in ("weight", "bias")
        if f"features.{index}.{kind}" in found
    }
    return True, renamed


def _check_hash(path: Path, prefix: str) -> None:
    with open_regular(path, MAX_BYTES) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if not digest.startswith(prefix):
        raise ModelFileError(f"{path}: sha256 starts {digest[:8]}, not {prefix}.", _REMEDY)
