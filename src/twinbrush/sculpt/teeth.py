"""Teeth as the photo shows them: as high as their edge is seen, in the photo's colours between the lips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from twinbrush.base.camera import Camera, project
from twinbrush.base.mesh import vertex_normals
from twinbrush.faces import indices
from twinbrush.maths.filters import smoothstep, soft_polygon
from twinbrush.maths.gather import interpolated
from twinbrush.maths.texels import texels_of
from twinbrush.sculpt.portrait.crop import Crop
from twinbrush.sculpt.skin import Sight, lookup
from twinbrush.sculpt.values import MouthParts, Template

OPEN_MM = 2.5  # lips less far apart tell nothing of where the teeth are
CENTRAL = (0.36, 0.64)  # share of the mouth's width between whose ends the teeth's edge is looked for
ROWS = 48  # of the profile from the upper to the lower lip
PALE = 0.55  # share of the palest row's blue that a tooth has (lips, tongue and the dark have less)
PALE_FROM = 0.4  # of that, from where a pixel begins to be a tooth's
LEAST_PALE, PALER = 0.22, 1.35  # blue of the palest row, and against the darkest: less are no teeth
BEGINS = 0.45  # upper teeth begin in this upper share of the opening
LIFT_MM = (-3.0, 4.5)  # by which teeth's edge is moved down or up, at most
ROOT_MM, EDGE_MM = -50.0, -66.0  # heights of the mean upper teeth: what lies above stays when they become longer
INCISORS_MM = 6.0  # half the width within which their edge is taken
HIDDEN_MM = 0.5  # unseen teeth end so far above the upper lip's rim
FACING = (0.0, 0.25)  # cosine to the camera over which the photo's colour comes in
GUM_COLOUR, THROAT_SHADE = (0.60, 0.30, 0.29), 0.35  # gums and tongue; how much light reaches the throat
CORRIDOR_SHADE, CORRIDOR_MM = 0.6, (11.0, 28.0)  # light on the teeth beside the front ones, in the cheeks' shadow
ROUND = 0.30  # how much darker a tooth is where its surface turns aside
DARKEST = 0.12  # share of the teeth's own colour that the photo's shadows leave on them
LIP_RED, LIP_BRIGHT = (0.17, 0.26), 0.3  # share by which green is below red in lips, not in teeth; their least red
WARM = np.array([0.9, 1.15, 1.3])  # exponents of the shade in the mouth: it is red


@dataclass(frozen=True)
class MouthLook:
    """teeth (3,): the teeth's colour, sRGB; light: brightness of the eyes' surroundings, 1 in full light;
    opening (h, w): the photo's pixels between the lips, 0..1."""

    teeth: Float[np.ndarray, "3"]
    light: float
    opening: Float[np.ndarray, "h w"]


def opening_of(crop: Crop) -> Float[np.ndarray, "h w"]:
    """Returns the pixels between the lips' inner rims, 0..1."""
    return soft_polygon(crop.regions.shape, crop.face.landmarks[list(indices.MOUTH_OPENING), :2])


def lift_of(
    mouth: MouthParts, inside: Float[np.ndarray, "m 3"], camera: Camera, crop: Crop, pixels_per_mm: float
) -> float:
    """Returns how much higher the upper teeth's edge is in the photo than the teeth `inside` (mm, head's frame) have
    it, mm; 0 for a closed mouth."""
    points = crop.face.landmarks[:, :2]
    upper, lower = (np.array([points[i] for i in line]) for line in (
        indices.LIPS_INNER_UPPER, indices.LIPS_INNER_LOWER))
    down = lower[5] - upper[5]
    gap = float(np.linalg.norm(down))
    if gap < OPEN_MM * pixels_per_mm:
        return 0.0
    front = inside[(mouth.labels == 1) & (np.abs(mouth.mean[:, 0]) < INCISORS_MM)]
    edge = float(np.quantile((project(camera, front)[0] - upper[5]) @ down / gap, 0.97))  # pixels below the upper lip
    seen = _seen_edge(crop.image, upper, lower)
    wanted = -HIDDEN_MM * pixels_per_mm if seen is None else seen * gap
    if seen is None and edge < wanted:
        return 0.0
    return float(np.clip((edge - wanted) / pixels_per_mm, *LIFT_MM))


def follows(mouth: MouthParts, lift: float) -> Float[np.ndarray, "m"]:
    """Returns how far each vertex goes with the upper teeth's edge, 0..1: upward all of the upper jaw, downward the
    teeth become longer."""
    share = 1 - mouth.jaw
    if lift >= 0:
        return share
    return share * np.clip((mouth.mean[:, 1] - ROOT_MM) / (EDGE_MM - ROOT_MM), 0, 1)


def _seen_edge(
    image: Float[np.ndarray, "h w 3"], upper: Float[np.ndarray, "11 2"], lower: Float[np.ndarray, "11 2"]
) -> float | None:
    """Where the upper teeth end, 0 at the upper lip, 1 at the lower; None: no teeth are seen there."""
    share = np.linspace(*CENTRAL, 15) * 10
    top, bottom = (np.stack([np.interp(share, np.arange(11), line[:, k]) for k in range(2)], 1)
                   for line in (upper, lower))
    at = np.linspace(0.03, 0.97, ROWS)
    pixels = top[None] + at[:, None, None] * (bottom - top)[None]
    pale = np.median(lookup(image, pixels.reshape(-1, 2)).reshape(ROWS, len(share), 3).min(-1), axis=1)
    if pale.max() < LEAST_PALE or pale.max() < PALER * pale.min():
        return 1.0 if pale.min() > LEAST_PALE and pale.max() >= LEAST_PALE else None
    tooth: Bool[np.ndarray, "r"] = pale > PALE * pale.max()
    first = int(np.argmax(tooth))
    if at[first] > BEGINS:
        return None
    ends = np.flatnonzero(~tooth[first:])
    return float(at[first + ends[0]]) if len(ends) else 1.0


def paint_teeth(
    template: Template, inside: Float[np.ndarray, "m 3"], look: MouthLook, sight: Sight,
    atlas: Float[np.ndarray, "s s 3"], covered: Bool[np.ndarray, "s s"],
) -> None:
    """Paint gums, tongue and teeth: the photo's colours where it shows them, else the teeth's own, darker aside and
    toward the throat (both arrays are changed). inside: their vertices, mm, head's frame."""
    mouth = template.mouth
    layout = mouth.layout
    texels = texels_of(layout.uv, layout.triangles, len(atlas))
    corners = layout.origin[layout.triangles[texels.face]]
    normals = vertex_normals(inside, layout.origin[layout.triangles])
    own = _own_colours(mouth, normals, look)
    colour = interpolated(own, corners, texels.weights).astype(np.float64)
    facing = interpolated(normals, corners, texels.weights).astype(np.float64)
    facing /= np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-9)
    place = interpolated(inside, corners, texels.weights).astype(np.float64)
    pixels, weight = sight.weight(place, facing, FACING)
    weight = weight * lookup(look.opening, pixels)
    seen = lookup(sight.image, pixels)
    hard = interpolated((mouth.labels > 0).astype(float)[:, None], corners, texels.weights)[:, 0]
    pale = smoothstep((seen.min(1) / (PALE * look.teeth.min()) - PALE_FROM) / (1 - PALE_FROM))
    weight = weight * (1 - pale * (1 - hard))  # a tooth's pixel is not painted on the tongue behind it
    red = 1 - seen[:, 1] / np.maximum(seen[:, 0], 0.02)
    lips = smoothstep((red - LIP_RED[0]) / (LIP_RED[1] - LIP_RED[0])) * (seen[:, 0] > LIP_BRIGHT)
    weight = weight * (1 - lips * hard)
    seen = np.maximum(seen, DARKEST * hard[:, None] * look.teeth)
    colour = (1 - weight[:, None]) * colour + weight[:, None] * seen
    atlas.reshape(-1, 3)[texels.place] = np.clip(colour, 0, 1)
    covered.reshape(-1)[texels.place[texels.inside]] = True


def _own_colours(
    mouth: MouthParts, normals: Float[np.ndarray, "m 3"], look: MouthLook
) -> Float[np.ndarray, "m 3"]:
    """Gums, tongue and teeth in the light that comes in between the lips."""
    depth = mouth.mean[:, 2]
    deep = THROAT_SHADE + (1 - THROAT_SHADE) * smoothstep((depth - depth.min()) / (0.9 * np.ptp(depth)))
    aside = smoothstep((np.abs(mouth.mean[:, 0]) - CORRIDOR_MM[0]) / (CORRIDOR_MM[1] - CORRIDOR_MM[0]))
    turned = 1 - ROUND * (1 - np.clip(normals[:, 2], 0, 1)) ** 2
    light = np.where(mouth.labels == 0, deep, deep * turned * (1 - (1 - CORRIDOR_SHADE) * aside))[:, None]
    return np.where(mouth.labels[:, None] == 0, np.array(GUM_COLOUR) * look.light, look.teeth) * light**WARM
