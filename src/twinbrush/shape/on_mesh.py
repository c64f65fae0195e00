"""A head that came as a mesh takes the style's form through the template that was fitted to it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from twinbrush.maths.filters import smoothstep
from twinbrush.sculpt.onto import in_head_frame
from twinbrush.sculpt.values import NECK, Figure, Template
from twinbrush.shape.figure import follower_of, person_head

NECK_FADE_MM = (-130.0, -210.0)  # heights between which the head's form gives way to the neck's own move: a body stays


def mesh_displacement(
    model: Template, figure: Figure, shaped: Figure, points: Float[np.ndarray, "v 3"], distance_mm: float
) -> Float[np.ndarray, "v 3"]:
    """Returns how far each vertex of the mesh moves, mm, in the portrait's frame.

    figure: the template fitted to the mesh; shaped: the same in the style's form. points: the mesh's vertices in the
    portrait's frame (origin between the eyes); distance_mm: of that portrait's camera.
    """
    before, after = person_head(model, figure).vertices, person_head(model, shaped).vertices
    local = in_head_frame(figure.fit, distance_mm, points)
    moved = follower_of(model, figure, before, [after]).displacements(local)
    neck = (model.labels == NECK) & (before[:, 1] < before[model.labels == NECK, 1].min() + 15)
    still = (after - before)[neck].mean(0) * [0, 1, 1]
    share = smoothstep((local[:, 1] - NECK_FADE_MM[1]) / (NECK_FADE_MM[0] - NECK_FADE_MM[1]))[:, None]
    moved = share * moved + (1 - share) * still
    rotation, depth = figure.fit.camera.world_to_camera[:, :3], figure.fit.camera.world_to_camera[2, 3]
    return distance_mm / float(depth) * (moved @ rotation.T) * [1, -1, -1]
