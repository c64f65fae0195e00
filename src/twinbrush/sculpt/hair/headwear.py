"""Hats, scarves, flowers: masses of their own over the hair."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy import ndimage

from twinbrush.sculpt.hair.buns import seen_buns
from twinbrush.sculpt.hair.outline import Outline
from twinbrush.sculpt.hair.rest import Rest
from twinbrush.sculpt.hair.scalp import Scalp, scalp_of
from twinbrush.sculpt.hair.simplify import simplified
from twinbrush.sculpt.hair.volume import Mass, mass_of
from twinbrush.sculpt.hair.voxels import Voxels, zero_surface
from twinbrush.sculpt.implicit import taubin
from twinbrush.sculpt.values import Solid, Surroundings, Template

LEAST_AREA_CM2 = 12.0  # less is none: an earring, a clip
HAT_SHARE = 0.4  # of the seen scalp that a hat covers; less is an ornament, which the back of the head has none of
BORDER_MM = 6.0  # vertices so near to the seen border say where it goes on behind
CALM_CELLS = 0.8
MOST_TRIANGLES = 16_000
UNSEEN_MM = -30.0
OVER_HAIR_MM = 2.0  # the hat lies so far over the hair beside it


def sculpt_headwear(
    template: Template, vertices: Float[np.ndarray, "n 3"], seen: Surroundings, outline: Outline, hair: Scalp | None,
    rest: Rest,
) -> Solid | None:
    """Returns what is worn on the head, or None. outline: of the headwear. hair: the scalp under the hair, which it
    lies over. rest: what a scarf's ends lie on."""
    if outline.area_cm2(seen.pixels_per_mm) < LEAST_AREA_CM2:
        return None
    scalp = scalp_of(template, vertices, seen, outline, unseen=_border(template, vertices, seen, outline))
    if hair is not None:
        over = np.where(scalp.hairline > 0, hair.thickness + OVER_HAIR_MM, 0)
        scalp = scalp.thickened(np.maximum(scalp.thickness, over))
    mass = mass_of(template, vertices, scalp, seen, outline, rest, seen_buns(outline, vertices, seen))
    points, triangles = zero_surface(_calmed(mass))
    points, triangles = simplified(taubin(points, triangles, 6), triangles, MOST_TRIANGLES)
    return Solid("Headwear", points, triangles)


def _border(
    template: Template, vertices: Float[np.ndarray, "n 3"], seen: Surroundings, outline: Outline
) -> Float[np.ndarray, "v"]:
    """Signed mm to the border where it is not seen: a hat's goes on in the plane of what is seen of it."""
    first = scalp_of(template, vertices, seen, outline)
    told = (first.facing > 0.25) & (first.template_hairline > 0)
    nowhere = np.full(len(first.vertices), UNSEEN_MM)
    if not told.any() or (first.hairline[told] > 0).mean() < HAT_SHARE:
        return nowhere
    border = (first.facing > 0.1) & (np.abs(first.hairline) < BORDER_MM)
    if border.sum() < 20:
        return np.where(first.template_hairline > 0, first.template_hairline, nowhere)
    y, z = first.vertices[border, 1], first.vertices[border, 2]
    slope, level = np.linalg.lstsq(np.stack([z, np.ones(len(z))], 1), y, rcond=None)[0]
    slope = float(np.clip(slope, -0.1, 0.6))
    level = float(np.median(y - slope * z))
    return (first.vertices[:, 1] - slope * first.vertices[:, 2] - level) / np.hypot(1, slope)


def _calmed(mass: Mass) -> Voxels:
    """The mass' grid smoothed: cloth and felt have no corners of a grid."""
    return Voxels(mass.grid.origin, mass.grid.step, ndimage.gaussian_filter(mass.grid.values, CALM_CELLS))
