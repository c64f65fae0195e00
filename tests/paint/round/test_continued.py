"""A view's picture runs on from what is painted beside it: the same at the border, its own far away."""

from __future__ import annotations

import numpy as np

from twinbrush.base.mesh import Region
from twinbrush.paint.guided.atlas import style_sheet
from twinbrush.paint.guided.consensus import Known
from twinbrush.paint.guided.scene import Scene
from twinbrush.paint.round.one_by_one import FOLLOWED, continued

WIDE, HIGH, UNIT, BORDER = 400, 80, 100.0, 60


def scene(beside: np.ndarray) -> tuple[Scene, np.ndarray]:
    """A view of which the columns up to BORDER are painted as `beside`; about them both count."""
    column = np.arange(WIDE)[None].repeat(HIGH, 0)
    own = np.clip((column - BORDER + 5) / 10, 0, 1).astype(np.float32)
    all_ = np.ones((HIGH, WIDE), bool)
    skin = np.full((HIGH, WIDE), int(Region.SKIN), np.uint8)
    sheet = style_sheet(beside, all_, skin, np.zeros((0, 2)), UNIT)
    return Scene(
        photo=beside[None], matched=beside[None], coverage=all_[None], regions=skin[None],
        landmarks_xy=np.zeros((1, 0, 2)), consensus=Known(own[None], beside[None]), sheet=sheet, unit_px=UNIT,
    ), 1 - own


def test_the_border_is_met_and_broad_light_fades_slowly() -> None:
    dark, light = np.full((HIGH, WIDE, 3), 0.3, np.float32), np.full((HIGH, WIDE, 3), 0.7, np.float32)
    found = continued(light, *scene(dark))[HIGH // 2, :, 0]
    assert abs(found[BORDER] - 0.3) < 0.06
    assert found[BORDER + int(0.3 * UNIT)] < 0.55  # no lit stripe beside the shadow
    assert found[-1] > 0.62
    assert (np.diff(found[BORDER:]) > -1e-3).all()
    assert FOLLOWED[0][0] > FOLLOWED[1][0]


def test_a_view_with_nothing_beside_it_stays() -> None:
    light = np.full((HIGH, WIDE, 3), 0.7, np.float32)
    view, before = scene(light * 0.5)
    np.testing.assert_array_equal(continued(light, view, np.zeros_like(before)), light)
