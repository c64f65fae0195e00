"""The neural mesh renderer's style transfer on a small mesh."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from test_edges import ball

from figures import small_figure
from twinbrush.base.mesh import Mesh
from twinbrush.baselines.nmr import ELEVATION_DEGREES, originals, paint_nmr, random_camera, style_loss, total_loss
from twinbrush.baselines.nst import gram
from twinbrush.config.rivals import RivalConfig
from twinbrush.paint.features import load_extractor

FEW = replace(RivalConfig(), nmr_steps=40, nmr_size=48)


def globe() -> Mesh:
    points, faces = ball()
    uv = np.stack([np.arctan2(points[:, 0], points[:, 2]) / (2 * np.pi) + 0.5, points[:, 1] / 120 + 0.5], 1)
    return Mesh(points, faces, uv, np.full((32, 32, 3), 0.5, np.float32))


def stripes(size: int) -> torch.Tensor:
    y, x = np.mgrid[:size, :size] / size
    image = np.where(np.sin(40 * (x + y))[..., None] > 0, [0.8, 0.2, 0.1], [0.1, 0.2, 0.7]).astype(np.float32)
    return torch.from_numpy(image).permute(2, 0, 1)[None]


def test_the_loss_is_nothing_for_the_style_itself_at_rest() -> None:
    extractor, style = load_extractor("filters"), torch.full((1, 3, 32, 32), 0.4)
    grams = [gram(m) for m in extractor(style)]
    image, still = style[0].permute(1, 2, 0), torch.zeros(5, 3)
    assert float(total_loss(image, still, extractor, grams)) == pytest.approx(0, abs=1e-9)
    assert float(total_loss(image, still + 1, extractor, grams)) > 0
    noisy = image + 0.1 * torch.randn(image.shape, generator=torch.Generator().manual_seed(0))
    assert float(style_loss(noisy, extractor, grams)) > 0


def test_cameras_stand_all_around_at_the_published_height_and_see_all() -> None:
    from twinbrush.base.camera import project

    mesh, rng = globe(), np.random.default_rng(0)
    azimuths = []
    for _ in range(40):
        camera = random_camera(mesh, 48, rng)
        away = camera.centre_xyz / np.linalg.norm(camera.centre_xyz)
        assert ELEVATION_DEGREES[0] - 1e-6 <= np.degrees(np.arcsin(away[1])) <= ELEVATION_DEGREES[1] + 1e-6
        azimuths.append(np.arctan2(away[0], away[2]))
        pixels = project(camera, mesh.vertices)[0]
        assert 0 < pixels.min() < pixels.max() < 47
    assert np.ptp(azimuths) > 5


def test_the_style_arrives_in_texture_and_shape() -> None:
    mesh, extractor, style = globe(), load_extractor("filters"), stripes(48)
    losses: list[float] = []
    found = paint_nmr(mesh, style, extractor, FEW, seed=0, report=lambda _a, _b, loss: losses.append(loss))
    assert np.mean(losses[-8:]) < 0.7 * np.mean(losses[:8])
    assert found.texture.std() > 3 * 0.01
    moved = np.linalg.norm(found.vertices - mesh.vertices, axis=1)
    assert 0.01 < moved.max() < 20
    again = paint_nmr(mesh, style, extractor, FEW, seed=0, report=lambda *_: None)
    np.testing.assert_array_equal(again.vertices, found.vertices)
    other = paint_nmr(mesh, style, extractor, FEW, seed=1, report=lambda *_: None)
    assert not np.array_equal(other.vertices, found.vertices)


def test_the_ground_adds_nothing_to_a_pictures_style() -> None:
    mesh = replace(globe(), texture=np.zeros((32, 32, 3), np.float32))  # black on black: Gram matrices of nothing
    losses: list[float] = []
    paint_nmr(mesh, stripes(48), load_extractor("filters"), replace(FEW, nmr_steps=1), seed=0,
              report=lambda _a, _b, loss: losses.append(loss))  # fmt: skip
    assert losses == pytest.approx([1.0], abs=1e-6)


def test_seams_stay_closed() -> None:
    figure = small_figure()
    mesh = replace(figure.whole(), texture=figure.texture)
    found = paint_nmr(mesh, stripes(48), load_extractor("filters"), replace(FEW, nmr_steps=2), seed=0,
                      report=lambda *_: None)  # fmt: skip
    own = originals(mesh)
    assert (own != np.arange(len(own))).any()
    moved = found.vertices - mesh.vertices
    assert np.abs(moved).max() > 0
    np.testing.assert_allclose(moved, moved[own], atol=1e-4)
