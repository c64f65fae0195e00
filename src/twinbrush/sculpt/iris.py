"""The eyes' and the teeth's colours: measured in the photo, painted as they are built."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from twinbrush.faces import indices
from twinbrush.maths.filters import polygon_mask
from twinbrush.maths.nearest import nearest_of_few
from twinbrush.sculpt.eyeball import ROWS_DEGREES, axes, step
from twinbrush.sculpt.gaze import Iris
from twinbrush.sculpt.values import Eyeball

IRIS_RING_MM = (2.2, 5.0)  # where in the iris the colour is measured
WHITE_FROM_MM = 6.6  # from the iris' middle
GLINTLESS = (0.45, 0.85)  # quantiles of brightness between which iris pixels are neither lashes' shadow nor reflections
BRIGHTER = 1.15  # the lids' shadow lies on the iris
DARKEST, LIGHTEST = 0.05, 0.8
USUAL_IRIS, WHITE = (0.30, 0.22, 0.15), (0.87, 0.84, 0.81)
TEETH = (0.84, 0.80, 0.72)
LIMBUS, PUPIL = (26.6, 29.2), (8.5, 12.0)  # degrees: borders of the iris
RIM_DARK, RIM_DEGREES = 0.62, (21.0, 27.0)  # the iris' dark ring
FIBRES, FIBRE_DEPTH = 37, 0.12
UPPER_SHADE, LOWER_SHADE, SHADE_MM = 0.58, 0.22, 2.3  # how dark the lids make the ball beside them, and how far
GLINT_AT, GLINT_RADIUS = (-0.094, 0.055), 0.038  # in the disc: on the carved peg (eyeball.GLINT_XY_MM)
BOUNCE_AT, BOUNCE = (0.08, -0.10), 0.16  # across from it light that fell through the cornea brightens the iris


@dataclass(frozen=True)
class EyeColours:
    """iris (3,) sRGB; light: brightness of the eyes' surroundings, 1 in full light."""

    iris: Float[np.ndarray, "3"]
    light: float


def measured(
    image: Float[np.ndarray, "h w 3"], landmarks_xy: Float[np.ndarray, "468 2"], irises: tuple[Iris, Iris],
    pixels_per_mm: float,
) -> EyeColours:
    """The irises' colour (both eyes together) and the whites' light."""
    height, width = image.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    colours: list[np.ndarray] = []
    whites: list[float] = []
    for iris, ring in zip(irises, (indices.EYE_LEFT, indices.EYE_RIGHT), strict=True):
        open_ = polygon_mask((height, width), landmarks_xy[list(ring)])
        away = np.hypot(columns - iris.centre_xy[0], rows - iris.centre_xy[1]) / pixels_per_mm
        inside = open_ & (away > IRIS_RING_MM[0]) & (away < IRIS_RING_MM[1])
        white = open_ & (away > WHITE_FROM_MM)
        if inside.sum() > 4:
            pixels = image[inside]
            grey = pixels.mean(1)
            low, high = np.quantile(grey, GLINTLESS)
            colours.append(np.median(pixels[(grey >= low) & (grey <= high)], axis=0))
        if white.sum() > 4:
            grey = image[white].mean(1)
            whites.append(float(np.median(grey[grey >= np.median(grey)])))
    colour = np.mean(colours, axis=0) * BRIGHTER if colours else np.array(USUAL_IRIS)
    light = float(np.clip((np.mean(whites) if whites else 0.7) / 0.75, 0.5, 1.1))
    return EyeColours(np.clip(colour, DARKEST, LIGHTEST), light)


def paint_eye(
    eye: Eyeball, upper: Float[np.ndarray, "u 3"], lower: Float[np.ndarray, "l 3"], colours: EyeColours, size: int
) -> Float[np.ndarray, "s s 3"]:
    """The eye's disc (size, size): white, iris with fibres, pupil, glint; shaded by the lids' rims at rest."""
    rows, columns = np.mgrid[:size, :size]
    x, y = (columns + 0.5) / size * 2 - 1, 1 - (rows + 0.5) / size * 2
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    degrees = np.arcsin(np.clip(radius / 0.97, 0, 1)) / (np.pi / 2) * ROWS_DEGREES.max()
    white = np.array(WHITE) * colours.light
    red = step(45, 85, degrees)[..., None]
    ball = white * (1 - red * np.array([0.08, 0.20, 0.22]))
    fibres = 1 + FIBRE_DEPTH * np.sin(FIBRES * angle + 3 * np.sin(5 * angle)) * (
        step(11, 15, degrees) * (1 - step(21, 26, degrees)))
    iris = colours.iris * (0.86 + 0.46 * step(12, 23, degrees) * (1 - RIM_DARK * step(*RIM_DEGREES, degrees))
                           + 0.12 * step(10, 13, degrees) * (1 - step(14, 18, degrees)))[..., None]
    iris = iris * fibres[..., None] * (1 - 0.35 * step(24.5, 28, degrees))[..., None]
    iris = iris * (1 + BOUNCE * np.exp(-(((x - BOUNCE_AT[0]) ** 2 + (y - BOUNCE_AT[1]) ** 2) / 0.012)))[..., None]
    border = step(*LIMBUS, degrees)[..., None]
    colour = iris * (1 - border) + ball * border
    pupil = step(*PUPIL, degrees)[..., None]
    colour = colour * pupil + 0.025 * (1 - pupil)
    colour = colour * _shade(eye, x, y, degrees, upper, lower)[..., None]
    glint = np.exp(-((np.hypot(x - GLINT_AT[0], y - GLINT_AT[1]) / GLINT_RADIUS) ** 4))[..., None]
    return np.clip(colour * (1 - glint) + glint, 0, 1)


def _shade(
    eye: Eyeball, x: Float[np.ndarray, "s s"], y: Float[np.ndarray, "s s"], degrees: Float[np.ndarray, "s s"],
    upper: Float[np.ndarray, "u 3"], lower: Float[np.ndarray, "l 3"],
) -> Float[np.ndarray, "s s"]:
    """How much light reaches each point of the ball between the lids, 0..1."""
    right, up, ahead = axes(eye.gaze)
    theta, phi = np.radians(degrees), np.arctan2(y, x)
    place = eye.centre + eye.radius * (
        (np.sin(theta) * np.cos(phi))[..., None] * right + (np.sin(theta) * np.sin(phi))[..., None] * up
        + np.cos(theta)[..., None] * ahead)
    flat = place.reshape(-1, 3)
    near_upper, near_lower = (nearest_of_few(rim, flat)[0].reshape(x.shape) for rim in (upper, lower))
    shade = 1 - UPPER_SHADE * np.exp(-((near_upper / SHADE_MM) ** 2)) - LOWER_SHADE * np.exp(
        -((near_lower / (0.6 * SHADE_MM)) ** 2))
    return np.clip(shade, 0.25, 1)


def teeth_colour(
    image: Float[np.ndarray, "h w 3"], landmarks_xy: Float[np.ndarray, "468 2"], light: float
) -> Float[np.ndarray, "3"]:
    """The teeth's colour: the photo's bright, pale pixels between open lips, else the usual one in the eyes' light."""
    usual = np.array(TEETH) * light
    opening: Bool[np.ndarray, "h w"] = polygon_mask(image.shape[:2], landmarks_xy[list(indices.MOUTH_OPENING)])
    if opening.sum() < 60:
        return usual
    pixels = image[opening]
    grey = pixels.mean(1)
    bright = pixels[grey >= np.quantile(grey, 0.7)]
    pale = bright[np.ptp(bright, axis=1) < 0.30]
    if len(pale) < 20:
        return usual
    return 0.4 * usual + 0.6 * np.clip(np.median(pale, axis=0), 0.25, 0.95)
