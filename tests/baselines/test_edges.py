"""The approximate gradient of the rasteriser: against finite differences where they mean something, and at work."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from twinbrush.base.camera import look_at_origin, project
from twinbrush.base.rasterize import Raster, rasterize
from twinbrush.baselines.edges import drawn_mesh, edge_gradient, edge_gradient_reference, projected
from twinbrush.maths.crossings import edges_of
from twinbrush.paint.adam import Adam

SIZE = 24
TRIANGLE = np.array([[5.3, 4.2], [18.6, 7.9], [9.1, 19.4]])
FACE = np.array([[0, 1, 2]])


def silhouette(pixels: np.ndarray, faces: np.ndarray = FACE, depth: np.ndarray | None = None) -> tuple[
        np.ndarray, Raster]:  # fmt: skip
    depth = np.full(len(pixels), 5.0) if depth is None else depth
    raster = rasterize(pixels, depth, faces, SIZE, SIZE)
    return (raster.face_index >= 0).astype(float)[..., None], raster


def test_a_pixels_gradient_is_the_line_to_where_it_flips() -> None:
    """For a linear loss of ONE pixel the gradient is its change over the way the vertex must go for it."""
    checked = 0
    for y, x in ((8, 2), (8, 8), (12, 20), (12, 12), (16, 5), (6, 16)):
        image, raster = silhouette(TRIANGLE)
        inside = image[y, x, 0] > 0
        gradient = np.zeros((SIZE, SIZE, 1))
        gradient[y, x] = 1.0 if inside else -1.0  # the loss falls when the pixel flips
        found = edge_gradient(gradient, image, TRIANGLE, FACE, raster)
        for vertex in np.flatnonzero(found[:, 0]):
            way = -np.sign(found[vertex, 0])  # downhill
            for size in np.arange(0.02, 25, 0.02):
                moved = TRIANGLE.copy()
                moved[vertex, 0] += way * size
                if (silhouette(moved)[0][y, x, 0] > 0) != inside:
                    break
            else:
                continue  # the edge's own triangle does not reach it
            if np.count_nonzero(found[:, 0]) == 2:  # one edge alone crosses the row on this side
                assert abs(found[vertex, 0]) == pytest.approx(1 / size, rel=0.03)
                checked += 1
    assert checked >= 4


def test_the_gradient_of_a_linear_loss_points_where_finite_differences_do() -> None:
    """A smooth linear loss over a finely drawn silhouette: the same direction, if not the same size."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    fine, agreed = 8, []
    for _ in range(60):
        weights = sum(rng.normal() * np.cos(3 * (a * x + b * y)) for a, b in rng.normal(size=(4, 2)))
        pixels = rng.uniform(4, 20, (3, 2))
        image, raster = silhouette(pixels)
        if image.sum() < 20:
            continue
        found = edge_gradient(weights[..., None], image, pixels, FACE, raster)

        def loss(points: np.ndarray, weights: np.ndarray = weights) -> float:
            large = rasterize(points * fine + (fine - 1) / 2, np.full(3, 5.0), FACE, SIZE * fine, SIZE * fine)
            share = (large.face_index >= 0).reshape(SIZE, fine, SIZE, fine).mean((1, 3))
            return float((share * weights).sum())

        expected = np.zeros((3, 2))
        for k in range(6):
            step = np.zeros(6)
            step[k] = 0.5
            expected.flat[k] = loss(pixels + step.reshape(3, 2)) - loss(pixels - step.reshape(3, 2))
        large = np.abs(expected) > 0.4 * np.abs(expected).max()
        agreed += list((np.sign(found) == np.sign(expected))[large])
    assert len(agreed) > 20
    assert np.mean(agreed) > 0.85


def test_only_moves_that_lower_the_loss_count() -> None:
    image, raster = silhouette(TRIANGLE)
    outside = (image == 0).astype(float)
    assert np.abs(edge_gradient(-outside, image, TRIANGLE, FACE, raster)).max() > 1  # it wants to grow
    np.testing.assert_array_equal(edge_gradient(outside, image, TRIANGLE, FACE, raster), 0)  # it cannot grow less
    grows = edge_gradient(-outside, image, TRIANGLE, FACE, raster)
    middle = TRIANGLE.mean(0)
    assert ((-grows) * (TRIANGLE - middle)).sum(1).min() > 0  # downhill is outward


def test_the_fast_form_is_the_readable_one() -> None:
    rng = np.random.default_rng(1)
    for _ in range(6):
        pixels, depth = rng.uniform(-3, SIZE + 3, (9, 2)), rng.uniform(2, 6, 9)
        faces = np.array([[0, 1, 2], [3, 4, 5], [6, 7, 8], [1, 2, 3]])
        raster = rasterize(pixels, depth, faces, SIZE, SIZE)
        image = np.where((raster.face_index >= 0)[..., None], rng.random((SIZE, SIZE, 3)), 0.2)
        gradient = rng.normal(size=image.shape)
        np.testing.assert_allclose(
            edge_gradient(gradient, image, pixels, faces, raster),
            edge_gradient_reference(gradient, image, pixels, faces, raster), rtol=1e-9, atol=1e-9)


def ball(rows: int = 12, columns: int = 16) -> tuple[np.ndarray, np.ndarray]:
    polar, around = np.meshgrid(np.linspace(0, np.pi, rows + 1)[1:-1], np.linspace(0, 2 * np.pi, columns + 1)[:-1],
                                indexing="ij")  # fmt: skip
    points = np.stack([np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)], -1)
    points = np.concatenate([points.reshape(-1, 3), [[0, 1, 0], [0, -1, 0]]]) * 60
    faces = []
    for r in range(rows - 2):
        for c in range(columns):
            a, b = r * columns + c, r * columns + (c + 1) % columns
            faces += [[a, a + columns, b], [b, a + columns, b + columns]]
    top, bottom = len(points) - 2, len(points) - 1
    for c in range(columns):
        faces += [[top, c, (c + 1) % columns],
                  [bottom, (rows - 2) * columns + (c + 1) % columns, (rows - 2) * columns + c]]
    return points, np.array(faces)


def test_projection_and_the_textures_gradient_are_exact() -> None:
    camera = look_at_origin(0.3, 0.2, 500.0, 200.0, 32, 32)
    points, faces = ball()
    pixels, depth = projected(camera, torch.from_numpy(points))
    np.testing.assert_allclose(pixels.numpy(), project(camera, points)[0], atol=1e-9)
    np.testing.assert_allclose(depth.numpy(), project(camera, points)[1], atol=1e-9)
    uv = np.random.default_rng(0).random((len(points), 2))
    texture = torch.rand(1, 3, 8, 8, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(32, 32, 3, dtype=torch.float64)

    def loss(values: torch.Tensor) -> torch.Tensor:
        return (drawn_mesh(camera, torch.from_numpy(points), faces, uv, values, torch.zeros(3)) * weights).sum()

    (found,) = torch.autograd.grad(loss(texture), [texture])
    change = torch.randn_like(texture)
    plain = texture.detach()
    expected = float(loss(plain + 1e-4 * change) - loss(plain - 1e-4 * change)) / 2e-4
    assert float((found * change).sum()) == pytest.approx(expected, rel=1e-6)


def test_a_ball_becomes_a_silhouette() -> None:
    """A sphere fitted to the silhouette of a pear by nothing but this gradient: intersection over union 0.97."""
    size = 64
    camera = look_at_origin(0.0, 0.0, 600.0, 230.0, size, size)
    y, x = np.mgrid[:size, :size]
    wide = 10 + 10 / (1 + np.exp(-(y - 30) / 4.0))
    target = torch.from_numpy((((x - 33) / wide) ** 2 + ((y - 33) / 25.0) ** 2 < 1).astype(np.float64))[..., None]
    start, faces = ball()
    vertices = torch.from_numpy(start).requires_grad_()
    edges = torch.from_numpy(edges_of(faces))
    optimizer = Adam([vertices], betas=(0.5, 0.999))
    texture, uv = torch.ones(1, 1, 2, 2, dtype=torch.float64), np.zeros((len(start), 2))

    def image() -> torch.Tensor:
        return drawn_mesh(camera, vertices, faces, uv, texture, torch.zeros(1))

    def overlap() -> float:
        seen, wanted = image().detach() > 0.5, target > 0.5
        return float((seen & wanted).sum() / (seen | wanted).sum())

    assert overlap() < 0.85
    for step in range(150):
        moved = vertices - torch.from_numpy(start)
        smooth = (moved[edges[:, 0]] - moved[edges[:, 1]]).square().sum(1).mean()
        loss = (image() - target).square().mean() + 2e-4 * smooth
        optimizer.step(torch.autograd.grad(loss, [vertices]), 2.0 * (1 - 0.9 * step / 150))
    assert overlap() >= 0.97
