from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from twinbrush.app import demo
from twinbrush.config import FaceConfig, PortraitConfig
from twinbrush.regions.engine import find_regions
from twinbrush.regions.inputs import read_input
from twinbrush.relief.tell import medium_of


@pytest.mark.parametrize("medium", ["oil", "woodcut", "ink", "mosaic", "pastel"])
def test_the_bundled_styles_are_told_apart(medium: str) -> None:
    art = read_input(demo.bundled_styles()[medium], FaceConfig(), PortraitConfig(), art=True)
    regions = find_regions(art.picture.pixels, art.face, mask=art.mask, given=art.labels, others=art.others)
    told, seen = medium_of(art.picture.pixels, art.face, regions)
    assert told == medium
    assert 0.4 <= seen["strength"] <= 1
    if medium == "oil":  # blurred until no brushwork is left, it is a faint oil, whatever the colours
        smooth, faint = medium_of(np.full_like(art.picture.pixels, 0.6), art.face, regions)
        assert (smooth, faint["strength"]) == ("oil", 0.4)
        nobody = replace(regions, labels=np.zeros_like(regions.labels))
        assert medium_of(art.picture.pixels, art.face, nobody)[0] == "oil"
