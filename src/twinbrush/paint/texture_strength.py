"""How strong brushwork is in the ring: each region's guide gets the contrast of the style's own, and what patches add
to skin stays below what the style's own open skin shows.

A view from the side has little of the style to choose from: patches of its few calm pixels of skin make scabs, and hair
that is led by a dull guide comes out dull everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Float32

from twinbrush.image import to_lab
from twinbrush.mesh import Region
from twinbrush.stylize.bands import blend, contrast_gains, match_contrast, split
from twinbrush.stylize.colour import PAINTED, soft_regions
from twinbrush.stylize.guided.atlas import StyleSheet
from twinbrush.stylize.guided.scene import Scene

NORMAL = 1.4826  # standard deviation of a normal distribution over its median absolute value
LEAST_SPREAD = 0.05  # L*a*b*: below, nothing is seen
LEAST_PIXELS = 300  # of a region: fewer say nothing
EDGE_UNITS = 0.02  # width over which a region's share fades at its border


@dataclass(frozen=True)
class Strength:
    """gains: of the guide's lightness by region (of PAINTED) and band; skin: the style's robust spread of its open
    skin by band and channel, L*a*b*, None: shows none."""

    gains: Float[np.ndarray, "r b"]
    skin: Float[np.ndarray, "b 3"] | None


def strength_of(scenes: list[Scene], sheet: StyleSheet) -> Strength:
    """Returns how strong the style's brushwork is against the scenes' guides."""
    unit = sheet.unit
    shape = tuple(max(scene.coverage.shape[axis] for scene in scenes) for axis in (1, 2))
    light = np.concatenate([_padded(to_lab(scene.matched[0])[..., :1], shape) for scene in scenes])[..., 0]
    regions = np.concatenate([_padded(scene.regions[0][..., None], shape) for scene in scenes])[..., 0]
    owned = np.concatenate([
        _padded((scene.coverage[0] & (scene.consensus.own[0] > 0.5))[..., None], shape) for scene in scenes])[..., 0]
    lab = to_lab(sheet.colours)
    gains = contrast_gains(light, regions, owned, unit, lab[..., 0], sheet.regions, sheet.usable, unit)
    skin = sheet.usable & (sheet.regions == int(Region.SKIN))
    gains[PAINTED.index(Region.SKIN)] = 1.0
    if skin.sum() < LEAST_PIXELS:
        return Strength(gains, None)
    return Strength(gains, np.array([_robust(band[skin]) for band in split(lab, unit)[:-1]]))


def _padded(image: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    height, width = image.shape[:2]
    return np.pad(image, ((0, shape[0] - height), (0, shape[1] - width), (0, 0)), mode="edge")[None]


def _robust(colours: Float32[np.ndarray, "n c"]) -> Float[np.ndarray, "c"]:
    return NORMAL * np.median(np.abs(colours), axis=0)


def strengthened(scene: Scene, strength: Strength) -> Scene:
    """Returns the scene with its guide's contrast brought to the style's."""
    assert scene.unit_px is not None
    guide = match_contrast(scene.matched[0], scene.regions[0], scene.coverage[0], strength.gains, scene.unit_px)
    return replace(scene, matched=guide[None])


def calmed(image: Float32[np.ndarray, "h w 3"], scene: Scene, strength: Strength) -> Float32[np.ndarray, "h w 3"]:
    """Returns the painted view with what it adds to the guide on skin no stronger than the style's own."""
    assert scene.unit_px is not None
    here = scene.coverage[0] & (scene.regions[0] == int(Region.SKIN)) & (scene.consensus.own[0] > 0.5)
    if strength.skin is None or here.sum() < LEAST_PIXELS:
        return image
    added = [a - b for a, b in zip(
        split(to_lab(image), scene.unit_px), split(to_lab(scene.matched[0]), scene.unit_px), strict=True)]
    skin = soft_regions(scene.regions[0], scene.coverage[0], EDGE_UNITS * scene.unit_px)[PAINTED.index(Region.SKIN)]
    shares: list[Float32[np.ndarray, "h w"] | float] = []
    for band, most in zip(added[:-1], strength.skin, strict=True):
        now = float(np.sqrt(np.mean(band[here] ** 2, axis=0)).sum())
        kept = min(1.0, float(most.sum()) / max(now, LEAST_SPREAD))
        shares.append(((1 - kept) * skin).astype(np.float32))
    return blend(image, scene.matched[0], scene.unit_px, (*shares, 0.0))

