"""Which transparency is the user's own cut-out of the person, and which is only a crop."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from twinbrush.app import demo
from twinbrush.base.errors import BadMask
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.regions.inputs import Input, read_input


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    return np.asarray(Image.open(demo.write_photo(tmp_path_factory.mktemp("photo"))).convert("RGB"))


def _read(photo: np.ndarray, alpha: np.ndarray, folder: Path) -> Input:
    Image.fromarray(np.dstack([photo, alpha])).save(folder / "a.png")
    return read_input(folder / "a.png", FaceConfig(), PortraitConfig(), art=False)


def test_a_cut_out_person_is_the_mask(photo: np.ndarray, tmp_path: Path) -> None:
    alpha = np.zeros(photo.shape[:2], np.uint8)
    cv2.ellipse(alpha, (225, 140), (95, 125), 0, 0, 360, 255, -1)  # head
    cv2.ellipse(alpha, (225, 512), (225, 240), 0, 0, 360, 255, -1)  # shoulders
    found = _read(photo, alpha, tmp_path)
    assert found.mask is not None
    np.testing.assert_allclose(found.mask, alpha / 255, atol=1e-6)
    assert any("used as its mask" in warning for warning in found.warnings)


@pytest.mark.parametrize("shape", ["disc", "strip", "rounded"])
def test_a_crop_is_no_mask(photo: np.ndarray, shape: str, tmp_path: Path) -> None:
    height, width = photo.shape[:2]
    alpha = np.zeros((height, width), np.uint8)
    if shape == "disc":
        cv2.circle(alpha, (width // 2, height // 2), width // 2, 255, -1)
    elif shape == "strip":
        alpha[:, 40:] = 255
    else:
        alpha[90:-90] = alpha[:, 90:-90] = 255
        for y in (90, height - 91):
            for x in (90, width - 91):
                cv2.circle(alpha, (x, y), 90, 255, -1)
    found = _read(photo, alpha, tmp_path)
    assert found.mask is None
    assert any("plain crop" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("shape", "says"), [((512, 512), "leaves most of the face out"), ((80, 100), "100 x 80 pixels")]
)
def test_a_wrong_mask_is_named(photo: np.ndarray, shape: tuple[int, int], says: str, tmp_path: Path) -> None:
    Image.fromarray(photo).save(tmp_path / "photo.png")
    Image.fromarray(np.zeros(shape, np.uint8)).resize(shape[::-1]).save(tmp_path / "black.png")
    with pytest.raises(BadMask, match=rf"black\.png .*{says}"):
        read_input(tmp_path / "photo.png", FaceConfig(mask=tmp_path / "black.png"), PortraitConfig(), art=False)


def test_a_transparency_that_hides_the_face_is_named(photo: np.ndarray, tmp_path: Path) -> None:
    clicks = (200.0, 110.0, 246.0, 110.0, 222.0, 140.0, 205.0, 165.0, 243.0, 165.0)
    alpha = np.zeros(photo.shape[:2], np.uint8)
    alpha[300:], alpha[:, 400:] = 255, 255  # an L: no plain crop
    Image.fromarray(np.dstack([photo, alpha])).save(tmp_path / "a.png")
    with pytest.raises(BadMask, match=r"a\.png \(its transparency\): leaves most of the face out"):
        read_input(tmp_path / "a.png", FaceConfig(clicks=clicks), PortraitConfig(), art=False)
