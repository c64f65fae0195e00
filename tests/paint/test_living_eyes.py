"""Eyes stay alive in paint: white and pupil are as far apart as in the style's eyes, where patches blurred them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from figures import small_figure
from twinbrush.align.values import AlignedStyle
from twinbrush.base.image import to_lab
from twinbrush.faces import indices
from twinbrush.maths.filters import polygon_mask
from twinbrush.maths.texels import Texels, texels_of
from twinbrush.paint.living_eyes import with_living_eyes
from twinbrush.paint.surface import FigureSurface, surface_of_figure
from twinbrush.sculpt.eyeball import COLUMNS, ROWS_DEGREES, eyeball_mesh
from twinbrush.sculpt.values import Eyeball, Part

RADIUS_MM, SIZE = 12.0, 128
BOXES = {"EyeLeft": (0.0, 0.0, 0.5, 1.0), "EyeRight": (0.5, 0.0, 1.0, 1.0)}
RINGS = {"EyeLeft": indices.EYE_LEFT, "EyeRight": indices.EYE_RIGHT}


@pytest.fixture(scope="module")
def surface() -> FigureSurface:
    """A figure's eyes alone, each in its half of the atlas."""
    figure = small_figure()
    parts = []
    for name, ring in RINGS.items():
        centre = figure.landmarks_xyz[list(ring)].mean(0) - np.array([0, 0, RADIUS_MM])
        mesh = eyeball_mesh(Eyeball(centre, RADIUS_MM, np.array([0.0, 0.0, 1.0])), BOXES[name])
        parts.append(Part(name, replace(mesh, regions=np.ones(len(mesh.vertices), np.uint8)), centre))
    return surface_of_figure(replace(figure, parts=tuple(parts)))


@pytest.fixture(scope="module")
def aligned(surface: FigureSurface) -> AlignedStyle:
    """A style of flat skin with eyes that are dark in the middle and light at both sides."""
    points = surface.landmarks_xyz[:, :2] * [0.5, -0.5] + SIZE / 2
    canvas = np.full((SIZE, SIZE, 3), 0.6, np.float32)
    for ring in RINGS.values():
        inside = polygon_mask((SIZE, SIZE), points[list(ring)])
        middle = np.abs(np.arange(SIZE)[None] - points[list(ring), 0].mean()) < 2
        canvas[inside], canvas[inside & middle] = 0.95, 0.05
    known = np.ones((SIZE, SIZE), bool)
    nothing = np.zeros((1, 468, 2))
    return AlignedStyle(
        canvas, known, known.astype(np.uint8), known.astype(np.float32), points, np.eye(3)[None], canvas[None],
        known[None], nothing, surface.landmarks_xyz, surface.landmarks_xyz, nothing, 0.0)


def levels(texture: np.ndarray) -> tuple[float, float]:
    """L* at the white just outside the limbus, and at the pupil, of the eye in the atlas' left half."""
    half = to_lab(np.ascontiguousarray(texture[:, : texture.shape[1] // 2]))[..., 0]
    height, width = half.shape
    return float(half[height // 2, int(width * 0.79)]), float(half[height // 2, width // 2])


def test_dead_eyes_get_the_style_s_white_and_pupil(surface: FigureSurface, aligned: AlignedStyle) -> None:
    brown = np.full((SIZE, 2 * SIZE, 3), (0.35, 0.25, 0.2), np.float32)
    white, pupil = levels(with_living_eyes(brown, surface, aligned, texels(surface, brown)))
    assert white > levels(brown)[0] + 25
    assert pupil < levels(brown)[1] - 10


def test_eyes_that_are_alive_and_surfaces_without_are_left_as_they_are(
    surface: FigureSurface, aligned: AlignedStyle
) -> None:
    degrees = np.linalg.norm(np.stack(np.meshgrid(*[(np.arange(SIZE) + 0.5) / SIZE * 2 - 1] * 2)), axis=0)
    eye = np.where(degrees < 0.12, 0.02, np.where(degrees < 0.3, 0.25, 1.0))
    alive = np.repeat(np.tile(eye, (1, 2))[..., None], 3, 2).astype(np.float32)
    np.testing.assert_allclose(with_living_eyes(alive, surface, aligned, texels(surface, alive)), alive, atol=0.02)
    head = surface_of_figure(small_figure())
    brown = np.full((SIZE, 2 * SIZE, 3), (0.35, 0.25, 0.2), np.float32)
    np.testing.assert_array_equal(with_living_eyes(brown, head, aligned, texels(head, brown)), brown)
    assert len(ROWS_DEGREES) * (COLUMNS + 1) == surface.of("EyeLeft").sum()


def texels(surface: FigureSurface, texture: np.ndarray) -> Texels:
    assert surface.mesh.uv is not None
    return texels_of(surface.mesh.uv, surface.mesh.faces, (texture.shape[0], texture.shape[1]))
