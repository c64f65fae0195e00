"""Hypercolumns in one pass: values and gradients of the compiled form against torch's operations and grid_sample."""

from __future__ import annotations

import pytest
import torch

from twinbrush.paint.features.gather import EPS, gathered, summed_rows
from twinbrush.paint.features.hypercolumns import corners_at, corners_of, gathered_reference, hypercolumns_at

HEIGHT, WIDTH = 12, 16
PIXELS = torch.tensor([0, 15, 37, 37, 191, 192 + 5, 192 + 191])  # one twice; the last two lie in the second picture


def _maps(dtype: torch.dtype, layout: torch.memory_format = torch.channels_last) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = ((2, 5, 12, 16), (2, 7, 6, 8), (2, 9, 3, 4))
    maps = [torch.randn(*s, generator=generator).to(dtype).to(memory_format=layout) for s in shapes]
    maps[1][:, :, 0, 0] = EPS / 50  # too short to be lengthened to one
    return [m.requires_grad_() for m in maps]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_compiled_form_is_the_readable_one(dtype: torch.dtype, layout: torch.memory_format) -> None:
    maps = _maps(dtype, layout)
    corners, weights = zip(*(corners_of(m, PIXELS, HEIGHT, WIDTH) for m in maps), strict=True)
    found, expected = gathered(maps, corners, weights), gathered_reference(maps, corners, weights)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    direction = torch.randn(found.shape, generator=torch.Generator().manual_seed(1))
    gradients = [torch.autograd.grad((f * direction).sum(), maps) for f in (found, expected)]
    for mine, theirs in zip(*gradients, strict=True):
        assert mine.dtype == dtype
        close = 1e-4 if dtype == torch.float32 else 0.02 * float(theirs.abs().max())
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=close)


def test_its_gradient_is_that_of_differences() -> None:
    """In float64 through the readable form, which the compiled one equals."""
    maps = [m.detach().double().requires_grad_() for m in _maps(torch.float32)]
    with torch.no_grad():
        maps[1][:, :, 0, 0] += 1  # a difference would leave the short rows' branch
    corners, weights = zip(*(corners_of(m, PIXELS, HEIGHT, WIDTH) for m in maps), strict=True)
    assert torch.autograd.gradcheck(lambda *m: gathered_reference(m, corners, weights), maps)


@pytest.mark.parametrize("level", [1, 2])
def test_corners_are_those_of_grid_sample(level: int) -> None:
    maps = _maps(torch.float32)[level]
    y, x = (PIXELS % 192) // WIDTH, PIXELS % WIDTH
    grid = torch.stack([(2 * x + 1) / WIDTH - 1, (2 * y + 1) / HEIGHT - 1], -1)[:, None, None]
    sampled = torch.nn.functional.grid_sample(
        maps[PIXELS // 192], grid, mode="bilinear", padding_mode="border", align_corners=False
    )[:, :, 0, 0]
    corners, weights = corners_of(maps, PIXELS, HEIGHT, WIDTH)
    rows = maps.permute(0, 2, 3, 1).reshape(-1, maps.shape[1])
    torch.testing.assert_close((rows[corners] * weights[..., None]).sum(0), sampled)


def test_places_between_pixels_are_grid_samples_too() -> None:
    maps = [m[:1].detach() for m in _maps(torch.float32)]
    places = torch.rand(20, 2, generator=torch.Generator().manual_seed(2)) * torch.tensor([WIDTH / HEIGHT, 1.0])
    grid = (2 * places / torch.tensor([WIDTH / HEIGHT, 1.0]) - 1)[None, None]
    levels = [
        torch.nn.functional.grid_sample(m, grid, mode="bilinear", padding_mode="border", align_corners=False)[0, :, 0].T
        for m in maps
    ]
    expected = torch.cat([torch.nn.functional.normalize(v, dim=1, eps=EPS) for v in levels], 1) / 3**0.5
    torch.testing.assert_close(hypercolumns_at(maps, places), expected, rtol=1e-4, atol=1e-5)
    assert corners_at(maps[0], places)[0].shape == (4, 20)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_rows_are_added_up(dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(50, 6, generator=generator).to(dtype)
    into = torch.randint(4, (50,), generator=generator)
    exact = torch.zeros(5, 6, dtype=torch.float64).index_add_(0, into, rows.double())
    torch.testing.assert_close(summed_rows(rows, into, 5).double(), exact, rtol=1e-5, atol=1e-5)
