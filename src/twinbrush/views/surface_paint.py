"""Paint on a surface, laid down view by view into the mesh's own atlas; every view shows what earlier ones painted.

Each surface point belongs to the view that looks at it most squarely (by broad normals, so that the borders between
views are few and smooth), with a narrow soft border. So any two views agree: they show one painted surface. Memory is
that of the atlas and ONE view, however many views there are.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Float32, Int
from scipy import ndimage

from twinbrush.base.camera import Camera, project
from twinbrush.base.mesh import Mesh
from twinbrush.base.rasterize import Raster, interpolate, rasterize
from twinbrush.base.sampling import sampled
from twinbrush.maths.texels import Seen, Texels, seen_texels, texels_of

GRAZING = 0.22  # cosine below which a view's pixels would be smeared over the surface
SOFT = 0.12  # above that its share rises to full within this
SHARPNESS = 60.0  # of the borders between owners, per cosine: some 5 pixels wide with 8 views of 512 pixels
RIM_PX = 3.0  # at 512 pixels: paint nearer than that to an outline of the picture counts less
STEP = 0.012  # of the surface's diagonal: neighbouring pixels farther apart in depth are an outline
NEGLIGIBLE = 0.01
CHUNK = 4_000_000  # texels looked up at a time


@dataclass(frozen=True)
class Look:
    """One view of the surface: camera, raster, and where every texel appears in it."""

    camera: Camera
    raster: Raster
    seen: Seen
    score: Float32[np.ndarray, "s"]


class SurfacePaint:
    """The atlas while it is painted: premultiplied colours and weights (h, w, 4)."""

    def __init__(
        self, mesh: Mesh, size: int | tuple[int, int], normals: Float[np.ndarray, "v 3"],
        broad: Float[np.ndarray, "v 3"],
    ) -> None:
        """size: rows and columns of the atlas, or (rows, columns). normals: unit, smooth across uv seams; broad: the
        same, averaged over a wide neighbourhood."""
        if mesh.uv is None:
            raise ValueError("the mesh has no texture coordinates")
        self.mesh = mesh
        self.texels: Texels = texels_of(mesh.uv, mesh.faces, size)
        self._uv = mesh.uv.astype(np.float32)
        self._points = self.texels.at(mesh.vertices, mesh.faces)
        self._normals = self.texels.at(normals, mesh.faces)
        self._broad = self.texels.at(broad, mesh.faces)
        self._diagonal = float(np.linalg.norm(np.ptp(mesh.vertices, axis=0)))
        self.best: Float32[np.ndarray, "s"] = np.zeros(len(self._points), np.float32)
        self.layer: Float32[np.ndarray, "h w 4"] = np.zeros((*self.texels.shape, 4), np.float32)

    def look(self, camera: Camera) -> Look:
        """The surface as `camera` sees it."""
        pixels, depth = project(camera, self.mesh.vertices)
        raster = rasterize(pixels, depth, self.mesh.faces, camera.width, camera.height)
        seen = seen_texels(self._points, self._normals, camera, raster.depth)
        return Look(camera, raster, seen, self._score(camera, raster, seen))

    def claim(self, look: Look) -> None:
        """Let a view bid for the texels it sees. All views bid before the first one paints."""
        np.maximum(self.best, look.score, out=self.best)

    def share(self, look: Look) -> Float32[np.ndarray, "s"]:
        """How far each texel belongs to this view: 1 where it bid most, falling to 0 across a narrow border."""
        weight = np.exp(SHARPNESS * (look.score - self.best)) * np.clip((look.score - 1e-3) / SOFT, 0, 1)
        return np.where(weight > NEGLIGIBLE, weight, 0).astype(np.float32)

    def add(self, look: Look, image: Float32[np.ndarray, "h w 3"], share: Float32[np.ndarray, "s"]) -> None:
        """Lay down a view's painting with the given shares."""
        flat = self.layer.reshape(-1, 4)
        chosen = np.flatnonzero(share > 0)
        for start in range(0, len(chosen), CHUNK):
            part = chosen[start : start + CHUNK]
            colour = sampled(image, look.seen.pixels_xy[part], cv2.INTER_CUBIC)
            place, weight = self.texels.place[part], share[part, None]
            flat[place, :3] += colour * weight
            flat[place, 3:] += weight

    def shown(
        self, look: Look, values: Float32[np.ndarray, "a b c"] | None = None
    ) -> Float32[np.ndarray, "h w c"]:
        """The painted layer (premultiplied colours and weight), or any other atlas, as the view's pixels see it."""
        atlas = self.layer if values is None else values
        height, width = atlas.shape[:2]
        uv = interpolate(look.raster.face_index, look.raster.barycentric, self.mesh.faces, self._uv)
        x, y = uv[..., 0] * width - 0.5, (1 - uv[..., 1]) * height - 0.5
        picture = cv2.remap(atlas, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        picture = picture.reshape(*x.shape, -1)
        picture[look.raster.face_index < 0] = 0
        return picture

    def _score(self, camera: Camera, raster: Raster, seen: Seen) -> Float32[np.ndarray, "s"]:
        """Squareness of the view by broad normals, 0 where grazing or hidden, less near outlines of the picture."""
        toward = camera.centre_xyz.astype(np.float32) - self._points
        toward /= np.linalg.norm(toward, axis=1, keepdims=True)
        length = np.maximum(np.linalg.norm(self._broad, axis=1), 1e-6)
        square = (toward * self._broad).sum(1) / length
        rim = sampled(self._rim(raster)[..., None], seen.pixels_xy, cv2.INTER_LINEAR)[:, 0]
        # half the true cosine: where form is rough, no view may own what it sees only at a grazing angle
        score = 0.5 * np.maximum(square, 0) + 0.5 * seen.facing
        score *= np.clip((seen.facing - GRAZING) / SOFT, 0, 1) * rim
        return np.where(seen.facing > GRAZING, score, 0).astype(np.float32)

    def _rim(self, raster: Raster) -> Float32[np.ndarray, "h w"]:
        """0 at outlines (of the picture, and where something nearer begins), 1 a few pixels inside."""
        if not (raster.face_index >= 0).any():  # something flat, seen from its edge
            return np.zeros(raster.depth.shape, np.float32)
        depth = np.where(np.isfinite(raster.depth), raster.depth, raster.depth[np.isfinite(raster.depth)].max() * 2)
        step = STEP * self._diagonal
        inner = np.ones(depth.shape, bool)
        for axis in range(2):
            jump = np.abs(np.diff(depth, axis=axis)) > 3 * step
            low, high = (slice(None, -1), slice(1, None)) if axis == 1 else (slice(None), slice(None))
            rows = (slice(None), slice(None)) if axis == 1 else (slice(None, -1), slice(1, None))
            inner[rows[0], low] &= ~jump
            inner[rows[1], high] &= ~jump
        inner &= raster.face_index >= 0
        distance = np.asarray(ndimage.distance_transform_edt(inner))
        return np.clip(distance / (RIM_PX * depth.shape[0] / 512), 0, 1).astype(np.float32)


def broad_normals(
    vertices: Float[np.ndarray, "v 3"],
    faces: Int[np.ndarray, "f 3"],
    normals: Float[np.ndarray, "v 3"],
    radius: float,
    most_rounds: int = 150,
) -> Float[np.ndarray, "v 3"]:
    """Normals averaged over about `radius` on the surface (vertices at one place must be welded before)."""
    from scipy import sparse

    start, end = faces[:, [0, 1, 2]].ravel(), faces[:, [1, 2, 0]].ravel()
    both = (np.concatenate([start, end]), np.concatenate([end, start]))
    adjacency = sparse.csr_matrix((np.ones(2 * len(start)), both), shape=(len(vertices),) * 2)
    total = np.maximum(np.asarray(adjacency.sum(1)).ravel(), 1)[:, None]
    edge = float(np.linalg.norm(vertices[start] - vertices[end], axis=1).mean())
    out = normals.copy()
    for _ in range(int(np.clip((radius / max(edge, 1e-9)) ** 2, 1, most_rounds))):
        out = 0.5 * out + 0.5 * (adjacency @ out) / total
    return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
