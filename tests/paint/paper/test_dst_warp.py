"""The learned warp: the spline of maths/thin_plate.py, differentiable; its inverse; warped views' correspondence."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from twinbrush.maths.thin_plate import ThinPlateSpline, backward_warp, pixel_grid
from twinbrush.paint.losses.disparity import disparity_loss
from twinbrush.paint.losses.total_variation import total_variation
from twinbrush.paint.paper.dst_terms import composed_transfer, disparity_term, transferred
from twinbrush.paint.paper.dst_warp import (
    SMOOTHING,
    Field,
    displacement,
    inverse,
    learned_field,
    learned_splines,
    pixel_centres,
    sample,
    to_pixels,
    to_units,
)
from twinbrush.paint.problem import Transfer

SIZE = 64
SEEDS = st.integers(0, 2**32 - 1)


def _points(seed: int = 0, count: int = 25, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints on a jittered grid (pixels of a 64 px picture), and displacements that fold nothing."""
    rng = np.random.default_rng(seed)
    side = round(count**0.5)
    grid = np.stack(np.meshgrid(*[np.linspace(8, 55, side)] * 2), -1).reshape(-1, 2)
    return grid + rng.uniform(-1.5, 1.5, grid.shape), rng.normal(0, spread, grid.shape)


def _units(seed: int = 0, spread: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
    source, theta = _points(seed, spread=spread)
    return torch.from_numpy(to_units(source, SIZE)), torch.from_numpy(theta / SIZE)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_displacement_is_the_spline_of_warp_py(seed: int) -> None:
    source, theta = _points(seed)
    places = np.random.default_rng(seed).uniform(0, 63, (40, 2))
    expected = backward_warp(source, source + theta, SMOOTHING).apply(places)
    units = torch.from_numpy(to_units(source, SIZE)), torch.from_numpy(theta / SIZE)
    found = displacement(*units, torch.from_numpy(to_units(places, SIZE))).numpy() * SIZE + places
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_gradient_of_the_warp_in_theta() -> None:
    """float64, a linear test function, central differences in a random direction."""
    source, theta = _units(1)
    rng = np.random.default_rng(2)
    places = torch.from_numpy(rng.uniform(0.05, 0.95, (30, 2)))
    probe, direction = (torch.from_numpy(rng.normal(size=shape)) for shape in ((30, 2), tuple(theta.shape)))

    def function(x: torch.Tensor) -> torch.Tensor:
        return (displacement(source, x, places) * probe).sum()

    x = theta.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(function(x), x)
    numeric = (function(theta + 1e-6 * direction) - function(theta - 1e-6 * direction)) / 2e-6
    assert float((gradient * direction).sum()) == pytest.approx(float(numeric), rel=1e-6)


def test_gradient_of_the_warped_picture() -> None:
    """Through the spline and the sampling, in the picture and in theta. Bilinear samples have kinks where a place
    crosses a pixel centre: the picture is a plane, whose samples have none."""
    source, theta = _units(3, spread=0.5)
    rng = np.random.default_rng(4)
    places = torch.from_numpy(rng.uniform(0.2, 0.8, (20, 2)))
    slope = torch.from_numpy(rng.normal(size=(3, 2)))
    ys, xs = torch.meshgrid(*[torch.arange(SIZE, dtype=torch.float64)] * 2, indexing="ij")
    plane = torch.einsum("ck,khw->chw", slope, torch.stack([xs, ys]))
    probe, direction = torch.from_numpy(rng.normal(size=(3, 20))), torch.from_numpy(rng.normal(size=tuple(theta.shape)))

    def function(x: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
        return (sample(image, places + displacement(source, x, places)) * probe).sum()

    x, image = theta.clone().requires_grad_(), plane.clone().requires_grad_()
    in_theta, in_image = torch.autograd.grad(function(x, image), (x, image))
    numeric = (function(theta + 1e-6 * direction, plane) - function(theta - 1e-6 * direction, plane)) / 2e-6
    assert float((in_theta * direction).sum()) == pytest.approx(float(numeric), rel=1e-6)
    change = torch.from_numpy(rng.normal(size=tuple(plane.shape)))
    numeric = (function(theta, plane + change) - function(theta, plane - change)) / 2
    assert float((in_image * change).sum()) == pytest.approx(float(numeric), rel=1e-9)


def test_no_theta_no_warp() -> None:
    source, theta = _units()
    field = learned_field(source, theta * 0, 1.0, SIZE)
    image = torch.rand(3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(sample(image, field.places(SIZE, SIZE)), image, rtol=0, atol=1e-5)
    assert float(total_variation(field.variation_field(512))) == 0


def test_lattice_is_close_to_the_spline_everywhere() -> None:
    """What the steps see (interpolated) against what the result is made with (exact), in pixels of a 512 picture."""
    source, theta = _units(5, spread=0.4)
    field = learned_field(source, theta, 1.0, 512)
    exact, _ = learned_splines(to_pixels(source.numpy(), 512), theta.numpy() * 512)
    found = to_pixels(field.places(512, 512).numpy(), 512).reshape(-1, 2)
    apart = np.linalg.norm(found - exact.apply(pixel_grid(512, 512)), axis=1)
    assert apart.max() < 0.1
    assert apart.mean() < 0.03


def test_variation_does_not_depend_on_the_lattice() -> None:
    source, theta = _units(6)
    fields = [learned_field(source, theta, 1.0, 512, nodes).variation_field(512) for nodes in (65, 129)]
    values = [float(total_variation(field)) for field in fields]
    assert values[0] == pytest.approx(values[1], rel=0.05)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_inverse_of_the_backward_warp(seed: int) -> None:
    """Far better than the 1e-3 px that triangulation needs, wherever nothing folds."""
    source, theta = _points(seed, spread=0.8)
    backward, forward = learned_splines(source, theta)
    targets = np.random.default_rng(seed + 1).uniform(0, 63, (200, 2))
    start = forward.apply(targets)
    found = inverse(backward, targets, start)
    flat = np.linalg.det(backward.jacobian(found.points_xy)) > 0.2
    assert flat.mean() > 0.8
    assert found.missed_px[flat].max() < 1e-3
    np.testing.assert_allclose(backward.apply(found.points_xy[flat]), targets[flat], atol=1e-3)
    assert np.linalg.norm(backward.apply(start) - targets, axis=1).max() > 1e-2  # the forward spline alone is not it


def test_inverse_says_where_there_is_none() -> None:
    """A map that never reaches x < 30 (it folds there): the miss is told."""
    grid = pixel_grid(64, 64, step=6)
    folded = np.column_stack([30 + np.abs(grid[:, 0] - 30), grid[:, 1]])
    found = inverse(ThinPlateSpline.fit(grid, folded), np.array([[20.0, 30.0], [45.0, 30.0]]), np.full((2, 2), 35.0))
    assert found.missed_px[0] > 1
    assert found.missed_px[1] < 1e-3


def _pair(seed: int) -> tuple[torch.Tensor, list[Field], Transfer]:
    """Two unwarped pictures of one plane (the right one shows it 3 px further left), and a warp of its own for each."""
    ys, xs = torch.meshgrid(*[torch.arange(float(SIZE))] * 2, indexing="ij")

    def picture(shift: float) -> torch.Tensor:
        x = xs + shift
        waves = torch.sin(0.21 * x), torch.cos(0.17 * ys + 0.1 * x), torch.sin(0.13 * (x + ys))
        return torch.stack(waves) * 0.4 + 0.5

    valid = xs + 3 <= SIZE - 1
    transfer = Transfer(0, 1, torch.stack([xs + 3, ys], -1), valid)
    fields = [learned_field(*_units(seed + k, spread=0.7), 1.0, SIZE) for k in range(2)]
    return torch.stack([picture(0), picture(3)]), fields, transfer


def test_exact_correspondence_has_no_disparity_whatever_the_warps_and_the_wrong_sign_has() -> None:
    images, fields, transfer = _pair(7)
    right = float(disparity_term(images, fields, transfer))
    assert right < 0.01
    wrong = Transfer(0, 1, transfer.transfer_xy - torch.tensor([6.0, 0.0]), transfer.valid)
    assert float(disparity_term(images, fields, wrong)) > 20 * right


def test_disparity_term_is_equation_7_through_the_inverse() -> None:
    """The fast form (both maps cancel) against the paper's words: warped pictures and T^o = f_l^-1 o T^c o f_r."""
    images, fields, transfer = _pair(8)
    images = images + 0.05 * torch.sin(torch.arange(SIZE) * 0.3) * torch.tensor([1.0, -1.0]).view(2, 1, 1, 1)
    thetas = [_units(8 + k, spread=0.7) for k in range(2)]
    splines = [learned_splines(to_pixels(s.numpy(), SIZE), t.numpy() * SIZE) for s, t in thetas]
    places, valid = composed_transfer(transfer, splines[0], splines[1][0])
    warped = [sample(image, field.places(SIZE, SIZE)) for image, field in zip(images, fields, strict=True)]
    slow = disparity_loss(warped[0], warped[1], torch.from_numpy(places).float(), torch.from_numpy(valid))
    fast = disparity_term(images, fields, transfer)
    assert float(slow) == pytest.approx(float(fast), rel=0.03)


def test_disparity_moves_pictures_and_leaves_theta() -> None:
    images, _, transfer = _pair(9)
    thetas = [_units(9 + k) for k in range(2)]
    free = [theta.clone().requires_grad_() for _, theta in thetas]
    fields = [learned_field(s, t, 1.0, SIZE) for (s, _), t in zip(thetas, free, strict=True)]
    images = (images + 0.1 * torch.rand(images.shape, generator=torch.Generator().manual_seed(1))).requires_grad_()
    loss = disparity_term(images, fields, transfer)
    gradients = torch.autograd.grad(loss, [images, *free], allow_unused=True)
    assert float(gradients[0][0].abs().sum()) > 0
    assert float(gradients[0][1].abs().sum()) > 0
    assert gradients[1] is None
    assert gradients[2] is None


def test_disparity_gradient_in_the_pictures() -> None:
    images, fields, transfer = _pair(10)
    rng = np.random.default_rng(0)
    images = images.double() + torch.from_numpy(rng.normal(0, 0.1, images.shape))
    direction = torch.from_numpy(rng.normal(size=images.shape))
    x = images.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(disparity_term(x, fields, transfer), x)
    up, down = (disparity_term(images + s * 1e-6 * direction, fields, transfer) for s in (1, -1))
    assert float((gradient * direction).sum()) == pytest.approx(float(up - down) / 2e-6, rel=1e-4)


def test_transfer_is_known_only_where_all_neighbours_are() -> None:
    _, _, transfer = _pair(11)
    x = torch.tensor([[30.25, 20.5], [59.9, 20.5], [60.3, 20.5], [63.0, 20.5]])
    places, seen = transferred(transfer, (x + 0.5) / SIZE)
    assert seen.tolist() == [True, True, False, False]
    torch.testing.assert_close(places[0] * SIZE - 0.5, x[0] + torch.tensor([3.0, 0.0]), rtol=0, atol=1e-4)


def test_places_are_a_bicubic_interpolation_and_a_window_of_them_is_their_part() -> None:
    lattice = torch.rand(65, 65, 2, generator=torch.Generator().manual_seed(0)) * 0.1
    field = Field(lattice, 0.75)
    dense = torch.nn.functional.interpolate(
        lattice.permute(2, 0, 1)[None], (128, 96), mode="bicubic", align_corners=True
    )[0].permute(1, 2, 0)
    places = field.places(128, 96)
    torch.testing.assert_close(places, dense + pixel_centres(128, 96, dense), rtol=0, atol=1e-6)
    part = field.places(128, 96, slice(16, 80), slice(32, 96))
    torch.testing.assert_close(part, places[16:80, 32:96], rtol=0, atol=1e-6)
