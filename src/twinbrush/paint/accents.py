"""What the form itself adds to the paint: locks, folds and ears stand out, the socle is one dark tone of the style."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32

from twinbrush.align.values import AlignedStyle
from twinbrush.base.image import to_lab, to_rgb
from twinbrush.base.mesh import Region
from twinbrush.maths.texels import Texels
from twinbrush.paint.palette import trusted
from twinbrush.paint.surface import FigureSurface, hairy
from twinbrush.shape.smooth import umbrella

HAIR, CLOTH, EARS = 0.09, 0.05, 0.05  # how much lighter ridges are, darker furrows
ROUNDS, STEP = 14, 0.6  # of the smoothing that says what a ridge is
LOW, HIGH = 2.2, 2.0  # limits of a ridge's height, in standard deviations
EAR_MM = 0.35  # height of a ridge of the ear
EAR_LOW, EAR_HIGH = 3.5, 1.5  # limits, in EAR_MM
BEHIND_MM, BEHIND_OVER_MM = -45.0, 25.0  # in z: ears lie behind, the face's own light is painted
ABOVE_MM, ABOVE_OVER_MM = -75.0, 20.0  # in y: and above the neck
SOCLE_L = 34.0  # the most lightness of the socle
SOCLE_BRUSH = 1.1  # of the paint's own brushwork on it


def with_accents(
    texture: Float32[np.ndarray, "h w 3"], surface: FigureSurface, aligned: AlignedStyle, texels: Texels
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the texture of a painted figure with the accents of its form. texels: of that texture."""
    mesh = surface.mesh
    assert mesh.uv is not None
    values = texels.at(np.column_stack([ridges(surface), surface.plinth]), mesh.faces)
    flat = texture.reshape(-1, 3).copy()
    painted = np.clip(flat[texels.place] * (1 + values[:, :1]), 0, 1)
    socle = np.clip(values[:, 1:], 0, 1)
    if socle.any():
        grey = painted.mean(1, keepdims=True)
        mean = float(grey[socle > 0.5].mean()) if (socle > 0.5).any() else 0.5
        brush = np.clip(1 + SOCLE_BRUSH * (grey - mean) / max(mean, 0.1), 0.6, 1.6)
        painted = painted + socle * (np.clip(socle_colour(aligned) * brush, 0, 1) - painted)
    flat[texels.place] = painted
    return flat.reshape(texture.shape).astype(np.float32)


def ridges(surface: FigureSurface) -> Float[np.ndarray, "v"]:
    """Returns how much lighter each vertex is for standing out of its surroundings (below 0: darker, in a furrow)."""
    first = np.unique(surface.place, return_index=True)[1]
    points, faces = surface.mesh.vertices[first], surface.place[surface.mesh.faces]
    mean = umbrella(faces, len(points), points)
    smooth = points
    for _ in range(ROUNDS):
        smooth = (1 - STEP) * smooth + STEP * (mean @ smooth)
    height = (((points - smooth) * surface.normals[first]).sum(1))[surface.place]
    out = np.zeros(len(height))
    bust = surface.of("Bust")
    for chosen, gain in ((hairy(surface), HAIR), (bust, CLOTH)):
        if chosen.any():
            own = height[chosen] - np.median(height[chosen])  # the whole is no ridge
            out[chosen] = gain * np.clip(own / (float(own.std()) + 1e-9), -LOW, HIGH)
    head = surface.of("Head")
    _, y, z = surface.mesh.vertices.T
    ear = np.clip((BEHIND_MM - z) / BEHIND_OVER_MM, 0, 1) * np.clip((y - ABOVE_MM) / ABOVE_OVER_MM, 0, 1)
    out[head] = (EARS * ear * np.clip(height / EAR_MM, -EAR_LOW, EAR_HIGH))[head]
    return out


def socle_colour(aligned: AlignedStyle) -> Float[np.ndarray, "3"]:
    """Returns the style's hair colour, or its picture's, made dark enough for a base."""
    hair = trusted(aligned, Region.HAIR)
    chosen = hair if hair.sum() > 500 else aligned.canvas_valid
    lab = np.median(to_lab(np.ascontiguousarray(aligned.canvas, np.float32))[chosen], axis=0)
    lab = lab * min(1.0, SOCLE_L / max(float(lab[0]), 1.0))
    return to_rgb(lab[None, None].astype(np.float32))[0, 0].astype(np.float64)
