"""Missing cloth is found below the chin."""

from __future__ import annotations

import numpy as np

from twinbrush.base.mesh import Region
from twinbrush.paint.cloth import with_cloth


def test_cloth_is_found_below_the_chin_when_there_is_none() -> None:
    regions = np.full((100, 100), int(Region.SKIN), np.uint8)
    trusted = np.ones((100, 100), bool)
    trusted[70:] = False  # is it a throat, is it a shirt?
    regions[70:, 60:] = int(Region.BACKGROUND)
    valid = np.ones((100, 100), bool)
    valid[95:] = False
    chin = np.array([50.0, 65.0])
    labels, trust = with_cloth(regions, trusted, valid, chin, 40.0)
    assert labels[80, 50] == int(Region.CLOTH)
    assert trust[80, 50]
    assert labels[80, 70] == int(Region.BACKGROUND)  # a wall is no shirt
    assert not trust[80, 70]
    assert not trust[97, 50]
    regions[75:] = int(Region.CLOTH)
    same, _ = with_cloth(regions, np.ones((100, 100), bool), valid, chin, 40.0)
    np.testing.assert_array_equal(same, regions)
