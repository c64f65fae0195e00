"""Hair is drawn along its locks where the style draws strands, and left as it is where it does not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from twinbrush.align.values import AlignedStyle
from twinbrush.base.image import to_lab
from twinbrush.base.mesh import Mesh, Region
from twinbrush.faces.indices import CHIN, FOREHEAD_TOP
from twinbrush.maths.texels import texels_of
from twinbrush.paint.hair_strokes import lock_directions, strands_of_style, with_strokes
from twinbrush.paint.surface import FigureSurface, surface_of_mesh

SIZE, SIDE_MM, COUNT = 256, 100.0, 81


def style(pattern: np.ndarray) -> AlignedStyle:
    """A canvas of hair with that lightness (0..1) all over; the face on it is 100 pixels high."""
    canvas = np.repeat(pattern[..., None], 3, 2).astype(np.float32)
    known = np.ones(pattern.shape, bool)
    points = np.zeros((468, 2))
    points[CHIN, 1] = 100.0
    many = points[None]
    return AlignedStyle(
        canvas, known, np.full(pattern.shape, Region.HAIR, np.uint8), known.astype(np.float32), points, np.eye(3)[None],
        canvas[None], known[None], many, np.zeros((468, 3)), np.zeros((468, 3)), many, 0.0)


def stripes() -> np.ndarray:
    return np.tile((0.5 + 0.3 * np.sin(np.arange(SIZE) * 1.3)), (SIZE, 1))


def clouds(sigma: float, seed: int = 0) -> np.ndarray:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((SIZE, SIZE)), sigma, mode="wrap")
    return np.clip(0.5 + 0.12 * noise / noise.std(), 0, 1)


@pytest.fixture(scope="module")
def sheet() -> FigureSurface:
    """A sheet of hair with locks along y, its lower quarter skin."""
    x, y = (grid.ravel() for grid in np.meshgrid(*[np.linspace(-0.5, 0.5, COUNT)] * 2))
    points = SIDE_MM * np.stack([x, y, 0.015 * np.sin(x * 75)], 1)
    at = np.arange(COUNT * COUNT).reshape(COUNT, COUNT)
    a, b, c, d = (corner.ravel() for corner in (at[:-1, :-1], at[:-1, 1:], at[1:, 1:], at[1:, :-1]))
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    regions = np.where(y < -0.25, Region.SKIN, Region.HAIR).astype(np.uint8)
    mesh = Mesh(points, faces, np.stack([x + 0.5, y + 0.5], 1), regions=regions, seam=np.zeros((0, 2), int))
    landmarks = np.zeros((468, 3))
    landmarks[FOREHEAD_TOP, 1], landmarks[CHIN, 1] = 50.0, -50.0
    return surface_of_mesh(mesh, landmarks, np.arange(len(points)), coloured=True)


def drawn(sheet: FigureSurface, pattern: np.ndarray, texture: np.ndarray) -> np.ndarray:
    assert sheet.mesh.uv is not None
    return with_strokes(texture, sheet, style(pattern), texels_of(sheet.mesh.uv, sheet.mesh.faces, SIZE))


def test_a_style_draws_strands_or_dabs() -> None:
    found = strands_of_style(style(stripes()))
    assert found is not None
    assert found.share > 0.9
    assert np.ptp(found.strokes) > 20
    assert strands_of_style(style(clouds(1.2))) is None
    bald = style(stripes())
    bald.canvas_regions[:] = Region.SKIN
    assert strands_of_style(bald) is None


def test_locks_run_where_the_surface_bends_least(sheet: FigureSurface) -> None:
    directions = lock_directions(sheet)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1, atol=1e-6)
    assert (np.abs(directions[:, 1]) > 0.95).mean() > 0.95


def test_hair_is_drawn_along_its_locks_in_the_styles_contrast(sheet: FigureSurface) -> None:
    texture = np.repeat(clouds(3.0)[..., None], 3, 2).astype(np.float32)
    out = drawn(sheet, stripes(), texture)
    hair = (slice(20, 170), slice(20, -20))  # away from the border of the chart and from the skin
    before, after = (to_lab(picture)[..., 0][hair] for picture in (texture, out))
    assert np.abs(np.diff(before, axis=1)).mean() < 1.2 * np.abs(np.diff(before, axis=0)).mean()
    assert np.abs(np.diff(after, axis=1)).mean() > 3 * np.abs(np.diff(after, axis=0)).mean()
    wanted = strands_of_style(style(stripes()))
    assert wanted is not None
    fine = after - ndimage.gaussian_filter(after, 0.016 * SIZE)
    assert 0.9 < fine.std() / wanted.strokes.std() < 1.1
    np.testing.assert_array_equal(out[-60:], texture[-60:])  # skin


def test_a_style_of_dabs_leaves_hair_as_it_is(sheet: FigureSurface) -> None:
    texture = np.repeat(clouds(3.0)[..., None], 3, 2).astype(np.float32)
    np.testing.assert_array_equal(drawn(sheet, clouds(1.2), texture), texture)


def test_lighter_strokes_have_the_hue_of_the_styles_lighter_strokes(sheet: FigureSurface) -> None:
    warm = style(stripes())
    warm.canvas[..., 2] *= 0.4 + 0.6 * (1 - warm.canvas[..., 0])  # the lighter, the yellower
    assert sheet.mesh.uv is not None
    grey = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    out = to_lab(with_strokes(grey, sheet, warm, texels_of(sheet.mesh.uv, sheet.mesh.faces, SIZE)))[20:170, 20:-20]
    light, dark = np.percentile(out[..., 0], (90, 10))
    assert np.median(out[..., 2][out[..., 0] >= light]) > np.median(out[..., 2][out[..., 0] <= dark]) + 5
