"""How strong brushwork is in the ring: each region's guide gets the contrast of the style's own, and what patches add
to skin stays below what the style's own open skin shows.

A view from the side has little of the style to choose from: patches of its few calm pixels of skin make scabs, and hair
that is led by a dull guide comes out dull everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32

from twinbrush.base.image import to_lab, to_rgb
from twinbrush.base.mesh import Region
from twinbrush.paint.bands import contrast_gains, match_contrast, split
from twinbrush.paint.colour import PAINTED, soft_regions
from twinbrush.paint.guided.atlas import StyleSheet
from twinbrush.paint.guided.scene import Scene

PLACE_UNITS = 0.03  # size of a place on the skin
BRUSHWORK = (1.4, 50.0)  # most that a place may have of the style's skin's: a factor, and the percentile of its places
SHADING = (1.7, 10.0)  # the same of bands as broad as a face's own light and shade: brushwork is what is everywhere
LIKE_FACE = 1.2  # ... and of the painted face's own median place
SHADED = 2  # so many bands, the coarsest, may be shading
LEAST_SPREAD = 0.05  # L*a*b*: below, nothing is seen
LEAST_PIXELS = 300  # of a region: fewer say nothing
EDGE_UNITS = 0.02  # width over which a region's share fades at its border


@dataclass(frozen=True)
class Strength:
    """How strong a style's brushwork is.

    gains: of the guide's lightness by region (of PAINTED) and band. skin: most that a band may hold on skin, L*a*b*
    distance, None: the style shows no skin.
    """

    gains: Float[np.ndarray, "r b"]
    skin: Float[np.ndarray, "b"] | None


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
    bands = split(lab, unit)[:-1]
    limits = (len(bands) - SHADED) * [BRUSHWORK] + SHADED * [SHADING]
    return Strength(gains, np.array([
        factor * float(np.percentile(local_strength(band, skin, PLACE_UNITS * unit)[skin], percent))
        for band, (factor, percent) in zip(bands, limits, strict=True)]))


def no_stronger(
    strength: Strength, images: Float32[np.ndarray, "n h w 3"], skin: Bool[np.ndarray, "n h w"], unit_px: float
) -> Strength:
    """Returns the strength with skin bounded by what finished views of the face (unit_px: its height) show, too: lines
    that a calm face lacks made another skin of its sides."""
    if strength.skin is None or skin.sum() < LEAST_PIXELS:
        return strength
    found: list[list[float]] = []
    for image, own in zip(images, skin, strict=True):
        bands = split(to_lab(np.ascontiguousarray(image, np.float32)), unit_px)[:-1]
        found.append([
            float(np.median(local_strength(band, own, PLACE_UNITS * unit_px)[own])) for band in bands])
    return replace(strength, skin=np.minimum(strength.skin, LIKE_FACE * np.mean(found, axis=0)))


def _padded(image: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    height, width = image.shape[:2]
    return np.pad(image, ((0, shape[0] - height), (0, shape[1] - width), (0, 0)), mode="edge")[None]


def local_strength(
    band: Float32[np.ndarray, "h w 3"], where: Bool[np.ndarray, "h w"], place_px: float
) -> Float32[np.ndarray, "h w"]:
    """Returns how strong a band is about each pixel, seen where `where`: root mean square over `place_px`, L*a*b*."""
    known = where.astype(np.float32)
    energy, share = (cv2.GaussianBlur(image, (0, 0), max(place_px, 0.5)) for image in (
        (band**2).sum(2) * known, known))
    return np.sqrt(energy / np.maximum(share, 1e-6))


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
    lab, unit = to_lab(image), scene.unit_px
    added = split(lab - to_lab(scene.matched[0]), unit)
    skin = soft_regions(scene.regions[0], scene.coverage[0], EDGE_UNITS * unit)[PAINTED.index(Region.SKIN)]
    for band, most in zip(added[:-1], strength.skin, strict=True):
        now = local_strength(band, here, PLACE_UNITS * unit)  # not the view's mean: a single streak is calmed, too
        lab -= (np.maximum(0.0, 1 - float(most) / np.maximum(now, LEAST_SPREAD)) * skin)[..., None] * band
    lab -= skin[..., None] * added[-1]  # broad colours are the guide's
    return to_rgb(lab).astype(np.float32)
