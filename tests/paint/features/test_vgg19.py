"""VGG-19 for buddies: as deep as its file, both publishers' forms, and errors that say what to give."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from twinbrush.align.objects.feature_levels import is_deep
from twinbrush.base.errors import ModelFileError
from twinbrush.paint.features.arrays import as_arrays
from twinbrush.paint.features.vgg19 import LAYERS, TORCHVISION_INDEX, load_vgg19


def small(count: int = 16, channels: int = 4) -> dict[str, torch.Tensor]:
    """The first `count` convolutions of a thin VGG-19."""
    generator = torch.Generator().manual_seed(0)
    tensors: dict[str, torch.Tensor] = {}
    for number, name in enumerate(LAYERS[:count]):
        shape = channels, channels if number else 3, 3, 3
        tensors[f"conv{name}.weight"] = 0.3 * torch.randn(shape, generator=generator)
        tensors[f"conv{name}.bias"] = torch.zeros(channels)
    return tensors


def torchvision_named(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    index = dict(zip(LAYERS, TORCHVISION_INDEX, strict=True))
    renamed = {}
    for name, tensor in tensors.items():
        layer, kind = name.removeprefix("conv").split(".")
        renamed[f"features.{index[layer]}.{kind}"] = tensor
    return renamed


def test_a_whole_file_gives_the_first_relu_of_five_blocks(tmp_path: Path) -> None:
    path = tmp_path / "vgg19.safetensors"
    path.write_bytes(save(small()))
    features = as_arrays(load_vgg19(path))
    maps = features(np.random.default_rng(0).random((64, 96, 3)).astype(np.float32))
    assert [m.shape for m in maps] == [(4, 64, 96), (4, 32, 48), (4, 16, 24), (4, 8, 12), (4, 4, 6)]
    assert all((m >= 0).all() for m in maps)
    assert is_deep(features)


def test_a_short_file_gives_as_much_as_it_has(shared_data: Path) -> None:
    features = as_arrays(load_vgg19(shared_data / "vgg19_conv1-3.safetensors"))
    maps = features(np.full((32, 32, 3), 0.5, np.float32))
    assert [m.shape for m in maps] == [(64, 32, 32), (128, 16, 16), (256, 8, 8)]
    assert not is_deep(features)


def test_torchvisions_form_differs_in_preprocessing_only(tmp_path: Path) -> None:
    tensors = small(3)
    path = tmp_path / "tv.safetensors"
    path.write_bytes(save(torchvision_named(tensors)))
    image = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normalised = (image - mean.view(1, 3, 1, 1)) / deviation.view(1, 3, 1, 1)
    first = torch.relu(torch.conv2d(normalised, tensors["conv1_1.weight"], padding=1))
    assert torch.allclose(load_vgg19(path)(image)[0], first, atol=1e-5)


def test_a_pth_is_checked_by_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "vgg19.pth"
    torch.save(torchvision_named(small()), path)
    with pytest.raises(ModelFileError, match="sha256 starts"):
        load_vgg19(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(load_vgg19(path, sha256_prefix=digest[:8])(torch.zeros(1, 3, 32, 32))) == 5


def test_files_without_the_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    with pytest.raises(ModelFileError, match="cannot be read"):
        load_vgg19(path)
    path.write_bytes(b"nothing")
    with pytest.raises(ModelFileError, match="no file of weights"):
        load_vgg19(path)
    path.write_bytes(save({"conv1_1.weight": torch.zeros(4, 3, 3, 3)}))
    with pytest.raises(ModelFileError, match="does not hold"):
        load_vgg19(path)
    broken = small()
    broken["conv2_1.weight"] = torch.zeros(4, 7, 3, 3)
    path.write_bytes(save(broken))
    with pytest.raises(ModelFileError, match=r"conv2_1 has the shape \(4, 7, 3, 3\)") as caught:
        load_vgg19(path)
    assert "safetensors" in caught.value.remedy
