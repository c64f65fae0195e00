"""Left and right exchanged, so that the mirrored photo gives the mirrored hair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from twinbrush.base.camera import Camera, project
from twinbrush.regions.values import Label
from twinbrush.sculpt.values import Solid, Surroundings, Template

FLIP = np.array([-1.0, 1.0, 1.0])


def leans_right(seen: Surroundings) -> bool:
    """Whether more hair is to the picture's right of the face: such a photo is sculpted mirrored."""
    middle = project(seen.camera, np.zeros((1, 3)))[0][0, 0]
    columns = np.arange(seen.labels.shape[1]) - middle
    return bool(((seen.labels == Label.HAIR) * columns).sum() > 0)


def mirrored_photo(seen: Surroundings) -> Surroundings:
    """Returns the photo and its camera mirrored about the head's plane of symmetry."""
    camera = seen.camera
    intrinsics = camera.intrinsics.copy()
    intrinsics[0, 2] = camera.width - 1 - intrinsics[0, 2]
    turn = camera.world_to_camera * FLIP[:, None]
    turn[:, :3] = turn[:, :3] * FLIP
    return Surroundings(
        seen.image[:, ::-1].copy(), seen.labels[:, ::-1].copy(), seen.confidence[:, ::-1].copy(),
        seen.inside[:, ::-1].copy(), Camera(intrinsics, turn, camera.width, camera.height), seen.pixels_per_mm)


def mirrored_head(template: Template, vertices: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Returns the mirrored head, in the template's order of vertices."""
    return vertices[template.mirror] * FLIP


def mirrored_solid(solid: Solid) -> Solid:
    """Returns the mirrored solid, its triangles still counter-clockwise from outside."""
    strands = None if solid.strands is None else solid.strands * FLIP
    return replace(solid, vertices=solid.vertices * FLIP, triangles=solid.triangles[:, ::-1].copy(), strands=strands)
