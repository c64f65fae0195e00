"""Folds and wrinkles as fine relief, where the photo shows them as dark lines of 1 to 4 mm on the skin."""

from __future__ import annotations

import cv2
import numpy as np
from jaxtyping import Float

from twinbrush.base.camera import Camera, project
from twinbrush.base.mesh import vertex_normals
from twinbrush.maths.filters import smoothstep
from twinbrush.maths.surface import mean_over_neighbours
from twinbrush.sculpt.features import brow_share
from twinbrush.sculpt.skin import lookup
from twinbrush.sculpt.trust import feature_share
from twinbrush.sculpt.values import Template

FINE_MM, BROAD_MM = 0.9, 3.2  # widths of the blurs between which folds live
QUIET = 0.03  # of log brightness: less is skin's grain, or the photo's noise
DEPTH_MM, MOST_MM = 10.0, 0.9  # depth a unit of log brightness, and the deepest fold
FACING = (0.35, 0.75)  # cosine to the camera over which folds come in: at the sides shading misleads
BEARD_MM = -40.0  # below this a dark grain is a beard's: folds fade out
BEARD_FADE_MM = 10.0


def fold_depth(
    template: Template, vertices: Float[np.ndarray, "n 3"], camera: Camera, image: Float[np.ndarray, "h w 3"],
    skin: Float[np.ndarray, "h w"], pixels_per_mm: float,
) -> Float[np.ndarray, "n"]:
    """Returns by how much each vertex lies deeper (negative) or higher than the smooth form, mm.

    skin: where the photo shows skin. Brows, eyes, nostrils and lips have their own relief.
    """
    grey = np.log(np.maximum(image.astype(np.float32).mean(-1), 0.03))
    fine = cv2.GaussianBlur(grey, (0, 0), max(FINE_MM * pixels_per_mm, 0.3))
    band = fine - cv2.GaussianBlur(grey, (0, 0), BROAD_MM * pixels_per_mm)
    pixels, _ = project(camera, vertices)
    view = camera.centre_xyz - vertices
    view /= np.linalg.norm(view, axis=1, keepdims=True)
    facing = (vertex_normals(vertices, template.triangles) * view).sum(1)
    weight = smoothstep((facing - FACING[0]) / (FACING[1] - FACING[0])) * (template.labels == 0)
    weight *= lookup(skin, pixels) * (1 - feature_share(template)) * (1 - brow_share(template))
    weight *= smoothstep((template.mean[:, 1] - BEARD_MM) / BEARD_FADE_MM + 1)
    shade = lookup(band, pixels)
    sure = np.sign(shade) * np.maximum(np.abs(shade) - QUIET, 0)
    average = mean_over_neighbours(template.triangles, len(vertices))
    sure = 0.5 * sure + 0.5 * (average @ sure)
    return np.clip(DEPTH_MM * sure, -MOST_MM, 0.4 * MOST_MM) * weight
