"""The joint objective: pyramid, guide, views held together, same seed same bytes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from twinbrush.align.values import AlignedStyle
from twinbrush.base.mesh import Region
from twinbrush.config import ObjectiveConfig, StylizeConfig
from twinbrush.paint.adam import Adam
from twinbrush.paint.box import Box, box_around, cropped
from twinbrush.paint.engine import stylize
from twinbrush.paint.features import load_extractor
from twinbrush.paint.features.hypercolumns import hypercolumns
from twinbrush.paint.objective import Objective, optimise_views, refine_views
from twinbrush.paint.problem import build_problem, region_counts
from twinbrush.paint.pyramid import collapse, laplacian_pyramid
from twinbrush.paint.samples import StyleSampler, guide_cost
from twinbrush.views.values import ViewSet

SMALL = ObjectiveConfig(sizes=(32, 64), steps=(6, 6), content_samples=200, style_samples=300, similarity_samples=64)


@pytest.mark.parametrize("shape", [(64, 64), (33, 50), (9, 8)])
def test_pyramid_collapses_to_the_picture(shape: tuple[int, int]) -> None:
    images = torch.rand(2, 3, *shape, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(collapse(laplacian_pyramid(images, 4)), images, rtol=0, atol=1e-6)


def test_hypercolumns_are_unit_and_read_the_right_pixel() -> None:
    fine = torch.arange(64.0).reshape(1, 1, 8, 8) + torch.tensor([1.0, 100.0]).view(1, 2, 1, 1)
    coarse = torch.nn.functional.avg_pool2d(fine, 2)
    pixels = torch.tensor([0, 19, 63])
    columns = hypercolumns([fine, coarse], pixels, 8, 8)
    torch.testing.assert_close(columns.norm(dim=1), torch.ones(3))
    expected = torch.nn.functional.normalize(fine[0].flatten(1)[:, pixels].T, dim=1) / 2**0.5
    torch.testing.assert_close(columns[:, :2], expected)
    ramp = torch.stack([torch.arange(8.0).expand(8, 8) + 1, torch.full((8, 8), 10.0)])[None]
    both = hypercolumns([ramp, torch.nn.functional.avg_pool2d(ramp, 2)], torch.tensor([19]), 8, 8)  # row 2, column 3
    assert float(both[0, 0] / both[0, 1]) == pytest.approx(0.4)
    assert float(both[0, 2] / both[0, 3]) == pytest.approx(0.4)  # the coarse level, at the same place


def test_adam_is_torchs() -> None:
    ours, theirs = (torch.linspace(-1, 1, 12).reshape(3, 4).requires_grad_() for _ in range(2))
    mine, reference = Adam([ours]), torch.optim.Adam([theirs], lr=0.01, betas=(0.9, 0.98))
    for step in range(7):
        rate = 0.01 / (step + 1)
        reference.param_groups[0]["lr"] = rate
        (gradient,) = torch.autograd.grad((ours - 0.3).pow(4).sum(), ours)
        mine.step([gradient], rate)
        theirs.grad = torch.autograd.grad((theirs - 0.3).pow(4).sum(), theirs)[0]
        reference.step()
    torch.testing.assert_close(ours, theirs)


def test_cropping_changes_no_place_and_hardly_the_loss(views: ViewSet, aligned: AlignedStyle) -> None:
    whole = build_problem(views.images, views, aligned, 128)
    y, x = np.mgrid[:128, :128]
    middle = torch.from_numpy((abs(y - 70) < 30) & (abs(x - 60) < 25))  # the bust fills the frame: only its middle
    whole = replace(
        whole, covered=[c[middle.flatten()[c]] for c in whole.covered],
        transfers=[replace(t, valid=t.valid & middle) for t in whole.transfers],
    )  # fmt: skip
    box = box_around(whole)
    assert box == Box(32, 112, 16, 96)
    part = cropped(whole, box)
    assert torch.equal(box.pasted(whole.content, part.content), whole.content)
    for view in range(2):
        (pixels, inside) = whole.covered[view], part.covered[view]
        assert len(pixels) == len(inside)
        for name in ("position", "emphasis", "regions"):
            assert torch.equal(getattr(whole, name)[view][pixels], getattr(part, name)[view][inside])
        assert torch.equal(whole.content[view].flatten(1)[:, pixels], part.content[view].flatten(1)[:, inside])
    for before, after in zip(whole.transfers, part.transfers, strict=True):
        moved = before.transfer_xy[before.valid] - torch.tensor([box.left, box.top])
        torch.testing.assert_close(after.transfer_xy[after.valid], moved)
    losses = []
    for problem in (whole, part):
        generator = torch.Generator().manual_seed(0)
        objective = Objective(problem, load_extractor("student"), SMALL, generator, half=False)
        losses.append(objective((problem.content + 0.2).clamp(0, 1)).item())
    assert losses[0] == pytest.approx(losses[1], rel=0.01)


def test_views_beside_each_other_have_the_gradient_of_the_whole(views: ViewSet, aligned: AlignedStyle) -> None:
    problem = build_problem(views.images, views, aligned, 64)
    assert len(problem.covered) == 2
    assert problem.transfers

    def made() -> Objective:
        return Objective(problem, load_extractor("student"), SMALL, torch.Generator().manual_seed(0), half=False)

    images = (problem.content + 0.1).clamp(0, 1).requires_grad_()
    loss = made()(images)
    value, gradient = made().with_gradient(images)
    assert value == pytest.approx(loss.item(), rel=1e-5)
    expected = torch.autograd.grad(loss, images)[0]
    torch.testing.assert_close(gradient, expected, rtol=1e-3, atol=1e-6 * float(expected.abs().max()))


def test_guide_is_the_squared_distance_plus_the_regions(views: ViewSet, aligned: AlignedStyle) -> None:
    problem = build_problem(views.images, views, aligned, 64)
    style = StyleSampler(problem, load_extractor("filters"), SMALL).draw(0, torch.Generator().manual_seed(0))
    pixels = problem.covered[0][::50]
    found = guide_cost(problem, 0, pixels, style, SMALL).dense()
    place, regions = problem.position[0][pixels], problem.regions[0][pixels]
    weight = SMALL.position_weight * (0.15 + 0.85 * (regions[:, 0] + regions[:, 3]))  # skin and eyes
    weight = weight * (1 + SMALL.feature_emphasis * problem.emphasis[0][pixels])
    expected = torch.cdist(place, style.position).square() * weight[:, None]
    expected = expected + SMALL.region_weight * (1 - regions @ style.regions.T)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_style_is_mixed_as_the_content_is(views: ViewSet, aligned: AlignedStyle) -> None:
    problem = build_problem(views.images, views, aligned, 64)
    counts = region_counts(problem, 0, 1000)
    share = problem.regions[0][problem.covered[0]].mean(0)
    assert counts == pytest.approx((1000 * share).tolist(), abs=1)
    only_skin = replace(aligned, canvas_regions=np.full_like(aligned.canvas_regions, int(Region.SKIN)))
    counts = region_counts(build_problem(views.images, views, only_skin, 64), 0, 1000)
    assert counts[1:3] == [0, 0]
    assert sum(counts) == pytest.approx(1000, abs=1)


def test_eyes_are_a_region_of_their_own(views: ViewSet, aligned: AlignedStyle) -> None:
    """An iris is as far from skin as hair is, and skin from every iris."""
    problem = build_problem(views.images, views, aligned, 128)
    eyes, skin = problem.regions[0][:, 3] > 0.9, problem.regions[0][:, 0] > 0.9
    there = problem.style_regions[:, 3] > 0.9
    assert eyes.sum() > 4
    assert there.sum() > 4
    assert (problem.regions[0][eyes] @ problem.style_regions[there].T).min() > 0.8
    assert (problem.regions[0][skin] @ problem.style_regions[there].T).max() < 0.25  # the rim is soft


def test_transfers_point_at_the_same_colours(views: ViewSet, aligned: AlignedStyle) -> None:
    """The rendered views show one surface: their disparity loss must be small at every size, and not when moved."""
    from twinbrush.paint.losses.disparity import disparity_loss

    for size in (64, 128):
        problem = build_problem(views.images, views, aligned, size)
        for transfer in problem.transfers:
            images = problem.content[transfer.from_view], problem.content[transfer.to_view]
            moved = transfer.transfer_xy + torch.tensor([6.0 * size / 128, 0.0])
            right = disparity_loss(*images, transfer.transfer_xy, transfer.valid)
            assert float(right) < 0.02
            assert float(disparity_loss(*images, moved, transfer.valid)) > 3 * float(right)


def test_objective_moves_toward_the_style_and_repeats(views: ViewSet, aligned: AlignedStyle) -> None:
    notes: list[str] = []
    extractor = load_extractor("filters")
    before = views.images.astype(np.float32)
    first = optimise_views(before, views, aligned, extractor, SMALL, seed=3, progress=lambda s: notes.append(s.note))
    assert notes.pop(0) == "cpu, float32"
    again = optimise_views(before, views, aligned, extractor, SMALL, seed=3)
    assert first.shape == (2, 64, 64, 3)
    assert first.tobytes() == again.tobytes()
    losses = [float(note.rsplit(" ", 1)[1]) for note in notes]
    assert len(losses) == 12
    assert losses[5] < losses[0]


def test_refinement_leaves_what_is_outside_and_keeps_chroma(views: ViewSet, aligned: AlignedStyle) -> None:
    images = views.images.astype(np.float32)
    config = replace(SMALL, refine_steps=3)
    refined = refine_views(images, images, views, aligned, load_extractor("filters"), config)
    changed = np.abs(refined - images).max(-1)
    assert changed[views.coverage].mean() > 1e-3
    far = np.stack([_far_from(c) for c in views.coverage])
    assert changed[far].max() < 1e-6


def _far_from(covered: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.dilate(covered.astype(np.uint8), np.ones((13, 13), np.uint8)) == 0


def test_hybrid_paints_all_views(views: ViewSet, aligned: AlignedStyle) -> None:
    result = stylize(views, aligned, StylizeConfig(method="hybrid", objective=replace(SMALL, refine_steps=2)), seed=0)
    assert result.method == "hybrid"
    assert result.images.shape == views.images.shape
    assert np.isfinite(result.images).all()
    assert 0 <= result.images.min() <= result.images.max() <= 1
