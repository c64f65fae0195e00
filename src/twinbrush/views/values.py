"""N rendered views of one mesh, with exact correspondence."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from twinbrush.base.camera import Camera
from twinbrush.base.mesh import Mesh


@dataclass(frozen=True)
class ViewSet:
    """N views of one mesh; view 0 is the left camera of a stereo pair (camera at -half_angle).

    images: rendered colours; outside the silhouette filled by push-pull, so no background bleeds in.
    face_index: the triangle each pixel's centre sees, -1 outside. barycentric: its (perspective-correct) weights.
    depth: mm, inf outside. vertex_pixels: where every vertex projects (for warped views: f_k(p_k(v))).
    vertex_visible: the vertex is not hidden. regions: `Region` per pixel. landmarks_xy: the 468 points in each view.
    """

    mesh: Mesh
    cameras: tuple[Camera, ...]
    images: Float[np.ndarray, "n h w 3"]
    face_index: Int[np.ndarray, "n h w"]
    barycentric: Float[np.ndarray, "n h w 3"]
    depth: Float[np.ndarray, "n h w"]
    vertex_pixels: Float[np.ndarray, "n v 2"]
    vertex_visible: Bool[np.ndarray, "n v"]
    regions: UInt8[np.ndarray, "n h w"]
    landmarks_xyz: Float[np.ndarray, "m 3"]
    landmarks_xy: Float[np.ndarray, "n m 2"]

    def check_sound(self) -> None:
        """Raises ValueError when a pixel names a face that is not there."""
        seen = self.face_index
        if seen.size and not -1 <= seen.min() <= seen.max() < len(self.mesh.faces):
            raise ValueError("a face that is not there")

    @property
    def coverage(self) -> Bool[np.ndarray, "n h w"]:
        """True where a pixel sees the surface."""
        return self.face_index >= 0


def joined(a: ViewSet, b: ViewSet) -> ViewSet:
    """The views of both, of one mesh and one size."""
    arrays = (
        "images", "face_index", "barycentric", "depth", "vertex_pixels", "vertex_visible", "regions", "landmarks_xy",
    )  # fmt: skip
    both = {name: np.concatenate([getattr(a, name), getattr(b, name)]) for name in arrays}
    return replace(a, cameras=a.cameras + b.cameras, **both)
