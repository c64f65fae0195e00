"""Hair is drawn along its locks, as far as the style draws hair in strands, and with the style's own fine contrast.

Patches and the joint objective give hair the style's colours in clouds that know nothing of the sculpted locks. Here
they are drawn out along the locks (line integral convolution, Cabral and Leedom 1993); where the result has less fine
contrast than the style's hair, lines in the distribution of the style's own strokes make up for it. How much, says the
coherence of the style's strokes (structure tensor, Bigun and Granlund 1987): tesserae and dabs stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, Int
from scipy import ndimage, sparse, special

from twinbrush.align.values import AlignedStyle
from twinbrush.base.image import to_lab, to_rgb
from twinbrush.base.mesh import Region
from twinbrush.faces.facemap import face_height
from twinbrush.faces.indices import CHIN, FOREHEAD_TOP
from twinbrush.maths.charts import chart_numbers
from twinbrush.maths.filters import smoothstep
from twinbrush.maths.texels import Texels, texel_places, texels_per_mm
from twinbrush.paint.palette import trusted
from twinbrush.paint.surface import FigureSurface, hairy
from twinbrush.sculpt.strand_lines import along, drawn_out, in_texture, linear_maps, texture_maps
from twinbrush.shape.smooth import umbrella

STRANDS_FROM, STRANDS_OVER = 0.35, 0.25  # coherence of the style's strokes: dabs (mosaic 0.2), strands (ink, toon 0.9)
FINEST, BROADEST, WINDOW = 0.003, 0.016, 0.02  # face heights: what is stroke, and over how much it is coherent
RIM = 0.03  # face heights: so near to other regions is their outline
LEAST_PIXELS = 200  # of the style's hair: fewer say nothing of how it is drawn
REACH_MM = 7.0  # colours are drawn out so far to both sides
EDGE_MM, EDGE_TEXELS = 2.5, 4.0  # so near to a chart's border less and less, else its seam would show
ROUNDS = 10  # of smoothing the locks' directions
TONES = 24  # equal shares of the style's hair, from dark to light
QUANTILES = np.linspace(0.01, 0.99, 33)


@dataclass(frozen=True)
class Strands:
    """How a style draws hair. share: how much in strands, 0..1. strokes (q,): lightness (CIELAB L, about 0) of its fine
    strokes at QUANTILES. tones (t, 3): CIELAB of its hair from dark to light, means of equally many pixels each."""

    share: float
    strokes: Float[np.ndarray, "q"]
    tones: Float[np.ndarray, "t 3"]


def with_strokes(
    texture: Float32[np.ndarray, "h w 3"], surface: FigureSurface, aligned: AlignedStyle, texels: Texels
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the painted texture (sRGB 0..1) with hair and beard drawn along their locks.

    texels: of that texture. The texture itself when the style draws no strands or the figure has no hair.
    """
    style = strands_of_style(aligned)
    faces = surface.mesh.faces
    own: np.ndarray = np.all((hairy(surface) & ~surface.of("Headwear"))[faces], axis=1)
    if style is None or not own.any():
        return texture
    direction, covered, per_mm = _charts(surface, own, texels)
    reach, inside = max(1, round(REACH_MM * per_mm)), covered > 0
    lab = to_lab(np.ascontiguousarray(texture))
    total, count = along(lab, direction, covered, reach)
    drawn = total / count[..., None]
    face_px = per_mm * float(np.linalg.norm(surface.landmarks_xyz[FOREHEAD_TOP] - surface.landmarks_xyz[CHIN]))
    before = drawn[..., 0].copy()
    has, wants = float(_fine(before, face_px)[inside].std()), float(style.strokes.std())
    gain = np.sqrt(max(1 - (has / max(wants, 1e-6)) ** 2, 0.0))
    lines = gain * np.interp(special.ndtr(drawn_out(direction, covered, reach)), QUANTILES, style.strokes)
    fine = _fine((before + lines).astype(np.float32), face_px)
    lit = before + lines - fine + np.interp(fine, np.quantile(fine[inside], QUANTILES), style.strokes)
    drawn[..., 0] = np.clip(lit, style.tones[0, 0], style.tones[-1, 0])
    for band in (1, 2):  # a lighter stroke has the hue of the style's lighter strokes
        drawn[..., band] += np.interp(drawn[..., 0], *style.tones[:, (0, band)].T) - np.interp(
            before, *style.tones[:, (0, band)].T)
    mix = style.share * np.clip(_from_border(covered) / max(EDGE_MM * per_mm, EDGE_TEXELS), 0, 1)[..., None]
    lab[inside] += (mix * (drawn - lab))[inside]
    out = texture.copy()
    out[inside] = np.clip(to_rgb(lab), 0, 1)[inside]
    return out


def strands_of_style(aligned: AlignedStyle) -> Strands | None:
    """Returns how the style draws hair, or None when it shows too little of it, or no strands."""
    unit = face_height(aligned.canvas_landmarks_xy)
    side = max(3, round(RIM * unit))
    hair = cv2.erode(trusted(aligned, Region.HAIR).astype(np.uint8), np.ones((side, side))) > 0
    if hair.sum() < LEAST_PIXELS:
        return None
    lab = to_lab(np.ascontiguousarray(aligned.canvas, np.float32))
    fine = _fine(lab[..., 0], unit)
    across, down = cv2.Sobel(fine, cv2.CV_32F, 1, 0), cv2.Sobel(fine, cv2.CV_32F, 0, 1)
    xx, yy, xy = (cv2.GaussianBlur(v, (0, 0), WINDOW * unit) for v in (across**2, down**2, across * down))
    coherence = np.sqrt((xx - yy) ** 2 + 4 * xy**2) / (xx + yy + 1e-9)
    mean = np.average(coherence[hair], weights=(xx + yy)[hair] + 1e-9)
    share = float(smoothstep(np.array([(mean - STRANDS_FROM) / STRANDS_OVER]))[0])
    if share <= 0:
        return None
    strokes = np.quantile(fine[hair], QUANTILES)
    own = lab[hair][np.argsort(lab[hair][:, 0])]
    tones = np.stack([part.mean(0) for part in np.array_split(own, TONES)])
    return Strands(share, strokes - strokes.mean(), tones)


def lock_directions(surface: FigureSurface) -> Float[np.ndarray, "f 3"]:
    """Returns the unit direction in each triangle along which the surface bends least: that of its locks.

    The tensor of the normals' gradients (less the broad form's) is smoothed, so that flat parts follow their
    neighbours; across a lock it is largest.
    """
    place, mesh = surface.place, surface.mesh
    first = np.unique(place, return_index=True)[1]
    points, faces = mesh.vertices[first], place[mesh.faces]
    bumps = (surface.normals - surface.broad)[first]
    corners = points[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    slopes = linear_maps(corners, bumps[faces])
    tensor = np.einsum("fci,fcj->fij", slopes, slopes).reshape(-1, 9)
    tensor /= np.maximum(np.trace(tensor.reshape(-1, 3, 3), axis1=1, axis2=2), 1e-9)[:, None] ** 0.5
    corner = sparse.csr_matrix(
        (np.ones(faces.size), (faces.ravel(), np.repeat(np.arange(len(faces)), 3))), (len(points), len(faces)))
    held = corner @ tensor / np.maximum(np.asarray(corner.sum(1)), 1)
    mean = umbrella(faces, len(points), points)
    for _ in range(ROUNDS):
        held = 0.5 * (held + mean @ held)
    across = np.linalg.eigh((held[faces].mean(1)).reshape(-1, 3, 3))[1][:, :, 2]
    out = np.cross(normal, across)
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)


def _charts(surface: FigureSurface, own: Bool[np.ndarray, "f"], texels: Texels) -> tuple[
    Float32[np.ndarray, "h w 2"], Int[np.ndarray, "h w"], float
]:
    """The locks' directions in the texture, the number of each texel's chart plus one (0: none of the own triangles),
    and texels a mm."""
    mesh = surface.mesh
    assert mesh.uv is not None
    places = texel_places(mesh.uv, texels.shape)
    maps = texture_maps(mesh.vertices[mesh.faces], places[mesh.faces])
    chart = chart_numbers(mesh.faces, len(mesh.vertices))
    rows = own[texels.face]
    triangles, place = texels.face[rows], texels.place[rows]
    covered = np.zeros(texels.shape, np.int64)
    covered.reshape(-1)[place] = chart[mesh.faces[triangles, 0]] + 1
    direction = np.zeros((*texels.shape, 2), np.float32)
    direction.reshape(-1, 2)[place] = in_texture(lock_directions(surface)[triangles], maps, triangles)
    return direction, covered, texels_per_mm(mesh.vertices, places, mesh.faces[own])


def _fine(lightness: Float32[np.ndarray, "h w"], face_px: float) -> Float32[np.ndarray, "h w"]:
    """What is finer than BROADEST, without the grain below FINEST."""
    fine = cv2.GaussianBlur(lightness, (0, 0), max(FINEST * face_px, 0.3))
    return fine - cv2.GaussianBlur(lightness, (0, 0), BROADEST * face_px)


def _from_border(covered: Int[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
    """How many texels each lies from the border of its chart."""
    inside = covered > 0
    for axis in (0, 1):
        for step in (1, -1):
            inside &= np.roll(covered, step, axis) == covered
    return np.asarray(ndimage.distance_transform_edt(inside), np.float64)
