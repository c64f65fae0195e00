"""Which extractor, from which file, checked how."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from twinbrush import vgg16
from twinbrush.errors import BadOption, ModelFileError
from twinbrush.files import open_regular, read_file
from twinbrush.stylize.features.base import Extractor
from twinbrush.stylize.features.filters import Filters
from twinbrush.stylize.features.student import StudentNet
from twinbrush.stylize.features.vgg import VGG19_LOW_LAYERS, Vgg
from twinbrush.stylize.features.vgg19 import MAX_BYTES

EXTRACTORS = ("student", "vgg16", "vgg19-low", "filters")
STUDENT_FILE = "student.safetensors"
STUDENT_SHA256 = "500401350b02f1ab7398db9093219df9d904f7dbade407211667342bfdbd3cba"
# The paper's taps (Eq. 6: relu1_1 ... relu5_3), and those the built-in network was taught.
VGG16_TAPS = ("1_1", "1_2", "2_1", "2_2", "3_1", "3_2", "3_3", "4_3", "5_3")
VGG19_LOW_TAPS = ("1_2", "2_2", "3_2")
_GET_VGG19 = "Name a safetensors file with tensors conv1_1.weight, conv1_1.bias ... conv3_4.bias (Oxford VGG-19, OIHW)."


def load_extractor(
    name: str = "student", weights: Path | None = None, *, half: bool = False, device: torch.device | str = "cpu"
) -> Extractor:
    """An extractor by name: `student` (built in), `filters` (built in), `vgg19-low` and `vgg16` (from a file).

    weights: the file of vgg19-low (safetensors), or of vgg16 instead of the model cache's (safetensors, or the .pth of
    torchvision). half: run the convolutions in bfloat16 (faster where the processor has it). Raises BadOption for an
    unknown name and ModelFileError for weights that are missing, damaged or of the wrong shape, with how to get them.
    """
    dtype = torch.bfloat16 if half else torch.float32
    if name == "filters":
        return Filters().to(device)
    if name == "student":
        net = student()
    elif name == "vgg19-low":
        path = _named(weights)
        net = _vgg(_read_safetensors(path), VGG19_LOW_LAYERS, VGG19_LOW_TAPS, "caffe", str(path))
    elif name == "vgg16":
        path = weights or vgg16.cached_path()
        net = _vgg(vgg16.weights(weights), vgg16.LAYERS, VGG16_TAPS, "torchvision", str(path))
    else:
        raise BadOption(f"There is no extractor {name!r}.", f"Choose one of {', '.join(EXTRACTORS)}.")
    net = net.to(device=torch.device(device), memory_format=torch.channels_last)  # type: ignore[call-overload]
    for module in net.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.to(dtype)
    return net


def weights_sha256(name: str, weights: Path | None = None) -> str | None:
    """sha256 of the file that `load_extractor` takes its weights from; None for `filters`. Raises ModelFileError."""
    if name == "filters":
        return None
    if name == "student":
        return STUDENT_SHA256
    path = _named(weights) if name == "vgg19-low" else weights or vgg16.cached_path()
    try:
        with open_regular(path, MAX_BYTES) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        remedy = _GET_VGG19 if name == "vgg19-low" else vgg16.REMEDY
        raise ModelFileError(f"{path}: cannot be read ({error.strerror}).", remedy) from error


def student() -> StudentNet:
    """The built-in network with its packaged weights. Raises ModelFileError when the installation is damaged."""
    data = (resources.files("twinbrush.stylize.features") / STUDENT_FILE).read_bytes()
    if hashlib.sha256(data).hexdigest() != STUDENT_SHA256:
        raise ModelFileError(f"{STUDENT_FILE}: wrong sha256.", "The installation is damaged: reinstall twinbrush.")
    net = StudentNet()
    net.load_state_dict(load(data))
    return net.requires_grad_(False)


def _named(weights: Path | None) -> Path:
    if weights is None:
        raise ModelFileError("vgg19-low: no weights were named.", _GET_VGG19)
    return weights


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load(read_file(path, MAX_BYTES))
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror}).", _GET_VGG19) from error
    except SafetensorError as error:
        raise ModelFileError(f"{path}: is no safetensors file ({error}).", _GET_VGG19) from error


def _vgg(
    tensors: Mapping[str, Tensor], layers: tuple[str, ...], taps: tuple[str, ...],
    preprocessing: Literal["caffe", "torchvision"], where: str,
) -> Vgg:  # fmt: skip
    try:
        return Vgg(tensors, layers, taps, preprocessing=preprocessing)
    except (KeyError, RuntimeError, IndexError) as error:
        remedy = _GET_VGG19 if preprocessing == "caffe" else vgg16.REMEDY
        raise ModelFileError(f"{where}: does not hold the network's weights ({error}).", remedy) from error
