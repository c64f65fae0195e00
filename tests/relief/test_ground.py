from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from figures import small_figure
from twinbrush.relief.ground import Ground, ground_of, lifts

SHAPE = (256, 512)


def _striped(across: int, down: int) -> Ground:
    figure = small_figure()
    y, x = np.mgrid[:128, :256]
    stripes = 0.5 + 0.4 * np.sin(2 * np.pi * (across * x + down * y) / 6)
    return ground_of(replace(figure, texture=np.repeat(stripes[..., None], 3, 2).astype(np.float32)), SHAPE)


@pytest.fixture(scope="module")
def striped() -> Ground:
    return _striped(0, 1)


def _steepest(ground: Ground, texels: np.ndarray) -> np.ndarray:
    full = (ground.tensor[ground.place[texels]] * ground.weights[texels][..., None]).sum(1)
    return np.linalg.eigh(full[:, [[0, 3, 4], [3, 1, 5], [4, 5, 2]]])[1][:, :, 2]


def test_directions_are_the_paints_on_the_surface(striped: Ground) -> None:
    """On the hair's cap, rows of the atlas lie level: level stripes change along the meridians."""
    y, x = np.divmod(striped.texels.place, SHAPE[1])
    cap = np.flatnonzero((x > 280) & (x < 480) & (y > 40) & (y < 100) & striped.texels.inside)
    assert np.abs(_steepest(striped, cap)[:, 1]).mean() > 0.5
    upright = _striped(1, 0)
    assert np.abs(_steepest(upright, cap)[:, 1]).mean() < 0.25


def test_band_is_bounded_and_quiet_on_the_features(striped: Ground) -> None:
    assert np.abs(striped.band).max() <= 1
    assert striped.band.std() > 0.2
    figure = small_figure()
    near = np.linalg.norm(striped.points[:, None] - figure.landmarks_xyz[[13, 33, 263]][None], axis=2).min(1)
    assert np.abs(striped.band[near < 3]).max() == 0
    assert np.abs(striped.band[(near > 30) & (near < 60)]).max() > 0.3


def test_flat_paint_has_no_brushwork() -> None:
    flat = ground_of(replace(small_figure(), texture=np.full((128, 256, 3), 0.6, np.float32)), SHAPE)
    assert np.quantile(np.abs(flat.band), 0.99) < 1e-3
    assert np.median(flat.contrast) < 1e-5


def test_texels_know_their_place_and_width(striped: Ground) -> None:
    assert np.median(np.linalg.norm(striped.normals, axis=1)) == pytest.approx(1, abs=0.01)
    assert striped.weights.sum(1) == pytest.approx(1, abs=1e-5)
    assert set(np.unique(striped.zone)) == {0, 1}
    assert 0.2 < np.median(striped.texel_mm[striped.zone == 0]) < 5


def test_a_lift_turns_texels_into_space() -> None:
    vertices = np.array([[0, 0, 0], [2.0, 0, 0], [0, 0, 3.0]])
    places = np.array([[0, 0], [4.0, 0], [0, 4.0]])
    lift = lifts(vertices, places, np.array([[0, 1, 2]]))[0]
    assert lift @ [1, 0] == pytest.approx([2, 0, 0])  # 4 texels are 2 mm: 1 a texel is 2 a mm
    assert lift @ [0, 1] == pytest.approx([0, 0, 4 / 3])
    assert (lifts(vertices * [1, 1, 0], places, np.array([[0, 1, 2]])) == 0).all()
