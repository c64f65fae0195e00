"""The demo's style portraits: painted again to the same bytes, and faces that the finder sees where we drew them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from twinbrush.app import demo
from twinbrush.config import FaceConfig
from twinbrush.faces.face import find_face

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
NAMES = ("oil", "ink", "mosaic", "woodcut", "pastel")
CORNERS_LEFT, CORNERS_RIGHT, LIPS = (33, 133), (263, 362), (13, 14)  # of the 468 landmarks, by the picture's sides


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("paint_styles", EXAMPLES / "paint_styles.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    path = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = path
    return module


def test_every_style_is_committed(script: ModuleType) -> None:
    assert tuple(sorted(script.STYLES)) == tuple(sorted(NAMES))
    for name in NAMES:
        path = demo.STYLES / f"{name}.png"
        assert path.stat().st_size < 1.5e6
        with Image.open(path) as image:
            assert image.size == (768, 768)
            assert image.mode == "RGB"


@pytest.mark.parametrize("name", ["ink", "woodcut"])
def test_painting_again_gives_the_same_bytes(script: ModuleType, name: str) -> None:
    first, second = script.paint(name, 128), script.paint(name, 128)
    assert first.tobytes() == second.tobytes()
    assert first.std() > 30  # a picture, not a blank sheet


@pytest.mark.parametrize("name", NAMES)
def test_the_finder_sees_the_face_where_it_was_drawn(script: ModuleType, name: str) -> None:
    """Eye and mouth landmarks within 12% of the distance between the eyes of the drawn irises and mouth line."""
    with Image.open(demo.STYLES / f"{name}.png") as image:
        pixels = np.asarray(image, np.float32) / 255
    face = find_face(pixels, FaceConfig(), where=name, art=True)
    assert abs(face.yaw_radians) < np.radians(10)
    eyes, mouth = script.drawn_features(name, 768)
    span = float(np.linalg.norm(eyes[1] - eyes[0]))
    found = [face.landmarks[list(i), :2].mean(0) for i in (CORNERS_LEFT, CORNERS_RIGHT, LIPS)]
    for expected, actual in zip((*eyes, mouth), found, strict=True):
        assert np.linalg.norm(expected - actual) < 0.12 * span
    height = np.ptp(face.landmarks[:, 1])
    assert height > 0.38 * pixels.shape[0]
