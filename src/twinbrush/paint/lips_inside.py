"""Lip paint stays on the lips: beside their outline, skin is no nearer to the lips' colour than skin farther off is.

The style's mouth has another form than the person's, and patches carry its red, or a shadow at its corner in red, over
the outline: the mouth looked smeared. The surface knows where its lips end.
"""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float, Float32
from scipy.spatial import KDTree

from twinbrush.base.image import to_lab, to_rgb
from twinbrush.base.mesh import Region
from twinbrush.base.sampling import sampled
from twinbrush.faces import indices
from twinbrush.maths.gather import on_faces
from twinbrush.maths.texels import Texels
from twinbrush.paint.surface import FigureSurface

PIXELS_PER_MM = 4.0  # of the picture of the outline, seen from the front
REACH_MM = 12.0  # beside the lips
EDGE_MM = (0.4, 1.8)  # outside the outline: from where to where lip colour ends
OFF_MM = (5.0, 12.0)  # skin whose likeness to lips is the usual one; to there skin is mended
USUAL = 75.0  # percentile of that likeness: more is too much
MORE = 0.35  # of the way from skin to lips: so much more is mended in full
SAMPLES, NEIGHBOURS, NEAR_MM = 2000, 60, 6.0  # of the skin about that takes its place
NOSE_BASE, BELOW_NOSE_MM = 2, 1.5
INSIDE_MM = 0.8  # lips that tell their colour
LEAST_CHROMA = 6.0  # a* b* between skin and lips: a style whose lips have no colour of their own has none to smear
LEAST_TEXELS = 60
FRONT = 0.2  # of the broad normal toward the front


def with_lips_inside(
    texture: Float32[np.ndarray, "h w 3"], surface: FigureSurface, texels: Texels
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the texture without the lips' colour on the skin beside them. texels: of that texture."""
    mesh = surface.mesh
    assert mesh.regions is not None
    head = surface.of("Head", "Mesh") & (mesh.regions == int(Region.SKIN)) & (surface.broad[:, 2] > FRONT)
    lips = surface.landmarks_xyz[list(indices.LIPS_OUTER)]
    head &= mesh.vertices[:, 1] < surface.landmarks_xyz[NOSE_BASE, 1] - BELOW_NOSE_MM  # nostrils may be red
    near = head & (np.linalg.norm(mesh.vertices[:, None, :2] - lips[:, :2], axis=2).min(1) < 2 * REACH_MM)
    chosen = np.flatnonzero(near[mesh.faces[texels.face]].all(1))
    if len(chosen) < LEAST_TEXELS:
        return texture
    points = on_faces(mesh.vertices, mesh.faces, texels.face[chosen], texels.weights[chosen]).astype(np.float64)
    outside = outside_mm(points[:, :2], lips[:, :2])
    place = texels.place[chosen]
    out = texture.reshape(-1, 3).copy()
    lab = to_lab(np.ascontiguousarray(out[place][None], np.float32))[0]
    own, off = outside < -INSIDE_MM, (outside > OFF_MM[0]) & (outside < OFF_MM[1])
    if min(own.sum(), off.sum()) < LEAST_TEXELS:
        return texture
    skin, lip = np.median(lab[off], axis=0), np.median(lab[own], axis=0)
    way = lip - skin
    length = float((way[1:] ** 2).sum())
    if length < LEAST_CHROMA**2:
        return texture
    likeness = (lab[:, 1:] - skin[1:]) @ way[1:] / length
    most = float(np.percentile(likeness[off], USUAL))
    share = np.clip((likeness - most) / MORE, 0, 1)
    for value, (low, high) in ((outside, EDGE_MM), (-outside, (-OFF_MM[1], -OFF_MM[0]))):
        share *= np.clip((value - low) / (high - low), 0, 1)
    changed = np.flatnonzero(share > 0)
    plain = np.flatnonzero(off & (likeness <= most))
    if len(changed) == 0 or len(plain) == 0:
        return texture
    base = _about(points[changed], points[plain], lab[plain])
    if way[0] < 0:  # red is taken off, never shade added
        base[:, 0] = np.maximum(base[:, 0], lab[changed, 0])
    lab[changed] += share[changed, None] * (base - lab[changed])
    out[place[changed]] = np.clip(to_rgb(lab[changed][None].astype(np.float32))[0], 0, 1)
    return out.reshape(texture.shape)


def _about(
    points: Float[np.ndarray, "n 3"], others: Float[np.ndarray, "m 3"], values: Float[np.ndarray, "m 3"]
) -> Float[np.ndarray, "n 3"]:
    """The mean of values at other points, the nearer ones counting more."""
    some = slice(None, None, 1 + len(others) // SAMPLES)
    tree = KDTree(others[some])
    distance, number = tree.query(points, k=min(NEIGHBOURS, tree.n))
    weight = np.exp(-((distance / NEAR_MM) ** 2) / 2) + 1e-6
    return (values[some][number] * weight[..., None]).sum(1) / weight.sum(1, keepdims=True)


def outside_mm(points: Float[np.ndarray, "n 2"], outline: Float[np.ndarray, "l 2"]) -> Float32[np.ndarray, "n"]:
    """Returns how far outside the lips' outline points lie, seen from the front, mm; negative inside."""
    low = outline.min(0) - 3 * REACH_MM
    width, height = np.ceil((np.ptp(outline, axis=0) + 6 * REACH_MM) * PIXELS_PER_MM).astype(int)
    drawn = np.zeros((int(height), int(width)), np.uint8)
    cv2.fillPoly(drawn, [np.round((outline - low) * PIXELS_PER_MM).astype(np.int32)], 1)
    away = cv2.distanceTransform(1 - drawn, cv2.DIST_L2, 5) - cv2.distanceTransform(drawn, cv2.DIST_L2, 5)
    places = ((points - low) * PIXELS_PER_MM).astype(np.float32)
    return sampled((away / PIXELS_PER_MM).astype(np.float32)[..., None], places, cv2.INTER_LINEAR)[:, 0]
