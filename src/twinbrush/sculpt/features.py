"""What a sculptor adds by hand: the lips' edge and the brows."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float
from scipy import spatial

from twinbrush.base.camera import Camera, project
from twinbrush.base.mesh import vertex_normals
from twinbrush.faces import indices
from twinbrush.maths.filters import smoothstep, wide_blur
from twinbrush.maths.surface import mean_over_neighbours, vertex_areas
from twinbrush.sculpt.eyeball import step
from twinbrush.sculpt.lips import NEAR_MM, inside_lips, inside_outline
from twinbrush.sculpt.skin import lookup
from twinbrush.sculpt.values import Template

LIP_RIDGE_MM, LIP_GROOVE_MM = 0.8, 0.18  # the red of the lips stands out so far; a groove beside its edge
LIP_EDGE_MM = (-0.4, 1.5)  # distance inside the outline over which it rises
LIP_LINE_MM = (1.2, 4.0)  # from the line between the lips over which it rises: lips that touch stay as they are
LIP_CORNERS = (0.62, 0.98)  # share of the mouth's half width from which the ridge fades
BUSHY_BROW_MM, FINE_BROW_MM = 1.5, -0.8  # a bushy brow stands out, a fine one is carved in: raised it would be a ridge
# of bone, which makes a woman's face a man's (in clay; a machine's likeness gains by both, see docs/sculpting.md)
BUSHY_FROM_MM = 6.8  # mean width of the dark of a brow, from which it is bushy
BROW_DARKER = 0.22  # share by which a brow's middle is darker than the skin about it
BROW_BLUR_MM, SKIN_BLUR_MM = 0.6, 7.0
BROW_EDGE_MM = (-3.5, 0.5)  # beside the landmarks' brow it fades out
BROWS = (indices.BROW_LEFT, indices.BROW_RIGHT)
SEPTUM_X_MM, SEPTUM_Y_MM, SEPTUM_Z_MM, SEPTUM_SHARE = (0.9, 2.4), (-36.5, -26.5), (11.0, 22.0), 0.65  # see with_septum


def lip_ridge(template: Template) -> Float[np.ndarray, "n"]:
    """Returns by how much each vertex is raised along its normal so that the lips have an edge, mm."""
    at = template.landmarks(template.mean)
    middle = at[[61, 291]].mean(0)
    half = float(np.linalg.norm(at[61] - at[291])) / 2
    near, inside = inside_lips(template)
    place = template.mean[near]
    height = LIP_RIDGE_MM * step(*LIP_EDGE_MM, inside) - LIP_GROOVE_MM * np.exp(-(((inside + 1.2) / 1.0) ** 2))
    height *= 1 - step(*LIP_CORNERS, np.abs(place[:, 0] - middle[0]) / half)
    opening = at[list(indices.MOUTH_OPENING)]
    fine = np.concatenate([np.linspace(a, b, 8) for a, b in zip(opening, np.roll(opening, -1, 0), strict=True)])
    height *= step(*LIP_LINE_MM, spatial.KDTree(fine).query(place)[0])
    normals = vertex_normals(template.mean, template.triangles)[near]
    out = np.zeros(len(template.mean))
    out[near] = height * step(0.1, 0.5, normals[:, 2])
    return out


def brow_height(
    template: Template, vertices: Float[np.ndarray, "n 3"], camera: Camera, image: Float[np.ndarray, "h w 3"],
    skin: Float[np.ndarray, "h w"], pixels_per_mm: float,
) -> Float[np.ndarray, "n"]:
    """Returns by how much each vertex is raised (bushy brows) or carved in (fine ones) where the photo's are dark, mm.

    skin: where the photo shows skin and brows, not strands of hair.
    """
    grey = image.astype(np.float32).mean(-1)
    fine = cv2.GaussianBlur(grey, (0, 0), max(BROW_BLUR_MM * pixels_per_mm, 0.3))
    broad = wide_blur(grey, SKIN_BLUR_MM * pixels_per_mm)
    dark = np.clip((broad - fine) / np.maximum(broad, 0.05) / BROW_DARKER, 0, 1) * (skin > 0.2)
    at = template.landmarks(template.mean)
    normals = vertex_normals(vertices, template.triangles)
    pixels, _ = project(camera, vertices)
    out = np.zeros(len(vertices))
    for brow in BROWS:
        points = at[list(brow)]
        hull = cv2.convexHull(points[:, :2].astype(np.float32))[:, 0]
        near = np.linalg.norm(template.mean - points.mean(0), axis=1) < NEAR_MM
        near = np.flatnonzero(near & (template.labels == 0) & (template.mean[:, 2] > points[:, 2].min() - 10))
        where = step(*BROW_EDGE_MM, inside_outline(hull, template.mean[near, :2]))
        out[near] = np.maximum(out[near], where * lookup(dark, pixels[near]))
    out *= normals[:, 2] > 0.1
    blurred = mean_over_neighbours(template.triangles, len(out)) @ out
    dark_share = smoothstep(0.5 * (out + blurred))
    return dark_share * (BUSHY_BROW_MM if _brow_width(template, dark_share) > BUSHY_FROM_MM else FINE_BROW_MM)


def _brow_width(template: Template, dark: Float[np.ndarray, "n"]) -> float:
    """The wider brow's mean width, mm: its dark area over its length (hair may hide the other one)."""
    area = vertex_areas(template.mean, template.triangles) * (dark > 0.3)
    at = template.landmarks(template.mean)
    return max(float(area[template.mean[:, 0] * side > 0].sum() / np.ptp(at[list(brow), 0]))
               for brow, side in zip(BROWS, (-1, 1), strict=True))


def raised(
    template: Template, vertices: Float[np.ndarray, "n 3"], height: Float[np.ndarray, "n"]
) -> Float[np.ndarray, "n 3"]:
    """The head with its vertices moved along their normals by `height`, mm."""
    return vertices + height[:, None] * vertex_normals(vertices, template.triangles)


def with_septum(template: Template, vertices: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Returns the head with the wall between its nostrils at least SEPTUM_SHARE as thick as the mean head's: a thinner
    one would cross itself in an expression."""
    x, y, z = template.mean.T
    wall = (np.abs(x) > SEPTUM_X_MM[0]) & (np.abs(x) < SEPTUM_X_MM[1]) & (template.labels == 0)
    wall &= (y > SEPTUM_Y_MM[0]) & (y < SEPTUM_Y_MM[1]) & (z > SEPTUM_Z_MM[0]) & (z < SEPTUM_Z_MM[1])
    out = vertices.copy()
    middle = out[wall, 0].mean()
    side = np.sign(x[wall])
    out[wall, 0] = middle + side * np.maximum(side * (out[wall, 0] - middle), SEPTUM_SHARE * np.abs(x[wall]))
    return out


def brow_share(template: Template) -> Float[np.ndarray, "n"]:
    """Returns 1 on the brows, 0 from 6 mm beside them."""
    at = template.landmarks(template.mean)
    points = at[[*indices.BROW_LEFT, *indices.BROW_RIGHT]]
    return 1 - smoothstep((spatial.KDTree(points).query(template.mean)[0] - 3.0) / 3.0)
