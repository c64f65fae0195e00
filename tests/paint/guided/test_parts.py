"""Features, atlas, levels and the maps between faces."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from twinbrush.base.mesh import Region
from twinbrush.faces.facemap import ANCHORS, LEFT, MIDDLE, RIGHT, face_map, feature_mask
from twinbrush.paint.guided.atlas import StyleSheet, build_atlas, mirror_map, resized_sheet, style_sheet
from twinbrush.paint.guided.features import PATCH, fit_basis, project_patches
from twinbrush.paint.guided.guides import EVEN, FREE, STRICT, alone
from twinbrush.paint.guided.synthesis import level_sizes


def face_points(size: int) -> np.ndarray:
    """468 points whose anchors form a symmetric face: eyes, brows, lips and nose around the middle."""
    rng = np.random.default_rng(0)
    points = rng.uniform(0.3, 0.7, (468, 2))
    for left, right in zip(LEFT, RIGHT, strict=True):
        points[right] = (1 - points[left, 0], points[left, 1])
    points[list(MIDDLE), 0] = 0.5
    points[[10, 152]] = (0.5, 0.2), (0.5, 0.8)
    return points * (size - 1)


def test_all_components_keep_mean_squared_patch_distances() -> None:
    rng = np.random.default_rng(0)
    lab = (100 * rng.random((30, 30, 3))).astype(np.float32)
    xy = np.array([[10, 12], [20, 7]], np.int32)
    inside = np.stack(np.meshgrid(np.arange(3, 27), np.arange(3, 27)), -1).reshape(-1, 2).astype(np.int32)
    basis = fit_basis([lab], [inside], 3 * PATCH**2, rng)
    first, second = project_patches(lab, xy, basis)
    half = PATCH // 2
    patches = [lab[y - half : y + half + 1, x - half : x + half + 1] / 100 for x, y in xy]
    expected = ((patches[0] - patches[1]) ** 2).sum() / PATCH**2
    assert ((first - second) ** 2).sum() == pytest.approx(expected, rel=1e-3)


def _sheet(size: int = 64) -> StyleSheet:
    canvas = np.zeros((size, size, 3), np.float32)
    canvas[..., 1] = 1.0  # a green wall
    regions = np.full((size, size), int(Region.BACKGROUND), np.uint8)
    inner = slice(size // 5, 4 * size // 5)
    canvas[inner, inner] = (0.8, 0.1, 0.2)
    regions[inner, inner] = int(Region.SKIN)
    return style_sheet(canvas, np.ones((size, size), bool), regions, face_points(size))


def test_no_background_can_leak_from_the_atlas() -> None:
    sheet = _sheet()
    atlas = build_atlas(sheet, face_points(64), PATCH // 2)
    assert len(atlas.xy) == (atlas.index >= 0).sum()
    np.testing.assert_array_equal(atlas.index[atlas.xy[:, 1], atlas.xy[:, 0]], np.arange(len(atlas.xy)))
    for x, y in atlas.xy[::17]:
        assert atlas.colours[y - 3 : y + 4, x - 3 : x + 4, 1].max() < 0.2
    np.testing.assert_array_equal(atlas.regions[:, 0], 1)  # everything usable is skin


def test_layers_know_where_they_come_from() -> None:
    atlas = build_atlas(_sheet(), face_points(64), PATCH // 2)
    first = atlas.xy[:, 0] < 64
    np.testing.assert_allclose(atlas.position_xy[first], atlas.xy[first], atol=1e-4)
    mirrored = atlas.xy[:, 0] >= 128
    assert mirrored.any()
    np.testing.assert_allclose(
        atlas.position_xy[mirrored, 0], 63 - (atlas.xy[mirrored, 0] - 128), atol=0.1
    )


def test_the_mirror_swaps_the_halves_of_the_face() -> None:
    places = mirror_map(face_points(50), 50, 50)
    np.testing.assert_allclose(places[10, 5], (44, 10), atol=1e-3)


def test_resizing_moves_landmarks_with_pixel_centres() -> None:
    small = resized_sheet(_sheet(), (32, 32))
    np.testing.assert_allclose(small.landmarks_xy, (face_points(64) + 0.5) / 2 - 0.5)
    assert small.usable.any()


def test_face_map_reaches_its_points() -> None:
    here = face_points(120)[ANCHORS]
    there = here * 0.8 + (10, 5)
    field = face_map(here, there, 120, 120)
    x, y = np.round(here[:20]).astype(int).T
    np.testing.assert_allclose(field[y, x], np.stack([x, y], -1) * 0.8 + (10, 5), atol=0.3)


def test_feature_mask_covers_the_eyes_only() -> None:
    points = face_points(200)
    eye = [33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7]
    points[eye] = np.array([60, 80]) + 5 * np.random.default_rng(0).normal(size=(len(eye), 2))
    mask = feature_mask(points, ("eyes",), 200, 200, 0.0, 0.0)
    assert mask[80, 60] > 0.9
    assert mask[5, 5] == 0


@pytest.mark.parametrize(("size", "led"), [(128, False), (512, False), (1000, True), (2048, False)])
def test_levels_double_up_to_the_size(size: int, led: bool) -> None:
    sizes = level_sizes(size, size, led)
    assert sizes[-1] == (size, size)
    assert all(b[0] in (2 * a[0], 2 * a[0] - 1) for a, b in itertools.pairwise(sizes))
    assert sizes[0][0] >= (128 if led and size >= 128 else 32)


def test_identity_moves_the_weights() -> None:
    assert alone(0.0) == FREE
    assert alone(0.5) == EVEN
    assert alone(1.0) == STRICT
    assert alone(0.3).structure < alone(0.7).structure
