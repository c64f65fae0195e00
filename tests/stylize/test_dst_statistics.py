"""The style's statistics, mixed from its regions, are those of the places that would have been drawn."""

from __future__ import annotations

import pytest
import torch

from twinbrush.stylize.dst_statistics import LEAST, style_statistics
from twinbrush.stylize.losses.moments import moments


@pytest.fixture
def pool() -> tuple[torch.Tensor, torch.Tensor]:
    """Features of 400 places: region 0 and 1 with a distribution each, region 2 too small."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(400, 6, generator=generator)
    features[:150] = features[:150] * 2 + 1
    regions = torch.zeros(400, 3)
    regions[:150, 0], regions[150:390, 1], regions[390:, 2] = 1, 1, 1
    return features, regions


def test_everything_and_single_regions(pool: tuple[torch.Tensor, torch.Tensor]) -> None:
    features, regions = pool
    statistics = style_statistics(features, regions, half=False)
    assert int((regions[:, 2] > 0.5).sum()) < LEAST
    cases = (
        (None, features), (torch.tensor([1.0, 0, 0]), features[:150]), (torch.tensor([0.3, 0, 0.7]), features[:150]),
        (torch.tensor([0, 0, 1.0]), features),
    )  # fmt: skip
    for share, rows in cases:
        found, expected = statistics.mixed(share), moments(rows)
        torch.testing.assert_close(found.mean, expected.mean, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(found.spread, expected.spread, rtol=1e-4, atol=1e-4)


def test_a_mixture_is_that_of_repeated_rows(pool: tuple[torch.Tensor, torch.Tensor]) -> None:
    features, regions = pool
    found = style_statistics(features, regions, half=False).mixed(torch.tensor([0.5, 0.5, 0.0]))
    rows = torch.cat([features[:150].repeat(8, 1), features[150:390].repeat(5, 1)])  # 1200 of each
    torch.testing.assert_close(found.mean, moments(rows).mean, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.spread, moments(rows).spread, rtol=1e-4, atol=1e-4)


def test_in_bfloat16_they_are_close(pool: tuple[torch.Tensor, torch.Tensor]) -> None:
    whole, half = (style_statistics(*pool, half=h).mixed(None).spread for h in (False, True))
    assert float((whole - half).abs().max()) < 0.02 * float(whole.abs().max())
    assert not torch.equal(whole, half)
