"""The photo's skin is retouched before it is painted, as a portrait painter does: single stains, strands and specks go.

Paint enlarges them: a strand on the forehead becomes a scab, a shadow at the corner of the mouth more lip. What the
skin shows everywhere (freckles) or on both sides (the folds of an old face) stays, and so do eyes, brows, nose, mouth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32

from twinbrush.base.image import to_lab, to_rgb
from twinbrush.base.mesh import Region
from twinbrush.base.sampling import sampled
from twinbrush.faces.facemap import face_height, feature_mask
from twinbrush.maths.fill import push_pull
from twinbrush.maths.filters import smoothstep
from twinbrush.maths.texels import texel_places, texels_of, texels_per_mm
from twinbrush.paint.bands import split
from twinbrush.paint.surface import FigureSurface, head_rows
from twinbrush.paint.texture_strength import local_strength
from twinbrush.sculpt.template import template
from twinbrush.sculpt.values import EAR, FACE, NECK, SKULL

REDUCED = 2  # the texture is looked at so many times smaller: paint has no finer detail
BANDS = 4  # of `bands.SIGMAS`, the finest: what is broader is the face's light and shade
USUAL = 1.3  # times the strength of the skin's median place: what every place keeps
SHARED = 1.1  # times the strength of the mirrored place: kept, too
PLACE_UNITS = 0.02  # size of a place, face heights
LEAST = 0.3  # L*a*b*: below, nothing is seen
BROW_TOPS, ABOVE_BROWS_MM = (105, 334), (3.0, 8.0)  # landmarks; so far above them the forehead begins, and over so much
UPRIGHT = (0.45, 0.7)  # share of change across: from where to where a forehead's lines are strands, which hang on both
# sides, and no folds
FRONT = 0.6  # of the broad normal toward the front: skin that the photo shows well, and whose median place counts
GROWN, SOFT = 0.018, 0.012  # of the features that stay as they are, face heights
ALL_FEATURES = ("eyes", "brows", "nose", "lips")
MM_PX = 2.0  # pixels a mm of the picture of the features


def with_retouched_skin(surface: FigureSurface) -> FigureSurface:
    """Returns the surface with the skin of its head retouched. Surfaces that are no figure's, and contents without
    colours of their own, stay as they are."""
    model, mesh, rows = template(), surface.mesh, head_rows(surface)
    if rows is None:
        return surface
    assert mesh.texture is not None
    assert mesh.uv is not None
    origin = model.layout.origin
    outer = np.zeros(len(mesh.vertices), bool)
    outer[rows] = np.isin(model.labels[origin], (FACE, SKULL, EAR, NECK))
    if mesh.regions is not None:
        outer &= mesh.regions == int(Region.SKIN)
    faces = mesh.faces[outer[mesh.faces].all(1)]
    height, width = mesh.texture.shape[:2]
    shape = (height // REDUCED, width // REDUCED)
    texels = texels_of(mesh.uv, faces, shape)
    known = texels.picture(np.ones((len(texels.place), 1), np.float32))[..., 0]
    x, y = _window(known)
    texture = np.ascontiguousarray(mesh.texture, np.float32)
    small = cv2.resize(texture, shape[::-1], interpolation=cv2.INTER_AREA)[y, x]
    lab = to_lab(push_pull(small * known[y, x, None], known[y, x]))
    own_places = texel_places(mesh.uv, shape)

    def mirrored(field: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
        corner = np.array([x.start, y.start])
        places = (own_places[rows] - corner).astype(np.float32)
        at = sampled(field[..., None], places, cv2.INTER_LINEAR)[:, 0]
        own = np.zeros(len(model.mean))
        own[origin] = at
        there = np.zeros(len(mesh.vertices))
        there[rows] = own[model.mirror][origin]
        return shown(there)

    def shown(values: Float[np.ndarray, "v"]) -> Float32[np.ndarray, "h w"]:
        return texels.picture(texels.at(values[:, None], faces))[y, x, 0]

    brows = float(surface.landmarks_xyz[list(BROW_TOPS), 1].max())
    forehead = shown(smoothstep((mesh.vertices[:, 1] - brows - ABOVE_BROWS_MM[0]) / ABOVE_BROWS_MM[1]))
    front, plain = shown(surface.broad[:, 2]) > FRONT, shown(1 - _features(surface))
    unit = face_height(surface.landmarks_xyz[:, :2]) * texels_per_mm(mesh.vertices, own_places, faces)
    calm = to_rgb(_calmed(lab, known[y, x] > 0, front, plain, forehead, unit, mirrored))
    change = np.zeros((*shape, 3), np.float32)
    change[y, x] = known[y, x, None] * (np.clip(calm, 0, 1) - to_rgb(lab))
    out = np.clip(texture + cv2.resize(change, (width, height), interpolation=cv2.INTER_LINEAR), 0, 1)
    return replace(surface, mesh=replace(mesh, texture=out))


def _calmed(
    lab: Float32[np.ndarray, "h w 3"], known: Bool[np.ndarray, "h w"], front: Bool[np.ndarray, "h w"],
    plain: Float32[np.ndarray, "h w"], forehead: Float32[np.ndarray, "h w"], unit: float,
    mirrored: Callable[[np.ndarray], np.ndarray],
) -> Float32[np.ndarray, "h w 3"]:
    """The picture with each band, where it is stronger than usual on plain skin, brought down to that."""
    out = lab.copy()
    for band in split(lab, unit)[:BANDS]:
        strength = local_strength(band, known, PLACE_UNITS * unit)
        usual = USUAL * float(np.median(strength[known & front & (plain > 0.5)]))
        strands = forehead * _upright(band[..., 0], PLACE_UNITS * unit)
        most = np.maximum(usual, SHARED * (1 - strands) * mirrored(strength))
        out -= (plain * np.maximum(0.0, 1 - most / np.maximum(strength, LEAST)))[..., None] * band
    return out


def _upright(light: Float32[np.ndarray, "h w"], place_px: float) -> Float32[np.ndarray, "h w"]:
    """1 where lines run up and down (the head's chart stands upright), 0 where they run across."""
    across, up = (cv2.GaussianBlur(cv2.Sobel(light, cv2.CV_32F, *axis) ** 2, (0, 0), max(place_px, 0.5))
                  for axis in ((1, 0), (0, 1)))
    return smoothstep((across / np.maximum(across + up, 1e-9) - UPRIGHT[0]) / (UPRIGHT[1] - UPRIGHT[0]))


def _features(surface: FigureSurface) -> Float[np.ndarray, "v"]:
    """1 on the vertices of brows, eyes, nose and mouth as they are seen from the front, 0 away from them."""
    flat = surface.landmarks_xyz[:, :2] * [1, -1]
    low = flat.min(0) - 40
    width, height = np.ceil((flat.max(0) + 40 - low) * MM_PX).astype(int)
    drawn = feature_mask((flat - low) * MM_PX, ALL_FEATURES, int(height), int(width), GROWN, SOFT)
    place = ((surface.mesh.vertices[:, :2] * [1, -1] - low) * MM_PX).astype(np.float32)
    seen = sampled(drawn[..., None], place, cv2.INTER_LINEAR)[:, 0]
    return np.where(surface.broad[:, 2] > 0, seen, 0.0)


def _window(known: Float32[np.ndarray, "h w"]) -> tuple[slice, slice]:
    """Columns and rows that hold all that is known."""
    columns, rows = (np.flatnonzero(known.any(axis)) for axis in (0, 1))
    return slice(int(columns[0]), int(columns[-1]) + 1), slice(int(rows[0]), int(rows[-1]) + 1)
