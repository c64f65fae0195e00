"""A stereo pair of the synthetic bust and a hatched style for it: what the painters' tests paint."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from synthetic import aligned_to, bust, stereo_views
from twinbrush.align.values import AlignedStyle
from twinbrush.base.mesh import Region
from twinbrush.views.values import ViewSet


@pytest.fixture(scope="module")
def views() -> ViewSet:
    return stereo_views(bust())


@pytest.fixture(scope="module")
def aligned(views: ViewSet) -> AlignedStyle:
    """A hatched style: skin in its middle, hair above, cloth below."""
    plain = aligned_to(views, bust().landmarks_xyz)
    height, width = plain.canvas.shape[:2]
    y, x = np.mgrid[:height, :width]
    hatch = 0.5 + 0.4 * np.sign(np.sin((x + y) * 0.9))[..., None] * np.array([1.0, 0.6, 0.2])
    regions = np.full((height, width), int(Region.SKIN), np.uint8)
    regions[: height // 4], regions[3 * height // 4 :] = int(Region.HAIR), int(Region.CLOTH)
    return replace(
        plain, canvas=hatch.astype(np.float32), canvas_valid=np.ones((height, width), bool), canvas_regions=regions,
        canvas_confidence=np.ones((height, width), np.float32),
    )  # fmt: skip
