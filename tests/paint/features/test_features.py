"""Extractors: sizes, weights by hash, clear errors, and what the built-in network was taught."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from twinbrush.base.errors import BadOption, ModelFileError
from twinbrush.paint.features import load, load_extractor
from twinbrush.paint.features.filters import Filters, gabor_bank
from twinbrush.paint.features.vgg import VGG19_LOW_LAYERS, Vgg


def _images(size: int = 32, count: int = 2) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random((count, 3, size, size), np.float32))


def _vgg_tensors(layers: tuple[str, ...], width: int = 4) -> dict[str, torch.Tensor]:
    """A narrow network of the right depth."""
    generator = torch.Generator().manual_seed(0)
    tensors, previous = {}, 3
    for name in layers:
        tensors[f"conv{name}.weight"] = torch.randn(width, previous, 3, 3, generator=generator) * 0.3
        tensors[f"conv{name}.bias"] = torch.randn(width, generator=generator)
        previous = width
    return tensors


@pytest.mark.parametrize("half", [False, True])
def test_student_maps_have_their_sizes_and_pass_gradients(half: bool) -> None:
    images = _images().requires_grad_()
    maps = load_extractor("student", half=half)(images)
    assert [tuple(m.shape) for m in maps] == [(2, 24, 32, 32), (2, 48, 16, 16), (2, 64, 8, 8)]
    maps[2].float().sum().backward()
    assert images.grad is not None
    assert float(images.grad.abs().max()) > 0


def test_half_precision_changes_the_student_by_less_than_two_percent() -> None:
    images = _images(64, 1)
    whole_maps, half_maps = (load_extractor("student", half=half)(images) for half in (False, True))
    for whole, half in zip(whole_maps, half_maps, strict=True):
        assert float((whole - half.float()).norm() / whole.norm()) < 0.02


def test_student_is_small_and_a_damaged_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sum(p.numel() for p in load.student().parameters()) < 300_000
    monkeypatch.setattr(load, "STUDENT_SHA256", "1" * 64)
    with pytest.raises(ModelFileError, match="reinstall"):
        load.student()


def test_student_sees_what_the_teacher_sees(shared_data: Path) -> None:
    """Cosine similarities of random places agree with the teacher's: what the objective uses it for."""
    from twinbrush.base.image import load_image, resize

    pixels = resize(load_image(shared_data / "photos" / "45_1373.jpg").pixels, 128, 192)
    images = torch.from_numpy(np.ascontiguousarray(pixels, np.float32)).permute(2, 0, 1)[None]
    teacher = load_extractor("vgg19-low", shared_data / "vgg19_conv1-3.safetensors")
    rng = np.random.default_rng(0)
    for mine, theirs in zip(load_extractor("student")(images), teacher(images), strict=True):
        places = torch.from_numpy(rng.integers(0, mine.shape[-1] * mine.shape[-2], 300))
        similarity = []
        for maps in (mine, theirs):
            rows = torch.nn.functional.normalize(maps[0].flatten(1)[:, places].T, dim=1)
            similarity.append((rows @ rows.T).flatten().numpy())
        assert np.corrcoef(*similarity)[0, 1] > 0.9


def test_filters_ignore_flat_pictures_and_halve() -> None:
    maps = Filters()(torch.full((1, 3, 32, 32), 0.4))
    assert [m.shape[-1] for m in maps] == [32, 16, 8]
    assert float(maps[0][:, 3:].abs().max()) < 1e-5
    torch.testing.assert_close(gabor_bank().sum((1, 2, 3)), torch.zeros(16), rtol=0, atol=1e-5)


def test_vgg_equals_a_plain_network() -> None:
    tensors = _vgg_tensors(VGG19_LOW_LAYERS)
    images = _images(16, 1)
    found = Vgg(tensors, VGG19_LOW_LAYERS, ("1_2", "2_1"), preprocessing="caffe")(images)
    x = images.flip(1) * 255 - torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)
    for name in ("1_1", "1_2"):
        x = torch.relu(torch.conv2d(x, tensors[f"conv{name}.weight"], tensors[f"conv{name}.bias"], padding=1))
    torch.testing.assert_close(found[0], x, rtol=1e-4, atol=1e-3)
    assert found[1].shape[-1] == 8


def test_vgg19_errors_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="no weights were named"):
        load_extractor("vgg19-low")
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(ModelFileError, match="no safetensors file"):
        load_extractor("vgg19-low", tmp_path / "text.safetensors")
    save_file({"conv1_1.weight": torch.zeros(4, 3, 3, 3)}, tmp_path / "part.safetensors")
    with pytest.raises(ModelFileError, match="does not hold"):
        load_extractor("vgg19-low", tmp_path / "part.safetensors")


def test_unknown_extractor_is_refused() -> None:
    with pytest.raises(BadOption, match="Choose one of student"):
        load_extractor("resnet")
