"""Guides of the patches: eyes are a region of their own, and regions may ask less for the guide's structure."""

from __future__ import annotations

import numpy as np

from figures import small_figure
from twinbrush.base.mesh import Region
from twinbrush.config import ViewsConfig
from twinbrush.paint.front import pair_views
from twinbrush.paint.guided.atlas import build_atlas, style_sheet
from twinbrush.paint.guided.features import PATCH, fit_basis
from twinbrush.paint.guided.guides import STRUCTURE_DIMENSIONS, Weights, style_features
from twinbrush.paint.surface import surface_of_figure

UNIT = 40.0


def features(weights: Weights) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a picture whose left half is skin and right half hair, and which rows are skin."""
    picture = np.random.default_rng(0).random((48, 64, 3)).astype(np.float32)
    regions = np.where(np.arange(64) < 32, np.uint8(Region.SKIN), np.uint8(Region.HAIR))[None].repeat(48, 0)
    sheet = style_sheet(picture, np.ones(regions.shape, bool), regions, np.zeros((0, 2)), UNIT)
    atlas = build_atlas(sheet, np.zeros((0, 2)), PATCH // 2)
    basis = fit_basis([atlas.colours * 100], [atlas.xy], 16, np.random.default_rng(0))
    return style_features(atlas, sheet, basis, weights), atlas.regions[:, 0] > 0.5


def test_a_region_s_factor_scales_its_structure_alone() -> None:
    usual, skin = features(Weights())
    weak, _ = features(Weights(structure_by_region=(0.25, 1.0, 1.0)))
    structure = np.s_[8 : 8 + STRUCTURE_DIMENSIONS]
    np.testing.assert_allclose(weak[skin, structure], 0.25 * usual[skin, structure], rtol=1e-5)
    np.testing.assert_array_equal(weak[~skin, structure], usual[~skin, structure])
    np.testing.assert_array_equal(np.delete(weak, structure, 1), np.delete(usual, structure, 1))


def test_eyes_belong_to_no_painted_region() -> None:
    landmarks_xy = pair_views(surface_of_figure(small_figure()), ViewsConfig(size=128)).landmarks_xy[0]
    picture = np.random.default_rng(0).random((128, 128, 3)).astype(np.float32)
    skin = np.full((128, 128), np.uint8(Region.SKIN))
    sheet = style_sheet(picture, np.ones(skin.shape, bool), skin, landmarks_xy)
    atlas = build_atlas(sheet, landmarks_xy, PATCH // 2)
    basis = fit_basis([atlas.colours * 100], [atlas.xy], 16, np.random.default_rng(0))
    region = style_features(atlas, sheet, basis, Weights(region=1.0))[:, 2]
    chin = np.linalg.norm(atlas.position_xy - landmarks_xy[152], axis=1) < 1.5
    eye = np.linalg.norm(atlas.position_xy - (landmarks_xy[159] + landmarks_xy[145]) / 2, axis=1) < 1
    assert eye.any()
    assert region[eye].max() < 0.5
    assert region[chin].min() > 0.95
