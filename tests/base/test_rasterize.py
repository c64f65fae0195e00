"""The fast z-buffer against its readable reference, and the laws of a watertight one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinbrush.base.rasterize import _span, interpolate, rasterize, rasterize_reference, visible_points


def soup(seed: int, size: int = 24, count: int = 40, on_grid: int = 20) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Random overlapping triangles, some on the pixel grid (ties), some outside."""
    rng = np.random.default_rng(seed)
    pixels = rng.uniform(-6, size + 6, (count, 2))
    pixels[:on_grid] = np.round(pixels[:on_grid])
    return pixels, rng.uniform(1, 5, count), rng.integers(0, count, (count, 3))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_fast_equals_reference(seed: int) -> None:
    pixels, depth, faces = soup(seed)
    fast, slow = rasterize(pixels, depth, faces, 24, 20), rasterize_reference(pixels, depth, faces, 24, 20)
    np.testing.assert_array_equal(fast.face_index >= 0, slow.face_index >= 0)
    np.testing.assert_allclose(fast.depth, slow.depth, rtol=1e-9)
    same = fast.face_index == slow.face_index  # equally deep faces (checked above) may differ by rounding
    np.testing.assert_allclose(fast.barycentric[same], slow.barycentric[same], atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_every_pixel_of_a_triangulated_square_is_drawn_once(seed: int, on_grid: bool) -> None:
    """Watertight: no pixel is missed or drawn by two triangles, whatever the inner vertices are."""
    rng = np.random.default_rng(seed)
    n = 8
    ys, xs = np.mgrid[:n, :n] * 6.0
    inner = np.zeros((n, n), bool)
    inner[1:-1, 1:-1] = True
    shift = rng.integers(-1, 2, (2, n, n)) if on_grid else rng.uniform(-1.4, 1.4, (2, n, n))
    pixels = np.stack([xs + shift[0] * inner, ys + shift[1] * inner], -1).reshape(-1, 2)
    index = np.arange(n * n).reshape(n, n)
    a, b, c, d = (part.ravel() for part in (index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]))
    faces = np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)])
    drawn = np.zeros((42, 42), int)
    for face in faces:
        drawn += rasterize(pixels, np.ones(n * n), face[None], 42, 42).face_index >= 0
    np.testing.assert_array_equal(drawn, 1)


def test_depth_and_weights_are_perspective_correct() -> None:
    """A tilted plane: 1/depth is linear in the picture, so depth is known at every pixel."""
    pixels = np.array([[0.0, 0.0], [40.0, 0.0], [0.0, 40.0]])
    depth = np.array([100.0, 300.0, 150.0])
    raster = rasterize(pixels, depth, np.array([[0, 1, 2]]), 32, 32)
    seen = raster.face_index >= 0
    ys, xs = np.nonzero(seen)
    inverse = 1 / 100 + xs / 40 * (1 / 300 - 1 / 100) + ys / 40 * (1 / 150 - 1 / 100)
    np.testing.assert_allclose(raster.depth[seen], 1 / inverse, rtol=1e-14)
    np.testing.assert_allclose(raster.barycentric[seen] @ depth, raster.depth[seen], rtol=1e-13)


def test_behind_the_camera_and_degenerate_faces_are_left_out() -> None:
    pixels = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0], [4.0, 4.0]])
    for depth, face in ((np.array([1.0, -1.0, 1.0, 1.0]), [0, 1, 2]), (np.ones(4), [0, 0, 1])):
        assert (rasterize(pixels, depth, np.array([face]), 8, 8).face_index == -1).all()


def test_interpolate_gives_the_attribute_and_zero_outside() -> None:
    pixels, depth, faces = soup(3)
    raster = rasterize(pixels, depth, faces, 24, 20)
    values = np.column_stack([depth, np.ones(len(depth))])
    out = interpolate(raster.face_index, raster.barycentric, faces, values)
    seen = raster.face_index >= 0
    np.testing.assert_allclose(out[seen, 0], raster.depth[seen], rtol=1e-9)
    np.testing.assert_allclose(out[..., 1], seen, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_points_at_pixel_centres_are_visible_exactly_where_the_z_buffer_shows_them(seed: int) -> None:
    pixels, depth, faces = soup(seed, on_grid=0)
    raster = rasterize(pixels, depth, faces, 24, 20)
    rows, columns = np.nonzero(raster.face_index >= 0)
    points = np.stack([columns, rows], 1).astype(float)
    front = visible_points(points, raster.depth[rows, columns], pixels, depth, faces, 24, 20)
    behind = visible_points(points, raster.depth[rows, columns] + 1e-3, pixels, depth, faces, 24, 20)
    assert front.all()
    assert not behind.any()


@pytest.mark.parametrize("seed", range(40))
def test_slivers_equal_the_reference(seed: int) -> None:
    """Long thin triangles in all directions, far out of the picture, with corners on pixels and level edges."""
    rng = np.random.default_rng(seed)
    far = float(rng.choice([30, 1e3, 1e6]))
    start, along = rng.uniform(-10, 40, (30, 2)), rng.normal(size=(30, 2)) * far
    across = along[:, ::-1] * [1, -1] * rng.choice([1e-3, 1e-1], (30, 1))
    pixels = np.stack([start, start + along, start + along * rng.uniform(-1, 1, (30, 1)) + across], 1).reshape(-1, 2)
    if seed % 2:
        pixels = np.round(pixels)
    faces, depth = np.arange(90).reshape(30, 3), rng.uniform(1, 9, 90)
    fast, slow = rasterize(pixels, depth, faces, 24, 20), rasterize_reference(pixels, depth, faces, 24, 20)
    np.testing.assert_array_equal(fast.face_index, slow.face_index)


def test_a_slivers_row_is_as_short_as_the_sliver() -> None:
    assert _span(0.0, 0.0, 1000.0, 1000.0, 999.0, 1000.0, 500.0, 0, 1000) == (499, 501)
    assert _span(0.0, 0.0, 1000.0, 0.0, 500.0, 9.0, 0.0, 3, 800) == (3, 800)
    first, last = _span(0.0, 0.0, 10.0, 10.0, 9.0, 10.0, 5.0, 50, 60)
    assert first > last
