"""What room 1 hands on: Photo in, Portrait out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, UInt8

from twinbrush.camera import Camera
from twinbrush.faces.values import Face
from twinbrush.mesh import Mesh


@dataclass(frozen=True)
class Portrait:
    """The 3D portrait: one surface over the photo's crop plane.

    mesh: uv is the crop plane (u = (x + .5) / width, v = 1 - (y + .5) / height), texture = `image`.
    landmarks_xyz: (468, 3) the face's landmarks on the surface, world mm.
    camera: the photo's own camera for the crop: project(camera, mesh.vertices) are pixels of `image`.
    image (H, W, 3): the crop, square, float32 0..1. matte (H, W) 0..1: the person. regions (H, W): `Region`.
    """

    mesh: Mesh
    landmarks_xyz: Float[np.ndarray, "468 3"]
    camera: Camera
    image: Float[np.ndarray, "h w 3"]
    matte: Float[np.ndarray, "h w"]
    regions: UInt8[np.ndarray, "h w"]
    face: Face  # in crop pixels
    warnings: tuple[str, ...] = field(default=())
