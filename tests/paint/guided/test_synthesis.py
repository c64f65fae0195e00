"""The pyramid: levels at which next to nothing of the style is left are passed over."""

from __future__ import annotations

import numpy as np

from twinbrush.paint.guided.atlas import style_sheet
from twinbrush.paint.guided.consensus import Known
from twinbrush.paint.guided.scene import Scene
from twinbrush.paint.guided.synthesis import synthesize

SIZE, SEEN = 128, 7


def test_a_small_piece_of_a_style_paints_without_a_lead() -> None:
    rng = np.random.default_rng(0)
    style = rng.uniform(0.3, 0.6, (SIZE, SIZE, 3)).astype(np.float32)
    usable = np.zeros((SIZE, SIZE), bool)
    usable[40 : 40 + SEEN, 50 : 50 + SEEN] = True
    whole = np.ones((1, SIZE, SIZE), bool)
    guide = rng.uniform(0.4, 0.5, (1, SIZE, SIZE, 3)).astype(np.float32)
    scene = Scene(
        photo=guide, matched=guide, coverage=whole, regions=np.ones((1, SIZE, SIZE), np.uint8),
        landmarks_xy=np.zeros((1, 0, 2)), consensus=Known(np.ones((1, SIZE, SIZE), np.float32), guide),
        sheet=style_sheet(style, usable, usable.astype(np.uint8), np.zeros((0, 2)), 100.0),
        places_xy=np.zeros((1, SIZE, SIZE, 2), np.float32),
        place_weight=np.full((1, SIZE, SIZE), 0.1, np.float32), unit_px=100.0)
    found = synthesize(scene, identity=0.5, seed=1).images
    assert found.shape == guide.shape
    assert np.isfinite(found).all()
    assert 0.25 < found.min() <= found.max() < 0.65
