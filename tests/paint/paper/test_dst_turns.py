"""Two turns of a step are the whole step: each looks at half of the pictures, with double weight."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from twinbrush.align.values import AlignedStyle
from twinbrush.config import PaperConfig, StylizeConfig
from twinbrush.paint.device import Compute
from twinbrush.paint.features import load_extractor
from twinbrush.paint.paper import dst
from twinbrush.paint.paper.dst_keypoints import keypoints
from twinbrush.paint.paper.dst_objective import Task, _shown, evaluate
from twinbrush.paint.paper.dst_scale import StylePool, build_content, build_pool
from twinbrush.paint.paper.dst_warp import learned_field, pixel_centres, to_units
from twinbrush.paint.pyramid import laplacian_pyramid
from twinbrush.views.values import ViewSet

CPU = Compute(torch.device("cpu"), False)
SIZE = 64
ALL = PaperConfig(content_samples=SIZE**2, style_samples=300, similarity_samples=SIZE**2, moment_channels=0, crop=0)


@pytest.fixture
def task(views: ViewSet, aligned: AlignedStyle, monkeypatch: pytest.MonkeyPatch) -> Task:
    """Every pixel is compared, with the same places of the style: nothing is left to chance."""
    config = StylizeConfig(method="paper", paper=ALL)
    points = keypoints(views, aligned, ALL, perspective=True)
    source, target = (torch.from_numpy(to_units(p, 128)) for p in (points.source_xy, points.target_xy))
    content = build_content(np.ascontiguousarray(views.images, np.float32), views, aligned, SIZE, CPU.device)
    net = load_extractor("student")
    pool = build_pool(aligned, views, SIZE, net, CPU, perspective=True, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(StylePool, "choose", lambda *_: torch.arange(0, len(pool.position), 7))
    with torch.no_grad():
        maps = net(content.images)
    return Task(content, maps, pool, source, target, net, 1.0, False, config)


def _at(task: Task, turn: int | None, seed: int = 0) -> tuple[dict[str, float], list[torch.Tensor]]:
    generator = torch.Generator().manual_seed(5)
    images = (task.content.images + 0.1 * torch.rand(task.content.images.shape, generator=generator)).requires_grad_()
    theta = (0.3 * (task.target - task.source)).requires_grad_()
    terms = evaluate(images, theta, task, torch.Generator().manual_seed(seed), turn)
    gradients = torch.autograd.grad(torch.stack(list(terms.values())).sum(), [images, theta])
    return {name: float(value.detach()) for name, value in terms.items()}, list(gradients)


def test_the_mean_of_two_turns_is_the_whole_loss_term_by_term_and_its_gradient(task: Task) -> None:
    whole, gradients = _at(task, None)
    (even, even_gradients), (odd, odd_gradients) = _at(task, 0), _at(task, 1)
    assert min(terms[name] for terms in (even, odd) for name in ("content", "style", "style_warped")) > 0
    assert set(whole) == {"content", "style", "style_warped", "warp", "variation", "disparity"}
    for name, value in whole.items():
        assert (even[name] + odd[name]) / 2 == pytest.approx(value, rel=1e-4), name
    for one, other, all_ in zip(even_gradients, odd_gradients, gradients, strict=True):
        mean, size = (one + other) / 2, float(all_.norm())
        assert float((mean - all_).norm()) < 0.01 * size
        assert float((one - all_).norm()) > 0.05 * size  # a turn alone is not the whole


def test_turns_repeat_and_each_has_every_view(task: Task) -> None:
    first, again = _at(task, 0), _at(task, 2)
    assert first[0] == pytest.approx(again[0])
    for _, (images, theta) in (_at(task, 0), _at(task, 1)):
        assert (images.flatten(1).abs().sum(1) > 0).all()
        assert (theta.flatten(1).abs().sum(1) > 0).all()


def test_some_channels_have_the_whole_loss_as_their_mean(task: Task) -> None:
    """Over draws, within four standard errors: covariances of 20 of 136 features."""
    whole, _ = _at(task, None)
    few = replace(task, config=replace(task.config, paper=replace(ALL, moment_channels=20)))
    draws = np.array([_at(few, None, seed)[0]["style"] for seed in range(12)])
    assert draws.std() > 0
    assert abs(draws.mean() - whole["style"]) < 4 * draws.std(ddof=1) / len(draws) ** 0.5


def test_no_single_keypoint_is_thrown_off(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """One slope a thousand times the others: that keypoint moves as far as three times the mean would, no more."""
    slopes = torch.ones_like(task.source)
    slopes[0, 3, 1], expected = 1000.0, 3 * (slopes.numel() + 999) / slopes.numel()

    def steep(images: torch.Tensor, theta: torch.Tensor, *_: object) -> dict[str, torch.Tensor]:
        return {"steep": images.sum() * 0 + (theta * slopes).sum().float()}

    monkeypatch.setattr(dst, "evaluate", steep)
    parts, theta = laplacian_pyramid(task.content.images, 2), torch.zeros_like(task.source)
    _, found = dst._descend(parts, theta, task, 5, torch.Generator(), lambda *_: None)
    assert float(found[0, 3, 1] / found[0, 3, 0]) == pytest.approx(expected, rel=1e-5)
    assert float(found[0, 3, 0]) == pytest.approx(float(found[1, 0, 0]))
    assert float(found[0, 3, 0]) < 0


@pytest.mark.parametrize("turn", [None, 0, 1])
def test_pictures_in_a_window_show_the_pixels_that_they_say(task: Task, turn: int | None) -> None:
    """Pictures whose colours are places: what a pixel shows is the place of its origin, to half a pixel."""
    places = pixel_centres(SIZE, SIZE, torch.zeros(1)).permute(2, 0, 1)
    images = torch.cat([places, places[:1]]).expand(2, 3, SIZE, SIZE)
    fields = [learned_field(task.source[k], 0.5 * (task.target - task.source)[k], 1.0, SIZE) for k in range(2)]
    small = replace(task, config=replace(task.config, paper=replace(ALL, crop=32)))
    moved = 0
    for seed in range(4):
        window, pictures = _shown(images, fields, small, torch.Generator().manual_seed(seed), turn)
        one, other = {(0, False), (1, True)}, {(1, False), (0, True)}
        expected = {None: one | other, 0: one, 1: other}
        assert {(p.view, p.warped) for p in pictures} == expected[turn]
        for shown in pictures:
            assert shown.picture.shape == (3, 32, 32)
            origin = places.flatten(1)[:, shown.origin].T
            apart = (shown.colours[:, :2] - origin).abs().max()
            assert float(apart) <= (0.51 if shown.warped else 0) / SIZE
            assert task.content.covered[shown.view].flatten()[shown.origin].all()
            unmoved = places.flatten(1)[:, window.origin(shown.pixels, SIZE)].T
            assert float((origin - unmoved).abs().max()) < (0.12 if shown.warped else 1e-6)  # the window's own place
            moved += int((shown.origin != window.origin(shown.pixels, SIZE)).sum())
    assert moved > 50


def test_a_picture_without_surface_in_the_window_is_left_out(task: Task) -> None:
    covered = task.content.covered.clone()
    covered[1] = False
    half_seen = replace(task, content=replace(task.content, covered=covered))
    whole, _ = _at(half_seen, None)
    assert np.isfinite(list(whole.values())).all()
    assert _at(half_seen, 0)[0]["style_warped"] == 0  # the turn of the second view's warped picture
    assert _at(half_seen, 0)[0]["style"] > 0
