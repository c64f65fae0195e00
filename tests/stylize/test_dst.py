"""The paper engine: keypoints, style seen from each view, terms, back-off, and the whole at 64 pixels."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from synthetic import aligned_to, bust, stereo_views, widened
from twinbrush.camera import project
from twinbrush.config import PaperConfig, StylizeConfig
from twinbrush.correspond.perspective import apply_homography, best_plane, plane_homography, to_views
from twinbrush.correspond.values import AlignedStyle
from twinbrush.errors import BadOption
from twinbrush.mesh import Region
from twinbrush.stylize import stylize
from twinbrush.stylize.device import Compute
from twinbrush.stylize.dst_keypoints import asked_strength, keypoints
from twinbrush.stylize.dst_result import learned_geometry
from twinbrush.stylize.dst_scale import build_content, build_pool, scale_sizes
from twinbrush.stylize.dst_terms import Window, composed_transfer, pick, random_window, unwarped_pixels
from twinbrush.stylize.dst_warp import learned_splines, pixel_centres
from twinbrush.stylize.features import load_extractor
from twinbrush.views.consistency import view_consistency
from twinbrush.views.correspondence import transfer_map
from twinbrush.views.rig import mean_camera
from twinbrush.views.values import ViewSet

CPU = Compute(torch.device("cpu"), False)
SMALL = PaperConfig(steps=(2, 2), content_samples=128, style_samples=200, similarity_samples=64, crop=64)


@pytest.fixture(scope="module")
def views() -> ViewSet:
    return stereo_views(bust())


@pytest.fixture(scope="module")
def aligned(views: ViewSet) -> AlignedStyle:
    """A hatched style with skin, hair and cloth, in the middle frame, and a broader face."""
    plain = aligned_to(views, widened(views.landmarks_xyz))
    camera = mean_camera(views.cameras)
    size = views.images.shape[1]
    y, x = np.mgrid[:size, :size]
    hatch = (0.5 + 0.4 * np.sign(np.sin((x + y) * 0.9))[..., None] * np.array([1.0, 0.6, 0.2])).astype(np.float32)
    regions = np.full((size, size), int(Region.SKIN), np.uint8)
    regions[: size // 4], regions[3 * size // 4 :] = int(Region.HAIR), int(Region.CLOTH)
    plane = best_plane(views.landmarks_xyz)
    homographies = np.stack([plane_homography(camera, view, *plane) for view in views.cameras])
    landmarks = project(camera, widened(views.landmarks_xyz))[0]
    images, valid = to_views(hatch, np.ones((size, size), bool), homographies)
    return replace(
        plain, canvas=hatch, canvas_regions=regions, canvas_landmarks_xy=landmarks, homographies=homographies,
        view_images=images, view_valid=valid,
        view_landmarks_xy=np.stack([apply_homography(h, landmarks) for h in homographies]),
    )  # fmt: skip


def test_sizes_halve_and_alpha_doubles() -> None:
    config = PaperConfig(steps=(3, 2, 1), alpha=8, alpha_unit=1)
    assert scale_sizes(512, config) == [(128, 3, 32.0), (256, 2, 16.0), (512, 1, 8.0)]
    assert scale_sizes(64, config) == [(32, 2, 16.0), (64, 1, 8.0)]


def test_solid_targets_are_projections_of_the_moved_landmarks(views: ViewSet, aligned: AlignedStyle) -> None:
    points = keypoints(views, aligned, SMALL, perspective=True)
    everywhere = np.concatenate([aligned.target_xy, views.landmarks_xy], axis=1)
    for k in range(2):
        away = np.linalg.norm(points.target_xy[k][:40, None] - everywhere[k], axis=-1).min(1)
        assert away.max() < 1e-6
    assert np.linalg.norm(points.target_xy - points.source_xy, axis=-1).mean() > 1


def test_style_targets_are_seen_from_the_view_and_obey_the_strength(views: ViewSet, aligned: AlignedStyle) -> None:
    config = replace(SMALL, keypoints="style")
    full = keypoints(views, aligned, config, perspective=True)
    for k in range(2):
        away = np.linalg.norm(full.target_xy[k][:40, None] - aligned.view_landmarks_xy[k], axis=-1).min(1)
        assert away.max() < 1e-6
    half = replace(aligned, moved_xyz=(views.landmarks_xyz + aligned.target_xyz) / 2)
    assert asked_strength(views, half) == pytest.approx(0.5)
    weak = keypoints(views, half, config, perspective=True)
    moved = [(p.target_xy - p.source_xy)[:, :40] for p in (weak, full)]
    np.testing.assert_allclose(moved[0], moved[1] / 2, atol=1e-9)


def test_without_perspective_all_views_have_one_set_of_targets(views: ViewSet, aligned: AlignedStyle) -> None:
    """Up to a similarity; with it they show parallax."""
    def best_fit_misses(perspective: bool) -> float:
        left, right = keypoints(views, aligned, SMALL, perspective=perspective).target_xy[:, :40]
        design = np.zeros((80, 4))
        design[0::2] = np.column_stack([left[:, 0], -left[:, 1], np.ones(40), np.zeros(40)])
        design[1::2] = np.column_stack([left[:, 1], left[:, 0], np.zeros(40), np.ones(40)])
        return float(np.abs(design @ np.linalg.lstsq(design, right.ravel(), rcond=None)[0] - right.ravel()).max())

    assert best_fit_misses(False) < 1e-6
    assert best_fit_misses(True) > 0.5


def test_pool_shows_the_same_places_from_each_view(views: ViewSet, aligned: AlignedStyle) -> None:
    """Eq. 9: colours of a smooth style agree between the views only when the places go through the homographies."""
    waves = 0.5 + 0.4 * np.sin(0.3 * np.arange(128, dtype=np.float32))
    smooth = np.ascontiguousarray(np.broadcast_to(waves[None, :, None], (128, 128, 3)))
    generator = torch.Generator().manual_seed(0)
    pools = [
        build_pool(replace(aligned, canvas=smooth), views, 128, load_extractor("filters"), CPU, perspective=p,
                   generator=generator)
        for p in (True, False)
    ]  # fmt: skip
    left, right = pools[0].colours
    inner = ((pools[0].position - pools[0].position.mean(0)).abs() < 0.5).all(1)  # away from the picture's border
    assert 0 < float((left - right)[inner].abs().max()) < 0.03
    assert torch.equal(*pools[1].colours)
    assert len(left) == len(pools[0].position) == len(pools[0].regions)


def test_style_is_chosen_in_the_asked_mix(views: ViewSet, aligned: AlignedStyle) -> None:
    generator = torch.Generator().manual_seed(0)
    pool = build_pool(aligned, views, 64, load_extractor("filters"), CPU, perspective=True, generator=generator)
    chosen = pool.choose(torch.tensor([0.0, 1.0, 0.0]), 50, generator)
    assert (pool.regions[chosen][:, 1] > 0.5).all()
    even = pool.regions[pool.choose(None, 2000, generator)].mean(0)
    torch.testing.assert_close(even, pool.regions.mean(0), rtol=0.3, atol=0.05)


def test_guide_is_the_squared_distance_plus_the_regions(views: ViewSet, aligned: AlignedStyle) -> None:
    generator = torch.Generator().manual_seed(0)
    content = build_content(views.images.astype(np.float32), views, aligned, 64, CPU.device)
    pool = build_pool(aligned, views, 64, load_extractor("filters"), CPU, perspective=True, generator=generator)
    config, pixels, chosen = StylizeConfig().objective, torch.arange(0, 4096, 37), torch.arange(50)
    found = pool.guide(content, 1, pixels, chosen, config).dense()
    regions = content.regions[1][pixels]
    weight = config.position_weight * (0.15 + 0.85 * regions[:, 0])
    weight = weight * (1 + config.feature_emphasis * content.emphasis[1][pixels])
    expected = torch.cdist(content.position[1][pixels], pool.position[chosen]).square() * weight[:, None]
    expected = expected + config.region_weight * (1 - regions @ pool.regions[chosen].T)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_windows_lie_inside_and_keep_their_pixels() -> None:
    covered = torch.zeros(2, 96, 96, dtype=torch.bool)
    covered[:, 40:64, 40:64] = True
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        window = random_window(covered, 64, generator)
        assert 0 <= window.top <= 32
        assert 0 <= window.left <= 32
        assert window.top % 16 == window.left % 16 == 0
        pixels = pick(window.cut(covered[0]) & window.inner(96, 96, covered.device), 50, generator)
        picture = torch.arange(96.0 * 96).reshape(96, 96)
        assert torch.equal(window.cut(picture).flatten()[pixels], picture.flatten()[window.origin(pixels, 96)])
        assert covered[0].flatten()[window.origin(pixels, 96)].all()
        y, x = pixels // window.width, pixels % window.width
        assert min(int(y.min()), int(x.min())) >= 8
        assert max(int(y.max()), int(x.max())) < 64 - 8  # next to the window's border the network pads
    whole = random_window(covered, 0, generator)
    assert whole == Window(0, 0, 96, 96)
    assert whole.inner(96, 96, covered.device).all()


def test_unwarped_pixels_of_no_warp_are_the_pixels() -> None:
    covered = torch.rand(20, 30, generator=torch.Generator().manual_seed(0)) > 0.5
    sees, shows = unwarped_pixels(pixel_centres(20, 30, torch.zeros(1)), covered)
    assert torch.equal(sees, covered)
    assert torch.equal(shows.flatten(), torch.arange(600))
    sees, shows = unwarped_pixels(pixel_centres(20, 30, torch.zeros(1)) + torch.tensor([1.0, 0.0]), covered)
    assert not sees[:, 10:].any()  # one height to the right is outside
    assert shows[3, 2] == 3 * 30 + 22


def test_vertices_go_where_the_pictures_go_and_equation_5_is_the_warped_meshes_map(
    views: ViewSet, aligned: AlignedStyle
) -> None:
    """The composed map f_l^-1 o T^c o f_r against the correspondence of the meshes drawn at f_k^-1(p_k(v))."""
    points = keypoints(views, aligned, SMALL, perspective=True)
    theta = points.target_xy - points.source_xy
    geometry = learned_geometry(views, points, theta)
    assert geometry.learned_share == pytest.approx(1, abs=1e-9)
    assert geometry.strength_factor == 1
    assert geometry.lost_vertices == 0
    for k in range(2):
        seen = views.vertex_visible[k]
        back = geometry.backward[k].apply(geometry.warped.vertex_pixels[k][seen])
        np.testing.assert_allclose(back, views.vertex_pixels[k][seen], atol=1e-3)
    content = build_content(views.images.astype(np.float32), views, aligned, 128, CPU.device)
    transfer = content.transfers[0]  # pixels of view 0, places in view 1
    splines = [learned_splines(points.source_xy[k], theta[k]) for k in range(2)]
    composed, known = composed_transfer(transfer, splines[transfer.from_view], splines[transfer.to_view][0])
    meshes, valid = transfer_map(geometry.warped, transfer.to_view, transfer.from_view)
    inner = cv2.erode((valid & known).astype(np.uint8), np.ones((5, 5))) > 0
    apart = np.linalg.norm(composed - meshes, axis=-1)[inner]
    assert inner.sum() > 2000
    assert np.median(apart) < 0.02
    assert np.percentile(apart, 99) < 0.25
    moved = np.linalg.norm(meshes - np.stack(np.meshgrid(np.arange(128), np.arange(128)), -1), axis=-1)[inner]
    assert moved.mean() > 1


def test_hidden_vertices_follow_the_direct_deformation(aligned: AlignedStyle) -> None:
    wide = stereo_views(bust(), half_degrees=20.0)
    goal = aligned_to(wide, widened(wide.landmarks_xyz))
    points = keypoints(wide, goal, SMALL, perspective=True)
    geometry = learned_geometry(wide, points, points.target_xy - points.source_xy)
    solid = points.control.deformation().apply(wide.mesh.vertices)
    for k, camera in enumerate(wide.cameras):
        hidden = ~wide.vertex_visible[k]
        assert hidden.any()
        place = project(camera, solid)[0][hidden]
        np.testing.assert_allclose(geometry.warped.vertex_pixels[k][hidden], place, atol=1e-6)


def test_views_that_disagree_are_backed_off_and_told(views: ViewSet, aligned: AlignedStyle) -> None:
    """One view's keypoints moved down, the other's up: no solid looks like that."""
    points = keypoints(views, aligned, SMALL, perspective=True)
    theta = np.zeros_like(points.source_xy)
    theta[0, :, 1], theta[1, :, 1] = 2.0, -2.0
    geometry = learned_geometry(views, points, theta)
    assert geometry.strength_factor < 1
    assert "disagree" in geometry.warnings[0]
    assert geometry.skew_px <= 3.0 * 128 / 512


WRONG = {"steps": ()}, {"rate": 0.0}, {"gamma": float("nan")}, {"content_samples": 3}, {"crop": 10}


@pytest.mark.parametrize("change", WRONG)
def test_impossible_settings_are_refused(views: ViewSet, aligned: AlignedStyle, change: dict) -> None:
    with pytest.raises(BadOption):
        stylize(views, aligned, StylizeConfig(method="paper", paper=replace(SMALL, **change)), seed=0)


@pytest.mark.parametrize("guidance", [True, False])
def test_paper_runs_repeats_and_says_what_it_saw_with(views: ViewSet, aligned: AlignedStyle, guidance: bool) -> None:
    config = StylizeConfig(method="paper", paper=SMALL, guidance=guidance, device="cpu")
    steps: list[int] = []
    first = stylize(views, aligned, config, seed=3, progress=lambda s: steps.append(s.done))
    again = stylize(views, aligned, config, seed=3)
    assert first.images.tobytes() == again.images.tobytes()
    assert first.images.shape == views.images.shape
    assert 0 <= first.images.min() <= first.images.max() <= 1
    assert steps == [1, 2, 3, 4]
    assert (first.method, first.extractor) == ("paper", "student")
    assert len(first.weights_sha256 or "") == 64
    assert any("built-in extractor" in w and "not the paper's VGG16" in w for w in first.warnings)
    assert first.log["learned_share"] > 0.01
    assert np.isfinite(list(first.log.values())).all()


def test_weaker_style_is_nearer_to_the_photo(views: ViewSet, aligned: AlignedStyle) -> None:
    config = StylizeConfig(method="paper", paper=replace(SMALL, rate=0.05), style_strength=0.25)
    weak, full = (stylize(views, aligned, replace(config, style_strength=s), seed=0) for s in (0.25, 1.0))
    photo = weak.warped.images
    np.testing.assert_allclose(weak.images - photo, 0.25 * (full.images - photo), atol=1e-5)
    assert np.abs(full.images - photo).max() > 0.01


def test_disparity_and_style_losses_fall(views: ViewSet, aligned: AlignedStyle) -> None:
    """A few more steps: the picture comes nearer to the style; with the disparity loss the views agree better."""
    paper = replace(SMALL, steps=(20,), crop=0, rate=0.003)
    totals: list[float] = []
    results = {
        form: stylize(
            views, aligned, StylizeConfig(method="paper", paper=paper, ablation=form), seed=0,
            progress=lambda step: totals.append(float(step.note.rsplit(" ", 1)[1])),
        )
        for form in ("both", "perspective")
    }  # fmt: skip
    assert sum(totals[18:20]) < 0.9 * sum(totals[:2])  # two turns look at all pictures
    assert results["both"].log["learned_share"] > 0.3
    agree = {form: view_consistency(r.images, r.warped)["mean_absolute"] for form, r in results.items()}
    assert agree["both"] < 0.7 * agree["perspective"]
    assert "loss_disparity" not in results["perspective"].log
