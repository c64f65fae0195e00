"""Which extractor, from which file, checked how."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from twinbrush.errors import BadOption, ModelFileError
from twinbrush.files import write_atomically
from twinbrush.models import cache_folder
from twinbrush.stylize.features.base import Extractor
from twinbrush.stylize.features.filters import Filters
from twinbrush.stylize.features.student import StudentNet
from twinbrush.stylize.features.vgg import VGG16_LAYERS, VGG16_TORCHVISION_INDEX, VGG19_LOW_LAYERS, Vgg

EXTRACTORS = ("student", "vgg16", "vgg19-low", "filters")
STUDENT_FILE = "student.safetensors"
STUDENT_SHA256 = "22c33310da0fa6e6050a4f4c6b24b4963a4193b839bb9091d5b0c07140fba4d2"
VGG16_URL = "https://download.pytorch.org/models/vgg16-397923af.pth"
VGG16_SHA256_PREFIX = "397923af"  # torchvision names its files by the first eight digits of their hash
VGG16_CACHED = "vgg16-features.safetensors"
# The paper's taps (Eq. 6 in EQUATIONS: relu1_1 ... relu5_3), and those the built-in network was taught.
VGG16_TAPS = ("1_1", "1_2", "2_1", "2_2", "3_1", "3_2", "3_3", "4_3", "5_3")
VGG19_LOW_TAPS = ("1_2", "2_2", "3_2")
_GET_VGG16 = (
    f"Download {VGG16_URL} (528 MB) and name the file as the weights, or put it into the model cache; "
    f"or use the built-in extractor (student)."
)
_GET_VGG19 = "Name a safetensors file with tensors conv1_1.weight, conv1_1.bias ... conv3_4.bias (Oxford VGG-19, OIHW)."


def load_extractor(name: str = "student", weights: Path | None = None, *, half: bool = False) -> Extractor:
    """An extractor by name: `student` (built in), `filters` (built in), `vgg19-low` and `vgg16` (from a file).

    half: run the convolutions in bfloat16 (faster where the processor has it). Raises BadOption for an unknown name and
    ModelFileError for weights that are missing, damaged or of the wrong shape, with how to get them.
    """
    dtype = torch.bfloat16 if half else torch.float32
    if name == "filters":
        return Filters()
    if name == "student":
        net = student()
    elif name == "vgg19-low":
        if weights is None:
            raise ModelFileError("vgg19-low: no weights were named.", _GET_VGG19)
        net = _vgg(_read_safetensors(weights, _GET_VGG19), VGG19_LOW_LAYERS, VGG19_LOW_TAPS, "caffe", weights)
    elif name == "vgg16":
        net = _vgg(_vgg16_tensors(weights), VGG16_LAYERS, VGG16_TAPS, "torchvision", weights or Path(VGG16_CACHED))
    else:
        raise BadOption(f"There is no extractor {name!r}.", f"Choose one of {', '.join(EXTRACTORS)}.")
    net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for module in net.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.to(dtype)
    return net


def student() -> StudentNet:
    """The built-in network with its packaged weights. Raises ModelFileError when the installation is damaged."""
    data = (resources.files("twinbrush.stylize.features") / STUDENT_FILE).read_bytes()
    if hashlib.sha256(data).hexdigest() != STUDENT_SHA256:
        raise ModelFileError(f"{STUDENT_FILE}: wrong sha256.", "The installation is damaged: reinstall twinbrush.")
    net = StudentNet()
    net.load_state_dict(load(data))
    return net.requires_grad_(False)


def _read_safetensors(path: Path, remedy: str) -> dict[str, Tensor]:
    try:
        return load(path.read_bytes())
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror}).", remedy) from error
    except SafetensorError as error:
        raise ModelFileError(f"{path}: is no safetensors file ({error}).", remedy) from error


def _vgg(
    tensors: Mapping[str, Tensor], layers: tuple[str, ...], taps: tuple[str, ...], preprocessing: str, path: Path
) -> Vgg:
    try:
        if preprocessing == "caffe":
            return Vgg(tensors, layers, taps, preprocessing="caffe")
        return Vgg(tensors, layers, taps, preprocessing="torchvision")
    except (KeyError, RuntimeError, IndexError) as error:
        remedy = _GET_VGG19 if preprocessing == "caffe" else _GET_VGG16
        raise ModelFileError(f"{path}: does not hold the network's weights ({error}).", remedy) from error


def _vgg16_tensors(weights: Path | None) -> dict[str, Tensor]:
    """From the named file (.pth of torchvision or our .safetensors), else from the cache."""
    cached = cache_folder() / VGG16_CACHED
    if weights is None:
        downloaded = cache_folder() / VGG16_URL.rsplit("/", 1)[1]
        if cached.exists():
            return _read_safetensors(cached, _GET_VGG16)
        if not downloaded.exists():
            raise ModelFileError(f"vgg16: no weights at {cached}.", _GET_VGG16)
        weights = downloaded
    if weights.suffix == ".safetensors":
        return _read_safetensors(weights, _GET_VGG16)
    return convert_vgg16(weights, cached)


def convert_vgg16(
    pth: Path, cached: Path | None = None, *, sha256_prefix: str = VGG16_SHA256_PREFIX
) -> dict[str, Tensor]:
    """The convolutions of torchvision's vgg16-397923af.pth, hash-checked; kept as safetensors in `cached` if given."""
    try:
        digest = _sha256(pth)
    except OSError as error:
        raise ModelFileError(f"{pth}: cannot be read ({error.strerror}).", _GET_VGG16) from error
    if not digest.startswith(sha256_prefix):
        raise ModelFileError(f"{pth}: sha256 starts {digest[:8]}, not {sha256_prefix}.", _GET_VGG16)
    state = torch.load(pth, map_location="cpu", weights_only=True)
    tensors: dict[str, Tensor] = {}
    for name, index in zip(VGG16_LAYERS, VGG16_TORCHVISION_INDEX, strict=True):
        for kind in ("weight", "bias"):
            key = f"features.{index}.{kind}"
            if key not in state:
                raise ModelFileError(f"{pth}: has no tensor {key}.", _GET_VGG16)
            tensors[f"conv{name}.{kind}"] = state[key].contiguous()
    if cached is not None:
        write_atomically(cached, save(tensors))
    return tensors


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
