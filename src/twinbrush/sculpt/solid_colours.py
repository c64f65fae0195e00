"""What a solid is made of (hair, cloth, the person's skin, stone), and the colour field of each such material."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import sparse

from twinbrush.base.mesh import vertex_normals
from twinbrush.maths.filters import smoothstep
from twinbrush.maths.gather import interpolated
from twinbrush.maths.linear import factorised
from twinbrush.maths.surface import cotangent_laplacian
from twinbrush.regions.values import Label
from twinbrush.sculpt.hair.unsure import ground_coloured
from twinbrush.sculpt.skin import Sight, lookup, masked
from twinbrush.sculpt.values import Figure, Solid, Surroundings

LABELS = {"Hair": Label.HAIR, "Beard": Label.BEARD, "Headwear": Label.HEADWEAR, "Bust": Label.CLOTH}
MARGIN_MM = {Label.HAIR: 2.0, Label.CLOTH: 3.5, Label.SKIN: 3.0}  # so near to other labels nothing is lent
USUAL_MARGIN_MM = 1.2
RAMP_MM = {Label.CLOTH: 9.0}  # over which what is lent begins, where that is more than the margin: no edge of a pattern
LENT_CONFIDENCE = 0.75  # pixels whose label is less sure lend nothing; where most are less sure, the less sure half
BEYOND_MM = 45.0  # mirrored at its border, the photo fades out over this: no edge is seen where it ends
BLUR_MM = 3.0  # the field follows the photo blurred by this
SEEN_PULL, OWN_PULL, NECK_PULL = 3e-2, 1.2e-4, 2e-1  # of the field: to the seen, to the material's own, to the neck
NECK_REACH_MM = 14.0  # bare skin so near to the head's takes its colour
FINE_MM = 2.2  # strands are what is finer than this
LINES_RANGE = (0.05, 0.16)  # standard deviation of the drawn lines, as a share of the colour
STONE = (0.34, 0.32, 0.305)  # the socle and the cut surfaces
FALLBACK = {Label.HAIR: (0.20, 0.15, 0.12), Label.CLOTH: (0.33, 0.35, 0.40)}  # nothing of it is seen at all
LEAST_PIXELS = 60


@dataclass(frozen=True)
class Skin:
    """The head's skin near the neck: points (n, 3) mm and their colours."""

    points: Float[np.ndarray, "n 3"]
    colours: Float[np.ndarray, "n 3"]

    @classmethod
    def of(cls, figure: Figure) -> Skin:
        """The lower half of the head with the colours that its texture has (uv in the figure's own atlas)."""
        mesh = figure.parts[0].mesh
        assert mesh.uv is not None
        low = mesh.vertices[:, 1] < np.quantile(mesh.vertices[:, 1], 0.3)
        size = len(figure.texture)
        xy = np.stack([mesh.uv[low, 0] * size - 0.5, (1 - mesh.uv[low, 1]) * size - 0.5], 1)
        smooth = cv2.GaussianBlur(figure.texture.astype(np.float32), (0, 0), 1.5)
        return cls(mesh.vertices[low], lookup(smooth, xy).astype(np.float64))


@dataclass(frozen=True)
class Material:
    """field (n, 3): a smooth colour for every vertex; share (n,): how far the vertex is of it; sight: what the photo
    lends, or None; lines: standard deviation of fine lines as a share of the colour."""

    field: Float[np.ndarray, "n 3"]
    share: Float[np.ndarray, "n"]
    sight: Sight | None
    lines: float

    def at(self, corners: Int[np.ndarray, "s 3"], weights: Float[np.ndarray, "s 3"]) -> Float[np.ndarray, "s 1"]:
        """The share at surface points, a sharp edge."""
        value = interpolated(self.share[:, None], corners, weights).astype(np.float64)
        return np.clip((value - 0.5) * 3 + 0.5, 0, 1)


def materials_of(
    solid: Solid, photo: Surroundings, near: Float[np.ndarray, "h w"], skin: Skin
) -> list[Material]:
    """The solid's materials, each painted over the ones before. near: depths of the figure's nearest surface."""
    photo = continued(photo)
    name = next((key for key in LABELS if solid.name.startswith(key)), "Hair")
    label = LABELS[name]
    everywhere = np.ones(len(solid.vertices))
    own = _made_of(solid, label, everywhere, photo, near, None)
    out = [own]
    if solid.bare is not None and solid.bare.any():
        out.append(_made_of(solid, Label.SKIN, solid.bare, photo, near, skin))
    if solid.plinth is not None and solid.plinth.any():
        out.append(Material(np.tile(np.array(STONE), (len(solid.vertices), 1)), solid.plinth, None, 0.0))
    return out


def _made_of(
    solid: Solid, label: Label, share: Float[np.ndarray, "n"], photo: Surroundings, near: Float[np.ndarray, "h w"],
    skin: Skin | None,
) -> Material:
    """A material that the photo shows under a label."""
    lending = lent(photo, label)
    blurred = masked(photo.image, lending, BLUR_MM * photo.pixels_per_mm)
    sight = Sight(photo.camera, photo.image, blurred, lending, near)
    normals = vertex_normals(solid.vertices, solid.triangles)
    pixels, weight = sight.weight(solid.vertices, normals)
    weight = weight * share
    colour = lookup(blurred, pixels).astype(np.float64)
    own = own_colour(photo, label, lending) if skin is None else np.median(skin.colours, axis=0)
    pull, aim = SEEN_PULL * weight, colour
    if skin is not None:
        neck, by = _by_neck(solid, skin)
        pull, aim = pull + NECK_PULL * by, (pull[:, None] * colour + NECK_PULL * by[:, None] * neck) / (
            np.maximum(pull + NECK_PULL * by, 1e-12)[:, None])
    field = membrane(solid, aim, pull, own)
    lines = strand_contrast(photo, lending) if solid.strands is not None and skin is None else 0.0
    return Material(field, share, sight, lines)


def lent(photo: Surroundings, label: Label) -> Float[np.ndarray, "h w"]:
    """1 well inside the label's sure pixels (of hair without what shines through it), 0 elsewhere.

    Beyond the photo's border (`continued`) it fades out.
    """
    margin = MARGIN_MM.get(label, USUAL_MARGIN_MM) * photo.pixels_per_mm
    known = photo.labels == label
    if known.any():
        known &= photo.confidence >= min(LENT_CONFIDENCE, float(np.median(photo.confidence[known])))
    if label == Label.HAIR:
        known &= ~ground_coloured(photo)
    away = cv2.distanceTransform(np.pad(known.astype(np.uint8), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    beyond = cv2.distanceTransform((~photo.inside).astype(np.uint8), cv2.DIST_L2, 5) / photo.pixels_per_mm
    fade = 1 - smoothstep(beyond / BEYOND_MM)
    over = max(RAMP_MM.get(label, 0.0) * photo.pixels_per_mm, margin, 1.0)
    return (np.clip((away - 0.5 * margin) / over, 0, 1) * fade).astype(np.float32)


def continued(photo: Surroundings) -> Surroundings:
    """Returns the photo mirrored at its border, so that a pattern goes on beyond it; `inside` stays as it is."""
    rows, columns = (_mirrored(np.asarray(photo.inside.any(axis))) for axis in (1, 0))
    at = np.ix_(rows, columns)
    return replace(photo, image=photo.image[at], labels=photo.labels[at], confidence=photo.confidence[at])


def _mirrored(known: Bool[np.ndarray, "n"]) -> Int[np.ndarray, "n"]:
    """Returns the place that each place of a line is the mirror image of, at the ends of the known stretch."""
    first, last = np.flatnonzero(known)[[0, -1]]
    period = max(2 * (last - first), 1)
    place = np.mod(np.arange(len(known)) - first, period)
    return first + np.minimum(place, period - place)


def own_colour(photo: Surroundings, label: Label, lending: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "3"]:
    """The material's own colour: of what may be patterned the commonest, else the mean of its seen pixels without the
    brightest and darkest tenth."""
    chosen: Bool[np.ndarray, "h w"] = lending > 0.5
    if chosen.sum() < LEAST_PIXELS:
        chosen = (photo.labels == label) & photo.inside
    if chosen.sum() < LEAST_PIXELS:
        return np.array(FALLBACK.get(label, FALLBACK[Label.HAIR]))
    pixels = photo.image[chosen].astype(np.float64)
    if label in (Label.CLOTH, Label.HEADWEAR):
        return _commonest(pixels)
    grey = pixels.mean(1)
    low, high = np.quantile(grey, (0.1, 0.9))
    return pixels[(grey >= low) & (grey <= high)].mean(0)


def _commonest(pixels: Float[np.ndarray, "p 3"]) -> Float[np.ndarray, "3"]:
    """The mean of the pixels about the densest place of their colours' histogram."""
    from scipy import ndimage

    bins = 16
    count, _ = np.histogramdd(pixels, bins=bins, range=[(0, 1)] * 3)
    peak = np.array(np.unravel_index(ndimage.gaussian_filter(count, 1.0, mode="constant").argmax(), count.shape))
    near = (np.abs(pixels * bins - 0.5 - peak) < 2.0).all(1)
    return pixels[near].mean(0) if near.any() else pixels.mean(0)


def strand_contrast(photo: Surroundings, lending: Float[np.ndarray, "h w"]) -> float:
    """Standard deviation of the seen strands about their surroundings, as a share of the colour."""
    chosen = lending > 0.5
    if chosen.sum() < LEAST_PIXELS:
        return float(np.mean(LINES_RANGE))
    grey = photo.image.mean(-1).astype(np.float32)
    sigma = FINE_MM * photo.pixels_per_mm
    fine = grey - cv2.GaussianBlur(grey, (0, 0), sigma)
    return float(np.clip(fine[chosen].std() / max(float(grey[chosen].mean()), 0.05), *LINES_RANGE))


def _by_neck(solid: Solid, skin: Skin) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n"]]:
    """The head's colour nearest to every vertex, and how near it is, 0..1."""
    from scipy import spatial

    distance, nearest = spatial.KDTree(skin.points).query(solid.vertices, k=4)
    near = np.clip(1 - distance[:, 0] / NECK_REACH_MM, 0, 1)
    return skin.colours[nearest].mean(1), near


def membrane(
    solid: Solid, aim: Float[np.ndarray, "n 3"], pull: Float[np.ndarray, "n"], own: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "n 3"]:
    """A colour for every vertex: `aim` as hard as `pull`, continued smoothly, far away `own` (a screened membrane)."""
    stiffness, areas = cotangent_laplacian(solid.vertices, solid.triangles)
    matrix = stiffness + sparse.diags(areas * (pull + OWN_PULL))
    right = areas[:, None] * (pull[:, None] * aim + OWN_PULL * own)
    return np.clip(factorised(matrix).solve(right), 0, 1)
