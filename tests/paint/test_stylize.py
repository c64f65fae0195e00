"""The guided engine on a small bust: range, determinism, controls, agreement of the views, bad options, leads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from synthetic import aligned_to, bust, stereo_views
from twinbrush.align.values import AlignedStyle
from twinbrush.base.errors import BadOption
from twinbrush.base.mesh import Region
from twinbrush.base.progress import Step
from twinbrush.config import StylizeConfig
from twinbrush.paint.engine import stylize
from twinbrush.paint.guided.consensus import build_consensus, vertex_ownership
from twinbrush.paint.guided.paint import build_scene, paint, with_lead
from twinbrush.paint.stylization import Stylization
from twinbrush.views.consistency import view_consistency
from twinbrush.views.values import ViewSet


@pytest.fixture(scope="module")
def views() -> ViewSet:
    return stereo_views(bust())


@pytest.fixture(scope="module")
def aligned(views: ViewSet) -> AlignedStyle:
    """A style of red and white strokes before a green wall."""
    plain = aligned_to(views, views.landmarks_xyz)
    y, x = np.indices((128, 128))
    stroke = (0.5 + 0.5 * np.sin(x * 0.9 + y * 0.5))[..., None]
    figure = stroke * np.array([0.9, 0.2, 0.15]) + (1 - stroke) * np.array([0.95, 0.9, 0.85])
    person = plain.canvas_regions != int(Region.BACKGROUND)
    canvas = np.where(person[..., None], figure, np.array([0.0, 0.9, 0.1])).astype(np.float32)
    return replace(plain, canvas=canvas)


@pytest.fixture(scope="module")
def result(views: ViewSet, aligned: AlignedStyle) -> Stylization:
    return stylize(views, aligned, StylizeConfig(method="guided"), seed=0)


def test_pictures_are_whole(result: Stylization, views: ViewSet) -> None:
    assert result.images.shape == views.images.shape
    assert result.images.dtype == np.float32
    assert np.isfinite(result.images).all()
    assert result.images.min() >= 0
    assert result.images.max() <= 1
    assert result.method == "guided"


def test_the_palette_is_the_styles_and_the_wall_stays_out(result: Stylization) -> None:
    painted = result.images[result.warped.coverage]
    greenness = painted[:, 1] - painted[:, 0]
    assert greenness.max() < 0.12
    assert (painted[:, 0] - painted[:, 2]).mean() > 0.15  # red


def test_views_agree(result: Stylization) -> None:
    assert view_consistency(result.images, result.warped)["mean_absolute"] < 0.015


def test_same_seed_same_bytes(views: ViewSet, aligned: AlignedStyle, result: Stylization) -> None:
    again = stylize(views, aligned, StylizeConfig(method="guided"), seed=0)
    np.testing.assert_array_equal(again.images, result.images)


def test_style_strength_zero_is_the_photo(views: ViewSet, aligned: AlignedStyle) -> None:
    plain = stylize(views, aligned, StylizeConfig(method="guided", style_strength=0.0), seed=0)
    covered = plain.warped.coverage
    difference = np.abs(plain.images - plain.warped.images)[covered]
    assert difference.mean() < 0.01


def test_kept_colours(views: ViewSet, aligned: AlignedStyle, result: Stylization) -> None:
    kept = stylize(views, aligned, StylizeConfig(method="guided", keep_colours=True), seed=0)
    covered = kept.warped.coverage
    photo = kept.warped.images[covered]
    assert np.abs(kept.images[covered] - photo).mean() < 0.7 * np.abs(result.images[covered] - photo).mean()


def test_identity_brings_the_painting_nearer_to_the_guide(views: ViewSet, aligned: AlignedStyle) -> None:
    scene, _ = build_scene(views, aligned)
    errors = []
    for identity in (0.0, 1.0):
        images, _ = paint(scene, StylizeConfig(identity=identity), seed=0)
        errors.append(np.abs(images - scene.matched)[scene.coverage].mean())
    assert errors[1] < 0.8 * errors[0]


def test_a_lead_leads(views: ViewSet, aligned: AlignedStyle) -> None:
    scene, _ = build_scene(views, aligned)
    red, white = np.array([0.9, 0.2, 0.15]), np.array([0.95, 0.9, 0.85])
    dark, light = (np.broadcast_to(colour, (2, 64, 64, 3)) for colour in (red, white))
    means = [paint(with_lead(scene, lead), StylizeConfig(), seed=0)[0][scene.coverage].mean() for lead in (dark, light)]
    assert means[0] < means[1] - 0.1


def test_progress_counts_up(views: ViewSet, aligned: AlignedStyle) -> None:
    steps: list[Step] = []
    stylize(views, aligned, StylizeConfig(method="guided"), seed=0, progress=steps.append)
    painted = [step.done for step in steps if step.stage == "stylize"]
    assert painted == sorted(painted)


@pytest.mark.parametrize("wrong", [{"style_strength": 1.5}, {"identity": -0.1}, {"identity": float("nan")}])
def test_strengths_out_of_range(views: ViewSet, aligned: AlignedStyle, wrong: dict[str, float]) -> None:
    with pytest.raises(BadOption):
        stylize(views, aligned, replace(StylizeConfig(), **wrong), seed=0)


def test_owners_share_everything(views: ViewSet) -> None:
    ownership = vertex_ownership(views)
    seen = views.vertex_visible.any(0)
    np.testing.assert_allclose(ownership.sum(0)[seen], 1, atol=1e-9)
    left = views.mesh.vertices[:, 0] < -20
    assert ownership[0][left & views.vertex_visible[0]].min() > 0.9  # the left camera owns the picture's left
    consensus = build_consensus(views)
    total = consensus.own + np.stack([sum(s.weight for s in row) for row in consensus.others])
    np.testing.assert_allclose(total, 1, atol=1e-5)


def test_merging_brings_the_owners_paint(views: ViewSet) -> None:
    consensus = build_consensus(views)
    images = np.zeros((2, 128, 128, 3), np.float32)
    images[1] = 1.0
    merged = consensus.merge(images, 1)
    np.testing.assert_allclose(merged[0][..., 0], 1 - consensus.own[0], atol=1e-5)
    small = consensus.resized(64, 64)
    assert small.own.shape == (2, 64, 64)
    np.testing.assert_allclose(small.merge(np.ones((2, 64, 64, 3), np.float32), 1), 1, atol=1e-4)
