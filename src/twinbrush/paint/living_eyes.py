"""Eyes stay alive in paint: white, iris and pupil are as far apart as in the style's own eyes.

An eye is a few pixels of a painting; patches blur white and iris into one brown. The eyeball's own geometry knows where
each lies, so what is missing is added there, and the paint's strokes stay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int
from scipy.spatial import KDTree

from twinbrush.align.values import AlignedStyle
from twinbrush.base.image import to_lab, to_rgb
from twinbrush.faces import indices
from twinbrush.maths.filters import polygon_mask
from twinbrush.maths.texels import Texels
from twinbrush.paint.surface import FigureSurface, lab_at
from twinbrush.sculpt.eyeball import COLUMNS, ROWS_DEGREES, step
from twinbrush.sculpt.iris import LIMBUS, PUPIL

WHITE_PERCENT, DARK_PERCENT = 88.0, 8.0  # of lightness inside the style's eyes: its white, its pupil
IRIS_FROM, BEHIND = 14.0, 80.0  # degrees from the pupil: the iris begins; the ball's back
RASTER_MM = 0.05  # of the opening between the lids
OWN_WHITE = 70.0  # percentile of the painted white's lightness: what the lids do not shade
IRIS_BELOW = 16.0  # L* that an iris is darker than its white at least; it lies no nearer to it than to the pupil
ABOVE_SKIN, ABOUT_MM = 12.0, 14.0  # L* of white above the skin so near to the eyes at most: else it glows in the dark
PALER = 0.7  # of that skin's chroma: the most that a white has
ABOVE = 6.0  # L* that may stand above the white: its glints
FULL_HUE = 25.0  # L* of missing white from which it takes the style white's hue fully
LEAST_PIXELS = 12  # of the style's eyes; fewer know no colours


def with_living_eyes(
    texture: Float32[np.ndarray, "h w 3"], surface: FigureSurface, aligned: AlignedStyle, texels: Texels
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the texture with eyes whose white is as light, and whose pupil is as dark, as the style's own eyes'.

    Eyes that are so already, surfaces without eyeballs and styles whose eyes are not seen are left as they are. texels:
    of that texture.
    """
    style = _style_eyes(aligned)
    eyes = [name for name in surface.names if name.startswith("Eye")]
    if style is None or not eyes:
        return texture
    mesh = surface.mesh
    assert mesh.uv is not None
    flat = texture.reshape(-1, 3).copy()
    white, dark = style
    about = _about(surface, texture)
    if about is not None:
        white[0] = min(white[0], about[0] + ABOVE_SKIN)
        white[1:] *= min(1.0, PALER * float(np.hypot(*about[1:])) / max(float(np.hypot(*white[1:])), 1e-6))
    balls = [_ball(surface, texels, name, flat) for name in eyes]
    missing = max(max(0.0, float(white[0]) - ball.white) for ball in balls)  # one eye may lie in the hair's shadow
    for ball in balls:
        flat[ball.place] = to_rgb(_alive(ball, missing, white, dark)[None].astype(np.float32))[0]
    return np.clip(flat, 0, 1).reshape(texture.shape).astype(np.float32)


def _about(surface: FigureSurface, texture: Float32[np.ndarray, "h w 3"]) -> Float[np.ndarray, "3"] | None:
    """The median colour (L*a*b*) of the painted skin about the eyes; None without skin."""
    mesh = surface.mesh
    assert mesh.uv is not None
    rings = surface.landmarks_xyz[[*indices.EYE_LEFT, *indices.EYE_RIGHT]]
    skin = np.flatnonzero(surface.of("Head"))
    near = skin[KDTree(rings).query(mesh.vertices[skin])[0] < ABOUT_MM] if len(skin) else skin
    if not len(near):
        return None
    return np.median(lab_at(texture, mesh.uv[near]), axis=0)


def _style_eyes(aligned: AlignedStyle) -> tuple[Float[np.ndarray, "3"], float] | None:
    """The colour of the style's eyes' white (L*a*b*), and the lightness of their darkest."""
    shape = (aligned.canvas.shape[0], aligned.canvas.shape[1])
    inside = np.zeros(shape, bool)
    for ring in (indices.EYE_LEFT, indices.EYE_RIGHT):
        inside |= polygon_mask(shape, aligned.canvas_landmarks_xy[list(ring)])
    inside &= aligned.canvas_valid
    if inside.sum() < LEAST_PIXELS:
        return None
    lab = to_lab(np.ascontiguousarray(aligned.canvas, np.float32))[inside]
    dark, light = np.percentile(lab[:, 0], (DARK_PERCENT, WHITE_PERCENT))
    white = np.median(lab[lab[:, 0] >= light], axis=0)
    white[0] = light
    return white, float(dark)


@dataclass(frozen=True)
class _Ball:
    """An eyeball's texels: places in the flat texture, colours (L*a*b*), angles from the pupil in degrees, and which of
    them lie between the lids, seen from the front."""

    place: Int[np.ndarray, "s"]
    lab: Float[np.ndarray, "s 3"]
    degrees: Float[np.ndarray, "s"]
    open: Bool[np.ndarray, "s"]

    @property
    def seen(self) -> Bool[np.ndarray, "s"]:
        """The visible white."""
        return self.open & (self.degrees > LIMBUS[1])

    @property
    def white(self) -> float:
        """The lightness of the painted white, where the lids do not shade it; 100 where none is seen."""
        return float(np.percentile(self.lab[self.seen, 0], OWN_WHITE)) if self.seen.sum() >= LEAST_PIXELS else 100.0


def _ball(surface: FigureSurface, texels: Texels, name: str, flat: Float32[np.ndarray, "t 3"]) -> _Ball:
    own = np.flatnonzero(surface.of(name))
    degrees = np.full(len(surface.part), -1.0)
    degrees[own] = np.repeat(ROWS_DEGREES, COLUMNS + 1)
    faces = surface.mesh.faces
    chosen = np.isin(faces[texels.face, 0], own)
    at = texels.at(np.column_stack([degrees, surface.mesh.vertices]), faces)[chosen].astype(np.float64)
    middle = surface.mesh.vertices[own, :2].mean(0)
    lids = min(
        (surface.landmarks_xyz[list(ring), :2] for ring in (indices.EYE_LEFT, indices.EYE_RIGHT)),
        key=lambda points: float(np.linalg.norm(points.mean(0) - middle)))
    open_ = _inside(at[:, 1:3], lids) & (at[:, 0] < BEHIND)
    place = texels.place[chosen]
    lab = to_lab(flat[place][None])[0].astype(np.float64)
    return _Ball(place, lab, np.maximum(at[:, 0], 0.0), open_)


def _inside(points: Float[np.ndarray, "s 2"], outline: Float[np.ndarray, "n 2"]) -> Bool[np.ndarray, "s"]:
    """Which points (mm) lie inside a closed outline, to RASTER_MM."""
    low = outline.min(0)
    columns, rows = np.ceil((outline.max(0) - low) / RASTER_MM).astype(int) + 1
    mask = np.zeros((rows + 1, columns + 1), bool)  # what lies outside its box falls on the empty rim
    mask[:rows, :columns] = polygon_mask((int(rows), int(columns)), (outline - low) / RASTER_MM)
    column, row = np.round((points - low) / RASTER_MM).astype(int).T
    off = (column < 0) | (row < 0) | (column >= columns) | (row >= rows)
    return mask[np.where(off, rows, row), np.where(off, columns, column)]


def _alive(
    ball: _Ball, missing: float, white: Float[np.ndarray, "3"], dark: float
) -> Float[np.ndarray, "s 3"]:
    """The eyeball's colours with the `missing` lightness of its white, and the missing darkness of iris and pupil."""
    out = ball.lab.copy()
    outer, pupil = step(*LIMBUS, ball.degrees), 1 - step(*PUPIL, ball.degrees)
    iris = ball.open & (ball.degrees > IRIS_FROM) & (ball.degrees < LIMBUS[0])
    middle = ball.open & (ball.degrees < PUPIL[0])
    own = min(ball.white, float(white[0]) - missing)
    if missing > 0 and ball.seen.sum() >= LEAST_PIXELS:
        lighter = np.minimum(out[:, 0] * (1 + missing / max(own, 1.0)), np.maximum(out[:, 0], white[0] + ABOVE))
        out[:, 0] += outer * (lighter - out[:, 0])  # lids go on shading the white
        hue = outer * min(1.0, missing / FULL_HUE)
        out[:, 1:] += hue[:, None] * (white[1:] - np.median(out[ball.seen, 1:], axis=0))
    most = min(float(white[0]) - IRIS_BELOW, (float(white[0]) + dark) / 2)
    for share, zone, level in (((1 - outer) * (1 - pupil), iris, most), (pupil, middle, dark)):
        if zone.sum() >= LEAST_PIXELS:
            out[:, 0] += share * min(0.0, level - float(np.median(out[zone, 0])))
    out[:, 0] = np.clip(out[:, 0], 0, 100)
    return out
