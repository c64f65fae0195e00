"""Agreement at the coarser of two resolutions: foreshortening is no disagreement, everything else is one."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from synthetic import bust, stereo_views
from twinbrush.mesh import Mesh
from twinbrush.views import consistency, footprint, render
from twinbrush.views.consistency import footprint_consistency, view_consistency
from twinbrush.views.correspondence import mutual_points
from twinbrush.views.footprint import averaged_onto, in_coarser_pixels
from twinbrush.views.render import render_mesh_views
from twinbrush.views.rig import around
from twinbrush.views.values import ViewSet

SIZE = 160
STRAIGHT, SLANTED = 0.0, 78.0  # degrees: a pixel of the slanted view covers five of the straight one


def sheet(texture: np.ndarray, degrees: tuple[float, ...], cells: int = 8, distance: float = 2000) -> ViewSet:
    """A flat sheet of cells x cells squares seen from several azimuths."""
    grid = np.linspace(0, 1, cells + 1)
    u, v = (values.ravel() for values in np.meshgrid(grid, grid))
    corner = np.arange(len(u)).reshape(cells + 1, cells + 1)
    a, b, c, d = (part.ravel() for part in (corner[:-1, :-1], corner[:-1, 1:], corner[1:, 1:], corner[1:, :-1]))
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    vertices = np.stack([100 * u - 50, 100 * v - 50, 0 * u], 1)
    mesh = Mesh(vertices, faces, np.stack([u, v], 1), texture.astype(np.float32))
    turns = np.radians(degrees)
    cameras = around(vertices, turns, 0 * turns, size=SIZE, distance_mm=distance)
    return render_mesh_views(mesh, np.zeros((0, 3)), cameras)


def strokes(seed: int = 0, sigma: float = 2.0) -> np.ndarray:
    """Blotches some six texels wide; seen straight, a texel is about a pixel."""
    noise = np.random.default_rng(seed).uniform(size=(SIZE, SIZE, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), sigma)
    return np.clip(0.5 + 1.5 * (soft - 0.5), 0, 1)


@pytest.fixture(scope="module")
def painted() -> ViewSet:
    return sheet(strokes(), (STRAIGHT, SLANTED))


def differ(views: ViewSet, images: np.ndarray | None = None) -> float:
    return footprint_consistency(views.images if images is None else images, views)["mean_absolute"]


def test_a_difference_of_resolution_is_no_disagreement(painted: ViewSet) -> None:
    found = footprint_consistency(painted.images, painted)
    assert found["pointwise_mean_absolute"] > 0.015
    assert found["mean_absolute"] < 0.003
    backwards = sheet(strokes(), (SLANTED, STRAIGHT))
    assert differ(backwards) == pytest.approx(found["mean_absolute"], rel=1e-3)


@pytest.mark.parametrize("view", [0, 1])
@pytest.mark.parametrize("wrong", ["colour", "one pixel aside", "two pixels down", "blurred", "another painting"])
def test_what_differs_is_told_in_full(painted: ViewSet, view: int, wrong: str) -> None:
    """Whichever view is the wrong one, and though one of them shows the sheet five times as coarsely."""
    images = painted.images.copy()
    other = sheet(strokes(1), (STRAIGHT, SLANTED)).images if wrong == "another painting" else images
    images[view] = {
        "colour": images[view] + 0.02,
        "one pixel aside": np.roll(images[view], 1, axis=1),
        "two pixels down": np.roll(images[view], 2, axis=0),
        "blurred": cv2.GaussianBlur(images[view], (0, 0), 3.0),
        "another painting": other[view],
    }[wrong]
    assert differ(painted, images) > 0.012 > 6 * differ(painted)


def test_equal_views_lose_nothing_to_the_average() -> None:
    """Two views that see the sheet alike: a pixel of misplacement, or noise in one of them, counts as it always did."""
    views = sheet(strokes(), (-10.0, 10.0))
    assert differ(views) < 0.001
    for images in (
        np.stack([views.images[0], np.roll(views.images[1], 1, axis=1)]),
        np.stack([views.images[0], views.images[1] + np.random.default_rng(0).normal(0, 0.05, (SIZE, SIZE, 3))]),
    ):
        found = footprint_consistency(images.clip(0, 1), views)
        assert found["mean_absolute"] > 0.015
        assert found["mean_absolute"] > 0.95 * found["pointwise_mean_absolute"]


def test_every_point_counts_once_and_hidden_surroundings_leave_none_out(monkeypatch: pytest.MonkeyPatch) -> None:
    views = stereo_views(bust(), half_degrees=20.0)
    old, found = view_consistency(views.images, views), footprint_consistency(views.images, views)
    assert found["points"] == old["points"]
    assert found["pointwise_mean_absolute"] == old["mean_absolute"]
    compared = in_coarser_pixels(views.images, views, 0, 1, mutual_points(views, 0, 1))
    assert 0.97 < compared.known.mean() < 1  # beside what the nose hides there is no area to compare

    nothing = replace(compared, known=np.zeros_like(compared.known))
    monkeypatch.setattr(consistency, "in_coarser_pixels", lambda *_: nothing)
    alone = footprint_consistency(views.images, views)
    assert alone["mean_absolute"] == pytest.approx(old["mean_absolute"], rel=1e-6)


def test_points_are_compared_in_the_pixel_of_the_coarser_view(painted: ViewSet) -> None:
    points = mutual_points(painted, 0, 1)
    compared = in_coarser_pixels(painted.images, painted, 0, 1, points)
    column, row = np.floor(points.pixels_b + 0.5).astype(int).T
    np.testing.assert_array_equal(compared.shown, painted.images[1][row, column].astype(np.float32))


def test_the_average_is_over_what_a_pixel_shows() -> None:
    """By hand: places within a pixel of the more slanted view, looked up in the other through its plane (two large
    triangles seen from near by: perspective counts)."""
    near = sheet(strokes(), (-30.0, 70.0), cells=1, distance=200)
    over = averaged_onto(near.images[0], near, 0, 1, near.coverage[1])
    assert not over[~near.coverage[1]].any()
    to_other = cv2.findHomography(near.vertex_pixels[1], near.vertex_pixels[0])[0]
    rows, columns = np.nonzero(cv2.erode(near.coverage[1].astype(np.uint8), np.ones((5, 5))))
    offsets = (np.arange(footprint.SAMPLES) + 0.5) / footprint.SAMPLES - 0.5
    total = np.zeros((len(rows), 3))
    for dy in offsets:
        for dx in offsets:
            place = cv2.perspectiveTransform(np.stack([columns + dx, rows + dy], 1)[None], to_other)[0]
            x, y = place.astype(np.float32).T[:, None]
            total += cv2.remap(near.images[0].astype(np.float32), x, y, cv2.INTER_CUBIC)[0]
    np.testing.assert_allclose(over[rows, columns], (total / footprint.SAMPLES**2).clip(0, 1), atol=0.01)


def test_what_the_renderer_misses_between_its_samples_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearly from the edge 2 x 2 samples a pixel miss strokes, and 6 x 6 do not: looked at in the renderer's own places
    only, both would seem to agree."""
    fine = strokes(sigma=1.4)
    coarsely = differ(sheet(fine, (STRAIGHT, 86.0)))
    monkeypatch.setattr(render, "SUBSAMPLES", 6)
    assert coarsely > 1.5 * differ(sheet(fine, (STRAIGHT, 86.0)))
