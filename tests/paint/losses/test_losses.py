"""Every loss: value against a readable form, its law, and its gradient in float64 against differences."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from twinbrush.paint.losses.colour import colour_loss, to_yuv
from twinbrush.paint.losses.content import content_loss, content_loss_reference, self_similarity
from twinbrush.paint.losses.disparity import disparity_loss, sample_image
from twinbrush.paint.losses.matching import Guide, nearest_both_ways
from twinbrush.paint.losses.moments import moment_loss, moments, sampled_moment_loss
from twinbrush.paint.losses.relaxed_emd import relaxed_emd, relaxed_emd_of_units, unit
from twinbrush.paint.losses.total_variation import total_variation
from twinbrush.paint.losses.warp import warp_loss


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def _check_gradient(function, x: torch.Tensor) -> None:
    """Directional derivative against a central difference, in float64."""
    x = x.double().requires_grad_()
    (gradient,) = torch.autograd.grad(function(x), x)
    direction = _random(*x.shape, seed=99)
    step = 1e-6
    with torch.no_grad():
        numeric = (function(x + step * direction) - function(x - step * direction)) / (2 * step)
    assert float((gradient * direction).sum()) == pytest.approx(float(numeric), rel=1e-5, abs=1e-9)
    assert float(gradient.abs().sum()) > 0


def test_content_loss_equals_its_readable_form() -> None:
    x, c = _random(12, 5), _random(12, 5, seed=1)
    assert float(content_loss(x, self_similarity(c))) == pytest.approx(float(content_loss_reference(x, c)), rel=1e-9)


def test_content_loss_is_zero_on_the_content_and_ignores_brightness_of_features() -> None:
    c = _random(20, 6)
    assert float(content_loss(3 * c, self_similarity(c))) < 1e-12


def test_self_similarity_in_bfloat16_is_close_and_has_the_same_gradient() -> None:
    """Rows that nearly agree, as features do: plain products in bfloat16 would be wrong by a third."""
    x = (1 + 0.2 * _random(60, 200)).float().requires_grad_()
    content = (1 + 0.2 * _random(60, 200, seed=1)).float()
    losses = [content_loss(x, self_similarity(content, half=half), half=half) for half in (False, True)]
    assert float(losses[1].detach()) == pytest.approx(float(losses[0].detach()), rel=0.01)
    gradients = [torch.autograd.grad(loss, x)[0].flatten() for loss in losses]
    assert float(torch.nn.functional.cosine_similarity(*gradients, dim=0)) > 0.99
    assert float(gradients[1].norm()) == pytest.approx(float(gradients[0].norm()), rel=0.02)


def test_content_loss_of_a_constant_picture_is_finite() -> None:
    flat = torch.ones(9, 4, dtype=torch.float64)
    assert torch.isfinite(content_loss(flat, self_similarity(_random(9, 4))))


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 30), st.integers(0, 1000))
def test_relaxed_emd_of_equal_sets_is_zero_and_symmetric(count: int, seed: int) -> None:
    a, b = _random(count, 4, seed=seed), _random(count + 3, 4, seed=seed + 1)
    shuffled = a[torch.from_numpy(np.random.default_rng(seed).permutation(count))]
    assert float(relaxed_emd(a, shuffled)) == pytest.approx(0, abs=1e-12)
    assert float(relaxed_emd(a, b)) == pytest.approx(float(relaxed_emd(b, a)), rel=1e-12)


def test_relaxed_emd_takes_the_larger_side() -> None:
    a = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    b = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    assert float(relaxed_emd(a, b)) == pytest.approx(0.5)  # a finds its twin; b's second row finds nothing


def test_fast_relaxed_emd_equals_the_plain_one_with_a_guide() -> None:
    x, y = _random(30, 6).requires_grad_(), _random(40, 6, seed=1)
    guide = Guide(_random(30, 3, seed=2).abs() * 0.3, _random(40, 3, seed=3).abs())
    slow = relaxed_emd(x, y, guide.dense())
    fast = relaxed_emd_of_units(unit(x), unit(y), guide)
    assert fast.item() == pytest.approx(slow.item(), rel=1e-6)
    (slow_gradient,) = torch.autograd.grad(slow, x, retain_graph=True)
    (fast_gradient,) = torch.autograd.grad(fast, x)
    torch.testing.assert_close(fast_gradient, slow_gradient, rtol=1e-6, atol=1e-12)


def test_guide_chooses_the_match() -> None:
    same = torch.ones(1, 2) / 2**0.5
    guide = Guide(torch.tensor([[1.0]]), torch.tensor([[0.9], [0.1]]))
    rows, columns = nearest_both_ways(same, same.repeat(2, 1), guide)
    assert rows.tolist() == [1]
    assert columns.tolist() == [0, 0]


def test_nearest_both_ways_equals_argmin() -> None:
    a, b = _random(50, 7).float(), _random(33, 7, seed=1).float()
    rows, columns = nearest_both_ways(a, b, None)
    assert torch.equal(rows, (-(a @ b.T)).argmin(1))
    assert torch.equal(columns, (-(a @ b.T)).argmin(0))


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 40), st.integers(0, 1000), st.sampled_from(["covariance", "deviation"]))
def test_moments_of_a_permutation_are_equal(count: int, seed: int, spread: str) -> None:
    x = _random(count, 3, seed=seed)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(count))
    assert float(moment_loss(x[order], moments(x, spread))) == pytest.approx(0, abs=1e-9)
    assert float(moment_loss(x + 1, moments(x, spread))) == pytest.approx(1, rel=1e-6)


def test_moments_are_those_of_numpy() -> None:
    x = _random(40, 3)
    both = moments(x), moments(x, "deviation")
    torch.testing.assert_close(both[0].mean, x.mean(0))
    torch.testing.assert_close(both[0].spread, torch.from_numpy(np.cov(x.numpy().T, bias=True)))
    torch.testing.assert_close(both[1].spread, torch.from_numpy(x.numpy().std(0)), rtol=1e-6, atol=1e-6)


def test_covariance_in_bfloat16_is_close() -> None:
    """Value within 1%; the gradient's direction within a cosine of 0.998."""
    x, y = _random(300, 40).float().requires_grad_(), _random(400, 40, seed=1).float() * 1.3 + 0.2
    values, gradients = [], []
    for half in (False, True):
        loss = moment_loss(x, moments(y, half=half), half=half)
        values.append(loss.item())
        gradients.append(torch.autograd.grad(loss, x)[0].flatten())
    assert values[1] == pytest.approx(values[0], rel=0.01)
    assert values[1] != values[0]
    assert float(torch.nn.functional.cosine_similarity(*gradients, dim=0)) > 0.998


@pytest.mark.parametrize("rows", [torch.float32, torch.bfloat16])
def test_relaxed_emd_in_bfloat16_is_close_and_has_the_same_gradient(rows: torch.dtype) -> None:
    """The matches are chosen in bfloat16, of style rows that may be stored in it."""
    x, style = unit(1 + _random(50, 40)).float().requires_grad_(), unit(1 + _random(70, 40, seed=1)).float()
    whole = relaxed_emd_of_units(x, style)
    half = relaxed_emd_of_units(x, style.to(rows), half=True)
    assert float(half.detach()) == pytest.approx(float(whole.detach()), rel=0.01)
    gradients = [torch.autograd.grad(value, x)[0].flatten() for value in (whole, half)]
    assert float(torch.nn.functional.cosine_similarity(*gradients, dim=0)) > 0.98


def test_covariances_of_random_channels_are_on_average_all_of_them() -> None:
    """Of all draws of 3 of 5 channels the mean is exactly the full loss, its gradient the full gradient."""
    x, style = _random(30, 5).requires_grad_(), _random(40, 5, seed=1) @ _random(5, 5, seed=2)
    gaps = [torch.cov(x.T, correction=0) - torch.cov(style.T, correction=0), x.mean(0) - style.mean(0)]
    full = gaps[0].abs().mean() + gaps[1].abs().mean()
    torch.testing.assert_close(sampled_moment_loss(x, style, None), full)
    torch.testing.assert_close(sampled_moment_loss(x, style, torch.tensor([4, 2, 0, 1, 3])), full)
    for count in (1, 2, 3):
        draws = [
            sampled_moment_loss(x, style, torch.tensor(chosen)) for chosen in itertools.combinations(range(5), count)
        ]
        if count > 1:  # one channel has no partner
            torch.testing.assert_close(torch.stack(draws).mean(), full)
            gradients = [torch.autograd.grad(v, x, retain_graph=True)[0] for v in (torch.stack(draws).mean(), full)]
            torch.testing.assert_close(*gradients)
        assert float(torch.stack(draws).detach().std()) > 0.01


def test_covariance_sees_what_deviations_do_not() -> None:
    x = _random(500, 2)
    correlated = torch.stack([x[:, 0], x[:, 0]], 1)
    independent = torch.stack([x[:, 0], x[torch.randperm(500, generator=torch.Generator().manual_seed(0)), 0]], 1)
    assert float(moment_loss(independent, moments(correlated, "deviation"))) == pytest.approx(0, abs=1e-9)
    assert float(moment_loss(independent, moments(correlated, "covariance"))) > 0.3


def test_colour_loss_is_a_relaxed_emd_in_yuv() -> None:
    a, b = torch.rand(20, 3, dtype=torch.float64), torch.rand(30, 3, dtype=torch.float64)
    cost = torch.cdist(to_yuv(a), to_yuv(b))
    expected = max(float(cost.amin(1).mean()), float(cost.amin(0).mean()))
    assert float(colour_loss(a, b)) == pytest.approx(expected, rel=1e-4)
    assert float(colour_loss(a, a.flip(0))) < 1e-5


def test_warp_loss_is_zero_on_arrival_and_has_the_sign_of_theta() -> None:
    source, target = _random(7, 2), _random(7, 2, seed=1)
    assert float(warp_loss(source, target - source, target)) < 1e-5
    assert float(warp_loss(source, source - target, target)) > 0.1


def test_total_variation_of_a_shift_is_zero_and_of_a_ramp_is_its_slope() -> None:
    assert float(total_variation(torch.full((5, 6, 2), 3.0))) == 0
    ramp = torch.zeros(8, 10, 2)
    ramp[..., 0] = 0.5 * torch.arange(10)
    assert float(total_variation(ramp)) == pytest.approx(0.5 * 9 / 10)
    ramp[..., 1] = 0.25 * torch.arange(8)[:, None]
    assert float(total_variation(ramp)) == pytest.approx(0.5 * 9 / 10 + 0.25 * 7 / 8)


def _shifted_pair(shift: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Right view = left view moved left by `shift`; the place of a right pixel in the left view; valid mask."""
    left = _random(3, 12, 20)
    right = torch.roll(left, -shift, 2)
    y, x = torch.meshgrid(torch.arange(12.0), torch.arange(20.0), indexing="ij")
    valid = (x + shift < 20).bool()
    return left, right, torch.stack([x + shift, y], -1).double(), valid


def test_disparity_loss_of_the_exact_correspondence_is_zero_and_the_wrong_sign_is_caught() -> None:
    left, right, place, valid = _shifted_pair(3)
    assert float(disparity_loss(left, right, place, valid)) == pytest.approx(0, abs=1e-12)
    wrong = place.clone()
    wrong[..., 0] -= 6
    assert float(disparity_loss(left, right, wrong, valid)) > 0.5


def test_disparity_loss_without_a_common_pixel_is_zero() -> None:
    left, right, place, valid = _shifted_pair(3)
    assert float(disparity_loss(left, right, place, valid & False)) == 0


def test_sampling_is_linear_between_pixel_centres() -> None:
    image = torch.arange(6.0, dtype=torch.float64).reshape(1, 1, 6).repeat(1, 4, 1)
    points = torch.tensor([[1.25, 2.0], [4.0, 0.0]], dtype=torch.float64)
    assert sample_image(image, points)[:, 0].tolist() == pytest.approx([1.25, 4.0])


GUIDE = Guide(_random(9, 2, seed=5).abs(), _random(11, 2, seed=6).abs())
PLACE = _random(6, 5, 2, seed=7).abs() * 2
GRADIENTS = {
    "content": (lambda x: content_loss(x, self_similarity(_random(9, 4, seed=1))), (9, 4)),
    "relaxed_emd": (lambda x: relaxed_emd(x, _random(11, 4, seed=2), GUIDE.dense()), (9, 4)),
    "relaxed_emd_of_units": (lambda x: relaxed_emd_of_units(unit(x), unit(_random(11, 4, seed=2)), GUIDE), (9, 4)),
    "covariance": (lambda x: moment_loss(x, moments(_random(11, 4, seed=2))), (9, 4)),
    "covariance_of_some": (
        lambda x: sampled_moment_loss(x, _random(11, 4, seed=2), torch.tensor([2, 0, 3])), (9, 4)
    ),
    "deviation": (lambda x: moment_loss(x, moments(_random(11, 4, seed=2), "deviation")), (9, 4)),
    "colour": (lambda x: colour_loss(x, _random(11, 3, seed=2)), (9, 3)),
    "warp": (lambda x: warp_loss(_random(9, 2, seed=1), x, _random(9, 2, seed=2)), (9, 2)),
    "total_variation": (total_variation, (5, 6, 2)),
    "disparity_from": (
        lambda x: disparity_loss(x, _random(3, 6, 5, seed=3), PLACE, torch.ones(6, 5, dtype=torch.bool)), (3, 6, 5)
    ),
    "disparity_to": (
        lambda x: disparity_loss(_random(3, 6, 5, seed=3), x, PLACE, torch.ones(6, 5, dtype=torch.bool)), (3, 6, 5)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradient(name: str) -> None:
    function, shape = GRADIENTS[name]
    _check_gradient(function, _random(*shape, seed=11))
