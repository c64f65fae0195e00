"""The ring's guide gets the style's contrast, and patches add no more to skin than the style's own skin shows."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from twinbrush.base.image import to_lab
from twinbrush.base.mesh import Region
from twinbrush.paint.guided.atlas import style_sheet
from twinbrush.paint.guided.consensus import Known
from twinbrush.paint.guided.scene import Scene
from twinbrush.paint.texture_strength import calmed, strength_of, strengthened

SIZE, UNIT = 128, 100.0
LEFT = np.s_[:, : SIZE // 2]  # hair; skin is right of it


def grain(sigma: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(SIZE, SIZE)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2.0)
    return (0.5 + sigma * soft / soft.std())[..., None].repeat(3, -1).astype(np.float32)


def labels() -> np.ndarray:
    regions = np.full((SIZE, SIZE), int(Region.SKIN), np.uint8)
    regions[LEFT] = int(Region.HAIR)
    return regions


def scene(guide: np.ndarray, style: np.ndarray) -> Scene:
    whole = np.ones((1, SIZE, SIZE), bool)
    sheet = style_sheet(style, whole[0], labels(), np.zeros((0, 2)), UNIT)
    known = Known(np.ones((1, SIZE, SIZE), np.float32), guide[None])
    return Scene(
        photo=guide[None], matched=guide[None], coverage=whole, regions=labels()[None],
        landmarks_xy=np.zeros((1, 0, 2)), consensus=known, sheet=sheet,
        places_xy=np.zeros((1, SIZE, SIZE, 2), np.float32),
        place_weight=np.ones((1, SIZE, SIZE), np.float32), unit_px=UNIT)


def spread(image: np.ndarray, region: Region) -> float:
    inner = cv2.erode((labels() == int(region)).astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    return float(to_lab(image)[..., 0][inner].std())


def test_a_dull_guides_hair_gets_the_styles_contrast_and_its_skin_stays() -> None:
    dull = scene(grain(0.03, 1), grain(0.06, 2))
    strong = strengthened(dull, strength_of([dull], dull.sheet)).matched[0]
    assert spread(strong, Region.HAIR) > 1.4 * spread(dull.matched[0], Region.HAIR)
    assert abs(spread(strong, Region.SKIN) / spread(dull.matched[0], Region.SKIN) - 1) < 0.1


def test_blotches_on_the_skin_of_a_smooth_style_are_calmed_and_hair_is_left() -> None:
    smooth = scene(np.full((SIZE, SIZE, 3), 0.5, np.float32), grain(0.005, 2))
    painted = grain(0.08, 3)
    calm = calmed(painted, smooth, strength_of([smooth], smooth.sheet))
    assert spread(calm, Region.SKIN) < 0.2 * spread(painted, Region.SKIN)
    assert spread(calm, Region.HAIR) > 0.9 * spread(painted, Region.HAIR)


def test_a_single_streak_is_calmed_where_it_is() -> None:
    smooth = scene(np.full((SIZE, SIZE, 3), 0.5, np.float32), grain(0.005, 2))
    streak = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    streak[50:78, 100:103] = 0.58
    calm = calmed(streak, smooth, strength_of([smooth], smooth.sheet))
    assert np.abs(calm - 0.5)[50:78, 100:103].mean() < 0.6 * 0.08  # in the whole view it is next to nothing


def test_a_rough_styles_skin_keeps_its_brushwork() -> None:
    rough = scene(np.full((SIZE, SIZE, 3), 0.5, np.float32), grain(0.08, 2))
    painted = grain(0.08, 3)
    calm = calmed(painted, rough, strength_of([rough], rough.sheet))
    fine, own = (picture - cv2.GaussianBlur(picture, (0, 0), 4) + 0.5 for picture in (calm, painted))
    assert spread(fine, Region.SKIN) > 0.8 * spread(own, Region.SKIN)


def test_broad_clouds_on_the_skin_give_way_to_the_guide() -> None:
    rough = scene(np.full((SIZE, SIZE, 3), 0.5, np.float32), grain(0.08, 2))
    cloudy = np.clip(np.linspace(0.35, 0.65, SIZE, dtype=np.float32), 0, 1)[:, None, None].repeat(SIZE, 1).repeat(3, 2)
    calm = calmed(np.ascontiguousarray(cloudy), rough, strength_of([rough], rough.sheet))
    assert spread(calm, Region.SKIN) < 0.3 * spread(cloudy, Region.SKIN)
    assert spread(calm, Region.HAIR) > 0.9 * spread(cloudy, Region.HAIR)


def test_a_style_without_skin_leaves_the_paint() -> None:
    painted = grain(0.08, 3)
    bare = scene(painted, painted)
    hair = replace(bare.sheet, regions=np.full((SIZE, SIZE), int(Region.HAIR), np.uint8))
    assert np.array_equal(calmed(painted, bare, strength_of([bare], hair)), painted)


def test_hatching_counts_in_full_and_one_edge_does_not() -> None:
    flat = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    hatched, edged = flat.copy(), flat.copy()
    hatched[::12] = 0.1
    edged[:, 96:] = 0.1
    for style, painted, least, most in ((hatched, hatched, 0.9, 1.1), (edged, grain(0.08, 3), 0.0, 0.6)):
        plain = scene(flat, style)
        kept = spread(calmed(painted, plain, strength_of([plain], plain.sheet)), Region.SKIN)
        assert least <= kept / spread(painted, Region.SKIN) <= most
